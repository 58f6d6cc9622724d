/* board.h - what customers are told of incidents, in memory: the form, the pages and the JSON of it, ready to be sent.
 *
 * D1  a thread of its own asks Redis every BOARD_EVERY_MS whether anything that customers may see has changed, and
 *     makes everything anew where it has: an update that was approved at any gateway shows at all of them within a
 *     second. No request of a customer asks Redis for it;
 * D2  where Redis is away the last that was read goes on being shown: after BOARD_AWAY_MS every page says since when
 *     nothing newer could be read, and answers carry Age;
 * D3  shown is an incident of which an update was ever approved, and of it only what was approved. A title alone is a
 *     word that nobody has approved: it is known to those whose request belongs to the incident;
 * D4  a promise that has passed shows as late at its moment, without anybody's doing, and is told once to staff
 *     (update_late());
 * D5  a view never changes: who took one reads it without a lock, and it stays until it is released. */
#ifndef GATEWAY_INCIDENT_BOARD_H
#define GATEWAY_INCIDENT_BOARD_H

#include "queues/incident/update.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct arena;
struct asset;
struct board;
struct call;
struct pages;
struct redis_target;

enum {
    BOARD_EVERY_MS = 250,
    BOARD_AGAIN_MS = 30 * 1000, /* read anew though nothing says that it changed: titles, what was changed by hand */
    BOARD_AWAY_MS = 5 * 1000,
    BOARD_SHOWN_MAX = 16,  /* incidents on pages: all that are declared, and the last that were closed */
    BOARD_EARLIER_MAX = 40 /* updates of one */
};

struct board_incident {
    struct str slug, title;
    bool declared;
    int64_t declared_ms, closed_ms;
    const struct update_record *updates; /* that were ever approved, the newest first */
    size_t n;
    const struct update_record *standing; /* NULL none */
    int64_t promised_ms;                  /* by what stands; 0 nothing */
    int64_t due_ms;                       /* to staff; 0 never */
    bool late;                            /* promised, of an incident that is not closed, and passed */
    bool shown;                           /* D3 */
};

struct board_view {
    const struct board_incident *incidents; /* the newest first */
    size_t n;
    bool known;       /* it was read at least once */
    int64_t stale_ms; /* D2: since when nothing newer is known; 0: it is fresh */
};

/* Shows forms without incidents until the first has been read. */
struct board *board_open(struct app *app, const struct redis_target *redis);
/* NULL is allowed. */
void board_stop(struct board *b);
void board_close(struct board *b);

const struct board_view *board_take(struct board *b);
void board_release(struct board *b, const struct board_view *v);
/* NULL where there is none of that slug. */
const struct board_incident *board_find(const struct board_view *v, struct str slug);

/* Answers what is ready under that path ("/de/", "/incidents/site-loss"); false where nothing is. Any thread. */
bool board_answer(struct board *b, struct call *c, const char *path);
/* Seconds since Redis was asked last; -1: never. */
int64_t board_age_s(struct board *b);
/* Declared incidents whose next update is late. */
size_t board_late(struct board *b);

/* How often customers hear something at least, by the pack of a declared incident as it is in force; 0: not said. */
int64_t board_every_ms(struct app *app, struct str slug);
/* The languages of our pages as updates have them. */
void board_languages(const struct pages *p, struct update_languages *out);

#endif
