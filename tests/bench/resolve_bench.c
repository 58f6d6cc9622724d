/* resolve_bench - what finding an account costs with few and with many on record.
 *
 *   resolve_bench [--few 1000] [--many 200000] [--probes 2000] [--short] [--json]
 *
 * A Redis of its own (redis_server.h, with the settings of production) is filled by contact_import(), then asked whose
 * PROBES claims are, by turns of every kind: the two exchanges of inquiry.h and the decision. For each size: commands
 * sent and run, bytes told, CPU of this process and of Redis, all for one question. Exit 1 where a question with many on
 * record runs more than MORE times the commands, or costs more than DEARER times the CPU, of one with few. */
#include "queues/clock.h"
#include "queues/contact.h"
#include "queues/inquiry.h"
#include "queues/redis_server.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOW    INT64_C(1795500000000)
#define MORE   1.5
#define DEARER 2.0

enum { PART = 20000 /* accounts a file */, KINDS = 6 /* of claims */, WAIT_MS = 10000, SETTLE_MS = 120000 };

struct settings {
    size_t few, many, probes;
    bool json;
};

struct bench {
    struct redis_server *server;
    struct redis *redis;
    struct keyring *keys;
    struct rules *rules;
    struct arena *a;
    size_t customers;
};

/* Of one size. */
struct figures {
    size_t customers, found;
    double import_s, sent, run, candidates, cpu_us, redis_us, rss_mib;
};

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "resolve_bench: %s: %s\n", what, why);
    exit(1);
}

