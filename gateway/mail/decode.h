/* decode.h - reads back what encode.h writes.
 *
 * For mails of our own, shown to an operator. Mail of strangers is another
 * module's: it needs charsets, nesting and much more distrust. What is not
 * well-formed is kept as it stands. */
#ifndef GATEWAY_MAIL_DECODE_H
#define GATEWAY_MAIL_DECODE_H

#include "rules/base/text.h"

/* Appends a header's value: unfolded, its UTF-8 encoded words decoded. */
void decode_header(struct buf *out, struct str value);
/* Appends a body, line ends as LF. encoding: "quoted-printable", "base64", or any
 * other name, for which the body is taken as it is. */
void decode_body(struct buf *out, struct str body, struct str encoding);

#endif
