/* csv.h - rows of a CSV file (RFC 4180), read from memory, whatever is in it.
 *
 * V1  "," or ";" between fields: what the first line has more of outside quotes. A byte
 *     order mark is dropped. Lines end in LF or CRLF, and a quoted field may hold both;
 * V2  a row that cannot be read says why and costs one line: reading goes on behind the
 *     line it began on, so that one lost quote does not swallow the good rows after it;
 * V3  rows and fields are bounded, and nothing is copied except quoted fields with
 *     doubled quotes;
 * V4  empty lines, and rows of separators only, are no rows. */
#ifndef RULES_CSV_H
#define RULES_CSV_H

#include "rules/base/text.h"

struct arena;

enum {
    CSV_COLUMNS_MAX = 64,
    CSV_FIELD_BYTES_MAX = 8192,
    CSV_ROW_BYTES_MAX = 65536, /* in the file, quotes and all */
};

struct csv {
    struct str rest; /* private */
    size_t line;     /* private: of rest's first byte */
    char separator;
};

struct csv_row {
    size_t line;                       /* the one it begins on; the first of the file is 1 */
    size_t count;                      /* 1..CSV_COLUMNS_MAX; 0 where there is a fault */
    struct str field[CSV_COLUMNS_MAX]; /* valid UTF-8 without U+0000, white space around it dropped */
    const char *fault;                 /* static text, or NULL */
};

/* text is borrowed until the last row was used. */
void csv_open(struct csv *c, struct str text);
/* False at the end. Fields live in text or in a. */
bool csv_next(struct csv *c, struct arena *a, struct csv_row *out);

#endif
