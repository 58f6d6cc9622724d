/* pack.h - what the pack of an incident says beside its queues and routes: how it is led, told and worked off.
 *
 * P1  a loaded pack is whole: it has a title, a severity and a commander, and every word in it stands once;
 * P2  texts are for people and decide nothing. Names, numbers and times are for the program. */
#ifndef RULES_PACK_H
#define RULES_PACK_H

#include "rules/base/text.h"
#include "rules/sla.h"

struct rules;

enum {
    PACK_TEXT_MAX = 500, /* bytes of a criterion, a duty or a step */
    PACK_SEVERITIES_MAX = 8,
    PACK_LARGE_MAX = 8,
    PACK_STREAMS_MAX = 16,
    PACK_CHECKLISTS_MAX = 16,
    PACK_STEPS_MAX = 128, /* a checklist; a restoration takes about 70 */
    PACK_VERSION_MAX = 9999,
};

/* Who leads: one who decides in all, and for each decision who drives it, who approves it, who adds to it and who hears
 * of it (DACI). Word in files and answers; X(name, word). */
#define PACK_ROLE_LIST(X)           \
    X(COMMANDER, "commander")       \
    X(DRIVER, "driver")             \
    X(APPROVER, "approver")         \
    X(CONTRIBUTORS, "contributors") \
    X(INFORMED, "informed")

enum pack_role_name {
#define X(name, word) PACK_##name,
    PACK_ROLE_LIST(X)
#undef X
        PACK_ROLES
};

struct pack_role {
    const char *duty;    /* NULL: the pack does not ask for this role */
    enum sla_role least; /* what staff must be to hold it */
    bool deputy;         /* must have one from the start */
};

struct pack_severity {
    const char *name, *criterion;
};

struct pack_stream {
    const char *name, *task;
};

struct pack_step {
    const char *text;
    bool evidence; /* is done only with something to show for it */
};

struct pack_checklist {
    const char *name;
    int version; /* 1..PACK_VERSION_MAX; raised with every change of a step */
    bool twice;  /* a second person signs */
    size_t steps;
    const struct pack_step *step;
};

struct pack {
    const char *name, *title;
    size_t severities; /* from the least to the worst; it is declared at the worst, and lowered */
    struct pack_severity severity[PACK_SEVERITIES_MAX];
    size_t large; /* each of them alone makes it a large incident */
    const char *large_when[PACK_LARGE_MAX];
    struct pack_role role[PACK_ROLES];
    size_t streams; /* worked at side by side */
    struct pack_stream stream[PACK_STREAMS_MAX];
    int64_t sync_ms;   /* those who lead meet so often; 0: not said */
    int64_t update_ms; /* and customers hear something at least so often; 0: not said */
    bool freezes_imports, freezes_rules;
    int64_t confirm_above; /* a list of more sites is taken only once its number was typed; 0: any */
    size_t checklists;
    struct pack_checklist checklist[PACK_CHECKLISTS_MAX];
};

/* The pack of that declared incident; NULL where it is not declared here. */
const struct pack *rules_pack(const struct rules *r, struct str slug);

/* NULL where the pack has none of that name. */
const struct pack_severity *pack_severity(const struct pack *p, struct str name);
const struct pack_checklist *pack_checklist(const struct pack *p, struct str name);

/* "commander": static text. */
const char *pack_role_word(enum pack_role_name role);
/* PACK_ROLES where there is none of that word. */
enum pack_role_name pack_role_named(struct str word);

#endif
