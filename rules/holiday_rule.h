/* holiday_rule.h - one event of a holiday file: its properties, and the days they make.
 * Inside of rules/ only: others use holiday_file.h. */
#ifndef RULES_HOLIDAY_RULE_H
#define RULES_HOLIDAY_RULE_H

#include "rules/holiday_file.h"

/* RRULE as it stands; 0: not said. */
struct holiday_recur {
    bool yearly; /* FREQ=YEARLY was there */
    int every, count;
    int64_t until;
    int month, month_day, nth, weekday;
    unsigned seen; /* parts, a bit each */
};

struct holiday_event {
    bool starts, ends, lasts, recurs, cancelled;
    int64_t start, end;
    int days;
    struct holiday_recur recur;
    int64_t except[HOLIDAY_FILE_EXCEPT_MAX];
    size_t excepts;
};

/* A property of an event. NULL: it was taken or says nothing about dates; else why not, static text. */
const char *holiday_event_property(struct holiday_event *e, struct str name, struct str value);
/* True for a name that holiday_event_property() does not pass over. */
bool holiday_event_asks(struct str name);
/* Where the event is over: how many days it has, and where it comes back, *out (its exceptions are e's). */
const char *holiday_event_end(const struct holiday_event *e, int *days, struct holiday_yearly *out);

#endif
