#include "queues/filing_parts.h"

#include "queues/flow.h"
#include "queues/inquiry.h"
#include "queues/keys.h"
#include "queues/placing.h"
#include "queues/silent.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <string.h>

enum { SUBJECT_CODE_POINTS = 80 };

void mailbox_read(struct filing *f)
{
    f->mailbox = email_parse(f->arena, f->item.email, &f->email);
}

/* ---- the same again ---- */

static const char *ulid_text(struct arena *a, struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    return arena_strdup(a, s);
}

struct str key_value(struct filing *f)
{
    return str_of(arena_printf(f->arena, "%s %s %" PRIu64, ulid_text(f->arena, f->item.ulid),
                               str_copy(f->arena, f->item.body), f->item.reference));
}

static struct str canonical_email(const struct filing *f)
{
    return f->mailbox && f->email.canonical.at != NULL ? f->email.canonical : f->item.email;
}

struct blind repeat_index(struct filing *f)
{
    struct buf b = {0};

    buf_str(&b, canonical_email(f));
    buf_char(&b, '\n');
    buf_str(&b, f->item.text);

    struct blind index = blind_index(f->keys, INDEX_REPEAT, buf_view(&b));

    buf_free(&b);
    return index;
}

struct str repeat_value(struct filing *f)
{
    return str_of(arena_printf(f->arena, "%" PRId64 " %s %" PRIu64, f->item.received_ms,
                               ulid_text(f->arena, f->item.ulid), f->item.reference));
}

struct str original_print(struct filing *f)
{
    const struct item *i = &f->item;
    struct buf b = {0};

    buf_str(&b, i->raw_type);
    if (i->raw_blob.len > 0)
        buf_printf(&b, "\tblob %.*s", (int)i->raw_blob.len, i->raw_blob.at);
    buf_char(&b, '\n');
    buf_str(&b, i->raw);

    struct str all = {str_copy(f->arena, buf_view(&b)), b.len};

    buf_free(&b);
    return all;
}

/* ---- changes ---- */

static struct str one_line(struct arena *a, struct str text)
{
    char *p = str_copy(a, text_first(str_trim(text), SUBJECT_CODE_POINTS));

    for (char *c = p; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    return str_of(p);
}

/* A mail and a desk's ticket have one; else the words begin with what it is about; a file without words has its name. */
static struct str subject_of(struct filing *f)
{
    struct str words = f->item.subject.len > 0 ? f->item.subject : f->item.text;