static double seconds(clockid_t which)
{
    struct timespec t;

    (void)clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- an invented world: names are common, addresses are not ---- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static const char *pick(const char *const list[], size_t n, uint64_t seed)
{
    return list[mix(seed) % n];
}

static const char *given(size_t n)
{
    static const char *const list[] = {"Anna", "Ben",  "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana",
                                       "Ivan", "Jana", "Kofi", "Lena", "Mei",  "Nils",   "Olga",  "Pablo"};

    return pick(list, sizeof list / sizeof *list, n * 3 + 1);
}

static const char *family(size_t n)
{
    static const char *const list[] = {"Smith", "Lin",    "Müller", "Tanaka", "García", "Novak",  "Okafor", "Rossi",
                                       "Silva", "Haddad", "Jansen", "Kim",    "Larsen", "Moreau", "Nowak",  "Patel"};

    return pick(list, sizeof list / sizeof *list, n * 3 + 2);
}

/* A word that few share: what a company is called. */
static const char *brand(const struct bench *b, size_t n)
{
    static const char *const syllables[] = {"ba", "co", "de", "fi", "gu", "la", "mo", "ne",
                                            "pi", "ru", "sa", "te", "vo", "xi", "ya", "zu"};
    uint64_t x = mix(n + 77);

    return arena_printf(b->a, "%s%s%s%s%s", syllables[x & 15], syllables[x >> 4 & 15], syllables[x >> 8 & 15],
                        syllables[x >> 12 & 15], syllables[x >> 16 & 15]);
}

static const char *email(const struct bench *b, size_t n)
{
    return arena_printf(b->a, "%s.%zu@%s%zu.example.com", given(n), n, brand(b, n), n % 97);
}

static const char *phone(const struct bench *b, size_t n)
{
    return arena_printf(b->a, "+8862%08zu", 20000000 + n * 37 % 79999999);
}

static void add_customer(const struct bench *b, size_t n, struct buf *csv)
{
    buf_printf(csv, "V-%zu,%s Works Ltd,%s %s,%s,%s,admin,SITE-%zu,%s-%zu.example.net,INV-%06zu\n", n, brand(b, n),
               given(n), family(n), email(b, n), phone(b, n), n, brand(b, n), n, n);
}

/* A claim about one of the customers, or of somebody whom nobody knows. */
static struct item probe(const struct bench *b, size_t i)
{
    size_t n = mix(i + 5) % b->customers;
    struct item p = {.channel = STR("web"), .name = str_of(arena_printf(b->a, "%s %s", given(n), family(n)))};
    char *slip;

    switch (i % KINDS) {
    case 0:
        p.email = str_of(email(b, n));
        break;
    case 1:
        p.phone = str_of(phone(b, n));
        break;
    case 2:
        p.email = str_of(arena_printf(b->a, "user%zu@gmail.com", i));
        p.site = str_of(arena_printf(b->a, "https://%s-%zu.example.net/wiki", brand(b, n), n));
        break;
    case 3: /* two letters of the address swapped */
        slip = str_copy(b->a, str_of(email(b, n)));
        p.email = (struct str){slip, strlen(slip)};
        slip[0] ^= slip[1], slip[1] ^= slip[0], slip[0] ^= slip[1];
        p.organisation = str_of(arena_printf(b->a, "%s Works", brand(b, n)));
        break;
    case 4:
        p.email = str_of(arena_printf(b->a, "%s@gmail.com", given(n)));
        p.organisation = str_of(arena_printf(b->a, "%s works limited", brand(b, n)));
        break;
    default:
        p.email = str_of(arena_printf(b->a, "nobody%zu@nowhere%zu.example", i, i));
        p.organisation = str_of(arena_printf(b->a, "Unheard %zu", i));
    }
    return p;
}

/* ---- filling ---- */

static void import(struct bench *b, size_t from, size_t to)
{
    struct contact_import_options o = {.now_ms = NOW, .as_of_days = CONTACT_NO_DAY};
    struct contact_import_report report;
    struct buf csv = {0};
    enum err e;

    arena_reset(b->a);
    o.source = str_of(arena_printf(b->a, "crm-%zu", from));
    buf_text(&csv, "account,account_name,contact_name,email,phone,role,site_id,site_url,invoice\n");
    for (size_t n = from; n < to; n++)
        add_customer(b, n, &csv);
    e = contact_import(b->redis, b->keys, b->a, &o, buf_view(&csv), &report);
    buf_free(&csv);
    if (e != ERR_OK)
        die("import", report.refusal != NULL ? report.refusal : redis_why(b->redis));
    if (report.bad_count > 0)
        die("import", report.bad[0].reason);
}

static double fill(struct bench *b, size_t to)
{
    double began = seconds(CLOCK_MONOTONIC);

    while (b->customers < to) {
        size_t end = b->customers + PART < to ? b->customers + PART : to;

        import(b, b->customers, end);
        b->customers = end;
    }
    return seconds(CLOCK_MONOTONIC) - began;
}

/* ---- asking ---- */

static double info(struct bench *b, const char *section, const char *name)
{
    struct redis_value v;
    const char *at;

    if (redis_do(b->redis, b->a, &v, 2, (struct str[]){STR("INFO"), str_of(section)}) != ERR_OK)
        die("info", redis_why(b->redis));
    at = strstr(v.text.at, name);
    return at == NULL ? 0 : strtod(at + strlen(name), NULL);
}

static double redis_cpu(struct bench *b)
{
    return info(b, "cpu", "used_cpu_user:") + info(b, "cpu", "used_cpu_sys:");
}

static void exchange(struct bench *b, struct redis_value **v, size_t *n)
{
    if (redis_flush(b->redis, b->a, v, n) != ERR_OK)
        die("ask", redis_why(b->redis));
}

static void ask(struct bench *b, size_t i, struct figures *f)
{
    struct item about = probe(b, i);
    struct ulid own = ulid_fresh();
    struct inquiry *q = inquiry_begin(b->keys, b->rules, b->a, &about, NULL, false, own);
    struct resolution w;
    struct redis_value *v;
    size_t n;

    (void)inquiry_queue_look(q, b->redis, STR(""));
    exchange(b, &v, &n);
    f->sent += (double)n;
    inquiry_hear_look(q, v);
    (void)inquiry_queue_read(q, b->redis);
    exchange(b, &v, &n);
    f->sent += (double)n;
    if (inquiry_hear_read(q, b->redis, v) != ERR_OK)
        die("ask", redis_why(b->redis));
    f->candidates += (double)q->known_count;
    inquiry_decide(q, &w);
    f->found += w.linked || w.suspects > 0;
}

/* What Redis still has to do after the filling is not the questions' cost. */
static void settle(struct bench *b)
{
    int64_t until = clock_steady_ms() + SETTLE_MS;

    while (info(b, "persistence", "aof_rewrite_in_progress:") + info(b, "persistence", "aof_rewrite_scheduled:") > 0 &&
           clock_steady_ms() < until)
        (void)usleep(100000);
    (void)usleep(1000000);
}

static void measure(struct bench *b, size_t probes, struct figures *f)
{
    double cpu, redis, run;

    settle(b);
    for (size_t i = 0; i < 200; i++) { /* warm */
        arena_reset(b->a);
        ask(b, probes + i, &(struct figures){0});
    }
    redis = redis_cpu(b), run = info(b, "stats", "total_commands_processed:"), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < probes; i++) {
        arena_reset(b->a);
        ask(b, i, f);
    }
    f->cpu_us = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / (double)probes;
    f->run = (info(b, "stats", "total_commands_processed:") - run) / (double)probes;
    f->redis_us = (redis_cpu(b) - redis) * 1e6 / (double)probes;
    f->sent /= (double)probes;
    f->candidates /= (double)probes;
    f->rss_mib = info(b, "memory", "used_memory:") / 1048576;
    f->customers = b->customers;
}

