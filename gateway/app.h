/* app.h - what handlers work with: opened by serve in this order, closed in reverse. */
#ifndef GATEWAY_APP_H
#define GATEWAY_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct accept;
struct active;
struct alarm;
struct assets;
struct blobs;
struct board;
struct conf;
struct filer;
struct flood;
struct jobs;
struct journal;
struct keyring;
struct mail_sender;
struct lmtp_server;
struct numbers;
struct pages;
struct reading;
struct redis_server;
struct ruleset;
struct scanner;
struct senders;
struct server;
struct tail;
struct watch;
struct teller;
struct workers;

struct app {
    const struct conf *conf;
    struct keyring *keys;
    struct journal *journal;
    struct blobs *blobs;     /* originals that are too large for a row, and files */
    struct blobs *parts;     /* of files that are on their way in (queues/upload.h) */
    _Atomic unsigned visits; /* about files, on their way (files/visit.h) */
    int64_t reserve_bytes;   /* free space under which nothing is taken any more */
    struct numbers *numbers;
    struct redis_server *redis_server; /* NULL: a given one */
    struct ruleset *rules;
    struct active *active; /* keeps rules to what is declared */
    struct pages *pages;
    struct assets *assets; /* static answers of the public listener */
    struct board *board;   /* what customers are told of incidents, and forms with it */
    struct workers *workers;
    struct workers *hashing; /* two, for passwords: each takes 64 MiB and a quarter of a second */
    struct accept *accept;
    struct reading *reading; /* of mails, before they are filed */
    struct filer *filer;
    struct scanner *scanner;
    struct jobs *jobs; /* long work in the background */
    struct alarm *alarm;
    struct watch *watch; /* of the door, for incidents that nobody has declared */
    struct mail_sender *sender;
    struct teller *teller;            /* of events, to other programs */
    _Atomic uint64_t mail_partitions; /* with new mails, a bit each: letters_wake() */
    struct flood *flood;
    struct senders *senders; /* who may post to the channels */
    struct tail *tail;
    struct server *server;
    struct lmtp_server *lmtp;
    char share[4096]; /* shipped files */
    char origin[300]; /* with the port that was picked */
    char origin_staff[300];
    char region[3];                 /* of help-phone, for numbers without a country code; "" none */
    _Atomic unsigned frozen;        /* accounts that contacts on record froze by objecting, since the start */
    _Atomic bool stopping;          /* nothing slow is begun any more */
    _Atomic int64_t first_reply_ms; /* what the rules promise a new request of a stranger, for the receipt */
};

#endif
