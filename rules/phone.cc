#include "rules/phone.h"

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>

#include <cstdio>
#include <cstring>
#include <string>

using i18n::phonenumbers::Logger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{
/* The library talks to stdout by default, and what it says may hold the number. */
class Silent : public Logger
{
  public:
    void WriteMessage(const std::string &) override
    {
    }
};

const PhoneNumberUtil &util()
{
    static const PhoneNumberUtil &instance = []() -> const PhoneNumberUtil & {
        PhoneNumberUtil *made = PhoneNumberUtil::GetInstance();

        made->SetLogger(new Silent); /* takes it */
        return *made;
    }();

    return instance;
}

bool parse(const std::string &typed, const char *region, PhoneNumber *number)
{
    return util().Parse(typed, region, number) == PhoneNumberUtil::NO_PARSING_ERROR;
}
} // namespace

/* What the library throws, it throws for want of memory; that is no number either. */

bool phone_e164(struct str typed, const char *region_hint, char out[PHONE_BYTES])
try {
    PhoneNumber number;
    std::string text;

    if (typed.len == 0 || typed.len > PHONE_TYPED_BYTES_MAX || !text_utf8_valid(typed) ||
        memchr(typed.at, '\0', typed.len) != nullptr)
        return false;
    if (!parse(std::string(typed.at, typed.len), region_hint == nullptr ? "ZZ" : region_hint, &number) ||
        !util().IsPossibleNumber(number))
        return false;
    util().Format(number, PhoneNumberUtil::E164, &text);
    if (text.size() >= PHONE_BYTES)
        return false;
    memcpy(out, text.c_str(), text.size() + 1);
    return true;
} catch (...) {
    return false;
}

bool phone_region(const char *e164, char out[3])
try {
    PhoneNumber number;
    std::string region;

    if (!parse(e164, "ZZ", &number))
        return false;
    util().GetRegionCodeForNumber(number, &region);
    if (region.size() != 2 || region == "ZZ")
        return false;
    memcpy(out, region.c_str(), 3);
    return true;
} catch (...) {
    return false;
}

void phone_mask(const char *e164, char out[PHONE_MASK_BYTES])
try {
    PhoneNumber number;
    size_t n = strlen(e164);

    if (e164[0] == '+' && parse(e164, "ZZ", &number))
        snprintf(out, PHONE_MASK_BYTES, "+%d ••• %s", number.country_code(), e164 + n - 2);
    else
        snprintf(out, PHONE_MASK_BYTES, "•••");
} catch (...) {
    snprintf(out, PHONE_MASK_BYTES, "•••");
}
