/* verify.h - what somebody who holds a reference can do: look, ask for a code, pass it. WORK routes. */
#ifndef GATEWAY_VERIFY_VERIFY_H
#define GATEWAY_VERIFY_VERIFY_H

#include <stdint.h>

struct call;

/* GET /requests/{ref} */
void verify_look(struct call *c);
/* POST /requests/{ref}/code */
void verify_ask(struct call *c);
/* POST /requests/{ref}/verify */
void verify_pass(struct call *c);

/* 401, the same for every reference: JSON, or the page that offers a code. number: of a good reference; typed as it
 * came otherwise. */
void verify_unknown(struct call *c, const char *lang);

#endif
