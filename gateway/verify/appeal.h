/* appeal.h - the pages of vouching and objecting (queues/appeal.h).
 *
 * A1  whoever asks that contacts vouch is answered by one sentence, whether or not there are contacts and whether or not
 *     they will be asked: nobody is looked up before the answer;
 * A2  opening a page changes nothing; an answer takes the code from the mail, judged as every code is (flow.h, F2);
 * A3  a page's address opens that page only, and no request. */
#ifndef GATEWAY_VERIFY_APPEAL_H
#define GATEWAY_VERIFY_APPEAL_H

#include "queues/appeal.h"

struct call;
struct look;

/* A3: token_make() with TOKEN_FLOW and this in the place of a reference, which has 40 bits. */
#define APPEAL_TOKEN(kind) (UINT64_MAX - (uint64_t)(kind))

/* POST /requests/{ref}/vouch */
void appeal_ask(struct call *c);
/* GET and POST /vouch/{token}, /veto/{token} */
void appeal_vouch(struct call *c);
void appeal_veto(struct call *c);
/* Is it of use to that person, as far as they may know? */
bool appeal_fits(const struct look *l);

#endif
