/* files.h - files of whoever holds a reference: sent in parts, or by a plain form, and fetched again. LOOP routes.
 *
 * R1  sending needs level 1: whoever did not prove a mailbox fills nobody's disk; reading one's own needs the token only;
 * R2  a part is on disk before it is answered; a file is in the journal before its last part is, under a key of its own,
 *     so that a last part sent again, at whatever moment the first one was cut off, adds it once;
 * R3  without Redis nobody's level is known: then files wait (503), words never do;
 * R4  what is handed out was scanned or no scanner is configured, and a browser may only keep it (fetch.h). */
#ifndef GATEWAY_FILES_FILES_H
#define GATEWAY_FILES_FILES_H

struct call;

enum {
    FILES_PART_BYTES = 256 * 1024, /* what we suggest: 40 parts of the largest file, half a minute each at 64 kbit/s */
    FILES_AT_ONCE = 64,            /* visits that wait for a worker or are on one: each may hold a part. More: 503 */
};

/* POST /requests/{ref}/files: JSON announces a file that comes in parts; a form brings a whole one. */
void files_post(struct call *c);
/* PUT /requests/{ref}/files/{fil}/parts/{n} */
void files_part(struct call *c);
/* GET /requests/{ref}/files/{fil}: which parts are there; once it is whole and released, the file. */
void files_get(struct call *c);
/* DELETE /requests/{ref}/files/{fil}: an upload that is not whole yet. */
void files_cancel(struct call *c);

#endif