    return one_line(f->arena, words.len > 0 ? words : files_title(f));
}

static struct message words_of(struct filing *f)
{
    return (struct message){.id = f->item.ulid,
                            .at_ms = f->item.received_ms,
                            .who = MESSAGE_YOU,
                            .channel = f->item.channel,
                            .item = f->item.ulid,
                            .participant = f->participant,
                            .home = f->home,
                            .text = f->item.text,
                            .files = files_ids(f),
                            .author = f->item.logged_name,
                            .message_id = f->item.message_id,
                            .subject = f->item.subject,
                            .automatic = f->item.automatic};
}

bool asks_code(const struct filing *f)
{
    return f->item.op == ITEM_REQUEST && f->mailbox && str_is(f->item.channel, "web");
}

bool asks_ack(const struct filing *f)
{
    return f->item.op == ITEM_REQUEST && f->mailbox && str_is(f->item.channel, "mail") && !f->item.automatic;
}

static void add_ack(struct change *c, struct filing *f)
{
    struct outbox_mail ack = {.id = ulid_in(f->item.ulid, ulid_partition(f->ticket)),
                              .kind = OUTBOX_ACK,
                              .silent = f->silent,
                              .to = f->email.spelled,
                              .language = f->item.language,
                              .reference = f->item.reference,
                              .ticket = f->ticket,
                              .participant = f->participant,
                              .asked_ms = f->now_ms,
                              .in_reply_to = f->item.message_id};

    change_mail(c, f->keys, &ack);
}

static void add_participant(struct change *c, struct filing *f)
{
    const struct item *i = &f->item;
    struct participant p = {.id = f->participant,
                            .channel = i->channel,
                            .email = f->mailbox ? f->email.spelled : i->email,
                            .phone = i->phone,
                            .name = i->name,
                            .handle = i->handle,
                            .speaks_for = item_behalf(i, f->arena),
                            .language = i->language,
                            .reference = i->reference,
                            .since_ms = i->received_ms,
                            .item = i->ulid};

    if (i->email.len > 0)
        p.email_index = blind_index(f->keys, INDEX_EMAIL, canonical_email(f));
    change_participant(c, f->keys, f->ticket, &p);
    if (asks_ack(f))
        add_ack(c, f);
    if (!asks_code(f))
        return;

    struct flow_ask ask = {.flow = i->ulid,
                           .partition = ulid_partition(f->ticket),
                           .email = f->email.spelled,
                           .index = p.email_index,
                           .ticket = f->ticket,
                           .participant = f->participant,
                           .reference = i->reference,
                           .language = i->language,
                           .now_ms = f->now_ms,
                           .generation = 1,
                           .silent = f->silent};

    change_flow(c, f->keys, &ask);
}

static void add_account(struct change *c, struct filing *f)
{
    struct arena *a = f->arena;
    const char *id = arena_strdup(a, id_print(ID_ACCOUNT, f->account).at);
    unsigned p = ulid_partition(f->ticket);
    struct str key = key_in(a, p, "a", id), tkt = str_of(arena_strdup(a, id_print(ID_TICKET, f->ticket).at));
    struct str name = f->cluster.len > 0             ? f->cluster
                      : f->item.organisation.len > 0 ? f->item.organisation
                                                     : f->item.name;
    struct str now = str_int(a, f->item.received_ms);

    /* An account on record keeps what its records say; a stranger's is named by its first claim. */
    change_add(c, 8,
               (struct str[]){STR("HSETNEW"), key, STR("created_ms"), now, STR("name"),
                              seal(f->keys, a, name, str_of(id)), STR("language"), f->item.language});
    if (f->cluster.len > 0)
        change_hset(c, key, "cluster", STR("1"));
    change_hset(c, key, "last_heard", now);
    change_zadd(c, key_in(a, p, "w", id), f->item.received_ms, tkt);
    if (f->cluster.len == 0 && !f->item.automatic)
        change_silent_heard(c, f->account, f->item.received_ms);
}

static struct str claims_print(struct filing *f)
{
    const struct item *i = &f->item;
    const struct {
        const char *name;
        struct str value;
    } claims[] = {{"name", i->name},
                  {"organisation", i->organisation},
                  {"site", i->site},
                  {"invoice", i->invoice},
                  {"email", i->email},
                  {"phone", i->phone},
                  {"handle", i->handle},
                  {"source", i->source},
                  {"url", i->url},
                  {"reference", i->thread},
                  {"behalf_name", i->behalf_name},
                  {"behalf_organisation", i->behalf_organisation},
                  {"behalf_email", i->behalf_email},
                  {"behalf_site", i->behalf_site}};
    struct buf d = {0};

    for (size_t n = 0; n < sizeof claims / sizeof claims[0]; n++)
        if (claims[n].value.len > 0)
            doc_flat_text(&d, claims[n].name, claims[n].value);

    struct str text = doc_flat_print(&d, f->arena);

