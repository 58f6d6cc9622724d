/* Any bytes as postern.conf, and what follows a NUL as an override: read or refused with a reason, in bounds. */
#include "gateway/conf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct conf conf;
    struct str text = {(const char *)data, size};
    struct str head = str_cut(&text, '\0');
    char *value = strndup(text.len == 0 ? "" : text.at, text.len);
    struct conf_override o = {"listen", value};
    struct buf faults = {0};
    enum err e = conf_parse(&conf, "fuzz", "/var/empty", head, &o, text.at != NULL, &faults);

    assert(value != NULL);
    assert((e == ERR_OK) == (faults.len == 0));
    assert(e != ERR_OK || strncmp(conf.origin, "https://", 8) == 0);
    assert(conf.limits || conf.listen[CONF_PUBLIC].host[0] == '1' || conf.listen[CONF_PUBLIC].host[0] == ':' ||
           e != ERR_OK);
    buf_free(&faults);
    free(value);
    return 0;
}
