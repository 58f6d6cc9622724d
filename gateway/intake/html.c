#include "gateway/intake/html.h"

#include "rules/base/arena.h"

#include <libxml/HTMLparser.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINK_BYTES_MAX = 2000,
    LISTS_MAX = 8, /* deeper ones look like the eighth */
    RULE_CHARS = 10,
};

enum tag_flags {
    HIDES = 1,     /* with all that is in it */
    BREAKS = 2,    /* begins and ends a line */
    PARAGRAPH = 4, /* and has an empty line around it */
};

static const struct tag {
    const char *name;
    unsigned flags;
} tags[] = {
    {"script", HIDES},    {"style", HIDES},
    {"head", HIDES},      {"title", HIDES},
    {"template", HIDES},  {"object", HIDES},
    {"svg", HIDES},       {"math", HIDES},
    {"select", HIDES},    {"xml", HIDES},
    {"p", PARAGRAPH},     {"h1", PARAGRAPH},
    {"h2", PARAGRAPH},    {"h3", PARAGRAPH},
    {"h4", PARAGRAPH},    {"h5", PARAGRAPH},
    {"h6", PARAGRAPH},    {"ul", PARAGRAPH},
    {"ol", PARAGRAPH},    {"dl", PARAGRAPH},
    {"pre", PARAGRAPH},   {"blockquote", PARAGRAPH},
    {"table", BREAKS},    {"tr", BREAKS},
    {"caption", BREAKS},  {"div", BREAKS},
    {"li", BREAKS},       {"dt", BREAKS},
    {"dd", BREAKS},       {"hr", BREAKS},
    {"address", BREAKS},  {"article", BREAKS},
    {"section", BREAKS},  {"header", BREAKS},
    {"footer", BREAKS},   {"main", BREAKS},
    {"nav", BREAKS},      {"form", BREAKS},
    {"fieldset", BREAKS}, {"center", BREAKS},
    {"figure", BREAKS},   {"figcaption", BREAKS},
    {"body", BREAKS},     {"html", BREAKS},
};

/* One list around what is being written: 0 for marks, else the number of the next item. */
struct list {
    unsigned next;
};

struct writer {
    htmlParserCtxtPtr parser;
    struct buf out;
    bool cut;

    unsigned depth;        /* elements open */
    unsigned hidden_depth; /* depth of the one that hides all in it; 0: none */
    unsigned pre, quotes, lists;
    struct list list[LISTS_MAX];

    size_t line; /* where in out the line begins */
    unsigned line_quotes;
    bool line_begun; /* marks of quotes stand there, and text */
    unsigned breaks; /* line ends that come before the next text: 1 or 2 */
    bool space;      /* a blank comes before it */
    bool cell;       /* a new cell of the row begins with it */
    bool in_cell;
    size_t begun_at; /* out.len where a cell or an item begins: nothing is in it while out.len is that */

    char *link; /* where the open link leads, or NULL */
    size_t link_from;
};

/* ---- writing ---- */

static void begin_line(struct writer *w, unsigned quotes)
{
    w->line = w->out.len;
    w->line_quotes = quotes;
    for (unsigned i = 0; i < quotes && i < HTML_QUOTE_DEPTH_MAX; i++)
        buf_text(&w->out, "> ");
    w->line_begun = true;
}

static void end_line(struct writer *w)
{
    while (w->out.len > w->line && w->out.at[w->out.len - 1] == ' ')
        w->out.len--;
    buf_char(&w->out, '\n');
    w->line_begun = false;
}

/* What comes between the last text and the next. */
static void settle(struct writer *w)
{
    bool fresh = w->out.len == 0;

    if (!fresh && w->breaks > 0 && w->line_begun)
        end_line(w);
    if (!fresh && w->breaks > 1) {
        /* What separates a quote from other text is not quoted. */
        begin_line(w, w->line_quotes < w->quotes ? w->line_quotes : w->quotes);
        end_line(w);
    }
    if (w->cell && w->line_begun)
        buf_text(&w->out, " | ");
    else if (w->space && w->line_begun)
        buf_char(&w->out, ' ');
    if (!w->line_begun)
        begin_line(w, w->quotes);
    w->breaks = 0;
    w->space = w->cell = false;
}

static void want_break(struct writer *w, unsigned breaks)
{
    /* Blocks at the beginning of a cell or an item are only how it looks. */
    if (w->out.len == w->begun_at)
        return;
    if (w->breaks < breaks)
        w->breaks = breaks;
    w->space = false;
}

