/* scanner.h - the thread that has files scanned before anybody gets them.
 *
 * S1  what waits stands in Redis, so nothing is forgotten by a kill; scanning it twice is harmless;
 * S2  one gateway scans at a time, by lease;
 * S3  a file that could not be scanned is held and tried again, at first after SCANNER_AGAIN_MS, then ever later up to
 *     SCANNER_AGAIN_MAX_MS; it leaves that state by the scanner's word only;
 * S4  without a scanner in the configuration files are let go as "unscanned", and staff see so. */
#ifndef GATEWAY_FILES_SCANNER_H
#define GATEWAY_FILES_SCANNER_H

#include <stdint.h>

struct app;
struct redis_target;
struct scanner;

enum {
    SCANNER_EVERY_MS = 1000, /* looked for, where nobody called */
    SCANNER_AGAIN_MS = 5 * 1000,
    SCANNER_AGAIN_MAX_MS = 3600 * 1000,
    SCANNER_LEASE_MS = 60 * 1000, /* longer than one scan may take */
    SCANNER_TURN = 16,            /* files looked up at once */
};

/* holder: of the lease, borrowed. */
struct scanner *scanner_open(struct app *app, const struct redis_target *redis, const char *holder);
/* Ends what it is at within a second. NULL is allowed. */
void scanner_close(struct scanner *s);
/* There is something new. Any thread. */
void scanner_wake(struct scanner *s);

struct scanner_state {
    uint64_t clean, infected, failed, unscanned; /* since the start */
    int64_t waiting;                             /* when last looked */
};
void scanner_state(struct scanner *s, struct scanner_state *out);

#endif
