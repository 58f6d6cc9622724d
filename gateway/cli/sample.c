/* sample.c - `postern sample`: invented tickets, through the same filing as real ones, to try the console with. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/rulesfile.h"
#include "gateway/share.h"
#include "queues/clock.h"
#include "queues/filing.h"
#include "queues/folder.h"
#include "queues/number.h"
#include "rules/base/arena.h"
#include "rules/route.h"

#include <stdlib.h>

enum {
    SAMPLE_MAX = 1000000,
    BATCH = 64,
    SPREAD_MS = 3 * 3600 * 1000, /* they came in over the last hours */
};

#define MARK STR("sample")

static const struct {
    const char *language, *name, *organisation, *problem;
} voices[] = {
    {"en", "Sam Okafor", "Harbour Lights Ltd", "None of our people can sign in since this morning. Is our data safe?"},
    {"zh-TW", "林怡君", "晴空設計", "從早上開始整個團隊都無法登入，請問資料還在嗎？"},
    {"ja", "佐藤 健", "みなと製作所", "今朝から全員サインインできません。データは無事でしょうか。"},
    {"de", "Jana Vogt", "Vogt Werkzeugbau",
     "Seit heute früh kommt bei uns niemand mehr hinein. Sind unsere Daten sicher?"},
    {"es", "Lucía Ramos", "Talleres Ramos", "Desde esta mañana nadie puede entrar. ¿Están a salvo nuestros datos?"},
    {"ar", "سارة الحسن", "مؤسسة الأفق", "منذ الصباح لا يستطيع أحد منا تسجيل الدخول. هل بياناتنا بأمان؟"},
};

