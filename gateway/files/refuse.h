/* refuse.h - why a file was not taken, or is not given: one list of codes, each with its status and its sentence. */
#ifndef GATEWAY_FILES_REFUSE_H
#define GATEWAY_FILES_REFUSE_H

#include "rules/base/text.h"

#include <stdbool.h>

struct call;
struct field_fault;

/* JSON: a problem with the sentence as its title. A page: back to the request, which says it beside the button; back: its
 * path, NULL for JSON. code: one of the list, or an assert. */
void files_refuse(struct call *c, const char *lang, const char *code, const char *back);
/* What a page says to ?wrong=; false where it is none of ours. */
bool files_fault(struct str wrong, struct field_fault *out);

#endif
