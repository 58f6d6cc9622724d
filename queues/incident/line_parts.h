/* line_parts.h - what line*.c share. */
#ifndef QUEUES_INCIDENT_LINE_PARTS_H
#define QUEUES_INCIDENT_LINE_PARTS_H

#include "queues/incident/line.h"

/* Keys, in a. */
struct str line_key(struct arena *a, struct str slug, struct ulid account, struct ulid site);
struct str line_history_key(struct arena *a, struct str slug, struct ulid account, struct ulid site);
struct str line_list_key(struct arena *a, unsigned partition, struct str slug, struct str batch);
struct str line_counts_key(struct arena *a, unsigned partition, struct str slug);
struct str line_where_key(struct arena *a, struct str slug);
struct str line_batches_key(struct arena *a, struct str slug);
struct str line_parked_key(struct arena *a);
struct str line_id(struct arena *a, enum id_kind kind, struct ulid u);

int64_t line_score(enum restoration_state state, int64_t since_ms);
/* A record out of its hash; version "0" where it is not there. */
enum err line_load(const struct keyring *k, struct arena *a, struct str slug, struct ulid account, struct ulid site,
                   const struct redis_value *v, struct line_site *out);

/* What happens to a site. */
struct line_event {
    struct ulid id;
    enum restoration_event event;
    enum line_outcome outcome;
    int64_t at_ms, now_ms;
    struct str by, batch, evidence, words;
    const char *act; /* instead of an event: what somebody did that leads nowhere; NULL */
};
/* Writes down e on s, and where it is APPLIED takes s to `to` and e's batch. Raises no version: run against s->version. */
void change_line(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e,
                 enum restoration_state to);
/* The same for what leads nowhere (e->act): history and audit. */
void change_line_note(struct change *c, const struct keyring *k, const struct line_site *s, const struct line_event *e);
/* The members of a batch's JSON. */
void line_batch_load(struct str json, struct arena *a, struct line_batch *out);

/* A flow and why it is parked as JSON, and back. */
void line_queue_park(struct line_flow *f, struct redis *r);
enum err line_parked_load(const struct keyring *k, struct arena *a, struct str id, struct str sealed,
                          struct line_parked *out);

#endif
