#include "gateway/http/asset.h"

#include "gateway/http/accept.h"

#include <brotli/encode.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ASSET_HEADERS_MAX = 12, BUCKETS = 64, BROTLI_HURRIED = 5, GZIP_HURRIED = 6 };

enum coding { IDENTITY, GZIP, BROTLI, CODINGS };

static const char *const coding_names[CODINGS] = {"identity", "gzip", "br"};

struct asset {
    struct asset *next;
    struct assets *set;
    struct str path;
    const char *content_type;
    struct str bytes[CODINGS]; /* at NULL where it would be no smaller */
    const char *etag[CODINGS];
    struct call_header headers[ASSET_HEADERS_MAX];
    size_t header_count;
};

struct assets {
    atomic_int references;
    bool hurried;
    struct arena *arena;
    struct asset *buckets[BUCKETS];
};

struct assets *assets_open(void)
{
    struct assets *a = calloc(1, sizeof *a);

    if (a == NULL)
        abort();
    atomic_init(&a->references, 1);
    a->arena = arena_open(64 * 1024);
    return a;
}

void assets_hurry(struct assets *set)
{
    set->hurried = true;
}

struct assets *assets_hold(struct assets *a)
{
    atomic_fetch_add(&a->references, 1);
    return a;
}

void assets_close(struct assets *a)
{
    if (a == NULL || atomic_fetch_sub(&a->references, 1) != 1)
        return;
    arena_close(a->arena);
    free(a);
}

static size_t bucket_of(struct str path)
{
    uint32_t h = 2166136261u; /* FNV-1a: few paths, all ours */

    for (size_t i = 0; i < path.len; i++)
        h = (h ^ (unsigned char)path.at[i]) * 16777619u;
    return h % BUCKETS;
}

/* ---- compressing ---- */

static struct str brotli(struct arena *a, struct str s, bool hurried)
{
    size_t len = BrotliEncoderMaxCompressedSize(s.len);
    uint8_t *to = malloc(len + 1);
    struct str out = {NULL, 0};

    if (to == NULL)
        abort();
    if (len > 0 &&
        BrotliEncoderCompress(hurried ? BROTLI_HURRIED : BROTLI_MAX_QUALITY, BROTLI_MAX_WINDOW_BITS, BROTLI_MODE_TEXT,
                              s.len, (const uint8_t *)s.at, &len, to) &&
        len < s.len)
        out = (struct str){arena_copy(a, to, len), len};
    free(to);
    return out;
}

static struct str gzip(struct arena *a, struct str s, bool hurried)
{
    z_stream z = {.next_in = (Bytef *)s.at, .avail_in = (uInt)s.len};
    struct str out = {NULL, 0};

    if (deflateInit2(&z, hurried ? GZIP_HURRIED : Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        abort();

    uLong room = deflateBound(&z, s.len);

    z.next_out = malloc(room);
    z.avail_out = (uInt)room;
    if (z.next_out == NULL)
        abort();

    Bytef *to = z.next_out;

    if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < s.len)
        out = (struct str){arena_copy(a, to, z.total_out), z.total_out};
    deflateEnd(&z);
    free(to);
    return out;
}

/* Strong, and another for each coding (RFC 9110 8.8.3.3). FNV-1a, 64 bit: told apart, not authenticated. */
static const char *etag_of(struct arena *a, struct str s, enum coding coding)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.at[i]) * 1099511628211u;
    return arena_printf(a, "\"%016llx-%zx%s\"", (unsigned long long)h, s.len,
                        coding == BROTLI ? "-br"
                        : coding == GZIP ? "-gz"
                                         : "");
}

void assets_add(struct assets *set, const char *path, const char *content_type, struct str content,
                const struct call_header *headers, size_t header_count)
{
    struct asset *asset = arena_new(set->arena, struct asset);
    struct asset **bucket = &set->buckets[bucket_of(str_of(path))];

    asset->set = set;
    asset->path = str_of(arena_strdup(set->arena, path));
    asset->content_type = arena_strdup(set->arena, content_type);
    asset->bytes[IDENTITY] = (struct str){arena_copy(set->arena, content.at, content.len), content.len};
    asset->bytes[GZIP] = gzip(set->arena, content, set->hurried);
    asset->bytes[BROTLI] = brotli(set->arena, content, set->hurried);
    for (int i = 0; i < CODINGS; i++)
        asset->etag[i] = etag_of(set->arena, content, (enum coding)i);
    for (size_t i = 0; i < header_count && i < ASSET_HEADERS_MAX; i++)
        asset->headers[asset->header_count++] =
            (struct call_header){{str_copy(set->arena, headers[i].name), headers[i].name.len},
                                 {str_copy(set->arena, headers[i].value), headers[i].value.len}};
    asset->next = *bucket;
    *bucket = asset;
}

const struct asset *assets_find(const struct assets *a, struct str path)
{
    const struct asset *asset = a->buckets[bucket_of(path)];

    while (asset != NULL && !str_equal(asset->path, path))
        asset = asset->next;
    return asset;
}

/* ---- answering ---- */

static enum coding choose(const struct asset *asset, const struct call *c)
{
    struct str accept = call_header(c, "accept-encoding");
    int best = 0;
    enum coding chosen = IDENTITY;

    for (int i = CODINGS - 1; i > IDENTITY; i--) {
        int q = asset->bytes[i].at == NULL ? 0 : accept_coding(accept, coding_names[i]);

        if (q > best) {
            best = q;
            chosen = (enum coding)i;
        }
    }
    return chosen;
}

/* RFC 9110 13.1.2: weak comparison; "*" is any. A tag of ours has no comma in it. */
static bool client_has(const struct call *c, const char *etag)
{
    struct str list = call_header(c, "if-none-match");

    while (list.at != NULL) {
        struct str tag = str_trim(str_cut(&list, ','));

        if (str_starts(tag, "W/"))
            tag = (struct str){tag.at + 2, tag.len - 2};
        if (str_is(tag, etag) || str_is(tag, "*"))
            return true;
    }
    return false;
}

static void release(void *arg)
{
    assets_close(arg);
}

static void borrow_header(struct call *c, const char *name, struct str value)
{
    c->answer_headers[c->answer_header_count++] = (struct call_header){str_of(name), value};
}

void asset_answer(const struct asset *asset, struct call *c)
{
    enum coding coding = choose(asset, c);

    call_keep(c, release, assets_hold(asset->set));
    for (size_t i = 0; i < asset->header_count; i++)
        c->answer_headers[c->answer_header_count++] = asset->headers[i];
    borrow_header(c, "etag", str_of(asset->etag[coding]));
    borrow_header(c, "vary", STR("accept-encoding"));
    if (client_has(c, asset->etag[coding])) {
        call_answer_empty(c, 304);
        return;
    }
    borrow_header(c, "content-type", str_of(asset->content_type));
    if (coding != IDENTITY)
        borrow_header(c, "content-encoding", str_of(coding_names[coding]));
    call_answer_kept(c, 200, asset->bytes[coding]);
}
