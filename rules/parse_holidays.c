/* holidays "tw.ics": a calendar file beside the rules file. */
#include "rules/parser.h"

#include "rules/base/arena.h"

enum { PATH_MAX_BYTES = 128 };

/* Parts of a-z, A-Z, 0-9, "." "_" "-", "/" between them; none begins with a dot, so none climbs. */
static bool path_usable(struct str path)
{
    bool begins = true; /* of a part */

    if (path.len == 0 || path.len > PATH_MAX_BYTES)
        return false;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (c == '/' ? begins : !letter && (begins || (c != '.' && c != '_' && c != '-')))
            return false;
        begins = c == '/';
    }
    return !begins;
}

static enum err read_bytes(struct parser *p, struct str path, struct buf *bytes)
{
    if (p->from->beside == NULL)
        return ERR_ABSENT;
    return p->from->beside(p->from->beside_arg, str_copy(p->rules->arena, path), HOLIDAY_FILE_BYTES_MAX, bytes);
}

static bool parse_bytes(struct parser *p, struct str path, struct str bytes, struct holiday_file *out)
{
    struct holiday_fault fault;

    rules_mix(p->rules, bytes);
    if (holiday_file_parse(out, p->rules->arena, bytes, &fault) == ERR_OK)
        return true;
    parser_fault(p, "\"%.*s\", line %d: %s", SHOWN(path), fault.line, fault.why);
    return false;
}

bool parser_holiday_file(struct parser *p, struct holiday_file *out)
{
    struct str path = p->now.text;
    struct buf bytes = {0};
    enum err e;
    bool taken = false;

    if (!path_usable(path)) {
        parser_fault(p, "\"%.*s\" is no path of a file beside this one: write \"tw.ics\" or \"holidays/tw.ics\"",
                     SHOWN(path));
        return false;
    }
    e = read_bytes(p, path, &bytes);
    if (e == ERR_OK)
        taken = parse_bytes(p, path, buf_view(&bytes), out);
    else if (e == ERR_ABSENT)
        parser_fault(p, "there is no file \"%.*s\" beside this one", SHOWN(path));
    else
        parser_fault(p, "\"%.*s\" cannot be read: %s", SHOWN(path), err_text(e));
    buf_free(&bytes);
    if (taken)
        parser_next(p);
    return taken;
}
