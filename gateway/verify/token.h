/* token.h - who may read a request: whoever holds its token.
 *
 * K1  a token is base64url(ULID, MAC of 128 bits over ULID and reference): it proves
 *     itself without a look into Redis, and only for its own reference;
 * K2  an item's token opens its request at once; a flow's token opens it after that
 *     flow's code was passed (asked for on another device);
 * K3  a browser keeps it in a cookie of its own for each reference; a program sends
 *     `Authorization: Bearer TOKEN`. */
#ifndef GATEWAY_VERIFY_TOKEN_H
#define GATEWAY_VERIFY_TOKEN_H

#include "rules/base/id.h"
#include "rules/base/text.h"

struct arena;
struct call;
struct keyring;

enum token_kind { TOKEN_NONE, TOKEN_ITEM, TOKEN_FLOW };

struct str token_make(const struct keyring *k, struct arena *a, enum token_kind kind, struct ulid id,
                      uint64_t reference);
/* TOKEN_NONE where s is no token of that reference. */
enum token_kind token_check(const struct keyring *k, struct str s, uint64_t reference, struct ulid *id);

/* The number of a reference as it was typed. What is no reference gets a number that leads nowhere, so that it is
 * answered like one that does not exist. */
uint64_t token_reference(const struct keyring *k, struct str typed);
/* Bearer first, then the cookie of that reference. */
enum token_kind token_of_call(const struct keyring *k, const struct call *c, uint64_t reference, struct ulid *id);
/* Did the call prove itself by its cookie (and not by a header)? Then other sites could have sent it. */
bool token_by_cookie(const struct call *c);
void token_set_cookie(struct call *c, uint64_t reference, struct str token);

#endif