static void full(struct writer *w)
{
    if (w->out.len < HTML_TEXT_BYTES_MAX)
        return;
    w->cut = true;
    xmlStopParser(w->parser);
}

static void write_text(struct writer *w, const char *s)
{
    settle(w);
    buf_text(&w->out, s);
}

/* Bytes of a letter that is seen as a blank, or not at all; 0 for any other. */
static size_t blank_letter(const char *s, size_t len, bool *nothing)
{
    static const struct {
        const char *letter;
        bool nothing;
    } blanks[] = {
        {"\xC2\xA0", false},    {"\xE2\x80\x87", false}, {"\xE2\x80\xAF", false}, {"\xC2\xAD", true},
        {"\xE2\x80\x8B", true}, {"\xEF\xBB\xBF", true},  {"\xCD\x8F", true},      {"\xE2\x81\xA0", true},
    };

    *nothing = false;
    if (*s == ' ' || (*s >= '\t' && *s <= '\r'))
        return 1;
    for (size_t i = 0; (unsigned char)*s >= 0x80 && i < sizeof blanks / sizeof blanks[0]; i++) {
        size_t n = strlen(blanks[i].letter);

        if (n <= len && memcmp(s, blanks[i].letter, n) == 0) {
            *nothing = blanks[i].nothing;
            return n;
        }
    }
    return 0;
}

static void write_flowing(struct writer *w, const char *s, size_t len)
{
    while (len > 0) {
        bool nothing;
        size_t n = blank_letter(s, len, &nothing);

        if (n == 0) {
            settle(w);
            do
                n++;
            while (n < len && blank_letter(s + n, len - n, &nothing) == 0);
            buf_add(&w->out, s, n);
        } else if (!nothing) {
            w->space = w->line_begun && w->breaks == 0;
        }
        s += n;
        len -= n;
    }
}

static void write_lines(struct writer *w, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\n') {
            if (w->out.len > 0 && !w->line_begun)
                begin_line(w, w->quotes);
            if (w->out.len > 0)
                end_line(w);
        } else if (s[i] != '\r') {
            settle(w);
            buf_char(&w->out, s[i]);
        }
    }
}

static void on_characters(void *arg, const xmlChar *s, int len)
{
    struct writer *w = arg;

    if (w->hidden_depth > 0 || len <= 0)
        return;
    if (w->pre > 0)
        write_lines(w, (const char *)s, (size_t)len);
    else
        write_flowing(w, (const char *)s, (size_t)len);
    full(w);
}

/* ---- attributes ---- */

static const char *attribute(const xmlChar **pairs, const char *name)
{
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
        if (strcasecmp((const char *)pairs[0], name) == 0)
            return pairs[1] == NULL ? "" : (const char *)pairs[1];
    return NULL;
}

/* Does the style say that, whatever blanks stand in it? */
static bool style_says(const char *style, const char *rule)
{
    for (const char *from = style; *from != '\0'; from++) {
        const char *s = from, *r = rule;

        for (; *s != '\0' && *r != '\0'; s++) {
            if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
                continue;
            if ((*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s) != *r)
                break;
            r++;
        }
        if (*r == '\0' && (*s < '0' || *s > '9') && *s != '.')
            return true;
    }
    return false;
}

static bool is_hidden(const xmlChar **pairs)
{
    const char *style = attribute(pairs, "style");

    if (attribute(pairs, "hidden") != NULL)
        return true;
    return style != NULL && (style_says(style, "display:none") || style_says(style, "visibility:hidden") ||
                             style_says(style, "mso-hide:all") || style_says(style, "opacity:0"));
}

/* ---- links ---- */

static const char *past(const char *s, const char *beginning)
{
    size_t n = strlen(beginning);

    return strncasecmp(s, beginning, n) == 0 ? s + n : s;
}

/* A link worth showing: leads somewhere outside, by a scheme that a reader can follow. */
static const char *followable(const char *href)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:", "tel:", "ftp://"};

    while (*href == ' ' || (*href >= '\t' && *href <= '\r'))
        href++;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncasecmp(href, schemes[i], strlen(schemes[i])) == 0)
            return i == 2 || i == 3 ? href + strlen(schemes[i]) : href;
    return NULL;
}

static void begin_link(struct writer *w, const xmlChar **pairs)
{
    const char *href = attribute(pairs, "href"), *to = href == NULL ? NULL : followable(href);
    size_t n;

    free(w->link);
    w->link = NULL;
    if (to == NULL)
        return;
    n = strcspn(to, to[0] == 'h' || to[0] == 'H' || to[0] == 'f' ? " \t\r\n" : " \t\r\n?");
    if (n == 0 || n > LINK_BYTES_MAX)
        return;
    w->link = strndup(to, n);
    w->link_from = w->out.len;
}

