#include "gateway/staff/view.h"

#include "gateway/app.h"
#include "gateway/staff/tell.h"
#include "queues/clock.h"
#include "queues/placing.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/contact_row.h"
#include "rules/explain.h"
#include "rules/quote.h"
#include "rules/route.h"

/* Words of staff's view: "customer", "support", "system", "note". */
static const char *who_name(enum message_who who)
{
    return who == MESSAGE_YOU ? "customer" : message_who_name(who);
}

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

static struct str or_null(struct str s)
{
    return s.len > 0 ? s : (struct str){NULL, 0};
}

static struct doc *origin_doc(const struct message *m, struct str identity)
{
    struct doc *d = doc_object();

    doc_set_text_or_null(d, "channel", or_null(m->channel));
    tell_id(d, "item", ID_ITEM, m->item);
    doc_set_text_or_null(d, "identity", or_null(identity));
    return d;
}

/* What the console folds of a mail: the words of others that it quotes, and signatures, as lines from 0. */
static struct doc *folds_doc(struct arena *a, struct str text)
{
    static const char *const kinds[] = {[QUOTE_QUOTED] = "quoted", [QUOTE_SIGNATURE] = "signature"};
    struct doc *list = doc_array();
    struct quote_run *runs;
    size_t n = quote_split(a, text, &runs), line = 0;

    for (size_t i = 0; i < n; i++) {
        struct str run = {text.at + runs[i].from, runs[i].len};
        size_t lines = 0;

        for (; run.len > 0; lines++)
            (void)str_cut(&run, '\n');
        if (runs[i].kind != QUOTE_OWN) {
            struct doc *d = doc_object();

            doc_set_text(d, "kind", str_of(kinds[runs[i].kind]));
            doc_set_int(d, "line", (int64_t)line);
            doc_set_int(d, "lines", (int64_t)lines);
            doc_push(list, d);
        }
        line += lines;
    }
    return list;
}

struct doc *view_message(struct arena *a, const struct message *m, struct str identity)
{
    struct doc *d = doc_object();

    tell_id(d, "id", ID_MESSAGE, m->id);
    doc_set(d, "at", tell_stamp(m->at_ms));
    doc_set_text(d, "who", str_of(who_name(m->who)));
    doc_set_text_or_null(d, "author", or_null(m->author));
    tell_id(d, m->who == MESSAGE_YOU ? "from" : "to", ID_PARTICIPANT, m->participant);
    doc_set(d, "origin", origin_doc(m, identity));
    doc_set_text(d, "text", m->text);
    if (m->who == MESSAGE_YOU && (str_is(m->channel, "mail") || str_is(m->channel, "desk")))
        doc_set(d, "folds", folds_doc(a, m->text));
    if (is_zero(m->item))
        doc_set_null(d, "raw");
    else
        doc_set_text(d, "raw", str_of(arena_printf(a, "/api/items/%s/raw", id_print(ID_ITEM, m->item).at)));
    return d;
}

struct doc *view_authorised(unsigned bits)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{CONTACT_FOR_SITE, "site"}, {CONTACT_FOR_BILLING, "billing"}, {CONTACT_FOR_SECURITY, "security"}};
    struct doc *list = doc_array();

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((bits & words[i].bit) != 0)
            doc_push(list, doc_new_text(str_of(words[i].word)));
    return list;
}

/* ---- routing ---- */

static struct doc *facts_doc(const struct facts *f)
{
    struct doc *d = doc_object();

    for (int i = 0; i < FACTS; i++) {
        struct buf b = {0};

        facts_print_value(f, (enum fact)i, &b);
        doc_set_text(d, fact_table[i].name, buf_view(&b));
        buf_free(&b);
    }
    return d;
}

static struct doc *routing_doc(const struct rules *rules, struct arena *a, const struct ticket *t,
                               const struct happening *history, size_t n)
{
    struct facts f = ticket_facts(rules, t, t->level);
    struct doc *d = doc_object(), *trace = doc_array();
    struct decision decision;

    placing_heat(&f, history, n, a);
    rules_route(rules, &f, a, &decision);
    for (size_t i = 0; i < decision.steps; i++) {
        struct buf b = {0};

        explain_step(&decision, i, &f, &b);
        doc_push(trace, doc_new_text(buf_view(&b)));
        buf_free(&b);
    }
    doc_set_text(d, "queue", t->queue);
    doc_set_text(d, "rule", t->rule);
    doc_set_text_or_null(d, "rules", or_null(redis_field(t->fields, "rules")));
    doc_set_text(d, "rules_now", str_of(rules_version(rules)));
    doc_set_int(d, "priority", t->priority);
    doc_set_text(d, "now", str_of(decision.queue->name)); /* where it would go by the rules of this moment */
    doc_set(d, "facts", facts_doc(&f));
    doc_set(d, "trace", trace);
    return d;
}

/* ---- clocks ---- */

/* A moment that can be shown, or null. */
static struct doc *moment_doc(int64_t ms)
{
    return ms == SLA_NEVER || ms > SLA_MS_MAX ? doc_new_null() : tell_stamp(ms);
}