    buf_free(&d);
    return text;
}

static void add_ticket(struct change *c, struct filing *f)
{
    struct arena *a = f->arena;
    struct str key = ticket_key(a, f->ticket), bound = str_of(arena_strdup(a, id_print(ID_TICKET, f->ticket).at));
    struct str at = str_int(a, f->item.received_ms);
    const struct item *i = &f->item;

    change_add(c, 34, (struct str[]){STR("HSET"),       key,
                                     STR("v"),          STR("1"),
                                     STR("acc"),        str_of(arena_strdup(a, id_print(ID_ACCOUNT, f->account).at)),
                                     STR("ref"),        str_int(a, (int64_t)i->reference),
                                     STR("state"),      STR("open"),
                                     STR("opened"),     at,
                                     STR("updated"),    at,
                                     STR("heard"),      at,
                                     STR("replied"),    STR("0"),
                                     STR("language"),   i->language,
                                     STR("impact"),     i->impact,
                                     STR("channels"),   i->channel,
                                     STR("subject"),    seal(f->keys, a, subject_of(f), bound),
                                     STR("owner"),      STR(""),
                                     STR("owner_name"), STR(""),
                                     STR("last"),       str_of(arena_strdup(a, id_print(ID_MESSAGE, i->ulid).at)),
                                     STR("claims"),     seal(f->keys, a, claims_print(f), bound)});
    change_hset_int(c, key, "score", f->whose.score);
    change_hset(c, key, "reasons", f->whose.reasons);
    change_hset(c, key, "tier", f->whose.tier);
    change_hset(c, key, "region", f->whose.region);
    change_hset(c, key, "known", f->whose.known ? STR("1") : STR("0"));
    change_facts(c, f);
    if (f->cluster.len > 0)
        change_hset(c, key, "cluster", STR("1"));
    if (!ulid_equal(f->linked, (struct ulid){0}))
        change_hset(c, key, "linked", str_of(arena_strdup(a, id_print(ID_TICKET, f->linked).at)));
}

/* Whose the participant is, and where their next report goes. A new request of theirs opens only while nothing else was
 * opened (N2 of attach.h); words of one who wrote here before find them as they are. */
static void add_person(struct change *c, struct filing *f, bool opens)
{
    if (opens && f->item.op == ITEM_REQUEST)
        change_open_work_holds(c, f->account, &f->person, f->chain[0].held);
    if (opens || f->item.op == ITEM_REQUEST)
        change_participant_home(c, f->ticket, f->account, f->participant, &f->person, f->home);
    change_open_work_set(c, f->account, &f->person, f->ticket, f->item.received_ms, f->now_ms);
}

/* What the channel vouches for is a mailbox reached, and never more. */
static int level_of(const struct filing *f)
{
    return f->heir.level == 0 && f->item.proven > 0 ? 1 : f->heir.level;
}

void change_open_work(struct change *c, struct filing *f)
{
    struct happening opened = {.id = f->item.ulid,
                               .at_ms = f->item.received_ms,
                               .kind = STR("opened"),
                               .by = str_of(arena_strdup(f->arena, id_print(ID_PARTICIPANT, f->participant).at)),
                               .detail = f->item.channel,
                               .clock = STR("opened")};
    struct happening past[] = {opened, promise_of(f)};
    struct message words = words_of(f);
    struct placing where;
    struct facts facts;

    facts_of(f, &facts);
    place(f->rules, &facts, past, promises(f) ? 2 : 1, f->now_ms, f->arena, &where);
    opened.rules = where.rules;
    add_account(c, f);
    add_ticket(c, f);
    change_routed(c, f->ticket, STR(""), &where, true, false);
    change_level(c, f->ticket, f->participant, level_of(f), f->heir.stale, f->heir.authorised);
    change_opened_touch(c, f);
    add_participant(c, f);
    add_person(c, f, true);
    add_suggestion(c, f);
    change_message(c, f->keys, f->ticket, &words);
    change_item_words(c, f, subject_of(f));
    change_happening(c, f->ticket, &opened);
    change_promise(c, f);
    change_live(c, "opened", f->ticket, f->item.reference, where.queue, STR("open"), STR(""));
    change_suspects(c, f->keys, ulid_partition(f->ticket), f->home, &f->whose, f->item.received_ms);
    change_audit(c, f->keys, ulid_partition(f->ticket), f->now_ms, STR("system"), "ticket.opened",
                 arena_strdup(f->arena, id_print(ID_TICKET, f->ticket).at), where.rule);
}

/* ---- join ---- */

static const char *clock_word(enum ticket_clock c)
{
    return c == TICKET_CLOCK_RESUME ? "resumed" : c == TICKET_CLOCK_REOPEN ? "reopened" : "";
}

static struct happening *with(struct arena *a, const struct happening *old, size_t n, const struct happening *more)
{
    struct happening *all = arena_array(a, struct happening, n + 1);

