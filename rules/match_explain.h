/* match_explain.h - an example of a claim and a record, and the decision about them in words.
 *
 *   {"match":"customer",                                        left out: customer
 *    "claim":{"email":"ana@acme.example","person":"Ana Schmidt","proven":true},
 *    "record":{"email":["anna@acme.example","info@acme.example"],"organisation":"Acme Ltd",
 *              "phone":"+886 2 1234 5678","shared":["+886 2 1234 5678"]}}
 *
 * Names are the rows of the statement, values a text or a list of texts; a handle is "platform:@name". "proven" (of a
 * claim): its mailbox was confirmed. "shared" (of a record): values that other customers have as well. */
#ifndef RULES_MATCH_EXPLAIN_H
#define RULES_MATCH_EXPLAIN_H

#include "rules/base/err.h"
#include "rules/match.h"

struct doc;

struct match_example_case {
    const struct match_rule *rule;
    struct match_side *claim, *record;
};

/* Whether object is such an example at all. */
bool match_explains(const struct doc *object);
/* ERR_INPUT with a line in why for each fault: unknown names, values that are no text. What cannot be compared (no
 * address, no number) is a fault as well, so that nobody wonders where it went. */
enum err match_explain_parse(struct match_example_case *out, const struct rules *r, const struct doc *object,
                             struct arena *a, struct buf *why);
/* Every part with its points, the sum, the band, and the keys under which the two would meet. */
void match_explain_print(const struct match_example_case *c, struct arena *a, struct buf *out);

#endif
