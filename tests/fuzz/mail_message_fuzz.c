/* A mail built from any bytes: refused, or clean on the wire and read back as it was. */
#include "gateway/mail/message.h"

#include "gateway/mail/decode.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No bare CR or LF, no control byte, no line above 998; ends with a line's end. */
static void assert_clean(struct str s, bool utf8)
{
    size_t line = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c == '\r') {
            assert(i + 1 < s.len && s.at[i + 1] == '\n');
            line = 0, i++;
            continue;
        }
        assert(c != '\n' && c != '\0' && c != 0x7F && (c >= ' ' || c == '\t') && (utf8 || c < 0x80));
        assert(++line <= 998);
    }
    assert(line == 0);
}

/* Exactly the headers we write, each at most once, up to the first empty line. */
static void assert_head(const char *s)
{
    static const char *const known[] = {"Date",
                                        "From",
                                        "To",
                                        "Reply-To",
                                        "Subject",
                                        "Message-ID",
                                        "In-Reply-To",
                                        "References",
                                        "Auto-Submitted",
                                        "X-Auto-Response-Suppress",
                                        "Content-Language",
                                        "MIME-Version",
                                        "Content-Type",
                                        "Content-Transfer-Encoding"};
    unsigned seen = 0;

    for (; strncmp(s, "\r\n", 2) != 0; s = strstr(s, "\r\n") + 2) {
        size_t n = strcspn(s, ":\r"), i = 0;

        if (*s == ' ')
            continue;
        while (i < sizeof known / sizeof known[0] && (strlen(known[i]) != n || strncmp(s, known[i], n) != 0))
            i++;
        assert(i < sizeof known / sizeof known[0] && (seen & 1U << i) == 0);
        seen |= 1U << i;
    }
    assert((seen & 0x37) == 0x37);
}

static void assert_subject(const char *s, struct str subject)
{
    struct buf back = {0};
    const char *at = strstr(s, "\r\nSubject: ") + strlen("\r\nSubject: "), *end = strstr(at, "\r\n");

    while (end[2] == ' ')
        end = strstr(end + 2, "\r\n");
    decode_header(&back, (struct str){at, (size_t)(end - at)});
    assert(str_equal(buf_view(&back), subject));
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct arena *a = arena_open(4096);
    struct mail m = {.id = {"eml_1"}, .made_ms = 1795511523000};
    struct str *fields[] = {&m.to.address,    &m.to.name, &m.from.address, &m.from.name,   &m.reply_to.address,
                            &m.reply_to.name, &m.subject, &m.message_id,   &m.in_reply_to, &m.language};
    struct wire_message out;
    const char *why = NULL;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = str_cut(&rest, '|');
    m.text = str_cut(&rest, '|');
    m.html = rest;
    if (message_build(&out, &m, a, &why) == ERR_OK) {
        assert_clean(out.bytes, out.smtputf8);
        assert_head(out.bytes.at);
        assert_subject(out.bytes.at, m.subject);
    } else {
        assert(why != NULL);
    }
    arena_close(a);
    return 0;
}