    size_t at = n; /* it may have waited while others were filed */

    while (at > 0 && old[at - 1].at_ms > more->at_ms)
        at--;
    if (at > 0)
        memcpy(all, old, at * sizeof *all);
    all[at] = *more;
    if (at < n)
        memcpy(all + at + 1, old + at, (n - at) * sizeof *all);
    return all;
}

static struct str channels_with(struct arena *a, struct str all, struct str channel)
{
    struct str rest = all;

    while (rest.at != NULL)
        if (str_equal(str_cut(&rest, ' '), channel))
            return all;
    return all.len == 0 ? channel : str_of(arena_printf(a, "%s %s", str_copy(a, all), str_copy(a, channel)));
}

/* Words that waited in the journal must not look newer than what came after them. */
static bool is_newest(const struct filing *f)
{
    struct ulid last;

    return !id_parse(ID_MESSAGE, f->at.last, &last) || memcmp(last.bytes, f->item.ulid.bytes, sizeof last.bytes) < 0;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_open(enum ticket_state s)
{
    return s != TICKET_SOLVED && s != TICKET_CLOSED;
}

/* What a robot sends in somebody's name is kept, and nobody was heard by it. */
static struct str heard_as(const struct item *i)
{
    if (i->automatic)
        return STR("automatic");
    return i->op == ITEM_REQUEST ? STR("joined") : STR("heard");
}

void change_join_work(struct change *c, struct filing *f)
{
    struct arena *a = f->arena;
    struct str key = ticket_key(a, f->ticket), state = str_of(ticket_state_name(f->join_step.next));
    struct happening heard = {.id = f->item.ulid,
                              .at_ms = f->item.received_ms,
                              .kind = heard_as(&f->item),
                              .by = str_of(arena_strdup(a, id_print(ID_PARTICIPANT, f->participant).at)),
                              .detail = f->item.channel,
                              .clock = str_of(clock_word(f->join_step.clock))};
    struct happening promise = promise_of(f), *past = with(a, f->history, f->history_count, &heard);
    size_t n = f->history_count + 1;
    struct message words = words_of(f);
    struct placing where;

    if (promises(f))
        past = with(a, past, n++, &promise);
    place_joined(c, f, past, n, &where);
    change_hset(c, key, "state", state);
    if (is_newest(f))
        change_hset(c, key, "last", str_of(arena_strdup(a, id_print(ID_MESSAGE, f->item.ulid).at)));
    change_hset(c, key, "channels", channels_with(a, f->at.channels, f->item.channel));
    if (!f->item.automatic)
        change_hset_int(c, key, "heard", later(f->at.heard_ms, f->item.received_ms));
    change_hset_int(c, key, "updated", later(f->at.updated_ms, f->item.received_ms));
    if (f->item.op == ITEM_REQUEST)
        change_level(c, f->ticket, f->participant, level_of(f), f->heir.stale, f->heir.authorised);
    if (!f->item.automatic)
        change_hset_int(c,
                        key_in(a, ulid_partition(f->ticket), "a", arena_strdup(a, id_print(ID_ACCOUNT, f->account).at)),
                        "last_heard", f->item.received_ms);
    if (!f->item.automatic && !ticket_is_cluster(&f->at))
        change_silent_heard(c, f->account, f->item.received_ms);
    if (f->item.op == ITEM_REQUEST)
        add_participant(c, f);
    change_joined_touch(c, f);
    add_person(c, f, false);
    add_suggestion(c, f);
    change_message(c, f->keys, f->ticket, &words);
    change_item_words(c, f, subject_of(f));
    heard.rules = where.rules;
    change_happening(c, f->ticket, &heard);
    change_promise(c, f);
    change_placed(c, f->ticket, f->at.queue, &where, is_open(f->join_step.next) && !ticket_is_spam(&f->at),
                  f->at.owner.len > 0);
    change_suspects(c, f->keys, ulid_partition(f->ticket), f->home, &f->whose, f->item.received_ms);
    change_live(c, "message", f->ticket, f->at.reference, where.queue, state, f->at.owner_name);
}
