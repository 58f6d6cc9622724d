/* Any bytes as an address, a site, an invoice: no fault, and normal forms are stable. */
#include "rules/address.h"

#include "rules/base/arena.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct str typed = {(const char *)data, size}, invoice, again;
    struct email email, email2;
    struct site site, site2;

    if (email_parse(a, typed, &email)) {
        assert(email.spelled.len <= EMAIL_BYTES_MAX);
        assert(email_parse(a, email.spelled, &email2) && str_equal(email.spelled, email2.spelled));
        assert(str_equal(email.canonical, email2.canonical) && email.ascii == (email.canonical.at != NULL));
    }
    if (site_parse(a, typed, &site)) {
        assert(site_parse(a, site.canonical, &site2));
        assert(site.form == site2.form && str_equal(site.canonical, site2.canonical));
    }
    if (invoice_parse(a, typed, &invoice))
        assert(invoice_parse(a, invoice, &again) && str_equal(invoice, again));
    (void)email_mask(a, typed);
    arena_close(a);
    return 0;
}
