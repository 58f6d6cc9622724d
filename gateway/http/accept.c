#include "gateway/http/accept.h"

#include <string.h>

/* RFC 9110 12.4.2: "0", "1", "0.5", at most three decimals; anything else counts as 1, as if it were not there. */
static int parse_quality(struct str s)
{
    int q = 0, unit = QUALITY_MAX;

    if (s.len == 0 || s.len > 5 || (s.at[0] != '0' && s.at[0] != '1') || (s.len > 1 && s.at[1] != '.'))
        return QUALITY_MAX;
    q = s.at[0] == '1' ? QUALITY_MAX : 0;
    for (size_t i = 2; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return QUALITY_MAX;
        unit /= 10;
        q += (s.at[i] - '0') * unit;
    }
    return q > QUALITY_MAX ? QUALITY_MAX : q;
}

/* Cuts the next element at a comma outside quotes. */
static struct str next_element(struct str *rest)
{
    bool quoted = false;
    struct str element = *rest;

    for (size_t i = 0; i < rest->len; i++) {
        char c = rest->at[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            element.len = i;
            *rest = (struct str){rest->at + i + 1, rest->len - i - 1};
            return element;
        }
    }
    *rest = (struct str){NULL, 0};
    return element;
}

/* The name in front of the parameters, and the parameter q. */
static struct str split_element(struct str element, int *quality)
{
    struct str name = str_trim(str_cut(&element, ';'));

    *quality = QUALITY_MAX;
    while (element.at != NULL) {
        struct str value = str_trim(str_cut(&element, ';')), key = str_trim(str_cut(&value, '='));

        if (str_equal_nocase(key, STR("q")))
            *quality = parse_quality(str_trim(value));
    }
    return name;
}

/* 3 the type itself, 2 its family, 1 everything, 0 another. */
static int specific(struct str range, struct str type)
{
    const char *slash = memchr(type.at, '/', type.len);
    size_t family = (size_t)(slash - type.at) + 1;

    if (str_equal_nocase(range, type))
        return 3;
    if (range.len == family + 1 && range.at[family] == '*' &&
        str_equal_nocase((struct str){range.at, family}, (struct str){type.at, family}))
        return 2;
    return str_is(range, "*/*") ? 1 : 0;
}

int accept_type(struct str header, const char *type)
{
    int best = 0, quality = header.at == NULL ? QUALITY_MAX : 0;

    while (header.at != NULL) {
        int q, rank = specific(split_element(next_element(&header), &q), str_of(type));

        if (rank > best) {
            best = rank;
            quality = q;
        }
    }
    return quality;
}

int accept_coding(struct str header, const char *coding)
{
    int any = 0, q;

    while (header.at != NULL) {
        struct str name = split_element(next_element(&header), &q);

        if (str_equal_nocase(name, str_of(coding)))
            return q;
        if (str_is(name, "*"))
            any = q;
    }
    return any;
}
