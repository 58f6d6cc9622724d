/* fields.h - what somebody typed, judged: an item, or faults beside the fields.
 *
 * F1  only two things are ever demanded: some words, and one way to answer;
 * F2  a claim is never a reason to refuse: what cannot be used is left out and stays
 *     in the raw original. */
#ifndef GATEWAY_INTAKE_FIELDS_H
#define GATEWAY_INTAKE_FIELDS_H

#include "rules/base/err.h"
#include "rules/item.h"

#include <stdbool.h>

struct arena;
struct call;

#define FIELD_LIST(X) \
    X(problem)        \
    X(email) X(phone) X(name) X(organisation) X(site) X(invoice) X(impact) X(language) X(key) X(text) X(code) X(answer)

enum field {
#define X(name) FIELD_##name,
    FIELD_LIST(X)
#undef X
        FIELDS
};

struct fields {
    struct str value[FIELDS]; /* at NULL: did not come */
    bool wrong_type[FIELDS];  /* came in JSON, and is no string */
};

/* From JSON, application/x-www-form-urlencoded or multipart/form-data.
 *   ERR_SYNTAX  cannot be read; ERR_INPUT  JSON, and no object; ERR_LARGE  too many fields */
enum err fields_read(struct call *c, struct fields *out);

/* One fault: catalogue key "error.<field>.<code>" has the words. */
struct field_fault {
    const char *field, *code, *key;
};
enum { FIELD_FAULTS_MAX = 6 };

const char *field_name(enum field f);

/* A request. Fills in text, email, phone, name, organisation, site, invoice, impact of out; returns how many faults. */
size_t fields_request(const struct fields *f, struct arena *a, struct item *out,
                      struct field_fault faults[FIELD_FAULTS_MAX]);
/* Some words: f is FIELD_problem or FIELD_text. At most one fault. */
size_t fields_words(const struct fields *f, enum field which, struct arena *a, struct str *out,
                    struct field_fault faults[1]);

#endif
