#include "rules/match.h"

const char *match_band_name(enum match_band band)
{
    static const char *const names[] = {[MATCH_APART] = "apart", [MATCH_REVIEW] = "review", [MATCH_LINK] = "link"};

    return names[band];
}
