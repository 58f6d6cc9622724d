/* filing_steps.h - the steps of filing.h, each a pair: ask() queues its commands, hear() reads
 * their answers and says which step is next. Private to filing*.c.
 *
 *   RESOLVE               what leads where, was it here before?  filing_resolve.c
 *   WEIGH, FOLLOW         whose is it? its claims follow          filing_resolve.c
 *   ATTACH, CLAIM, KIN    which open work is it of?              filing_attach.c
 *   BEFORE, SETTLE        it was filed: where?                   filing_attach.c
 *   ANSWER to TELL        does it join what it answers?          filing_answer.c
 *   RETURN to RETURN_KEEP a mail of ours came back               filing_return.c
 *   LINE                  what is told of a site               filing_line.c
 *   the rest                                                     filing.c
 *
 * Files that come with an item are written beside its original: filing_files.c. */
#ifndef QUEUES_FILING_STEPS_H
#define QUEUES_FILING_STEPS_H

#include "queues/filing.h"

enum step {
    RESOLVE,
    WEIGH,
    FOLLOW,
    ATTACH,
    CLAIM,
    KIN,
    BEFORE,
    SETTLE,
    OPEN,
    ALIAS,
    FIND,
    READ,
    INHERIT,
    JOIN,
    ANSWER,
    PEOPLE,
    VERDICT,
    OWN,
    TELL,
    RETURN,
    RETURN_TICKET,
    RETURN_WRITE,
    RETURN_KEEP,
    LINE,
};

void ask_resolve(struct filing *f, struct redis *r);
enum err hear_resolve(struct filing *f, struct redis *r, const struct redis_value *v);

void ask_weigh(struct filing *f, struct redis *r);
enum err hear_weigh(struct filing *f, struct redis *r, const struct redis_value *v);
void ask_follow(struct filing *f, struct redis *r);
enum err hear_follow(struct filing *f, struct redis *r, const struct redis_value *v);
/* b:{…} of the site that it names; empty where it names none. */
struct str inquiry_site(const struct filing *f);
/* Beside the change that files it: whatever it holds leads to its account from now on. Bears repetition. */
void ask_evidence(struct filing *f, struct redis *r);

/* May it be a bystander's: a post with nothing but its author's name to know them by? */
bool may_be_bystander(const struct filing *f);
/* It is: nothing led anywhere. It is gathered with what others say of the same. */
void gather(struct filing *f);
/* Who is it? Of what was read of their evidence; after the account is known. */
void person_make(struct filing *f, const struct evidence *e, size_t n);
/* Looks for their open work, from the start. */
void start_attach(struct filing *f);
void ask_attach(struct filing *f, struct redis *r);
enum err hear_attach(struct filing *f, struct redis *r, const struct redis_value *v);
/* Each identity of the person leads to the ticket to be opened, at the root first. */
void ask_root(struct filing *f, struct redis *r);
enum err hear_root(struct filing *f, struct redis *r, const struct redis_value *v);
/* f->at was read: may this request join it? Says which step is next. */
enum err judge_work(struct filing *f);
/* The ticket is not one to join (gone: it is not even there): the next one, or a new one. */
enum err next_work(struct filing *f, bool gone);
void ask_kin(struct filing *f, struct redis *r);
enum err hear_kin(struct filing *f, struct redis *r, const struct redis_value *v);
/* Its own reference leads somewhere: is that done? */
void ask_before(struct filing *f, struct redis *r);
enum err hear_before(struct filing *f, struct redis *r, const struct redis_value *v);
/* It was filed at f->ticket, and perhaps nobody wrote down that its reference leads there. */
void ask_settle(struct filing *f, struct redis *r);
enum err hear_settle(struct filing *f, struct redis *r, const struct redis_value *v);

/* {pN}:i:<itm> of that partition: the ticket that it led to. */
struct str once_key(struct filing *f, unsigned partition);
/* Is it known by what its channel calls it? What was filed so first, whose turn it may be now. */
bool asks_external(const struct filing *f);
void ask_external(struct filing *f, struct redis *r);
/* The reference of the item leads to f->ticket. */
void ask_pointer(struct filing *f, struct redis *r);
void ask_original(struct filing *f, struct redis *r);

/* Of a mail that answers somebody: the steps from ANSWER to TELL; begin with answered = thread's number. */
bool answers_somebody(const struct filing *f);
void ask_answer(struct filing *f, struct redis *r);
enum err hear_answer(struct filing *f, struct redis *r, const struct redis_value *v);
/* Filed apart: there is something to tell. */
void tell_after(struct filing *f);
/* Of a mail that came back: the steps from RETURN to RETURN_KEEP. */
bool is_return(const struct filing *f);
void begin_return(struct filing *f);
void ask_return(struct filing *f, struct redis *r);
enum err hear_return(struct filing *f, struct redis *r, const struct redis_value *v);

/* What is told of a site that comes back: the step LINE. */
bool is_of_line(const struct filing *f);
void begin_line(struct filing *f);
void ask_line(struct filing *f, struct redis *r);
enum err hear_line(struct filing *f, struct redis *r, const struct redis_value *v);

/* Is there an Idempotency-Key to be asked for? */
bool asks_key(const struct filing *f);
/* What was filed under it first: key_value() of that item, whose turn it may be now. */
void ask_key(struct filing *f, struct redis *r);
/* The answer to either, "<item> <body> <reference>" of the first: another item folds into it, where its body is the same
 * or may be any. */
enum err hear_first(struct filing *f, struct str held, bool whatever_body);

/* Says that its account is down, where it does (incident/heard.h). Bears repetition. filing_heard.c */
void ask_heard(struct filing *f, struct redis *r);
/* The records of the files that came with the item (file.h). */
void ask_files(struct filing *f, struct redis *r);
/* Every answer of this round is one, and no error. */
enum err all_good(struct filing *f, struct redis *r, const struct redis_value *v);
/* In a. */
struct str ulid_text(struct arena *a, struct ulid u);

#endif
