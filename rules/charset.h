/* charset.h - bytes that somebody labelled, or did not, to text.
 *
 * H1  any bytes become valid UTF-8 without U+0000; what means nothing is U+FFFD, and no byte that does mean something
 *     is lost;
 * H2  a label is believed only as far as the bytes allow. Bytes that are valid UTF-8 are UTF-8, whatever single-byte
 *     charset they are said to be in; a charset is read as the superset of it that mailers really mean (WHATWG
 *     Encoding Standard 4.2: ISO-8859-1 is windows-1252, GB2312 is GB18030); where many bytes mean nothing under the
 *     label, or there is no label, the bytes are guessed (ICU's detector);
 * H3  time is linear in the bytes. */
#ifndef RULES_CHARSET_H
#define RULES_CHARSET_H

#include "rules/base/text.h"

struct arena;

/* label: as it was told, empty where none was. used (may be NULL): static or in a, lower case, the charset that the
 * bytes were read in. The result is borrowed from bytes where nothing had to change. */
struct str charset_text(struct arena *a, struct str bytes, struct str label, const char **used);

/* Only what H1 asks: UTF-8 with its faults replaced. */
struct str charset_clean(struct arena *a, struct str bytes);

#endif
