#include "gateway/lmtp/mailbox.h"

#include "gateway/mail/postmark.h"
#include "rules/address.h"
#include "rules/base/arena.h"

#include <string.h>

/* Splits at the last '@'. */
static struct str cut_domain(struct str address, struct str *domain)
{
    size_t at = address.len;

    while (at > 0 && address.at[at - 1] != '@')
        at--;
    *domain = (struct str){address.at + at, address.len - at};
    return (struct str){address.at, at == 0 ? 0 : at - 1};
}

static bool domain_equal(struct str a, struct str own)
{
    struct arena *arena;
    struct str labels;
    bool equal = str_equal_nocase(a, own);

    for (size_t i = 0; i < a.len && !equal; i++) {
        if ((unsigned char)a.at[i] < 0x80)
            continue;
        arena = arena_open(1024);
        equal = domain_parse(arena, a, &labels) && str_equal_nocase(labels, own);
        arena_close(arena);
        break;
    }
    return equal;
}

bool mailbox_is(struct str address, struct str own, struct str *extension)
{
    struct str domain, own_domain, local = cut_domain(address, &domain), own_local = cut_domain(own, &own_domain);

    if (local.len >= 2 && local.at[0] == '"' && local.at[local.len - 1] == '"') /* RFC 5321 4.1.2: the same mailbox */
        local = (struct str){local.at + 1, local.len - 2};

    /* own may hold a '+' itself. */
    size_t n = own_local.len;

    if (n == 0 || local.len < n || !str_equal_nocase((struct str){local.at, n}, own_local) ||
        (local.len > n && local.at[n] != '+') || !domain_equal(domain, own_domain))
        return false;
    if (extension != NULL)
        *extension = local.len > n ? (struct str){local.at + n + 1, local.len - n - 1} : (struct str){NULL, 0};
    return true;
}

bool mailbox_has(struct str extension, const char *word)
{
    while (extension.at != NULL)
        if (str_equal_nocase(str_cut(&extension, '+'), str_of(word)))
            return true;
    return false;
}

bool mailbox_ours(const struct keyring *k, struct str address, struct str own)
{
    struct str domain;
    struct postmark mark;

    if (mailbox_is(address, own, NULL))
        return true;
    (void)cut_domain(own, &domain);

    enum postmark_kind kind = postmark_of_address(k, address, domain, &mark);

    return kind == POSTMARK_REPLY || kind == POSTMARK_BOUNCE;
}
