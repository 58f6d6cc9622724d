/* quote.h - which words of a reply are its writer's own.
 *
 * Quoted mails and signatures are folded, never deleted: a text is split into runs of whole lines, and whoever shows
 * them decides what is open and what is folded.
 *
 * Q1  the runs cover the text without gap or overlap, in order, and two neighbours are of different kinds;
 * Q2  the last word is never folded: where nothing but quotes and signature is left, all of it is the writer's own;
 * Q3  time is linear in the text, whatever is in it. */
#ifndef RULES_QUOTE_H
#define RULES_QUOTE_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

enum quote_kind {
    QUOTE_OWN,
    QUOTE_QUOTED,    /* another mail: "On … wrote:" and what follows, "> " lines, a header block of Outlook */
    QUOTE_SIGNATURE, /* "-- " and below, "Sent from my …", a closing with a name */
};

/* text.at + from, len bytes, whole lines with their line ends. */
struct quote_run {
    enum quote_kind kind;
    size_t from, len;
};

/* text: valid UTF-8, LF line ends. Runs are in a; their number is returned (0 for the empty text). */
size_t quote_split(struct arena *a, struct str text, struct quote_run **out);

/* The writer's own words alone: the QUOTE_OWN runs, blank lines at both ends left out. */
struct str quote_own(struct arena *a, struct str text);

/* Who wrote the mail that this one passes on in its text. Empty where it does not say. */
struct quote_forward {
    struct str name, address, subject; /* borrowed from the text; no normal form */
};

/* Only what says so is passed on: by a line above it ("Forwarded message"), or by the subject ("Fwd:"). What is merely
 * quoted is an answer. False where there is none, or none that names an address. */
bool quote_forwarded(struct arena *a, struct str subject, struct str text, struct quote_forward *out);

#endif
