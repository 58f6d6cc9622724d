/* template.h - logic-less pages: a bounded subset of mustache over doc.h.
 *
 *   {{x}} {{a.b}} {{.}}   the value, escaped      {{#s}}…{{/s}}   for each, or where there is one
 *   {{{x}}}               the value as it is      {{^s}}…{{/s}}   where there is none
 *   {{>p}}                another template        {{!…}}          nothing
 *
 * P1  a set is filled, linked once, and from then on only read: any number of
 *     threads render from it;
 * P2  rendering cannot fail for what a template says: every fault of a template
 *     (open section, unknown or circular partial, depth) is found by
 *     templates_add() or templates_link() as "file:line: reason";
 * P3  a name is looked up from the innermost section outwards, its first segment
 *     decides where; what is not there prints nothing and counts as false, as do
 *     null, false, 0, "" and [];
 * P4  a tag other than a value that stands alone on its line takes the line with
 *     it. Partials are not indented. */
#ifndef GATEWAY_TEMPLATE_H
#define GATEWAY_TEMPLATE_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stddef.h>

enum {
    TEMPLATE_BYTES_MAX = 256 * 1024,          /* of one source; a page is some 20 KiB */
    TEMPLATE_OUT_BYTES_MAX = 4 * 1024 * 1024, /* of one page: 200 messages of 20 000 characters fit */
    TEMPLATE_STEPS_MAX = 4 * 1024 * 1024,     /* tags and texts of one page: lists in lists multiply */
    TEMPLATE_DEPTH_MAX = 32,                  /* sections and partials inside each other */
    TEMPLATE_NAME_MAX = 64,                   /* bytes of a tag's name */
};

enum template_escape {
    TEMPLATE_HTML,  /* {{x}} writes & < > " ' as references */
    TEMPLATE_PLAIN, /* for text/plain: {{x}} writes as it is */
};

struct doc;
struct template;
struct templates;

struct templates *templates_open(void);
/* NULL is allowed. */
void templates_close(struct templates *set);
/* Compiles one template. name: what {{>name}} and templates_find() call it; file: what faults
 * call it; source is copied. ERR_SYNTAX or ERR_LARGE with one more line in faults. */
enum err templates_add(struct templates *set, const char *name, const char *file, struct str source,
                       enum template_escape escape, struct buf *faults);
/* Joins partials to their templates; once, after the last templates_add(). ERR_SYNTAX with faults, and
 * where templates_add() found one before. */
enum err templates_link(struct templates *set, struct buf *faults);
/* NULL where there is none. */
const struct template *templates_find(const struct templates *set, const char *name);

/* Appends to out. outer (may be NULL) stands around data: brand, language and the like.
 * ERR_LARGE where the page would pass TEMPLATE_OUT_BYTES_MAX or TEMPLATE_STEPS_MAX; out then holds a
 * part of it. */
enum err template_render(const struct template *t, const struct doc *outer, const struct doc *data, struct buf *out);

#endif
