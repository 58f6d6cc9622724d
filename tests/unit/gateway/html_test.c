/* html: what a reader would see of an HTML mail, and nothing of what a sender would hide. */
#include "gateway/intake/html.h"
#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct {
    const char *what, *html, *text;
} cases[] = {
    {"nothing", "", ""},
    {"only tags", "<html><body><p></p></body></html>", ""},
    {"words", "Hello", "Hello"},
    {"blanks are one", "a  \n\t b", "a b"},
    {"blanks at tags are not lost", "<b>a</b> <i>b</i>", "a b"},
    {"no blank where there is none", "<b>a</b>b", "ab"},
    {"entities", "&lt;a&gt; &amp; &eacute; &#x4e2d; &nbsp;b", "<a> & é 中 b"},
    {"characters that fill previews are not text",
     "a\xE2\x80\x8B"
     "b&shy;c&#xFEFF;d",
     "abcd"},

    {"paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo"},
    {"blocks", "<div>one</div><div>two</div>", "one\ntwo"},
    {"nested blocks are one break", "<div><div>one</div></div><div><div>two</div></div>", "one\ntwo"},
    {"break", "one<br>two", "one\ntwo"},
    {"two breaks", "one<br><br>two", "one\n\ntwo"},
    {"an empty line of some programs", "<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"},
    {"many empty lines are one", "one<br><br><br><br><br>two", "one\n\ntwo"},
    {"heading", "<h1>Title</h1>text", "Title\n\ntext"},
    {"rule", "<div>one</div><hr>two", "one\n----------\ntwo"},
    {"preformatted", "<pre>a  b\n  c\n</pre>d", "a  b\n  c\n\nd"},

    {"list", "x<ul><li>one<li>two</ul>y", "x\n\n- one\n- two\n\ny"},
    {"numbered list", "<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"},
    {"list in a list", "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "- a\n  1. b\n- c"},
    {"item without a list", "<li>a", "- a"},
    {"paragraph in an item", "<ul><li><p>one</p></li><li><p>two</p></li></ul>", "- one\n- two"},

    {"table", "<table><tr><th>Site</th><th>State</th></tr><tr><td>a</td><td>down</td></tr></table>",
     "Site | State\na | down"},
    {"table with paragraphs", "<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a | b"},
    {"empty cells", "<table><tr><td></td><td>a</td><td> </td></tr></table>", "a"},
    {"table for looks", "<table><tr><td><table><tr><td>a</td></tr></table></td></tr><tr><td>b</td></tr></table>",
     "a\nb"},

    {"quote", "a<blockquote>b<br>c</blockquote>d", "a\n\n> b\n> c\n\nd"},
    {"quote in a quote", "<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"},

    {"link", "<a href=\"https://example.org/x\">here</a>", "here (https://example.org/x)"},
    {"link to what it says", "<a href=\"https://example.org/\">example.org</a>", "example.org"},
    {"link to what it says, with www", "<a href=\"http://www.example.org\">https://example.org/</a>",
     "https://example.org/"},
    {"link to somewhere else than it says", "<a href=\"http://evil.example\">https://good.example</a>",
     "https://good.example (http://evil.example)"},
    {"mail link", "<a href=\"mailto:a@example.org?subject=x\">a@example.org</a>", "a@example.org"},
    {"mail link with a name", "<a href=\"MAILTO:a@example.org\">Ann</a>", "Ann (a@example.org)"},
    {"a link that acts is no link", "<a href=\"javascript:x()\">here</a>", "here"},
    {"a link around blocks", "<a href=\"https://e.org/\"><div>a</div></a>b", "a (https://e.org/)\nb"},
    {"a link in a quote", "<blockquote><a href=\"https://e.org\">https://e.org/</a></blockquote>", "> https://e.org/"},
    {"a link without words", "<a href=\"https://e.org/\"></a>b", "b"},
    {"picture", "<img src=\"https://e.org/p.gif\" alt=\"Our office\">", "[Our office]"},
    {"picture without words", "<img src=\"https://e.org/p.gif\" alt=\" \">a", "a"},

    {"script and style", "<style>p{}</style><script>alert('<p>x</p>')</script>a", "a"},
    {"head", "<head><title>T</title><meta charset=big5></head><body>a</body>", "a"},
    {"comments", "a<!-- b -->c<![if !mso]>d<![endif]>", "acd"},
    {"comment around a declaration", "a<!--[if mso]>b<![endif]-->c", "ac"},
    {"a comment without an end", "a<!-- b", "a"},
    {"hidden by attribute", "<p hidden>x</p>a", "a"},
    {"hidden by style", "<div style=\"color:red; DISPLAY : None\">x<p>y</p></div>a", "a"},
    {"hidden from sight", "<span style='visibility:hidden'>x</span>a<i style='opacity:0'>y</i>", "a"},
    {"half hidden is seen", "<span style='opacity:0.5'>x</span>", "x"},
    {"hidden in hidden", "<div style='display:none'><div style='display:none'>x</div>y</div>a", "a"},
    {"template and drawing", "<template>x</template><svg><text>y</text></svg>a", "a"},

    {"never closed", "<div><p>a<b>b<i>c", "abc"},
    {"closed too often", "</div></p>a</b></table></blockquote>b", "ab"},
    {"no end of a tag", "a<b", "a"},
    {"no entity of its own", "<!DOCTYPE html [<!ENTITY x \"yyyy\">]>a&x;b", "]>a&x;b"},
};

static void what_is_seen_is_the_text(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool cut = true;
        struct str text = html_text(a, str_of(cases[i].html), &cut);

        if (!str_is(text, cases[i].text) || (cut && cases[i].html[0] != '\0'))
            fail_msg("%s: \"%.*s\"", cases[i].what, (int)text.len, text.at);
    }
    arena_close(a);
}

static struct str many(struct buf *b, const char *unit, size_t n)
{
    b->len = 0;
    for (size_t i = 0; i < n; i++)
        buf_text(b, unit);
    return buf_view(b);
}

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void what_is_too_much_is_cut_in_time(void **state)
{
    static const struct {
        const char *unit;
        bool cut;
    } kinds[] = {
        {"<div>", true},
        {"<b>", true},
        {"<blockquote>x", true},
        {"</i>", false},
        {"<b></i>", true},
        {"<p>", false},
        {"<table><tr><td>", true},
        {"<", false},
        {"<!--", false},
        {"&", false},
        {"&lt;", false},
        {"<a href=x>", false},
        {"<li>x", false},
        {"<br>", false},
        {"a ", false},
        {"<ul><li>", true},
        {"<p hidden>", false},
        {"<td>a", false},
        {"<x y='", false},
        {"\xC2\xA0", false},
    };
    enum { TIMES = 60000 };
    struct arena *a = arena_open(4096);
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool cut = false;
        double from = cpu_s();
        struct str text = html_text(a, many(&b, kinds[i].unit, TIMES), &cut);

        assert_true(text.len <= HTML_TEXT_BYTES_MAX + 4096);
        assert_true(text_utf8_valid(text));
        if (cut != kinds[i].cut)
            fail_msg("%s: cut %d", kinds[i].unit, cut);
        if (cpu_s() - from > 5)
            fail_msg("%s: %.1f s", kinds[i].unit, cpu_s() - from);
        arena_reset(a);
    }

    bool cut = false;
    struct str long_text = html_text(a, many(&b, "words and words ", 100000), &cut);

    assert_true(cut && long_text.len >= HTML_TEXT_BYTES_MAX);
    buf_free(&b);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen_is_the_text),
        cmocka_unit_test(what_is_too_much_is_cut_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
