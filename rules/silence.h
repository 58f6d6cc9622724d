/* silence.h - whether a customer waits for a word of ours, and since when: of all of its work together, never of one ticket.
 *
 * N1  a customer waits from the moment somebody of it was heard, or work was opened for it, and nothing had been said
 *     since; and for as long as any of its work is open;
 * N2  a word of support to anybody of it, on any of its work, or an update for all of it, begins the silence anew while
 *     work is open, and ends it where none is;
 * N3  closing is no word: who was not answered waits on, however many tickets were closed. */
#ifndef RULES_SILENCE_H
#define RULES_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum silence_event_kind {
    SILENCE_OPENED,   /* work, by somebody of it or for it */
    SILENCE_HEARD,    /* somebody of it, on that work */
    SILENCE_TOLD,     /* whatever work it was on */
    SILENCE_SETTLED,  /* work was solved or closed */
    SILENCE_REOPENED, /* and opened again */
};

struct silence_event {
    enum silence_event_kind kind;
    size_t work; /* below works */
    int64_t at_ms;
};

struct silence {
    bool waits;
    int64_t since_ms; /* it has heard nothing since then; where it waits */
    size_t open;      /* work that is open */
};

/* Puts events in order of time; of those at one moment the word comes last. open: room for `works`. */
void silence_judge(struct silence_event *events, size_t n, bool *open, size_t works, struct silence *out);

#endif
