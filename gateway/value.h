/* value.h - the kinds of value that a setting can have.
 *
 * V1  a reader answers NULL, or what is wrong, and then its results do not count.
 *     The answer is the end of a sentence that begins with the setting's name:
 *     "wants a number with a unit, such as 30d";
 * V2  pure but for value_secret(), which reads a file. */
#ifndef GATEWAY_VALUE_H
#define GATEWAY_VALUE_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Valid UTF-8 without control characters, at most bytes - 1 bytes; out is NUL-terminated. */
const char *value_text(struct str s, char *out, size_t bytes);
/* The same without white space. */
const char *value_word(struct str s, char *out, size_t bytes);
/* A relative path starts at folder ("" or "." is the current one). */
const char *value_path(struct str s, const char *folder, char *out, size_t bytes);
/* "on", "off". */
const char *value_switch(struct str s, bool *out);
/* A number with s, m, h or d. */
const char *value_duration(struct str s, int64_t *ms);
/* "0", or a number with K, M, G or T, powers of 1,024; at most 1,024 T. */
const char *value_size(struct str s, int64_t *bytes);
/* "127.0.0.1:8443", "[::1]:8443": host without brackets. */
const char *value_address(struct str s, char host[64], int *port);
/* Numeric address, "addr/bits" where cidr. */
bool value_is_address(struct str s, bool cidr);
/* 127.0.0.0/8 and ::1. */
bool value_is_loopback(const char *host);
/* "https://host[:port]": lower case, without a slash at the end and without ":443". */
const char *value_origin(struct str s, char *out, size_t bytes);
/* "smtp://host[:port]" or "smtps://…". */
const char *value_relay(struct str s, char *out, size_t bytes);
/* "Name <local@domain>" or "local@domain"; form only. */
const char *value_mailbox(struct str s, char *name, size_t name_bytes, char *address, size_t address_bytes);
/* Digits with + ( ) - . / and spaces between, at least three digits. */
const char *value_telephone(struct str s, char *out, size_t bytes);
/* A regular file of at most 4 KiB that others may not read, holding a user and a password: two words on one line
 * or on two. */
const char *value_secret(const char *path, char *user, size_t user_bytes, char *password, size_t password_bytes);

#endif
