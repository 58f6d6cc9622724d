/* web.h - the front door: the form, requests, and further messages. */
#ifndef GATEWAY_INTAKE_WEB_H
#define GATEWAY_INTAKE_WEB_H

struct call;

/* GET / : the blank form in the language of Accept-Language. LOOP. */
void web_form(struct call *c);
/* GET /{lang}, /{lang}/ in any case: the blank form; 404 for a language we do not speak. LOOP. */
void web_form_language(struct call *c);
/* GET /requests?reference=…: to that request's page. LOOP. */
void web_find(struct call *c);
/* POST /requests. LOOP. */
void web_request(struct call *c);
/* POST /requests/{ref}/messages. LOOP. */
void web_message(struct call *c);

#endif
