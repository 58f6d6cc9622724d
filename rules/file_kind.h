/* file_kind.h - what kind of file is this, and do we take it? Only looked at, never decoded.
 *
 * K1  a kind is taken where it stands in the table: png, jpeg, gif, webp, pdf, and text (txt, log) in UTF-8; no
 *     archives, no documents with programs in them, no HTML, no SVG;
 * K2  the content decides, and the name must say the same: a file is opened by its name;
 * K3  pixels are read from the header of an image: more than FILE_PIXELS_MAX is a bomb for whoever shows it;
 * K4  what is two things at once (an image that is a ZIP or a PDF, too) is refused: scanner and viewer would not look
 *     at the same one;
 * K5  work is linear in the bytes, and nothing outside them is read. */
#ifndef RULES_FILE_KIND_H
#define RULES_FILE_KIND_H

#include "rules/base/text.h"

#include <stdint.h>

enum { FILE_PIXELS_MAX = 40 * 1000 * 1000 };

enum file_kind { FILE_NONE, FILE_PNG, FILE_JPEG, FILE_GIF, FILE_WEBP, FILE_PDF, FILE_TEXT };

/* Why a file is not taken; the names are the codes that are told outside. */
#define FILE_FAULT_LIST(X)                                                     \
    X(GOOD, "")                                                                \
    X(EMPTY, "file-empty")                                                     \
    X(LARGE, "file-large")                                                     \
    X(KIND, "file-kind")       /* its name says a kind that is not taken */    \
    X(CONTENT, "file-content") /* its bytes are none that is taken */          \
    X(DIFFERS, "file-differs") /* K2 */                                        \
    X(PIXELS, "file-pixels")   /* K3 */                                        \
    X(ENCODING, "file-utf8")   /* called text, and not UTF-8 or with U+0000 */ \
    X(DOUBLE, "file-double")   /* K4 */                                        \
    X(MANY, "file-many")       /* more than are kept apart of one message */

enum file_fault {
#define X(name, code) FILE_FAULT_##name,
    FILE_FAULT_LIST(X)
#undef X
        FILE_FAULTS
};

const char *file_fault_code(enum file_fault f);

/* "image/png" … "text/plain"; "application/octet-stream" for FILE_NONE. Static. */
const char *file_kind_type(enum file_kind k);
/* By what stands behind the last dot, in any case. */
enum file_kind file_kind_of_name(struct str name);
/* By the first bytes; text is what is UTF-8 without U+0000 and begins like nothing else. */
enum file_kind file_kind_of_bytes(struct str bytes);
/* Width and height as the header says; false where it is broken or either is 0. Images only. */
bool file_pixels(enum file_kind k, struct str bytes, uint32_t *width, uint32_t *height);

/* All of K1 to K4. kind: written with FILE_FAULT_GOOD only. max: bytes. */
enum file_fault file_judge(struct str name, struct str bytes, size_t max, enum file_kind *kind);

#endif
