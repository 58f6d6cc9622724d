/* row.h - a ticket as one line of a list, the same wherever it is shown. */
#ifndef GATEWAY_STAFF_ROW_H
#define GATEWAY_STAFF_ROW_H

#include "queues/ticket.h"

struct app;
struct doc;

/* What a line needs; rows_read() fills it. */
struct row {
    struct ticket ticket;
    struct participant *people;
    size_t people_count;
    struct ulid customer;    /* the account that the ticket's stands for */
    struct str account_name; /* of the customer, unsealed; at NULL: none */
    size_t duplicates;       /* suspected ones of the customer */
};

/* Reads the tickets of ids in one exchange. Those that are not there (any more) are left out. */
enum err rows_read(struct app *app, struct redis *r, struct arena *a, const struct ulid *ids, size_t n,
                   struct row **out, size_t *count);
/* ERR_ABSENT. */
enum err row_read(struct app *app, struct redis *r, struct arena *a, struct ulid id, struct row *out);
enum { ROWS_OF_ACCOUNT_MAX = 200 };
/* The newest work of these accounts, newest first. */
enum err rows_of_accounts(struct app *app, struct redis *r, struct arena *a, const struct ulid *accounts, size_t n,
                          struct row **out, size_t *count);
/* The JSON of one, yours. */
struct doc *row_doc(const struct row *row);

#endif
