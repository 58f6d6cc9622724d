/* address.h - where an event may be sent: no receiver's address leads into our own network unless somebody said so.
 *
 * D1  an address is "https://HOST…", or "http://" with a host that is the loopback itself; no user, no password, no
 *     fragment;
 * D2  what counts is the numeric address that is connected to, asked once: a name that leads elsewhere a moment later
 *     leads nowhere;
 * D3  loopback over http may be connected to by loopback addresses only; everything else by public addresses only
 *     (IANA special-purpose registries), unless the receiver was added with --private. */
#ifndef GATEWAY_HOOKS_ADDRESS_H
#define GATEWAY_HOOKS_ADDRESS_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

/* D1; false with why, a sentence for the operator. host: without brackets, 256 bytes. plain: it is http. */
bool hook_address_parse(struct str url, char host[256], bool *plain, char *why, size_t why_bytes);
/* D3 */
bool hook_address_may(const struct sockaddr *to, bool plain, bool private_address);
/* Globally reachable, as far as the registries know. */
bool address_is_public(const struct sockaddr *to);

#endif
