/* log.h - one line to stderr for each thing worth knowing.
 *
 * L1  a line is "LEVEL event key=value ..." with ids and counts, never an
 *     address, a code, a token or a message's text;
 * L2  values with other bytes than [!-~] without '"', '=' and '\' are quoted
 *     and escaped, so that no input can forge a line;
 * L3  an error is logged once, where it is decided.
 *
 *     log_warn("redis_down", "why=%s retry_ms=%d", text, ms);
 *
 * The format is printf's with "key=%s" words; %s arguments are escaped by L2. */
#ifndef QUEUES_LOG_H
#define QUEUES_LOG_H

#include <stdbool.h>

enum log_level { LOG_FATAL, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_TRACE };

/* "fatal", "error", "warn", "info", "trace"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *out);
/* Lines above level are dropped. Default LOG_INFO. Thread-safe. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_fatal(event, ...) log_line(LOG_FATAL, event, "" __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, "" __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_WARN, event, "" __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_INFO, event, "" __VA_ARGS__)
#define log_trace(event, ...) log_line(LOG_TRACE, event, "" __VA_ARGS__)

#endif
