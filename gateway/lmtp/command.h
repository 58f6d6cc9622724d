/* command.h - one line of an LMTP client, taken apart. Pure; private to dialogue.c and its tests. */
#ifndef GATEWAY_LMTP_COMMAND_H
#define GATEWAY_LMTP_COMMAND_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum command {
    COMMAND_UNKNOWN,
    COMMAND_LHLO,
    COMMAND_MAIL,
    COMMAND_RCPT,
    COMMAND_DATA,
    COMMAND_RSET,
    COMMAND_NOOP,
    COMMAND_VRFY,
    COMMAND_HELP,
    COMMAND_QUIT,
    COMMAND_HELLO_OF_SMTP, /* HELO, EHLO */
};

/* rest: what stands behind the verb, trimmed. */
enum command command_verb(struct str line, struct str *rest);

struct command_path {
    struct str address; /* without brackets and route; borrowed from the line */
    size_t size;        /* SIZE; 0 none */
    bool utf8;          /* SMTPUTF8 */
};

/* "FROM:<path> parameters" and "TO:<path>". NULL, or the reply that says what is wrong with it. */
const char *command_mail(struct str rest, struct command_path *out);
const char *command_rcpt(struct str rest, bool utf8, struct command_path *out);

#endif
