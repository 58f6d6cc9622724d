/* Any bytes as a token: as a bearer's, as a cookie's, and as what was typed for a reference. Nothing opens but what was
 * given out. */
#include "gateway/http/call.h"
#include "gateway/verify/token.h"
#include "queues/seal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct keyring *keys;

static void open_keys(void)
{
    char folder[] = "/tmp/token-fuzz-XXXXXX", file[sizeof folder + 12], why[KEYRING_WHY_BYTES];

    if (mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK)
        abort();
    (void)strcat(strcpy(file, folder), "/root-1.key");
    if (remove(file) != 0 || remove(folder) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str s = {(const char *)data, size};
    struct call_header h[] = {{STR("authorization"), s}, {STR("cookie"), s}};
    struct call c = {.arena = a, .headers = h, .header_count = 2};
    struct ulid id;

    if (keys == NULL)
        open_keys();
    assert(token_check(keys, s, 42, &id) == TOKEN_NONE);
    assert(token_of_call(keys, &c, 42, &id) == TOKEN_NONE);
    c.headers++;
    c.header_count--;
    assert(token_of_call(keys, &c, 42, &id) == TOKEN_NONE);
    assert(token_reference(keys, s) < UINT64_C(1) << 40);
    assert(token_reference(keys, s) == token_reference(keys, s));
    /* A good token of another reference with one byte of it changed; the fuzzer may learn it by comparing. */
    if (size >= 2) {
        struct str good = token_make(keys, a, TOKEN_ITEM, (struct ulid){{1}}, 43);
        char *bad = str_copy(a, good);

        bad[data[0] % good.len] = (char)data[1];
        assert(token_check(keys, (struct str){bad, good.len}, 43, &id) ==
               (memcmp(bad, good.at, good.len) == 0 ? TOKEN_ITEM : TOKEN_NONE));
    }
    arena_close(a);
    return 0;
}
