/* phone.h - phone numbers in E.164, by libphonenumber's data.
 *
 * F1  "possible" is enough (length and country fit): number plans grow faster than
 *     installed data, and whether it rings, the call tells;
 * F2  a national number is read only with a country to read it in; none is guessed;
 * F3  every digit a person may type counts, Arabic-Indic and full-width ones too.
 *
 * Thread-safe, no exception leaves, nothing is printed. */
#ifndef RULES_PHONE_H
#define RULES_PHONE_H

#ifdef __cplusplus
extern "C" {
#endif

#include "rules/base/text.h"

enum { PHONE_BYTES = 20, PHONE_MASK_BYTES = 32, PHONE_TYPED_BYTES_MAX = 100 };

/* "+886212345678" of what was typed, extension dropped. region_hint: ISO 3166 alpha-2 in upper
 * case ("TW") for numbers without a country code, or NULL. False where it is no phone number. */
bool phone_e164(struct str typed, const char *region_hint, char out[PHONE_BYTES]);

/* The region a number in E.164 belongs to ("TW"); false for none or several (+800, +1 without area). */
bool phone_region(const char *e164, char out[3]);

/* "+886 ••• 78": country code and the last two digits; "•••" for what is no number in E.164. */
void phone_mask(const char *e164, char out[PHONE_MASK_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
