/* store.h - Redis for commands: the running server's, the given one, or one started for as long as the command runs. */
#ifndef GATEWAY_CLI_STORE_H
#define GATEWAY_CLI_STORE_H

#include "gateway/cli/cli.h"

struct keyring;
struct redis;
struct redis_server;

struct store {
    struct conf conf;
    struct keyring *keys;
    struct redis *redis;
    struct redis_server *server; /* NULL: somebody else's */
};

/* Reads the configuration, opens keys (made where there are none and make is true) and a connection. Everything that
 * fails is said; the exit code tells which: CLI_DENIED where root meets the keys of another user. store_close() after
 * CLI_OK. */
enum cli_exit store_open(struct cli *c, struct store *out, bool make);
void store_close(struct store *s);

#endif
