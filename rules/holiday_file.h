/* holiday_file.h - days without work from an iCalendar file (RFC 5545).
 *
 * F1  taken whole or not at all: what is not understood is refused with its line
 *     and a reason, because a holiday that is passed over is a promise broken;
 * F2  holidays are events of whole days: DTSTART is a date; DTEND is the first day
 *     after, DURATION whole days or weeks; neither is one day (3.6.1). DTEND on the
 *     day of DTSTART, which some calendars write, is one day, too;
 * F3  what comes back does so every year: FREQ=YEARLY with INTERVAL, COUNT, UNTIL,
 *     and a BYMONTH with one BYMONTHDAY or one counted BYDAY (4TH, -1MO);
 * F4  cancelled events do not count; names, texts, time zones, alarms and all else
 *     that says nothing about dates is passed over, whatever is in it;
 * F5  any bytes are safe: lines, events, days and depth are bounded. */
#ifndef RULES_HOLIDAY_FILE_H
#define RULES_HOLIDAY_FILE_H

#include "rules/base/err.h"
#include "rules/base/text.h"
#include "rules/holiday.h"

struct arena;

enum {
    HOLIDAY_FILE_BYTES_MAX = 1024 * 1024,
    HOLIDAY_FILE_DAYS_MAX = 1024,  /* that do not come back */
    HOLIDAY_FILE_YEARLY_MAX = 256, /* events that do */
    HOLIDAY_FILE_EXCEPT_MAX = 64,  /* EXDATE, an event */
    HOLIDAY_FILE_LINE_MAX = 2048,  /* bytes, unfolded; of texts that are passed over, any number */
};

struct holiday_file {
    size_t days, yearly;
    const int64_t *day; /* since 1970, in the order of the file, may repeat */
    const struct holiday_yearly *rule;
};

struct holiday_fault {
    int line;
    const char *why; /* static text */
};

/* What it gives lives in a. ERR_SYNTAX with the first fault. */
enum err holiday_file_parse(struct holiday_file *out, struct arena *a, struct str bytes, struct holiday_fault *fault);

#endif