static struct doc *spans_doc(const struct sla_verdict *v)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < v->spans && i < EXPLAIN_SPANS_SHOWN; i++) {
        struct doc *d = doc_object();

        doc_set(d, "from", moment_doc(v->counted[i].from_ms));
        doc_set(d, "to", moment_doc(v->counted[i].to_ms));
        doc_set_int(d, "ms", v->counted[i].to_ms - v->counted[i].from_ms);
        doc_push(list, d);
    }
    return list;
}

/* Whose it becomes, and when. */
static struct doc *steps_doc(const struct sla_policy *p, enum sla_clock clock, const struct sla_verdict *v,
                             int64_t now_ms)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < p->step_count; i++) {
        int64_t at_ms = sla_step_ms(v, &p->steps[i]);
        struct doc *d;

        if (p->steps[i].clock != clock)
            continue;
        d = doc_object();
        doc_set_text(d, "to", str_of(sla_role_name(p->steps[i].to)));
        doc_set_int(d, "before_ms", p->steps[i].before_ms);
        doc_set(d, "at", moment_doc(at_ms));
        doc_set_bool(d, "reached", at_ms <= now_ms);
        doc_push(list, d);
    }
    return list;
}

static struct doc *clock_doc(const struct sla_policy *p, enum sla_clock clock, const struct sla_verdict *v,
                             const char *version, int64_t now_ms)
{
    struct doc *d = doc_object();

    doc_set_text(d, "clock", str_of(sla_clock_name(clock)));
    doc_set_text(d, "state", str_of(sla_state_name(v->state)));
    doc_set_int(d, "promise_ms", v->promise_ms);
    doc_set(d, "due_at", moment_doc(v->due_ms));
    doc_set(d, "met_at", moment_doc(v->met_ms));
    doc_set_int(d, "left_ms", v->left_ms);
    doc_set(d, "steps", steps_doc(p, clock, v, now_ms));
    doc_set_text(d, "rules", str_of(version)); /* by which this was computed */
    doc_set(d, "trace", spans_doc(v));
    return d;
}

/* The promise that stands as a clock of its own. */
static struct doc *call_back_clock(int64_t by_ms, int64_t now_ms)
{
    struct doc *d = doc_object();

    doc_set_text(d, "clock", STR(PLACING_PROMISED));
    doc_set_text(d, "state", str_of(sla_state_name(by_ms < now_ms ? SLA_BREACHED : SLA_RUNNING)));
    doc_set_null(d, "promise_ms");
    doc_set(d, "due_at", moment_doc(by_ms));
    doc_set_null(d, "met_at");
    doc_set_null(d, "rules");
    doc_set_int(d, "left_ms", by_ms > now_ms ? by_ms - now_ms : 0);
    doc_set(d, "steps", doc_array());
    doc_set(d, "trace", doc_array());
    return d;
}

static struct doc *clocks_doc(const struct rules *rules, struct arena *a, const struct ticket *t,
                              const struct happening *history, size_t n)
{
    const struct rules_queue *q = rules_queue(rules, t->queue);
    struct doc *list = doc_array();
    size_t count;
    struct sla_event *events = placing_events(history, n, a, &count);
    int64_t now_ms = clock_now_ms();

    for (int k = 0; q != NULL && k < SLA_CLOCKS; k++) {
        struct sla_verdict v;

        if (sla_judge(&v, (enum sla_clock)k, &q->policy, events, count, now_ms, a) == ERR_OK && v.state != SLA_NONE)
            doc_push(list, clock_doc(&q->policy, (enum sla_clock)k, &v, rules_version(rules), now_ms));
    }
    if (placing_call_back_ms(history, n) != 0)
        doc_push(list, call_back_clock(placing_call_back_ms(history, n), now_ms));
    return list;
}

void view_decision(struct doc *out, struct app *app, struct arena *a, const struct ticket *t,
                   const struct happening *history, size_t n)
{
    const struct rules *rules = ruleset_take(app->rules);

    doc_set(out, "routing", routing_doc(rules, a, t, history, n));
    doc_set(out, "clocks", clocks_doc(rules, a, t, history, n));
    ruleset_release(app->rules, rules);
}

void view_call_back(struct doc *out, struct app *app, struct arena *a, const struct ticket *t,
                    const struct happening *history, size_t n)
{
    int64_t by_ms = placing_call_back_ms(history, n);
    struct str to, bound = str_of(arena_strdup(a, id_print(ID_TICKET, t->id).at));
    struct doc *d;

    if (by_ms == 0) {
        doc_set_null(out, "call_back");
        return;
    }
    d = doc_object();
    doc_set(d, "at", moment_doc(by_ms));
    if (unseal(app->keys, a, redis_field(t->fields, "call_back_to"), bound, &to) == ERR_OK)
        doc_set_text(d, "to", to);
    else
        doc_set_null(d, "to");
    doc_set(out, "call_back", d);
}
