/* read_file.c - the file that a command is given, or what comes at stdin. */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

enum cli_exit cli_read_file(const struct cli *c, const char *name, size_t bytes_max, struct buf *out)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(name, "re");
    char chunk[CHUNK];
    size_t n;
    bool read;

    if (f == NULL) {
        cli_say(c, "%s: %s", name, strerror(errno));
        return CLI_NO_INPUT;
    }
    while (out->len <= bytes_max && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(out, chunk, n);
    read = !ferror(f);
    if (!is_stdin)
        (void)fclose(f);
    if (!read)
        cli_say(c, "%s cannot be read", name);
    else if (out->len > bytes_max)
        cli_say(c, "%s is larger than %zu MiB", name, bytes_max >> 20);
    return !read ? CLI_IO : out->len > bytes_max ? CLI_DATA : CLI_OK;
}
