/* notes.h - what was under way when the process died, so that nobody dies of the same thing for ever.
 *
 * A small file in the page cache, which outlives the process and need not outlive the machine: a power cut is no fault
 * of what was under way. For one thread. */
#ifndef GATEWAY_INTAKE_NOTES_H
#define GATEWAY_INTAKE_NOTES_H

#include <stdint.h>

struct notes;

/* Never fails: without the file nothing is remembered, which is logged. */
struct notes *notes_open(const char *file);
/* NULL is allowed. */
void notes_close(struct notes *n);
/* It begins. Answers how many times it was begun and not ended, this one included. */
unsigned notes_begin(struct notes *n, uint64_t what);
void notes_end(struct notes *n, uint64_t what);

#endif
