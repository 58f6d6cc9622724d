/* secret.h - a password from whoever runs the command, never from its words: those are seen by everybody. */
#ifndef GATEWAY_CLI_SECRET_H
#define GATEWAY_CLI_SECRET_H

#include "gateway/cli/cli.h"

struct buf;

/* The first line of stdin; at a terminal asked for twice, without echo. Said where it cannot be had. */
enum cli_exit secret_read(struct cli *c, const char *what, struct buf *out);
/* Overwrites and frees. */
void secret_forget(struct buf *b);

#endif
