/* html.h - the words of an HTML mail, by libxml2.
 *
 * H1  nothing is fetched, no entity but HTML's own is expanded, and no input makes more than HTML_TEXT_BYTES_MAX of
 *     text or takes more than linear time;
 * H2  what a reader would not see is not in the text: scripts, styles, heads, comments, hidden elements;
 * H3  what the layout says is kept: paragraphs and breaks as lines, lists with marks, rows of tables as lines with
 *     " | " between cells, quoted blocks with "> " before each line, and the address of a link behind its words where
 *     these are another. */
#ifndef GATEWAY_INTAKE_HTML_H
#define GATEWAY_INTAKE_HTML_H

#include "rules/base/text.h"

#include <stdbool.h>

struct arena;

enum { HTML_TEXT_BYTES_MAX = 1024 * 1024, HTML_DEPTH_MAX = 256, HTML_QUOTE_DEPTH_MAX = 8 };

/* html: UTF-8, whatever a <meta> in it claims. LF line ends, no blank lines at both ends, at most one between two
 * paragraphs. cut (may be NULL): the text was longer, or the elements deeper. */
struct str html_text(struct arena *a, struct str html, bool *cut);

#endif
