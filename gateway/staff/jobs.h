/* jobs.h - jobs as staff see them. */
#ifndef GATEWAY_STAFF_JOBS_H
#define GATEWAY_STAFF_JOBS_H

#include "rules/base/id.h"

struct call;
struct doc;
struct job;

/* {"job","kind","state","total","done",…}; yours. */
struct doc *jobs_doc(const struct job *j);
/* 202 {"job"}, and the job is begun at once. */
void jobs_answer(struct call *c, struct ulid id);

#endif
