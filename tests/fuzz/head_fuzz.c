/* Any bytes as the head of a request: what we take, h2o's parser takes, too, and reads alike. */
#include "gateway/http/head.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* picohttpparser as libh2o carries it; its header is not installed. */
struct phr_header {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};
int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len, const char **path,
                      size_t *path_len, int *minor_version, struct phr_header *headers, size_t *num_headers,
                      size_t last_len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_as_h2o(const struct head *h, struct str raw)
{
    struct phr_header headers[CALL_HEADERS_MAX];
    size_t n = CALL_HEADERS_MAX, method_len, path_len;
    const char *method, *path;
    int minor;

    assert(phr_parse_request(raw.at, raw.len, &method, &method_len, &path, &path_len, &minor, headers, &n, 0) > 0);
    assert(minor == h->minor && n == h->count);
    assert(str_equal(h->method, (struct str){method, method_len}) &&
           str_equal(h->target, (struct str){path, path_len}));
    for (size_t i = 0; i < n; i++) {
        assert(str_equal_nocase(h->headers[i].name, (struct str){headers[i].name, headers[i].name_len}));
        assert(str_starts((struct str){headers[i].value, headers[i].value_len}, "") &&
               memmem(headers[i].value, headers[i].value_len, h->headers[i].value.at, h->headers[i].value.len) != NULL);
    }
}

static void plain_path(struct str path)
{
    assert(path.len > 0 && path.at[0] == '/' && memchr(path.at, '\0', path.len) == NULL);
    assert(memmem(path.at, path.len, "/../", 4) == NULL && memmem(path.at, path.len, "/./", 3) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    char *exact = malloc(size > 0 ? size : 1);
    struct head h;
    struct str path, query;

    if (size > 0)
        memcpy(exact, data, size);
    if (head_parse(&h, a, (struct str){exact, size}).status == 0) {
        same_as_h2o(&h, (struct str){exact, size});
        if (head_target(h.target, a, &path, &query).status == 0)
            plain_path(path);
    }
    if (head_target((struct str){exact, size}, a, &path, &query).status == 0)
        plain_path(path);
    free(exact);
    arena_close(a);
    return 0;
}
