/* say.h - answers to customers: a page for browsers, JSON for programs, both in their language. */
#ifndef GATEWAY_SAY_H
#define GATEWAY_SAY_H

#include "rules/base/text.h"

#include <stdint.h>

struct call;
struct doc;
struct field_fault;

/* The language of the answer: `given` (a field, may be empty) where we speak it, else by Accept-Language. */
const char *say_language(const struct call *c, struct str given);
/* Renders a page of www/pages; data is taken. */
void say_page(struct call *c, int status, const char *lang, const char *page, struct doc *data);
/* A problem: problem+json, or page "problem" with the words problem.<status>.title and .text of the catalogue.
 * kept: text that must not be lost (a page shows it to copy); may be empty. */
void say_problem(struct call *c, int status, const char *code, struct str kept, int retry_after_s);
/* 422 with faults as JSON: {"field","code","detail"} with detail in the language. */
void say_faults(struct call *c, const char *lang, const struct field_fault *faults, size_t n);
/* Adds {"failed":true,"errors":[{field,text}],"<field>_error":text} for a page. */
void say_page_faults(const struct call *c, const char *lang, const struct field_fault *faults, size_t n,
                     struct doc *data);
/* The edge's own refusals (server.h). */
void say_refusal(struct call *c, int status, const char *code);
/* LOOP route of last resort. */
void say_absent(struct call *c);

/* True where another site made the browser send this, be it under the same domain: then it was answered 403. */
bool say_cross_site(struct call *c);

#endif
