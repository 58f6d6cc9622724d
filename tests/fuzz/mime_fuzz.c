/* Any bytes as a mail, with small limits: read, in bounds, as text that may be stored, and every file can be asked for. */
#include "gateway/intake/mime.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stored(struct str s)
{
    assert(s.len == 0 || (text_utf8_valid(s) && memchr(s.at, '\0', s.len) == NULL));
}

static void stored_addresses(const struct mime_addresses *all)
{
    assert(all->count <= MIME_ADDRESSES_MAX);
    for (size_t i = 0; i < all->count; i++) {
        stored(all->at[i].name);
        stored(all->at[i].address);
        assert(memchr(all->at[i].address.at, '@', all->at[i].address.len) != NULL);
    }
}

static void stored_ids(const struct mime_ids *all)
{
    assert(all->count <= MIME_IDS_MAX);
    for (size_t i = 0; i < all->count; i++)
        stored(all->at[i]);
}

static void stored_report(const struct mime_report *r)
{
    assert(r->recipient_count <= MIME_RECIPIENTS_MAX);
    for (size_t i = 0; i < r->recipient_count; i++) {
        stored(r->recipients[i].address);
        stored(r->recipients[i].status);
        stored(r->recipients[i].why);
    }
    stored(r->message_id);
    stored(r->about);
}

static void stored_mail(const struct mime_mail *m)
{
    for (size_t i = 0; i < m->field_count; i++) {
        stored(m->fields[i].name);
        stored(m->fields[i].value);
    }
    stored_addresses(&m->from);
    stored_addresses(&m->to);
    stored_addresses(&m->reply_to);
    stored_ids(&m->references);
    stored_ids(&m->in_reply_to);
    stored(m->message_id);
    stored(m->subject);
    stored(m->auto_submitted);
    stored(m->return_path);
    stored(m->text);
    stored(m->html);
    stored_report(&m->report);
    if (m->inside != NULL)
        stored_mail(m->inside);
    if (m->report.original != NULL)
        stored_mail(m->report.original);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mime_limits small = {4, 12, 40, 5000};
    static bool opened;
    char *exact = malloc(size > 0 ? size : 1);
    struct arena *a = arena_open(4096);
    struct mime_mail m;

    if (!opened)
        mime_open();
    opened = true;
    if (size > 0)
        memcpy(exact, data, size);
    mime_read(a, (struct str){exact, size}, &small, &m);
    stored_mail(&m);
    assert(m.part_count <= small.parts);
    for (size_t i = 0; i < m.part_count; i++) {
        stored(m.parts[i].name);
        stored(m.parts[i].type);
        assert(memchr(m.parts[i].name.at == NULL ? "" : m.parts[i].name.at, '/', m.parts[i].name.len) == NULL);
        assert(mime_part_bytes(a, &m.parts[i]).len <= size + 4);
    }
    arena_close(a);
    free(exact);
    return 0;
}
