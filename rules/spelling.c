#include "rules/spelling.h"

#include "rules/base/arena.h"
#include "rules/base/id.h"

static const char *const digits[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
static const char *const letters[] = {"Alfa",   "Bravo",   "Charlie", "Delta",  "Echo",   "Foxtrot", "Golf",
                                      "Hotel",  "India",   "Juliett", "Kilo",   "Lima",   "Mike",    "November",
                                      "Oscar",  "Papa",    "Quebec",  "Romeo",  "Sierra", "Tango",   "Uniform",
                                      "Victor", "Whiskey", "X-ray",   "Yankee", "Zulu"};

struct str reference_spell(struct arena *a, uint64_t number)
{
    struct reference r = reference_print(number);
    struct buf b = {0};
    bool pause = false;

    for (const char *c = r.at; *c != '\0'; c++) {
        if (*c == '-') {
            pause = true;
            continue;
        }
        buf_text(&b, pause ? ", " : b.len > 0 ? " " : "");
        buf_text(&b, *c >= '0' && *c <= '9' ? digits[*c - '0'] : letters[*c - 'A']);
        pause = false;
    }

    struct str all = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return all;
}