/* ---- the rest ---- */

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

static void open_bench(struct bench *b, const char *folder)
{
    static const char text[] = "queue triage { calendar always }\nroute otherwise to triage\n";
    char why[REDIS_SERVER_WHY_BYTES], keys_why[KEYRING_WHY_BYTES];
    struct redis_server_state s = {0};
    struct buf faults = {0};

    b->a = arena_open(1024 * 1024);
    if (redis_server_open(&b->server, folder, why) != ERR_OK)
        die("redis", why);
    for (int64_t until = clock_steady_ms() + WAIT_MS; !s.serving; (void)usleep(10000)) {
        redis_server_state(b->server, &s);
        if (clock_steady_ms() > until)
            die("redis", s.why);
    }
    b->redis = redis_open(redis_server_target(b->server), 60000);
    if (keyring_open(&b->keys, arena_printf(b->a, "%s/keys", folder), true, keys_why) != ERR_OK)
        die("keys", keys_why);
    if (rules_load(&b->rules, "bench.rules", str_of(text), no_zone, NULL, &faults) != ERR_OK)
        die("rules", buf_view(&faults).at);
}

static void close_bench(struct bench *b, const char *folder)
{
    char command[128];

    rules_close(b->rules);
    redis_close(b->redis);
    redis_server_close(b->server);
    keyring_close(b->keys);
    arena_close(b->a);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        die("cannot remove", folder);
}

static void tell(const struct figures *f, const struct settings *s)
{
    const char *form = s->json ? "{\"accounts\":%zu,\"import_s\":%.1f,\"redis_mib\":%.0f,\"candidates\":%.2f,"
                                 "\"commands_sent\":%.1f,\"commands_run\":%.1f,\"cpu_us\":%.0f,\"redis_us\":%.0f,"
                                 "\"found\":%.3f}\n"
                               : "%7zu accounts: imported in %.1f s, Redis %.0f MiB; a question: %.2f candidates, %.1f "
                                 "commands sent, %.1f run, CPU %.0f us here and %.0f us in Redis; %.3f of all found\n";

    (void)printf(form, f->customers, f->import_s, f->rss_mib, f->candidates, f->sent, f->run, f->cpu_us, f->redis_us,
                 (double)f->found / (double)s->probes);
    (void)fflush(stdout);
}

static bool set(struct settings *s, const char *name, const char *value)
{
    size_t n = strtoul(value, NULL, 10);

    if (strcmp(name, "--few") == 0)
        s->few = n;
    else if (strcmp(name, "--many") == 0)
        s->many = n;
    else if (strcmp(name, "--probes") == 0)
        s->probes = n;
    else
        return false;
    return n > 0;
}

static int verdict(const struct settings *s, const struct figures *few, const struct figures *many)
{
    double commands = many->run / few->run, cpu = (many->cpu_us + many->redis_us) / (few->cpu_us + few->redis_us);
    bool flat = commands <= MORE && cpu <= DEARER;

    if (!s->json)
        (void)printf("resolve: with %zu accounts %.2f times the commands and %.2f times the CPU of %zu: %s\n",
                     many->customers, commands, cpu, few->customers, flat ? "flat" : "not flat");
    return flat ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s = {.few = 1000, .many = 200000, .probes = 2000};
    char folder[] = "/tmp/postern-bench-XXXXXX";
    struct figures few = {0}, many = {0};
    struct bench b = {0};

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--short") == 0)
            s.many = 20000;
        else if (strcmp(argv[i], "--json") == 0)
            s.json = true;
        else if (i + 1 == argc || !set(&s, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "resolve_bench: unknown option %s\n", argv[i]);
            return 64;
        } else
            i++;
    if (mkdtemp(folder) == NULL)
        die("cannot make", folder);
    open_bench(&b, folder);
    few.import_s = fill(&b, s.few);
    measure(&b, s.probes, &few);
    tell(&few, &s);
    many.import_s = fill(&b, s.many);
    measure(&b, s.probes, &many);
    tell(&many, &s);
    close_bench(&b, folder);
    return verdict(&s, &few, &many);
}