/* Does the text stand for that address anyway, with or without scheme, www and a slash at the end? */
static bool same_place(struct str text, const char *url)
{
    struct str to = str_of(past(past(past(url, "https://"), "http://"), "www."));

    text = str_trim(text);
    for (int i = 0; i < 3; i++) {
        static const char *const beginnings[] = {"https://", "http://", "www."};

        if (text.len >= strlen(beginnings[i]) && strncasecmp(text.at, beginnings[i], strlen(beginnings[i])) == 0)
            text = (struct str){text.at + strlen(beginnings[i]), text.len - strlen(beginnings[i])};
    }
    while (to.len > 0 && to.at[to.len - 1] == '/')
        to.len--;
    while (text.len > 0 && text.at[text.len - 1] == '/')
        text.len--;
    return str_equal_nocase(text, to);
}

/* What was written since the link began, without the marks of a line that began with it. */
static struct str link_text(const struct writer *w)
{
    struct str text = {w->out.at, w->out.len};

    if (w->link_from >= text.len)
        return STR("");
    text = (struct str){text.at + w->link_from, text.len - w->link_from};
    while (text.len > 0 && strchr(" \n>|", text.at[0]) != NULL)
        text.at++, text.len--;
    return str_trim(text);
}

static void end_link(struct writer *w)
{
    struct str text;

    if (w->link == NULL)
        return;
    text = link_text(w);
    if (text.len > 0 && !same_place(text, w->link))
        buf_printf(&w->out, " (%s)", w->link);
    free(w->link);
    w->link = NULL;
}

/* ---- elements ---- */

static unsigned flags_of(const char *name)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (strcasecmp(tags[i].name, name) == 0)
            return tags[i].flags;
    return 0;
}

static void begin_item(struct writer *w)
{
    struct list *l = &w->list[(w->lists < LISTS_MAX ? w->lists : LISTS_MAX) - (w->lists > 0 ? 1 : 0)];

    settle(w);
    for (unsigned i = 1; i < w->lists && i < LISTS_MAX; i++)
        buf_text(&w->out, "  ");
    if (w->lists > 0 && l->next > 0)
        buf_printf(&w->out, "%u. ", l->next++);
    else
        buf_text(&w->out, "- ");
    w->begun_at = w->out.len;
}

static void begin_list(struct writer *w, bool numbered)
{
    if (w->lists < LISTS_MAX)
        w->list[w->lists].next = numbered ? 1 : 0;
    w->lists++;
}

static void begin_cell(struct writer *w)
{
    /* The blocks of the cell before end with it, not with a line. */
    if (w->in_cell)
        w->breaks = 0;
    w->cell = w->line_begun && w->breaks == 0;
    w->in_cell = true;
    w->begun_at = w->out.len;
}

static void begin_image(struct writer *w, const xmlChar **pairs)
{
    const char *alt = attribute(pairs, "alt");

    if (alt == NULL || strspn(alt, " \t\r\n") == strlen(alt))
        return;
    write_text(w, "[");
    write_flowing(w, alt, strlen(alt));
    buf_char(&w->out, ']');
}

static void begin_element(struct writer *w, const char *name, const xmlChar **pairs)
{
    if (strcmp(name, "br") == 0) {
        if (w->breaks > 0 || !w->line_begun) {
            /* A break on an empty line is an empty line. */
            w->breaks = w->out.len > 0 ? 2 : 0;
        } else {
            w->breaks = 1;
        }
        w->space = false;
    } else if (strcmp(name, "hr") == 0) {
        for (int i = 0; i < RULE_CHARS; i++)
            write_text(w, "-");
    } else if (strcmp(name, "blockquote") == 0) {
        w->quotes++;
    } else if (strcmp(name, "pre") == 0) {
        w->pre++;
    } else if (strcmp(name, "ul") == 0 || strcmp(name, "ol") == 0) {
        begin_list(w, name[0] == 'o');
    } else if (strcmp(name, "li") == 0) {
        begin_item(w);
    } else if (strcmp(name, "tr") == 0) {
        w->in_cell = false;
    } else if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0) {
        begin_cell(w);
    } else if (strcmp(name, "a") == 0) {
        begin_link(w, pairs);
    } else if (strcmp(name, "img") == 0) {
        begin_image(w, pairs);
    }
}

