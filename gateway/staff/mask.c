#include "gateway/staff/mask.h"

#include "gateway/app.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/phone.h"

#define HIDDEN STR("\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2")

struct str mask_email(struct arena *a, struct str email)
{
    struct email e;

    return email_parse(a, email, &e) ? email_mask(a, e.spelled) : HIDDEN;
}

struct str mask_phone(const struct app *app, struct arena *a, struct str phone)
{
    char e164[PHONE_BYTES], masked[PHONE_MASK_BYTES];

    if (!phone_e164(phone, app->region[0] == '\0' ? NULL : app->region, e164))
        return HIDDEN;
    phone_mask(e164, masked);
    return str_of(arena_strdup(a, masked));
}

struct str mask_identity(const struct app *app, struct arena *a, const struct participant *p)
{
    if (p->handle.len > 0) /* it stands in public */
        return p->handle;
    if (p->email.len > 0)
        return mask_email(a, p->email);
    return p->phone.len > 0 ? mask_phone(app, a, p->phone) : p->name;
}
