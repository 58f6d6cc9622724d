#include "gateway/cli/secret.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 64 * 1024 };

static bool read_line(struct buf *out)
{
    int ch;

    while ((ch = getc(stdin)) != EOF && ch != '\n' && out->len < LINE_BYTES_MAX)
        buf_char(out, (char)ch);
    if (out->len > 0 && out->at[out->len - 1] == '\r')
        out->at[--out->len] = '\0';
    return ch != EOF || out->len > 0;
}

/* False where the terminal does not let itself be silenced. */
static bool ask(struct cli *c, const char *what, struct buf *out)
{
    struct termios before, silent;

    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(c->err, "%s: ", what);
    (void)fflush(c->err);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
        return false;

    bool good = read_line(out);

    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', c->err);
    return good;
}

enum cli_exit secret_read(struct cli *c, const char *what, struct buf *out)
{
    struct buf again = {0};
    enum cli_exit x = CLI_OK;

    if (!isatty(STDIN_FILENO)) {
        if (read_line(out))
            return CLI_OK;
        cli_say(c, "a password is wanted on the first line of stdin");
        return CLI_DATA;
    }
    if (!ask(c, what, out) || !ask(c, "The same again", &again)) {
        cli_say(c, "no password was typed");
        x = CLI_DATA;
    } else if (!str_equal(buf_view(out), buf_view(&again))) {
        cli_say(c, "these are two different passwords");
        x = CLI_DATA;
    }
    secret_forget(&again);
    return x;
}

void secret_forget(struct buf *b)
{
    if (b->at != NULL)
        explicit_bzero(b->at, b->room);
    buf_free(b);
}
