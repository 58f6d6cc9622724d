#include "gateway/routes.h"

#include "gateway/admin.h"
#include "gateway/channels/channels.h"
#include "gateway/files/files.h"
#include "gateway/incident/affected.h"
#include "gateway/incident/incidents.h"
#include "gateway/incident/told.h"
#include "gateway/intake/post.h"
#include "gateway/intake/web.h"
#include "gateway/roster/roster.h"
#include "gateway/staff/line.h"
#include "gateway/staff/staff.h"
#include "gateway/verify/acceptance.h"
#include "gateway/verify/appeal.h"
#include "gateway/verify/verify.h"
#include "rules/attachment.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum {
    FORM = POST_BODY_MAX, /* what a form may hold */
    RULES = 1100 * 1024,  /* a rules file in JSON */
    SMALL = 16 * 1024,    /* a code, an address, a name */
    SITES = 1024 * 1024,  /* a list of sites */
    PART = FILE_PART_BYTES_MAX,
    FILE_POST = FILE_SIMPLE_BYTES_MAX + SMALL, /* a whole file, and what a form puts around it */
};

const struct route routes_public[] = {
    {"GET", "/", web_form, ROUTE_LOOP, 0},
    {"GET", "/requests", web_find, ROUTE_LOOP, 0},
    {"POST", "/requests", web_request, ROUTE_LOOP, FORM},
    {"GET", "/requests/{ref}", verify_look, ROUTE_WORK, 0},
    {"POST", "/requests/{ref}/code", verify_ask, ROUTE_WORK, SMALL},
    {"POST", "/requests/{ref}/verify", verify_pass, ROUTE_WORK, SMALL},
    {"POST", "/requests/{ref}/vouch", appeal_ask, ROUTE_WORK, SMALL},
    {"POST", "/requests/{ref}/acceptance", acceptance_answer, ROUTE_LOOP, SMALL},
    {"POST", "/requests/{ref}/messages", web_message, ROUTE_LOOP, FORM},
    {"POST", "/requests/{ref}/files", files_post, ROUTE_LOOP, FILE_POST},
    {"GET", "/requests/{ref}/files/{fil}", files_get, ROUTE_LOOP, 0},
    {"DELETE", "/requests/{ref}/files/{fil}", files_cancel, ROUTE_LOOP, 0},
    {"PUT", "/requests/{ref}/files/{fil}/parts/{n}", files_part, ROUTE_LOOP, PART},
    {"GET", "/vouch/{token}", appeal_vouch, ROUTE_WORK, 0},
    {"POST", "/vouch/{token}", appeal_vouch, ROUTE_WORK, SMALL},
    {"GET", "/veto/{token}", appeal_veto, ROUTE_WORK, 0},
    {"POST", "/veto/{token}", appeal_veto, ROUTE_WORK, SMALL},
    {"POST", "/channels/social", channels_social, ROUTE_LOOP, CHANNELS_BODY_MAX},
    {"POST", "/channels/phone", channels_phone, ROUTE_LOOP, CHANNELS_BODY_MAX},
    {"POST", "/channels/desk", channels_desk, ROUTE_LOOP, CHANNELS_BODY_MAX},
    {"POST", "/channels/restoration", channels_restoration, ROUTE_LOOP, SMALL},
    {"GET", "/incidents", told_list, ROUTE_LOOP, 0},
    {"GET", "/incidents/{slug}", told_incident, ROUTE_LOOP, 0},
    {"GET", "/livez", admin_live, ROUTE_LOOP, 0},
    {"GET", "/{lang}/incidents", told_list, ROUTE_LOOP, 0},
    {"GET", "/{lang}/incidents/{slug}", told_incident_in, ROUTE_LOOP, 0},
    {"GET", "/{lang}", web_form_language, ROUTE_LOOP, 0},
    {"GET", "/{lang}/", web_form_language, ROUTE_LOOP, 0},
};
const size_t routes_public_count = COUNT(routes_public);

