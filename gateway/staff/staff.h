/* staff.h - the staff API. WORK routes but for signing in, calls and the event stream.
 *
 * X1  nothing without a session but signing in; roles are one table (gate.c);
 * X2  writes need Sec-Fetch-Site: same-origin, or an Origin that is the console's (gate.h);
 * X3  an answer leaves after Redis has the change on disk. */
#ifndef GATEWAY_STAFF_STAFF_H
#define GATEWAY_STAFF_STAFF_H

struct call;

void staff_who(struct call *c);
void staff_sign_out(struct call *c);
void staff_queues(struct call *c);
void staff_queue(struct call *c);
void staff_ticket(struct call *c);
void staff_claim(struct call *c);
void staff_release(struct call *c);
void staff_reply(struct call *c);
void staff_note(struct call *c);
void staff_state(struct call *c);
void staff_called(struct call *c);
void staff_move(struct call *c);
void staff_spam(struct call *c);
void staff_prove(struct call *c);
void staff_propose(struct call *c);
void staff_approve(struct call *c);
void staff_numbers(struct call *c);
void staff_thaw(struct call *c);
void staff_merge(struct call *c);
void staff_unmerge(struct call *c);
void staff_duplicates(struct call *c);
void staff_duplicate(struct call *c);
void staff_item_raw(struct call *c);
void staff_parked(struct call *c);
void staff_parked_retry(struct call *c);
void staff_file(struct call *c);
void staff_account(struct call *c);
void staff_search(struct call *c);
void staff_what_if(struct call *c);
void staff_suspicions(struct call *c);
void staff_suspicion(struct call *c);
void staff_silence(struct call *c);
void staff_hooks(struct call *c);
void staff_jobs(struct call *c);
void staff_job(struct call *c);
void staff_job_stop(struct call *c);
void staff_job_undo(struct call *c);
void staff_choose(struct call *c);
void staff_bulk(struct call *c);
void staff_reroute(struct call *c);
void staff_next(struct call *c);
void staff_queue_next(struct call *c);
void staff_assign(struct call *c);
void staff_priority(struct call *c);
/* LOOP */
void staff_sign_in(struct call *c);
void staff_call(struct call *c);
void staff_events(struct call *c);

#endif
