/* encode.h - text of any language in the 7-bit lines that mail is made of.
 *
 * E1  what is written consists of 0x20..0x7E and CRLF, whatever the text holds;
 * E2  no line is longer than ENCODE_LINE_MAX, and none in a header with an
 *     encoded word is longer than 76 (RFC 2047 §2);
 * E3  an encoded word holds whole code points only (RFC 2047 §5);
 * E4  an encoded body never holds "=_" at a line's start: boundaries begin so
 *     (RFC 2045 §6.7). */
#ifndef GATEWAY_MAIL_ENCODE_H
#define GATEWAY_MAIL_ENCODE_H

#include "rules/base/text.h"

#include <stddef.h>

enum { ENCODE_LINE_MAX = 76 };

/* Appends valid UTF-8 as encoded words, Q or B, whichever is shorter; folds.
 * *column: characters already on the line; kept up to date. */
void encode_words(struct buf *out, size_t *column, struct str text);

/* Appends a body part, text with any line ends, ended by CRLF; answers the name
 * of the transfer encoding it chose: quoted-printable where that is no longer
 * than base64, and so stays readable to people who look at the raw mail. */
const char *encode_body(struct buf *out, struct str text);

#endif
