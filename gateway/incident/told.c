/* GET /incidents and /incidents/{slug}: JSON in all languages, or a page in one. */
#include "gateway/incident/told.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/incident/board.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "queues/incident/incident.h"

enum { RETRY_S = 5 };

static const struct str no_text = {NULL, 0};

/* Before anything was read nobody knows whether there is one: that is no 404. */
static void nothing(struct call *c)
{
    if (board_age_s(c->app->board) >= 0)
        say_absent(c);
    else
        say_problem(c, 503, "not-available", no_text, RETRY_S);
}

/* D2: since when a cache has to count (RFC 9111 5.1). */
static void answer(struct call *c, const char *path)
{
    int64_t age = board_age_s(c->app->board);

    if (age >= 0)
        call_set_header(c, "age", str_int(c->arena, age));
    if (!board_answer(c->app->board, c, path))
        nothing(c);
}

static void answer_as(struct call *c, const char *rest)
{
    call_set_header(c, "vary", STR("Accept, Accept-Language, Accept-Encoding"));
    if (call_wants_html(c))
        answer(c, arena_printf(c->arena, "/%s%s", say_language(c, no_text), rest));
    else
        answer(c, rest);
}

static void answer_in(struct call *c, struct str tag, const char *rest)
{
    const char *lang = pages_language(c->app->pages, tag);

    if (lang == NULL)
        say_absent(c);
    else
        answer(c, arena_printf(c->arena, "/%s%s", lang, rest));
}

static const char *path_of(struct call *c, struct str slug)
{
    return arena_printf(c->arena, "/incidents/%s", incident_slug_valid(slug) ? str_copy(c->arena, slug) : "");
}

void told_list(struct call *c)
{
    if (c->params[0].at != NULL)
        answer_in(c, c->params[0], "/incidents");
    else
        answer_as(c, "/incidents");
}

void told_incident(struct call *c)
{
    answer_as(c, path_of(c, c->params[0]));
}

void told_incident_in(struct call *c)
{
    answer_in(c, c->params[0], path_of(c, c->params[1]));
}
