#include "queues/ruleset.h"

#include "rules/route.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* One set of rules and how many use it; the newest is first. */
struct edition {
    struct edition *older;
    struct rules *rules;
    unsigned users;
};

struct ruleset {
    pthread_mutex_t lock;
    struct edition *newest;
};

static struct edition *edition_push(struct edition *older, struct rules *rules)
{
    struct edition *e = calloc(1, sizeof *e);

    if (e == NULL)
        abort();
    *e = (struct edition){.older = older, .rules = rules};
    return e;
}

struct ruleset *ruleset_open(struct rules *rules)
{
    struct ruleset *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    (void)pthread_mutex_init(&s->lock, NULL);
    s->newest = edition_push(NULL, rules);
    return s;
}

/* Closes the editions behind the newest that nobody uses. */
static void drop_unused(struct ruleset *s)
{
    for (struct edition **at = &s->newest->older; *at != NULL;) {
        struct edition *e = *at;

        if (e->users > 0) {
            at = &e->older;
            continue;
        }
        *at = e->older;
        rules_close(e->rules);
        free(e);
    }
}

void ruleset_close(struct ruleset *s)
{
    if (s == NULL)
        return;
    drop_unused(s);
    assert(s->newest->users == 0 && s->newest->older == NULL);
    rules_close(s->newest->rules);
    free(s->newest);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct rules *ruleset_take(struct ruleset *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->newest->users++;

    const struct rules *rules = s->newest->rules;

    (void)pthread_mutex_unlock(&s->lock);
    return rules;
}

void ruleset_release(struct ruleset *s, const struct rules *rules)
{
    (void)pthread_mutex_lock(&s->lock);
    for (struct edition *e = s->newest; e != NULL; e = e->older)
        if (e->rules == rules) {
            assert(e->users > 0);
            e->users--;
            break;
        }
    drop_unused(s);
    (void)pthread_mutex_unlock(&s->lock);
}

void ruleset_swap(struct ruleset *s, struct rules *rules)
{
    (void)pthread_mutex_lock(&s->lock);
    s->newest = edition_push(s->newest, rules);
    drop_unused(s);
    (void)pthread_mutex_unlock(&s->lock);
}
