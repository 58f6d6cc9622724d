/* names.h - names, brands and numbers of the invented world. */
#ifndef TESTS_BENCH_MATCH_NAMES_H
#define TESTS_BENCH_MATCH_NAMES_H

#include "tests/bench/match/world.h"

enum names_script { NAMES_LATIN, NAMES_CHINESE, NAMES_JAPANESE, NAMES_ARABIC };

int names_country(struct dice *d);
enum names_script names_script_of(int country);
const char *names_tld(int country);

struct person names_person(struct dice *d, enum names_script script);
/* name and label of a customer whose country is set. */
void names_company(struct dice *d, struct customer *c);
/* E.164 */
void names_phone(struct dice *d, int country, bool mobile, char out[24]);
/* The same as people write it at home. */
void names_phone_national(const char *e164, char out[48]);

#endif
