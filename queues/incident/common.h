/* common.h - what reports have in common: where they came from, whose they are, the words they use. */
#ifndef QUEUES_INCIDENT_COMMON_H
#define QUEUES_INCIDENT_COMMON_H

#include "queues/incident/heard.h"

enum { COMMON_MAX = 12, COMMON_BEFORE_LEAST = 20 /* fewer say nothing about what is usual */ };

/* JSON: [{"what":"channel"|"tier"|"region"|"language"|"domain"|"word","value","reports","share","usual"}], the largest
 * share first, at most COMMON_MAX; shares in hundredths, usual null where it is not known. A word is named only where
 * the usual is known: "site" says nothing. Pure. */
struct str common_print(struct arena *a, const struct heard *now, size_t n, const struct heard *before, size_t m);

#endif
