/* An LMTP client that says anything, in pieces of any size: the replies are the same however its bytes are cut, and no
 * mail is larger than it may be. */
#include "gateway/lmtp/dialogue.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAIL_MAX = 256 };

static bool ours(void *arg, struct str address)
{
    (void)arg;
    return str_starts(address, "h");
}

static const struct lmtp_house house = {.host = "mx", .mail_bytes_max = MAIL_MAX, .ours = ours};

/* All that was said and kept, in pieces of at most piece bytes. */
static void converse(struct str in, size_t piece, struct buf *told)
{
    struct lmtp l;
    struct buf body = {0};
    bool bye = false;

    lmtp_open(&l, &house);
    while (in.len > 0 && !bye) {
        struct str part = {in.at, in.len < piece ? in.len : piece};
        enum lmtp_moment m;
        size_t n = lmtp_hear(&l, part, told, &body, &m);

        assert(n > 0 && n <= part.len);
        assert(m != LMTP_MORE || n == part.len);
        assert(body.len <= MAIL_MAX && l.recipient_count <= LMTP_RECIPIENTS_MAX);
        if (m == LMTP_BEGIN)
            lmtp_begin(&l, told, LMTP_TAKEN);
        if (m == LMTP_END) {
            if (l.verdict == LMTP_TAKEN)
                buf_str(told, buf_view(&body));
            body.len = 0;
            lmtp_end(&l, told, l.verdict, "itm_X");
        }
        bye = m == LMTP_BYE;
        in = (struct str){in.at + n, in.len - n};
    }
    lmtp_close(&l);
    buf_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size};
    struct buf whole = {0}, cut = {0};

    converse(in, SIZE_MAX, &whole);
    converse(in, size > 0 ? 1 + data[0] % 5 : 1, &cut);
    assert(str_equal(buf_view(&whole), buf_view(&cut)));
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
