/* console.h - the pages of the staff console: static files that talk to the API. */
#ifndef GATEWAY_STAFF_CONSOLE_H
#define GATEWAY_STAFF_CONSOLE_H

#include "rules/base/text.h"

struct assets;

/* Value of the console's content-security-policy header. */
struct str console_policy(void);
/* Every file of share/staff, index.html at `/`. Yours: assets_close(). */
struct assets *console_assets(const char *share);

#endif
