/* notify.h - tell the service manager how we are: sd_notify(3)'s protocol.
 *
 * A datagram of NAME=value lines to the socket that NOTIFY_SOCKET names; where it is not set, or nobody listens, nothing
 * happens: the service does not depend on being watched. Thread-safe. */
#ifndef GATEWAY_NOTIFY_H
#define GATEWAY_NOTIFY_H

#include <stdbool.h>

/* Each answers whether somebody was told. status: one line for people, without personal data; "" none. */
bool notify_ready(const char *status);
/* Begins a reload, which notify_ready() ends. */
bool notify_reloading(void);
bool notify_stopping(const char *status);

#endif
