/* Any bytes as an address and as a Message-ID: nothing is taken for ours but what was made with our key. */
#include "gateway/mail/postmark.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct keyring *keys;

static void open_keys(void)
{
    char folder[] = "/tmp/postmark-fuzz-XXXXXX", file[sizeof folder + 12], why[KEYRING_WHY_BYTES];

    if (mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK)
        abort();
    (void)strcat(strcpy(file, folder), "/root-1.key");
    if (remove(file) != 0 || remove(folder) != 0)
        abort();
}

/* A good mark with one byte of it changed. */
static void change(struct arena *a, struct str good, bool id, uint8_t at, char c)
{
    struct postmark was, p;
    char *bad = str_copy(a, good);
    enum postmark_kind kind;

    bad[at % good.len] = c;
    (void)(id ? postmark_of_id(keys, good, STR("x.example"), &was)
              : postmark_of_address(keys, good, STR("x.example"), &was));
    kind = id ? postmark_of_id(keys, str_of(bad), STR("x.example"), &p)
              : postmark_of_address(keys, str_of(bad), STR("x.example"), &p);
    if (kind == POSTMARK_NONE || kind == POSTMARK_FORGED)
        return;
    assert(str_equal_nocase(str_of(bad), good) || (id && good.len > strlen(bad)));
    assert(p.reference == was.reference && ulid_equal(p.participant, was.participant) && ulid_equal(p.mail, was.mail));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str s = {(const char *)data, size}, domain = STR("x.example");
    struct postmark p;

    if (keys == NULL)
        open_keys();
    assert(postmark_of_address(keys, s, domain, &p) <= POSTMARK_FORGED);
    assert(postmark_of_id(keys, s, domain, &p) <= POSTMARK_FORGED);
    assert(postmark_domain(s).len <= size);
    if (size >= 2) {
        change(a, postmark_reply_address(keys, a, 42, (struct ulid){{1}}, domain), false, data[0], (char)data[1]);
        change(a, postmark_bounce_address(keys, a, (struct ulid){{2}}, domain), false, data[0], (char)data[1]);
        change(a, postmark_message_id(keys, a, (struct ulid){{2}}, 42, (struct ulid){{1}}, domain), true, data[0],
               (char)data[1]);
    }
    arena_close(a);
    return 0;
}
