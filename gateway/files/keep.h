/* keep.h - files that came with a mail: stored beside it, so that staff need not open the mail.
 *
 * E1  the same mail gives the same files, however often it is read: ids follow from the item and the place in it, and a
 *     blob that is there already is the same one;
 * E2  what is not taken (rules/file_kind.h) is named, with the reason, and stays in the original mail only; so are
 *     those behind ATTACHMENTS_MAX, and what the disk had no room for. No mail is refused for its files;
 * E3  a mail proves nothing by itself: its files say whether its sender was proven when they came. */
#ifndef GATEWAY_FILES_KEEP_H
#define GATEWAY_FILES_KEEP_H

#include "rules/attachment.h"

struct app;
struct blobs;
struct item;
struct keyring;
struct mime_mail;

/* A list under construction; zeroed, then: */
struct keep {
    struct blobs *blobs;
    const struct keyring *keys;
    struct arena *arena; /* of the list */
    struct ulid item;
    bool proven;
    bool full; /* the disk keeps its room for words */

    struct attachment all[ATTACHMENTS_MAX];
    size_t n, left_out;
};

/* The next one. name and type are the sender's words, and may be empty; bytes are borrowed for the call. */
void keep_add(struct keep *k, struct str name, struct str type, struct str bytes);
/* All of them as an item names them (item.h, files). */
struct str keep_print(struct keep *k);

/* Fills in i->files with what the mail brought along. i: as mail_to_item() made it. */
void keep_mail(struct app *app, const struct mime_mail *m, struct arena *a, struct item *i);

#endif
