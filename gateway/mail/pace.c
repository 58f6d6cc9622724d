#include "gateway/mail/pace.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const int64_t code_waits[] = {2 * SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, 60 * SECOND};
static const int64_t other_waits[] = {1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
                                      1 * HOUR,   2 * HOUR,   4 * HOUR,   6 * HOUR};

static int64_t wait_of(const int64_t *waits, size_t n, int tries)
{
    return waits[tries < 0 ? 0 : (size_t)tries < n ? (size_t)tries : n - 1];
}

int64_t pace_retry_at_ms(const struct mail *m, int64_t now_ms)
{
    int64_t at, end = m->expires_ms;

    if (m->kind == MAIL_CODE)
        at = now_ms + wait_of(code_waits, sizeof code_waits / sizeof code_waits[0], m->tries);
    else
        at = now_ms + wait_of(other_waits, sizeof other_waits / sizeof other_waits[0], m->tries);
    if (end == 0)
        end = m->made_ms + PACE_GIVE_UP_MS;
    return at < end ? at : -1;
}

/* FNV-1a over the domain, ASCII letters folded. */
static size_t slot_of(struct str address)
{
    uint32_t h = 2166136261U;

    (void)str_cut(&address, '@');
    for (size_t i = 0; i < address.len; i++) {
        char c = address.at[i];

        h = (h ^ (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)) * 16777619U;
    }
    return h % PACE_SLOTS;
}

/* GCRA: the bucket's end moves one gap on for each mail, and may lie burst gaps ahead. */
int64_t pace_wait_ms(struct pace *p, const struct mail *m, int64_t now_ms)
{
    int64_t gap = m->kind == MAIL_CODE ? PACE_CODE_GAP_MS : PACE_OTHER_GAP_MS;
    int64_t burst = m->kind == MAIL_CODE ? PACE_CODE_BURST : PACE_OTHER_BURST;
    int64_t *end = &p->free_at_ms[m->kind][slot_of(m->to.address)];

    if (m->held)
        return 0;
    if (*end < now_ms)
        *end = now_ms;
    *end += gap;

    int64_t wait = *end - now_ms - burst * gap;

    return wait > 0 ? wait : 0;
}