/* SplitMix64: the same seed tells the same story. */
static uint64_t chance(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static struct item invent(struct numbers *numbers, uint64_t *state, int64_t now_ms, struct arena *a)
{
    static const char *const impacts[] = {"down", "down", "down", "degraded", "question"};
    uint64_t dice = chance(state);
    size_t v = dice % (sizeof voices / sizeof voices[0]);
    const char *text = arena_printf(a, "%s (%llu)", voices[v].problem, (unsigned long long)(dice >> 44));

    return (struct item){
        .op = ITEM_REQUEST,
        .ulid = ulid_fresh(),
        .received_ms = now_ms - (int64_t)(chance(state) % SPREAD_MS),
        .channel = STR("web"),
        .reference = number_take(numbers),
        .text = str_of(text),
        .email = str_of(arena_printf(a, "person%llu@company%llu.example", (unsigned long long)(dice >> 8 & 1023),
                                     (unsigned long long)(dice >> 20 & 1023))),
        .name = str_of(voices[v].name),
        .organisation = str_of(voices[v].organisation),
        .impact = str_of(impacts[dice >> 32 & 3]),
        .language = str_of(voices[v].language),
        .raw_type = STR("text/plain"),
        .raw = str_of(text),
    };
}

struct maker {
    struct store store;
    struct rules *rules;
    struct numbers *numbers;
    struct arena *arena;
    uint64_t chance;
};

static enum err file_all(struct maker *m, struct filing *f[], size_t n)
{
    for (;;) {
        struct redis_value *replies;
        bool asked[BATCH] = {false}, any = false;
        size_t count, at = 0;

        for (size_t i = 0; i < n; i++)
            any |= asked[i] = filing_ask(f[i], m->store.redis);
        if (!any)
            return ERR_OK;

        enum err e = redis_flush(m->store.redis, m->arena, &replies, &count);

        for (size_t i = 0; e == ERR_OK && i < n; i++)
            if (asked[i]) {
                e = filing_hear(f[i], m->store.redis, replies + at);
                at += filing_asked(f[i]);
            }
        if (e != ERR_OK)
            return e;
    }
}

static enum err make_batch(struct maker *m, size_t n)
{
    struct filing *f[BATCH];
    int64_t now = clock_now_ms();

    arena_reset(m->arena);
    for (size_t i = 0; i < n; i++) {
        f[i] = arena_new(m->arena, struct filing);
        f[i]->keys = m->store.keys;
        f[i]->rules = m->rules;
        f[i]->arena = m->arena;
        f[i]->item = invent(m->numbers, &m->chance, now, m->arena);
        f[i]->now_ms = now;
        f[i]->silent = true;
        filing_begin(f[i]);
    }
    return file_all(m, f, n);
}

/* Only an empty instance, or one that was filled like this before, may be filled: real customers must not find
 * invented ones beside them. */
static enum err claim_scratch(struct maker *m, bool *scratch)
{
    struct redis_value marked, size;
    enum err e = redis_do(m->store.redis, m->arena, &marked, 2, (struct str[]){STR("EXISTS"), MARK});

    if (e == ERR_OK)
        e = redis_do(m->store.redis, m->arena, &size, 1, (struct str[]){STR("DBSIZE")});
    if (e != ERR_OK)
        return e;
    *scratch = marked.integer == 1 || size.integer == 0;
    return *scratch ? redis_do(m->store.redis, m->arena, NULL, 3, (struct str[]){STR("SET"), MARK, STR("1")}) : ERR_OK;
}

static enum cli_exit fill(struct cli *c, struct maker *m, int64_t n)
{
    bool scratch = false;
    enum err e = claim_scratch(m, &scratch);

    if (e == ERR_OK && !scratch) {
        cli_say(c, "there is data in this instance that is not a sample: use a data folder of its own (-o data=…)");
        return CLI_DENIED;
    }
    if (e == ERR_OK && number_low(m->numbers))
        e = number_refill(m->numbers, m->store.redis, m->arena);
    for (int64_t done = 0; e == ERR_OK && done < n; done += BATCH)
        e = make_batch(m, (size_t)(n - done < BATCH ? n - done : BATCH));
    if (e != ERR_OK) {
        cli_say(c, "%s: %s", err_text(e), redis_why(m->store.redis));
        return cli_exit_of(e);
    }
    (void)fprintf(c->out, "%lld tickets\n", (long long)n);
    return CLI_OK;
}

static enum cli_exit open_rules(struct cli *c, struct maker *m)
{
    char share[4096], why[300];
    struct buf faults = {0};
    enum err e = share_find(share, sizeof share, why, sizeof why);

    if (e == ERR_OK)
        e = rulesfile_load(&m->rules, m->store.conf.rules, share, &faults);
    else
        buf_text(&faults, why);
    if (e != ERR_OK)
        cli_say(c, "%s", buf_view(&faults).at);
    buf_free(&faults);
    return e == ERR_OK ? CLI_OK : CLI_CONF;
}

/* Blocks of its own: the file in the data folder belongs to `serve`, which may be running. */
static enum cli_exit open_numbers(struct cli *c, struct maker *m)
{
    char folder[4200], why[NUMBER_WHY_BYTES] = "the data folder cannot be written";

    (void)snprintf(folder, sizeof folder, "%s/sample", m->store.conf.data);
    if (folder_make(folder) && number_open(&m->numbers, m->store.keys, folder, why) == ERR_OK)
        return CLI_OK;
    cli_say(c, "%s", why);
    return CLI_IO;
}

static enum cli_exit sample_run(struct cli *c)
{
    static struct maker m;
    int64_t n, seed;

    if (!str_number(str_of(c->words[0]), &n) || n < 1 || n > SAMPLE_MAX)
        return cli_usage(c, "N must be a whole number from 1 to %d", SAMPLE_MAX);
    if (!cli_number(c, "seed", 0, INT64_MAX, 1, &seed))
        return CLI_USAGE;

    enum cli_exit x = store_open(c, &m.store, true);

    if (x != CLI_OK)
        return x;
    m.chance = (uint64_t)seed;
    m.arena = arena_open(1024 * 1024);
    x = open_rules(c, &m);
    if (x == CLI_OK)
        x = open_numbers(c, &m);
    if (x == CLI_OK)
        x = fill(c, &m, n);
    number_close(m.numbers);
    rules_close(m.rules);
    arena_close(m.arena);
    store_close(&m.store);
    return x;
}

const struct command command_sample = {
    .name = "sample",
    .words = "N",
    .does = "fill a scratch instance with invented tickets",
    .examples = "  postern sample 500 -o data=/tmp/try\n  postern sample 20000 --seed 7 -o data=/tmp/try\n",
    .more = "They are filed as real ones are; no mail leaves. Refused where real data is.\n",
    .least = 1,
    .most = 1,
    .options = {{"seed", "NUMBER", "another seed tells another story"}},
    .run = sample_run,
};
