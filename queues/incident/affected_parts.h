/* affected_parts.h - what affected*.c share. Included by them alone. */
#ifndef QUEUES_INCIDENT_AFFECTED_PARTS_H
#define QUEUES_INCIDENT_AFFECTED_PARTS_H

#include "queues/incident/affected.h"
#include "queues/incident/incident.h"

struct affected_work {
    struct redis *r;
    const struct keyring *k;
    struct arena *a; /* the caller's */
    const struct affected_import *o;
    struct affected_report *report;
    struct incident incident;
    struct affected_list old, list; /* in force; to be put in force */
    uint8_t (*keys)[16];            /* what requests are known by: lr */
    size_t key_count;
};

/* ---- affected_judge.c ---- */

/* The sites of the file, as the vault knows them. ERR_INPUT: faults are in the report. */
enum err affected_judge(struct affected_work *w, const struct site_list *given, struct affected_site **out);
/* Fills the keys: of w->list, its accounts and their domains. */
enum err affected_keys(struct affected_work *w);

/* ---- affected.c ---- */

void affected_sort(struct affected_site *s, size_t n);

/* ---- affected_store.c ---- */

struct str affected_data_key(struct arena *a, struct str slug, struct str data);
struct str affected_routes_key(struct arena *a, struct str slug, struct str data);
/* Names the content of w->list: w->list.data. */
void affected_name(struct affected_work *w);
/* Writes w->list and its keys beside what is in force. */
enum err affected_stage(struct affected_work *w);
/* L3. back: the version whose content it is, 0 none. ERR_CONFLICT: somebody was faster. */
enum err affected_put_in_force(struct affected_work *w, int64_t back);

#endif
