/* zone_rule.h - the POSIX TZ string in the footer of time zone data.
 *
 * "CST6CDT,M3.2.0,M11.1.0", with the extension of RFC 9636 3.3.1 that lets a jump
 * lie up to a week before or after its day ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0").
 * Daylight time without a rule is refused: POSIX leaves its days open. */
#ifndef RULES_ZONE_RULE_H
#define RULES_ZONE_RULE_H

#include "rules/zone.h"

enum zone_day { ZONE_DAY_OF_365, ZONE_DAY_OF_YEAR, ZONE_DAY_OF_MONTH };

/* A day of every year and the wall time on it. */
struct zone_date {
    enum zone_day kind;
    int month, week, day; /* Mm.w.d; otherwise only day: Jn 1..365, n 0..365 */
    int32_t time_s;       /* after local midnight, -167 h to 167 h */
};

struct zone_rule {
    int32_t std_s, dst_s; /* offsets from UTC */
    bool has_dst;
    struct zone_date start, end;
};

bool zone_rule_parse(struct zone_rule *out, struct str tz);
struct zone_stretch zone_rule_at(const struct zone_rule *r, int64_t utc_s);

#endif
