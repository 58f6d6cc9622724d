/* admin.h - is it alive, is it ready, how is it: for probes and Prometheus. LOOP routes. */
#ifndef GATEWAY_ADMIN_H
#define GATEWAY_ADMIN_H

struct call;

/* 204 */
void admin_live(struct call *c);
/* 200 or 503, every dependency with what to do. */
void admin_ready(struct call *c);
/* Prometheus text format 0.0.4; no personal data, no ids. */
void admin_metrics(struct call *c);

#endif
