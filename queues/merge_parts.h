/* merge_parts.h - what merge.c and merge_read.c share. Private to them. */
#ifndef QUEUES_MERGE_PARTS_H
#define QUEUES_MERGE_PARTS_H

#include "queues/merge.h"

/* {pN}:a:<acc>, {pN}:al:<acc> */
struct str merge_account_key(struct arena *a, struct ulid account);
struct str merge_edges_key(struct arena *a, struct ulid account);
/* Sealed, bound to its id. */
struct str edge_print(const struct keyring *k, struct arena *a, const struct edge *e);
enum err edge_load(const struct keyring *k, struct arena *a, struct ulid id, struct str sealed, struct edge *out);

#endif