const struct route routes_staff[] = {
    {"POST", "/api/session", staff_sign_in, ROUTE_LOOP, SMALL},
    {"GET", "/api/session", staff_who, ROUTE_WORK, 0},
    {"DELETE", "/api/session", staff_sign_out, ROUTE_WORK, SMALL},
    {"GET", "/api/queues", staff_queues, ROUTE_WORK, 0},
    {"GET", "/api/queues/{queue}", staff_queue, ROUTE_WORK, 0},
    {"GET", "/api/tickets/{tkt}", staff_ticket, ROUTE_WORK, 0},
    {"POST", "/api/tickets/{tkt}/claim", staff_claim, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/release", staff_release, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/reply", staff_reply, ROUTE_WORK, FORM},
    {"POST", "/api/tickets/{tkt}/note", staff_note, ROUTE_WORK, FORM},
    {"POST", "/api/tickets/{tkt}/state", staff_state, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/called", staff_called, ROUTE_WORK, SMALL},
    {"POST", "/api/calls", staff_call, ROUTE_LOOP, CHANNELS_BODY_MAX},
    {"POST", "/api/tickets/{tkt}/move", staff_move, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/spam", staff_spam, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/proofs", staff_prove, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/approvals", staff_propose, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/approvals/{apv}", staff_approve, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/numbers", staff_numbers, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/thaw", staff_thaw, ROUTE_WORK, SMALL},
    {"POST", "/api/accounts/{acc}/merge", staff_merge, ROUTE_WORK, SMALL},
    {"POST", "/api/accounts/{acc}/unmerge", staff_unmerge, ROUTE_WORK, SMALL},
    {"GET", "/api/duplicates", staff_duplicates, ROUTE_WORK, 0},
    {"POST", "/api/duplicates/{dup}", staff_duplicate, ROUTE_WORK, SMALL},
    {"GET", "/api/items/{itm}/raw", staff_item_raw, ROUTE_WORK, 0},
    {"GET", "/api/parked", staff_parked, ROUTE_WORK, 0},
    {"POST", "/api/parked/{itm}/retry", staff_parked_retry, ROUTE_WORK, SMALL},
    {"GET", "/api/files/{fil}", staff_file, ROUTE_WORK, 0},
    {"GET", "/api/accounts/{acc}", staff_account, ROUTE_WORK, 0},
    {"GET", "/api/hooks", staff_hooks, ROUTE_WORK, 0},
    {"GET", "/api/silence", staff_silence, ROUTE_WORK, 0},
    {"POST", "/api/rules/what-if", staff_what_if, ROUTE_WORK, RULES},
    {"GET", "/api/roster", staff_roster, ROUTE_WORK, 0},
    {"POST", "/api/roster", staff_roster_write, ROUTE_WORK, PART},
    {"POST", "/api/roster/away", staff_away, ROUTE_WORK, SMALL},
    {"DELETE", "/api/roster/away/{awy}", staff_back, ROUTE_WORK, SMALL},
    {"GET", "/api/handovers", staff_handovers, ROUTE_WORK, 0},
    {"GET", "/api/handovers/{hov}", staff_handover, ROUTE_WORK, 0},
    {"POST", "/api/handovers/{hov}/note", staff_handover_note, ROUTE_WORK, SMALL},
    {"POST", "/api/handovers/{hov}/accept", staff_handover_accept, ROUTE_WORK, SMALL},
    {"GET", "/api/suspicions", staff_suspicions, ROUTE_WORK, 0},
    {"POST", "/api/suspicions/{sus}", staff_suspicion, ROUTE_WORK, SMALL},
    {"GET", "/api/incidents/{slug}/list", affected_list_get, ROUTE_WORK, 0},
    {"POST", "/api/incidents/{slug}/list", affected_import_post, ROUTE_WORK, SITES},
    {"GET", "/api/incidents/{slug}/list/versions", affected_versions_get, ROUTE_WORK, 0},
    {"GET", "/api/incidents/{slug}/list/diff", affected_diff_get, ROUTE_WORK, 0},
    {"POST", "/api/incidents/{slug}/list/back", affected_back_post, ROUTE_WORK, SMALL},
    {"GET", "/api/incidents/{slug}/sets", affected_sets_get, ROUTE_WORK, 0},
    {"GET", "/api/incidents/{slug}/sets/{set}", affected_set_get, ROUTE_WORK, 0},
    {"GET", "/api/search", staff_search, ROUTE_WORK, 0},
    {"GET", "/api/jobs", staff_jobs, ROUTE_WORK, 0},
    {"GET", "/api/jobs/{job}", staff_job, ROUTE_WORK, 0},
    {"POST", "/api/jobs/{job}/stop", staff_job_stop, ROUTE_WORK, SMALL},
    {"GET", "/api/incidents", staff_incidents, ROUTE_WORK, 0},
    {"POST", "/api/incidents", staff_declare, ROUTE_WORK, SMALL},
    {"GET", "/api/incidents/{slug}", staff_incident, ROUTE_WORK, 0},
    {"POST", "/api/incidents/{slug}/close", staff_close, ROUTE_WORK, SMALL},
    {"POST", "/api/incidents/{slug}/freeze", staff_freeze, ROUTE_WORK, SMALL},
    {"GET", "/api/incidents/{slug}/restoration", staff_line, ROUTE_WORK, 0},
    {"GET", "/api/incidents/{slug}/restoration/sites", staff_line_sites, ROUTE_WORK, 0},
    {"GET", "/api/incidents/{slug}/restoration/sites/{site}", staff_line_site, ROUTE_WORK, 0},
    {"POST", "/api/incidents/{slug}/restoration/sites/{site}", staff_line_act, ROUTE_WORK, SMALL},
    {"POST", "/api/incidents/{slug}/restoration/batches", staff_line_batch, ROUTE_WORK, SMALL},
    {"POST", "/api/incidents/{slug}/restoration/audit", staff_line_audit, ROUTE_WORK, SMALL},
    {"GET", "/api/restoration/parked", staff_line_parked, ROUTE_WORK, 0},
    {"POST", "/api/restoration/parked/{event}", staff_line_unpark, ROUTE_WORK, SMALL},
    {"POST", "/api/jobs/{job}/undo", staff_job_undo, ROUTE_WORK, SMALL},
    {"POST", "/api/selections", staff_choose, ROUTE_WORK, SMALL},
    {"POST", "/api/bulk", staff_bulk, ROUTE_WORK, FORM},
    {"POST", "/api/next", staff_next, ROUTE_WORK, SMALL},
    {"POST", "/api/queues/{queue}/next", staff_queue_next, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/assign", staff_assign, ROUTE_WORK, SMALL},
    {"POST", "/api/tickets/{tkt}/priority", staff_priority, ROUTE_WORK, SMALL},
    {"POST", "/api/queues/reroute", staff_reroute, ROUTE_WORK, SMALL},
    {"GET", "/api/updates", told_due, ROUTE_WORK, 0},
    {"GET", "/api/incidents/{slug}/updates", told_updates, ROUTE_WORK, 0},
    {"POST", "/api/incidents/{slug}/updates", told_begin, ROUTE_WORK, FORM},
    {"POST", "/api/incidents/{slug}/updates/{upd}", told_write, ROUTE_WORK, FORM},
    {"POST", "/api/incidents/{slug}/updates/{upd}/approve", told_approve, ROUTE_WORK, SMALL},
    {"POST", "/api/incidents/{slug}/updates/{upd}/withdraw", told_withdraw, ROUTE_WORK, SMALL},
    {"GET", "/api/incidents/{slug}/updates/{upd}/preview", told_preview, ROUTE_WORK, 0},
    {"GET", "/api/events", staff_events, ROUTE_LOOP, 0},
    {"GET", "/livez", admin_live, ROUTE_LOOP, 0},
};
const size_t routes_staff_count = COUNT(routes_staff);

const struct route routes_admin[] = {
    {"GET", "/livez", admin_live, ROUTE_LOOP, 0},
    {"GET", "/readyz", admin_ready, ROUTE_LOOP, 0},
    {"GET", "/metrics", admin_metrics, ROUTE_LOOP, 0},
};
const size_t routes_admin_count = COUNT(routes_admin);
