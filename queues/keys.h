/* keys.h - every key in Redis, made here and nowhere else.
 *
 * Y1  what belongs to an account carries the tag of its partition, {p0}..{p63}
 *     (partition_of(), fixed for ever), and so lives in one slot: one script may
 *     change it together;
 * Y2  what is looked up before the account is known has a slot of its own, tagged
 *     by what is looked up;
 * Y3  nothing that names a person is part of a key: blind indexes only.
 *
 *   {pN}:a:<acc>      hash    the customer: see account.h
 *   {pN}:c:<acc>      hash    contacts on record: con_… -> sealed record, see contact.h
 *   {pN}:s:<acc>      hash    sites on record: site_… -> sealed record
 *   {pN}:w:<acc>      zset    work of the account, by the time it was opened
 *   {pN}:t:<tkt>      hash    a ticket: see ticket.h
 *   {pN}:m:<tkt>      hash    its messages: msg_… -> JSON with sealed text
 *   {pN}:p:<tkt>      hash    its participants: par_… -> JSON
 *   {pN}:pf:<tkt>     hash    what its people have shown, sealed: see proof.h
 *   {pN}:pd           zset    tickets and accounts whose levels time will change, see proof.h
 *   {pN}:h:<tkt>      hash    its history: evt_… -> JSON, what clocks are computed from
 *   {pN}:i:<itm>      string  this item was filed: the ticket it led to
 *   {pN}:o:<acc>      hash    open work by person: see attach.h
 *   {pN}:as:<slug>    hash    tickets of the sites of an incident: see incident/site_ticket.h
 *   {pN}:is:<slug>:<set>  zset  who was heard of in an incident: see incident/touch.h
 *   {pN}:al:<acc>     hash    who stands for this account: edg_… -> sealed edge, see merge.h
 *   {pN}:gu:<acc>     set     tickets of the account that hold words of another one
 *   {pN}:mv           hash    merges and moves under way: id -> what is left to do, see move.h
 *   {pN}:du           hash    suspected duplicates: dup_… -> JSON
 *   {pN}:no:<acc>     set     accounts that somebody said are not this one
 *   {pN}:f:<flw>      hash    a one-time-code flow
 *   {pN}:q:<queue>    zset    open tickets by due time, ms
 *   {pN}:u:<queue>    zset    those of them that nobody has claimed, by priority, then due time
 *   {pN}:st           zset    open tickets by the time of their next step, ms, see escalation.h
 *   {pN}:si, :sd      zset    customers that wait for a word, by since when; hash: those to look at again: see silent.h
 *   {pN}:qn           set     names of queues that ever held one
 *   {pN}:ob0, :ob1    zset    mails to send by the time of the next try, codes first
 *   {pN}:d:<eml>      hash    a mail, sealed, and its delivery state
 *   {pN}:hk           zset    events that no receiver was given yet, by their time: see hook.h
 *   {pN}:he:<evt>     hash    an event for receivers, sealed
 *   {pN}:wd:<index>   zset    tickets and accounts that a word leads to: see word.h
 *   {p0}:ro, :ra      hash    the roster and its versions; who is away: see duty.h
 *   {p0}:ho, :hs      hash    hand-overs; zset: by the moment they are due
 *   {pN}:ev           stream  live updates
 *   {pN}:au, :ah      stream  audit; string: head of its hash chain
 *   {p0}:inc          hash    all incidents, and the version of the set: see incident/incident.h
 *   {p0}:iu           hash    v: the version of all that customers may see of incidents
 *   {p0}:iu:<slug>    hash    its updates: upd_… -> sealed JSON, see incident/update.h
 *   {p0}:in:<slug>    hash    an incident;  {p0}:ih:<slug>  hash  its timeline: evt_… -> sealed JSON
 *   {p0}:lv:<slug>    hash    versions of its affected list;  {p0}:ld:, lr:<slug>:<data>  what they hold: incident/affected.h
 *   {pN}:rr, :rh, :rl, :rc, :ra  the restoration line, {p0}:rs, :rb, :rx what is known of all of it: see incident/line.h
 *   {pN}:x:<acc>      hash    what files of a customer take up: fil_… -> see room.lua
 *   {p0}:jb:<job>     hash    a job in the background: see job.h;  {p0}:ji:<job>  zset  what went otherwise than meant
 *   {p0}:js, {p0}:jr  zset    all jobs, and those that run
 *   {pN}:ju:<job>     hash    what a job changed of tickets: see bulk.h
 *   {p0}:se:<sel>, {p0}:sl:<sel>  hash, list  tickets that somebody chose: see selection.h
 *   fil:{<fil>}       hash    a file that came with a message: see file.h
 *   scan:{files}      zset    files that wait for the scanner, by the time of the next try
 *   up:{<fil>}        hash    a file on its way in: see upload.h
 *   day:{<day>}       string  MiB of files announced on that day
 *   hold:{blobs}      string  a gateway has rows that wait: no blob is set aside (orphans.h)
 *   b:{<index>}       hash    who owns this evidence, records and claims: see evidence.h
 *   n:{<index>}       hash    who shares a block, and may be the same: see evidence.h
 *   i:{<itm>}         string  the original as it came, sealed
 *   r:{<reference>}   string  where a public reference leads
 *   k:{<index>}       string  an Idempotency-Key and what it made
 *   x:{<index>}       string  what a channel calls an item, and the first that was called so
 *   e:{<index>}       string  same address, same words, within 10 minutes
 *   imp:{<source>}    hash    the last snapshot of a contacts source;  imp:all  set of sources
 *   stf:{<index>}     hash    a member of staff: see staff.h;  stf:all  set of their indices
 *   ses:{<index>}     hash    a staff session
 *   wh:{senders}      hash    who may post to the channels: see webhook.h
 *   {p0}:su, :su:<sus>  zset, hash   suspected incidents: see incident/suspicion.h
 *   dn:{<minute>}     hash    who said that they are down: see incident/heard.h
 *   us:{hours}        hash    and how many usually do
 *   hk:{receivers}    hash    who is told of events: see hook_receiver.h
 *   hq:{<hok>}        zset    events that wait for one of them, by the time of the next try
 *   hs:{<hok>}        hash    how it went there, and t:<evt>, tries of what waits
 *   l:{<index>}       string  a rate (GCRA: theoretical arrival time)
 *   n:{<index>}       zset    acknowledgements that went to a mailbox in the last seven days
 *   j:{<itm>}         string  did this mail join what it answers? "=<reference>" or "apart"
 *   ref:next          string  numbers of references given out in blocks
 *   lease:{<name>}    string  who does the sweep, who sends mail */
#ifndef QUEUES_KEYS_H
#define QUEUES_KEYS_H

#include "queues/seal.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

struct arena;

enum { PARTITIONS = 64 };

/* NUL-terminated, in a. suffix is an id in text, a queue's name, or "". */
struct str key_in(struct arena *a, unsigned partition, const char *room, const char *suffix);
/* "b:{<index>}" and its like. */
struct str key_at(struct arena *a, const char *room, const char *tag);

#endif