static void end_element(struct writer *w, const char *name)
{
    if (strcmp(name, "blockquote") == 0) {
        w->quotes -= w->quotes > 0 ? 1 : 0;
    } else if (strcmp(name, "pre") == 0) {
        w->pre -= w->pre > 0 ? 1 : 0;
    } else if (strcmp(name, "ul") == 0 || strcmp(name, "ol") == 0) {
        w->lists -= w->lists > 0 ? 1 : 0;
    } else if (strcmp(name, "tr") == 0 || strcmp(name, "table") == 0) {
        w->in_cell = false;
    } else if (strcmp(name, "a") == 0) {
        end_link(w);
    }
}

static unsigned breaks_of(unsigned flags)
{
    return (flags & PARAGRAPH) != 0 ? 2 : (flags & BREAKS) != 0 ? 1 : 0;
}

static void on_start(void *arg, const xmlChar *xml_name, const xmlChar **pairs)
{
    struct writer *w = arg;
    const char *name = (const char *)xml_name;
    unsigned flags = flags_of(name), breaks = breaks_of(flags);

    if (++w->depth > HTML_DEPTH_MAX) {
        w->cut = true;
        xmlStopParser(w->parser);
        return;
    }
    if (w->hidden_depth > 0)
        return;
    if ((flags & HIDES) != 0 || is_hidden(pairs)) {
        w->hidden_depth = w->depth;
        return;
    }
    if (breaks > 0)
        want_break(w, w->lists > 0 && breaks == 2 ? 1 : breaks);
    begin_element(w, name, pairs);
    full(w);
}

static void on_end(void *arg, const xmlChar *xml_name)
{
    struct writer *w = arg;
    const char *name = (const char *)xml_name;
    bool hidden = w->hidden_depth > 0;

    if (w->hidden_depth == w->depth)
        w->hidden_depth = 0;
    w->depth -= w->depth > 0 ? 1 : 0;
    if (hidden)
        return;
    end_element(w, name);

    unsigned breaks = breaks_of(flags_of(name));

    if (breaks > 0)
        want_break(w, w->lists > 0 && breaks == 2 ? 1 : breaks);
}

/* Without what the parser would take for text: "<![if !mso]>" and other declarations. Comments stay: it knows them. */
static struct str without_declarations(struct arena *a, struct str html)
{
    const char *p = html.at, *end = html.at + html.len, *from;
    char *copy = NULL;
    size_t n = 0;

    for (from = p; (p = memmem(p, (size_t)(end - p), "<!", 2)) != NULL;) {
        bool comment = end - p >= 4 && memcmp(p, "<!--", 4) == 0;
        const char *close = comment ? memmem(p, (size_t)(end - p), "-->", 3) : memchr(p, '>', (size_t)(end - p));

        if (close == NULL)
            break;
        if (!comment) {
            if (copy == NULL)
                copy = arena_take(a, html.len + 1);
            memcpy(copy + n, from, (size_t)(p - from));
            n += (size_t)(p - from);
            from = close + 1;
        }
        p = close + 1;
    }
    if (copy == NULL)
        return html;
    memcpy(copy + n, from, (size_t)(end - from));
    return (struct str){copy, n + (size_t)(end - from)};
}

/* Blank lines, with marks of quotes or without, at both ends are nobody's. */
static struct str trimmed(struct str s)
{
    while (s.len > 0 && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == ' '))
        s.len--;
    while (s.len > 0 && s.at[0] == '\n')
        s.at++, s.len--;
    return s;
}

struct str html_text(struct arena *a, struct str html, bool *cut)
{
    static const int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                               HTML_PARSE_IGNORE_ENC | HTML_PARSE_NODEFDTD;
    struct writer w = {.begun_at = SIZE_MAX};
    xmlSAXHandler handler = {.startElement = on_start,
                             .endElement = on_end,
                             .characters = on_characters,
                             .ignorableWhitespace = on_characters};
    struct str text;

    if (html.len == 0 || html.len > INT_MAX)
        return STR("");
    w.parser = htmlNewParserCtxt();
    if (w.parser == NULL)
        return STR("");
    html = without_declarations(a, html);
    *w.parser->sax = handler;
    w.parser->userData = &w;
    (void)htmlCtxtReadMemory(w.parser, html.at, (int)html.len, NULL, "UTF-8", options);
    htmlFreeParserCtxt(w.parser);
    text = trimmed(buf_view(&w.out));
    text = (struct str){arena_copy(a, text.at, text.len), text.len};
    if (cut != NULL)
        *cut = w.cut;
    buf_free(&w.out);
    free(w.link);
    return text;
}
