/* Bytes that claim to be sealed: a row, then a stream. Nothing of it may ever open,
 * and nothing may be read beyond its end. The key is made afresh for each run. */
#include "queues/seal.h"

#include "rules/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct keyring *keys;
static struct arena *arena;

static void open_keys(void)
{
    char folder[] = "/tmp/unseal-fuzz-XXXXXX", file[sizeof folder + 12], why[KEYRING_WHY_BYTES];

    if (mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK)
        abort();
    (void)strcat(strcpy(file, folder), "/root-1.key");
    if (remove(file) != 0 || remove(folder) != 0)
        abort();
    arena = arena_open(1 << 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size}, plain;
    static uint8_t out[SEAL_CHUNK];
    struct seal_stream st;

    if (keys == NULL)
        open_keys();
    if (unseal(keys, arena, s, STR("bound"), &plain) == ERR_OK)
        abort();
    if (size > SEAL_STREAM_HEAD && unseal_stream_start(&st, keys, STR("bound"), data) == ERR_OK) {
        size_t left = size - SEAL_STREAM_HEAD;
        size_t piece = left < SEAL_CHUNK + SEAL_CHUNK_EXTRA ? left : SEAL_CHUNK + SEAL_CHUNK_EXTRA;

        if (unseal_stream_pull(&st, (struct str){s.at + SEAL_STREAM_HEAD, piece}, piece == left, out) == ERR_OK)
            abort();
    }
    arena_reset(arena);
    return 0;
}
