/* filing_parts.h - what filing.c puts into its rounds: keys of evidence, and the
 * changes that open and join work. Private to filing.c and its tests. */
#ifndef QUEUES_FILING_PARTS_H
#define QUEUES_FILING_PARTS_H

#include "queues/filing.h"
#include "queues/placing.h"
#include "rules/facts.h"

/* Reads the item's mailbox, once for all that need it: f->mailbox, f->email. Again where the item's address changes. */
void mailbox_read(struct filing *f);
/* What is kept under the item's Idempotency-Key. */
struct str key_value(struct filing *f);
/* Same mailbox, same words: the index, and what is kept under it. */
struct blind repeat_index(struct filing *f);
struct str repeat_value(struct filing *f);
/* The original as staff may download it: media type, a line end, the bytes; for a large one "<type>\tblob <ULID>"
 * and nothing behind the line end. */
struct str original_print(struct filing *f);

/* The ticket is found by the item's words from now on (word.h). */
void change_item_words(struct change *c, struct filing *f, struct str subject);
/* A code is mailed to who asks at our own door, and to nobody because of what others report. */
bool asks_code(const struct filing *f);
/* To who wrote from a mailbox goes the reference, unless it was a robot. */
bool asks_ack(const struct filing *f);

/* What staff are told of a mail that speaks of other work without joining it: sg:<itm> of ticket.h. */
void add_suggestion(struct change *c, struct filing *f);

/* The item as it speaks of its customer: by that it is matched. */
struct item about_of(const struct filing *f);
/* What the rules may know of it when it opens work; what the ticket keeps of that for later; and what linked work takes
 * over from f->at. filing_facts.c. */
void facts_of(const struct filing *f, struct facts *out);
void change_facts(struct change *c, const struct filing *f);
void inherit_facts(struct filing *f);
/* incident and affected, where its claims are on the list of a declared incident (affected_set.h). Its home is known; again
 * where it turns out to be another. */
void find_lists(struct filing *f);
void forget_lists(struct filing *f);
/* What its opening, or joining, makes of who is heard of (incident/touch.h). */
void change_opened_touch(struct change *c, const struct filing *f);
void change_joined_touch(struct change *c, const struct filing *f);
/* Where work that is joined stands from now on: where it stood; but where the item makes more of it than was known (the
 * executive's office, more followers), where the rules send it now. past: with the item in it. */
void place_joined(struct change *c, struct filing *f, const struct happening *past, size_t n, struct placing *out);

/* A promise of staff to call back, made while they logged the call. */
bool promises(const struct filing *f);
struct happening promise_of(struct filing *f);
void change_promise(struct change *c, struct filing *f);

/* Ids of the item's files, as its message names them (filing_files.c). */
struct str files_ids(struct filing *f);
/* Name of the first of them; empty where there is none. */
struct str files_title(struct filing *f);
void change_open_work(struct change *c, struct filing *f);
void change_join_work(struct change *c, struct filing *f);

#endif
