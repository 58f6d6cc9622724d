/* rulesfile.h - the rules of the house: the configured file, or the shipped one, and the packs that may lie over it.
 *
 * Rules are made anew whenever an incident is declared or closed. A house keeps what it was made of (its text, and each
 * file beside it that was asked for), so that a file that is being edited just then changes nothing. */
#ifndef GATEWAY_RULESFILE_H
#define GATEWAY_RULESFILE_H

#include "queues/incident/active.h"
#include "rules/base/err.h"
#include "rules/base/text.h"

struct rules;
struct rulesfile;

/* Reads the file; "": the shipped rules in `share`. What it says is not looked at. ERR_ABSENT, ERR_IO, ERR_LARGE with a
 * line in faults. */
enum err rulesfile_open(struct rulesfile **out, const char *file, const char *share, struct buf *faults);
void rulesfile_close(struct rulesfile *f);
/* An active_compose; arg: a struct rulesfile. */
enum err rulesfile_compose(void *arg, const struct active_pack *packs, size_t n, struct rules **out,
                           struct buf *faults);
/* The text of a pack: packs/NAME.rules beside the rules of the house, else the shipped one. name is
 * incident_word_valid(). ERR_ABSENT, ERR_IO, ERR_LARGE. */
enum err rulesfile_pack(const char *file, const char *share, const char *name, struct buf *text);

/* The rules of the house alone: open, compose, close. ERR_CONF with a line "file:line: reason" for each fault. */
enum err rulesfile_load(struct rules **out, const char *file, const char *share, struct buf *faults);

/* A text that was handed over and is in no file, called "candidate": what it names stands beside the rules of the house. */
void rulesfile_open_text(struct rulesfile **out, struct str text, const char *file, const char *share);

#endif
