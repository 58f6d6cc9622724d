/* whole.h - what happens when all bytes of a file are there: judged, sealed on disk, and handed on as an item. */
#ifndef GATEWAY_FILES_WHOLE_H
#define GATEWAY_FILES_WHOLE_H

#include "gateway/files/visit.h"

struct app;

/* Is there room on the disk for files? They stop before words do: at twice the reserve. */
bool whole_has_room(const struct app *app);
/* v->upload says which file. On a worker; as visit_work. */
void whole_take(struct visit *v, struct redis *r, struct str bytes);

#endif
