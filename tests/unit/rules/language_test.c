/* language: every way a rules file can be wrong, and what is said about it. */
#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/holiday_file.h"
#include "rules/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A right file in one line, to put something wrong beside it. */
#define Q    "queue q { calendar always first-reply 1h }\n"
#define ELSE "route otherwise to q\n"

/* What may be named beside the file. */
static enum err beside(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    (void)arg;
    assert_true(bytes_max == HOLIDAY_FILE_BYTES_MAX);
    if (strcmp(name, "locked.ics") == 0)
        return ERR_IO;
    if (strcmp(name, "tw.ics") == 0)
        buf_text(bytes, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\nEND:VCALENDAR\n");
    else if (strcmp(name, "more/weekly.ics") == 0)
        buf_text(bytes, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nRRULE:FREQ=WEEKLY\nEND:VEVENT\n");
    else
        return ERR_ABSENT;
    return ERR_OK;
}

static const struct rules_sources sources = {.zones = zoneinfo_bytes, .beside = beside};

static void every_fault_has_its_line(void **state)
{
    static const struct {
        const char *label, *text, *faults;
    } cases[] = {
        {"nothing", "", "f:1: the last route must be: route otherwise to a queue\n"},
        {"unknown statement", Q "rout when affected to q\n" ELSE,
         "f:2: a statement cannot begin with \"rout\"; did you mean \"route\"?\n"},
        {"nothing near", Q "weights { }\n" ELSE, "f:2: a statement cannot begin with \"weights\"\n"},
        {"stray brace", Q "}\n" ELSE, "f:2: a statement cannot begin with \"}\"\n"},
        {"unknown queue", Q "route when affected to qq-restore\nroute otherwise to qu\n",
         "f:2: no queue is called \"qq-restore\"\nf:3: no queue is called \"qu\"\n"},
        {"near queue", "queue restore { }\nroute otherwise to restroe\n",
         "f:2: no queue is called \"restroe\"; did you mean \"restore\"?\n"},
        {"unknown queue of an example", Q ELSE "expect affected queue p\n", "f:3: no queue is called \"p\"\n"},
        {"unknown calendar",
         "calendar office { mon 09:00-10:00 tz UTC }\nqueue q { first-reply 1h calendar ofice }\n" ELSE,
         "f:2: no calendar is called \"ofice\"; did you mean \"office\"?\n"},
        {"a class that is none", Q "class partner { domain \"p.example\" }\nroute when class partnr to q\n" ELSE,
         "f:3: no class is called \"partnr\"; did you mean \"partner\"?\n"},
        {"a class that is none, in an example", Q ELSE "expect class partner queue q\n",
         "f:3: no class is called \"partner\"\n"},
        {"a class of nobody", Q "class p { }\n" ELSE, "f:2: class \"p\" names nobody: write a domain or an address\n"},
        {"a class twice", Q "class p { domain \"p.example\" }\nclass p { domain \"o.example\" }\n" ELSE,
         "f:3: class \"p\" is defined twice, first on line 2\n"},
        {"a domain in two classes", Q "class p { domain \"p.example\" }\nclass o { domain \"P.example\" }\n" ELSE,
         "f:3: \"P.example\" is in class \"p\" already\n"},
        {"an address twice", Q "class p { address \"a@p.example\" \"A@p.example\" }\n" ELSE,
         "f:2: \"A@p.example\" is in class \"p\" already\n"},
        {"a class of free mail", Q "class p { domain \"gmail.com\" }\n" ELSE,
         "f:2: anybody may have a mailbox at \"gmail.com\": write addresses\n"},
        {"no domain", Q "class p { domain \"not a domain\" }\n" ELSE, "f:2: \"not a domain\" is not a domain\n"},
        {"no address", Q "class p { address \"p.example\" }\n" ELSE,
         "f:2: \"p.example\" is not an address that can be matched\n"},
        {"a domain without quotes", Q "class p { domain p.example }\n" ELSE,
         "f:2: expected a domain in quotes, not \"p.example\"\n"},
        {"unknown property of a class", Q "class p { domains \"p.example\" }\n" ELSE,
         "f:2: class \"p\" has no \"domains\"; did you mean \"domain\"?\n"},
        {"unknown fact", Q "route when afected to q\n" ELSE,
         "f:2: unknown fact \"afected\"; did you mean \"affected\"?\n"},
        {"unknown word of a fact", Q "route when channel socal to q\n" ELSE,
         "f:2: channel is never \"socal\"; did you mean \"social\"?\n"},
        {"unknown yes or no", Q "route when affected maybe to q\n" ELSE, "f:2: affected is never \"maybe\"\n"},
        {"fact without its word", Q "route when channel to q\n" ELSE, "f:2: channel needs a word: such as web\n"},
        {"text without its word", Q "route when language, known to q\n" ELSE,
         "f:2: language needs a word such as zh-TW\n"},
        {"number without a number", Q "route when followers >= many to q\n" ELSE,
         "f:2: followers needs a whole number, such as followers >= 3\n"},
        {"level that does not exist", Q "route when level >= 5 to q\n" ELSE,
         "f:2: level >= 5 can never hold: level is 0 to 4\n"},
        {"less than nothing", Q "route when followers < 0 to q\n" ELSE,
         "f:2: followers < 0 can never hold: followers is 0 to 9223372036854775807\n"},
        {"conditions that exclude each other", Q "route when channel web, channel mail to q\n" ELSE,
         "f:2: can never hold: channel mail contradicts what stands before it\n"},
        {"numbers that exclude each other", Q "route when followers > 9 and followers < 3 to q\n" ELSE,
         "f:2: can never hold: followers < 3 contradicts what stands before it\n"},
        {"words that exclude each other", Q "route when tier gold, tier free to q\n" ELSE,
         "f:2: can never hold: tier free contradicts what stands before it\n"},
        {"no otherwise", Q "route when affected to q\n", "f:2: the last route must be: route otherwise to a queue\n"},
        {"behind otherwise", Q ELSE "route when affected to q\n",
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"otherwise twice", Q ELSE ELSE, "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"the same again", Q "route when affected to q\nroute when affected to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"narrower than an earlier one", Q "route when affected to q\nroute when channel web, affected to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"a larger number behind a smaller", Q "route when followers >= 10 to q\nroute when followers > 99 to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"a variety behind its language", Q "route when language zh to q\nroute when language zh-TW to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"every level is no condition", Q "route when level >= 0 to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"yes and no together",
         Q "route when known to q\nroute when known no to q\nroute when channel phone to q\n" ELSE,
         "f:4: is never reached: lines 2 and 3 together take every ticket that fits here\n"},
        {"all words together",
         Q "route when impact down to q\nroute when impact degraded to q\nroute when impact question to q\n"
           "route when tier gold, followers > 9 to q\n" ELSE,
         "f:5: is never reached: lines 2, 3 and 4 together take every ticket that fits here\n"},
        {"all that is left of what it asks",
         Q "route when tier gold, known to q\nroute when known no, level <= 2 to q\n"
           "route when tier gold, level >= 3 to q\nroute when tier gold, channel web to q\n" ELSE,
         "f:5: is never reached: lines 2, 3 and 4 together take every ticket that fits here\n"},
        {"a range by its values",
         Q "route when level 3 to q\nroute when level 4 to q\nroute when level > 2, channel web to q\n" ELSE,
         "f:4: is never reached: lines 2 and 3 together take every ticket that fits here\n"},
        {"a dead line is named once, by those that are alive",
         Q "route when known to q\nroute when known, affected to q\nroute when known no to q\n"
           "route when executive to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"
         "f:5: is never reached: lines 2 and 4 together take every ticket that fits here\n"},
        {"more lines than are shown",
         Q "route when channel web to q\nroute when channel mail to q\nroute when channel phone to q\n"
           "route when channel social to q\nroute when channel desk, level 0 to q\nroute when channel desk, level 1 to "
           "q\n"
           "route when channel desk, level >= 2 to q\nroute when executive to q\n" ELSE,
         "f:9: is never reached: lines 2, 3, 4, 5, 6, 7 and 1 more together take every ticket that fits here\n"},
        {"no when", Q "route affected to q\n" ELSE, "f:2: expected when or otherwise, not \"affected\"\n"},
        {"no to", Q "route when affected known to q\n" ELSE, "f:2: affected is never \"known\"\n"},
        {"no queue", Q "route when affected to\n" ELSE, "f:2: expected the name of a queue, but the statement ends\n"},
        {"priority too high", Q "route when affected to q priority 101\n" ELSE,
         "f:2: \"101\" is not a priority: write 0 to 100\n"},
        {"more behind the end", Q "route when affected to q priority 1 please\n" ELSE,
         "f:2: unexpected \"please\"; a line that begins with a space continues the one before\n"},
        {"an indented statement", Q "route when affected to q\n  route otherwise to q\n" ELSE,
         "f:3: unexpected \"route\"; a line that begins with a space continues the one before\n"},
        {"queue twice", Q "queue q { }\n" ELSE, "f:2: queue \"q\" is defined twice, first on line 1\n"},
        {"calendar twice", Q "calendar c { mon 09:00-10:00 tz UTC }\n\ncalendar c { mon 09:00-10:00 tz UTC }\n" ELSE,
         "f:4: calendar \"c\" is defined twice, first on line 2\n"},
        {"a calendar called always", Q "calendar always { mon 09:00-10:00 tz UTC }\n" ELSE,
         "f:2: \"always\" is the calendar in which every moment counts; choose another name\n"},
        {"property twice", "queue q { update 1h\n update 2h calendar always }\n" ELSE,
         "f:2: queue \"q\" has \"update\" twice\n"},
        {"unknown property", "queue q { titel \"x\" }\n" ELSE,
         "f:1: queue \"q\" has no \"titel\"; did you mean \"title\"?\n"},
        {"a block that is not closed", "queue q { update 1h calendar always\n" ELSE,
         "f:2: queue \"q\" is not closed: put } before this line\n"},
        {"a block that is not begun", "queue q title \"x\"\n" ELSE, "f:1: expected {, not \"title\"\n"},
        {"not a name", "queue Restore { }\n" Q ELSE,
         "f:1: \"Restore\" is not a name: use a-z, 0-9 and -, a letter first, at most 32\n"},
        {"a title without quotes", "queue q { title x }\n" ELSE, "f:1: expected a title in quotes, not \"x\"\n"},
        {"an empty title", "queue q { title \"\" }\n" ELSE, "f:1: a title has 1 to 200 bytes\n"},
        {"a text that is not closed", "queue q { title \"x\n}\n" ELSE,
         "f:1: a text is not closed: put \" at its end, on the same line\n"},
        {"a text that is not UTF-8", "queue q { title \"\xFF\" }\n" ELSE, "f:1: a text is not valid UTF-8\n"},
        {"days as a duration", "queue q { first-reply 1d calendar always }\n" ELSE,
         "f:1: \"1d\" is not a duration: a day of work has no fixed length, write hours\n"},
        {"a duration without a unit", "queue q { first-reply 60 calendar always }\n" ELSE,
         "f:1: \"60\" is not a duration: write 90s, 30m, 1h or 1h30m\n"},
        {"units out of order", "queue q { first-reply 30m1h calendar always }\n" ELSE,
         "f:1: \"30m1h\" is not a duration: write 90s, 30m, 1h or 1h30m\n"},
        {"no time at all", "queue q { first-reply 0m calendar always }\n" ELSE,
         "f:1: \"0m\" is out of range: 1s to 8784h\n"},
        {"too much time", "queue q { first-reply 9000h calendar always }\n" ELSE,
         "f:1: \"9000h\" is out of range: 1s to 8784h\n"},
        {"a promise without a calendar", "queue q { update 4h }\n" ELSE,
         "f:1: queue \"q\" promises a time but has no calendar: write calendar always\n"},
        {"a pause for another state", "queue q { pause when solved }\n" ELSE,
         "f:1: expected waiting-customer, not \"solved\"\n"},
        {"a pause of what", "queue q { update 1h calendar always pause when }\n" ELSE,
         "f:1: expected waiting-customer, not \"}\"\n"},
        {"a pause of a clock that is none",
         "queue q { update 1h calendar always pause updates when waiting-customer }\n" ELSE,
         "f:1: no clock is called \"updates\": it is first-reply, update or restore; did you mean \"update\"?\n"},
        {"a pause of a clock that does not run",
         "queue q { update 1h calendar always pause update, restore when waiting-customer }\n" ELSE,
         "f:1: queue \"q\" pauses restore, which it does not promise\n"},
        {"a step of a clock that is none",
         "queue q { update 1h calendar always\n escalate restor at breach to lead }\n" ELSE,
         "f:2: no clock is called \"restor\": it is first-reply, update or restore; did you mean \"restore\"?\n"},
        {"a step of a clock that does not run",
         "queue q { update 1h calendar always\n escalate restore at breach to lead }\n" ELSE,
         "f:2: queue \"q\" escalates restore, which it does not promise\n"},
        {"a step to nobody", "queue q { update 1h calendar always escalate update at breach to }\n" ELSE,
         "f:1: expected a role: agent, lead or manager, not \"}\"\n"},
        {"a step to a role that is none",
         "queue q { update 1h calendar always escalate update at breach to led }\n" ELSE,
         "f:1: no role is called \"led\": it is agent, lead or manager; did you mean \"lead\"?\n"},
        {"a step that is not before", "queue q { update 1h calendar always escalate update 15m breach to lead }\n" ELSE,
         "f:1: expected before, not \"breach\"\n"},
        {"a step before what", "queue q { update 1h calendar always escalate update 15m before 1h to lead }\n" ELSE,
         "f:1: expected breach, not \"1h\"\n"},
        {"a step without a moment", "queue q { update 1h calendar always escalate update to lead }\n" ELSE,
         "f:1: \"to\" is not a duration: write 90s, 30m, 1h or 1h30m\n"},
        {"a step before the time begins",
         "queue q { update 1h calendar always\n escalate update 1h before breach to lead }\n" ELSE,
         "f:2: escalates update before its time begins: write less than the promise\n"},
        {"a step twice",
         "queue q { update 1h calendar always\n escalate update 1m before breach to lead\n"
         " escalate update at breach to lead\n escalate update 60s before breach to lead }\n" ELSE,
         "f:4: escalates update to lead at the same moment as line 2\n"},
        {"no hours", "calendar c { tz UTC }\n" Q ELSE, "f:1: calendar \"c\" has no hours\n"},
        {"no zone", "calendar c { mon 09:00-10:00 }\n" Q ELSE,
         "f:1: calendar \"c\" has no tz: write tz UTC, or tz Asia/Taipei\n"},
        {"a zone that does not exist", "calendar c { mon 09:00-10:00 tz Asia/Taipie }\n" Q ELSE,
         "f:1: no time zone is called \"Asia/Taipie\"; did you mean \"Asia/Taipei\"?\n"},
        {"a zone that climbs out", "calendar c { mon 09:00-10:00 tz ../../etc/passwd }\n" Q ELSE,
         "f:1: no time zone is called \"../../etc/passwd\"\n"},
        {"a file that is no zone", "calendar c { mon 09:00-10:00 tz tzdata.zi }\n" Q ELSE,
         "f:1: no time zone is called \"tzdata.zi\"\n"},
        {"unknown day", "calendar c { mno-fri 09:00-10:00 tz UTC }\n" Q ELSE,
         "f:1: calendar \"c\" has no \"mno-fri\"\n"},
        {"days that are cut short", "calendar c { mon,\nqueue q { titel \"x\" }\n" ELSE,
         "f:1: expected days such as mon or mon-fri, but the statement ends\n"
         "f:2: calendar \"c\" is not closed: put } before this line\n"
         "f:2: queue \"q\" has no \"titel\"; did you mean \"title\"?\n"},
        {"unknown last day", "calendar c { mon-fry 09:00-10:00 tz UTC }\n" Q ELSE,
         "f:1: \"mon-fry\" are not days: write mon, or mon-fri\n"},
        {"a day twice", "calendar c { mon-fri 09:00-10:00\n fri 11:00-12:00 tz UTC }\n" Q ELSE,
         "f:2: calendar \"c\" has hours for fri already\n"},
        {"bad hours", "calendar c { mon 9:00-10:00 tz UTC }\n" Q ELSE,
         "f:1: \"9:00-10:00\" are not hours: write 09:00-18:00\n"},
        {"hours after the day", "calendar c { mon 09:00-24:01 tz UTC }\n" Q ELSE,
         "f:1: \"09:00-24:01\" are not hours: write 09:00-18:00\n"},
        {"hours over midnight", "calendar c { mon 22:00-06:00 tz UTC }\n" Q ELSE,
         "f:1: 22:00-06:00 ends before it begins: what is after 24:00 belongs to the next day\n"},
        {"hours that overlap", "calendar c { mon 09:00-12:00 11:00-13:00 tz UTC }\n" Q ELSE,
         "f:1: the hours of a day overlap or are out of order\n"},
        {"a day that does not exist", "calendar c { mon 09:00-10:00 tz UTC holiday 2026-02-29 }\n" Q ELSE,
         "f:1: \"2026-02-29\" is not a day: write 2026-12-25\n"},
        {"a holiday twice", "calendar c { mon 09:00-10:00 tz UTC holiday 2026-12-25\n holiday 2026-12-25 }\n" Q ELSE,
         "f:2: 2026-12-25 is a holiday of this calendar already\n"},
        {"holidays that are not there", "calendar c { mon 09:00-10:00 tz UTC\n holidays \"tw.isc\" }\n" Q ELSE,
         "f:2: there is no file \"tw.isc\" beside this one\n"},
        {"holidays that cannot be read", "calendar c { mon 09:00-10:00 tz UTC\n holidays \"locked.ics\" }\n" Q ELSE,
         "f:2: \"locked.ics\" cannot be read: reading or writing failed\n"},
        {"holidays that are not understood",
         "calendar c { mon 09:00-10:00 tz UTC\n holidays \"tw.ics\"\n \"more/weekly.ics\" }\n" Q ELSE,
         "f:3: \"more/weekly.ics\", line 4: a holiday comes back by FREQ=YEARLY or not at all\n"},
        {"holidays out of the folder", "calendar c { mon 09:00-10:00 tz UTC holidays \"../tw.ics\" }\n" Q ELSE,
         "f:1: \"../tw.ics\" is no path of a file beside this one: write \"tw.ics\" or \"holidays/tw.ics\"\n"},
        {"holidays from the root", "calendar c { mon 09:00-10:00 tz UTC holidays \"/etc/tw.ics\" }\n" Q ELSE,
         "f:1: \"/etc/tw.ics\" is no path of a file beside this one: write \"tw.ics\" or \"holidays/tw.ics\"\n"},
        {"holidays without quotes", "calendar c { mon 09:00-10:00 tz UTC holidays tw.ics }\n" Q ELSE,
         "f:1: expected a file in quotes such as \"tw.ics\", not \"tw.ics\"\n"},
        {"an exception without a day", "calendar c { mon 09:00-10:00 tz UTC on closed }\n" Q ELSE,
         "f:1: expected a day such as 2026-12-24, not \"closed\"\n"},
        {"an exception of no day", "calendar c { mon 09:00-10:00 tz UTC on 2026-02-30 closed }\n" Q ELSE,
         "f:1: \"2026-02-30\" is not a day: write 2026-12-25\n"},
        {"an exception that says nothing", "calendar c { mon 09:00-10:00 tz UTC on 2026-12-24 }\n" Q ELSE,
         "f:1: expected closed, or hours such as 09:00-12:00, not \"}\"\n"},
        {"an exception with bad hours", "calendar c { mon 09:00-10:00 tz UTC on 2026-12-24 9:00-12:00 }\n" Q ELSE,
         "f:1: \"9:00-12:00\" are not hours: write 09:00-18:00\n"},
        {"a day with exceptions twice",
         "calendar c { mon 09:00-10:00 tz UTC on 2026-12-24 closed\n on 2026-12-25 2026-12-24 09:00-12:00 }\n" Q ELSE,
         "f:2: 2026-12-24 has hours of its own in this calendar already\n"},
        {"heat of one channel", Q "route when heat >= 1 in 6h to q\n" ELSE, "f:2: heat is asked for 2 to 5 channels\n"},
        {"heat of too many", Q "route when heat >= 6 in 6h to q\n" ELSE, "f:2: heat is asked for 2 to 5 channels\n"},
        {"heat without a number", Q "route when heat in 6h to q\n" ELSE,
         "f:2: heat needs a number of channels and a time, such as heat >= 3 in 6h\n"},
        {"heat that is little", Q "route when heat < 3 in 6h to q\n" ELSE,
         "f:2: heat needs a number of channels and a time, such as heat >= 3 in 6h\n"},
        {"heat without a time", Q "route when heat >= 3 to q\n" ELSE,
         "f:2: expected in and a time such as 6h, not \"to\"\n"},
        {"heat in days", Q "route when heat >= 3 in 2d to q\n" ELSE,
         "f:2: \"2d\" is not a duration: a day of work has no fixed length, write hours\n"},
        {"more heat behind less", Q "route when heat >= 2 in 6h to q\nroute when heat >= 3 in 1h to q\n" ELSE,
         "f:3: is never reached: line 2 takes every ticket that fits here\n"},
        {"a clock that is due at another time",
         Q ELSE "expect clock q first-reply opened 2026-12-24T11:00:00Z due 2026-12-24T12:30:00Z\n",
         "f:3: this clock is due at 2026-12-24T12:00:00Z\n"},
        {"a holiday that is not in the file",
         "calendar c { mon-sun 00:00-24:00 tz Asia/Taipei holidays \"tw.ics\" }\n"
         "queue q { first-reply 1h calendar c }\n" ELSE
         "expect clock q first-reply opened 2026-12-24T23:30:00+08:00 due 2026-12-25T00:30:00+08:00\n",
         "f:4: this clock is due at 2026-12-25T16:30:00Z\n"},
        {"a clock that is not promised",
         Q ELSE "expect clock q update opened 2026-12-24T11:00:00Z due 2026-12-24T12:00:00Z\n",
         "f:3: queue \"q\" does not promise update\n"},
        {"a clock of no queue", Q ELSE "expect clock p update opened 2026-12-24T11:00:00Z due 2026-12-24T12:00:00Z\n",
         "f:3: no queue is called \"p\"\n"},
        {"a clock that is none", Q ELSE "expect clock q restor opened 2026-12-24T11:00:00Z due 2026-12-24T12:00:00Z\n",
         "f:3: no clock is called \"restor\": it is first-reply, update or restore; did you mean \"restore\"?\n"},
        {"a clock without a moment", Q ELSE "expect clock q first-reply due 2026-12-24T12:00:00Z\n",
         "f:3: expected opened and a moment, not \"due\"\n"},
        {"a moment that is none", Q ELSE "expect clock q first-reply opened 2026-12-24 due 2026-12-24T12:00:00Z\n",
         "f:3: \"2026-12-24\" is not a moment: write 2026-12-24T11:00:00Z, or 2026-12-24T19:00:00+08:00\n"},
        {"a clock that is never due",
         "calendar c { mon 09:00-09:01 tz UTC }\nqueue q { restore 8784h calendar c }\n" ELSE
         "expect clock q restore opened 2026-12-24T11:00:00Z due 2026-12-24T12:00:00Z\n",
         "f:4: this clock is due at no time\n"},
        {"an example that fails", Q "queue r { }\nroute when affected to r\n" ELSE "expect affected queue q\n",
         "f:5: this example goes to r by line 3, not to q\n"},
        {"an example with another priority", Q "route otherwise to q priority 5\nexpect queue q priority 6\n",
         "f:3: this example has priority 5 by line 2, not 6\n"},
        {"an example that states a range", Q ELSE "expect followers > 9 queue q\n",
         "f:3: an example states one value, such as followers 10\n"},
        {"an example that states a fact twice", Q ELSE "expect known, known no queue q\n",
         "f:3: known is stated twice\n"},
        {"a stray character", Q "route when affected; to q\n" ELSE, "f:2: unexpected character ;\n"},
        {"a byte outside ASCII", Q "route when tier g\xC3\xB6ld to q\n" ELSE,
         "f:2: unexpected byte 0xC3: outside of texts only ASCII is used\n"
         "f:2: expected a comma and a condition, or to and a queue, not \"ld\"\n"},
        {"several, in the order of their lines",
         "queue q { titel \"x\" first-reply soon calendar alway }\nroute when afected to q\nroute otherwise to p\n",
         "f:1: queue \"q\" has no \"titel\"; did you mean \"title\"?\n"
         "f:1: \"soon\" is not a duration: write 90s, 30m, 1h or 1h30m\n"
         "f:1: no calendar is called \"alway\"; did you mean \"always\"?\n"
         "f:2: unknown fact \"afected\"; did you mean \"affected\"?\n"
         "f:3: no queue is called \"p\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rules *r = NULL;
        struct buf faults = {0};
        enum err e = rules_load_from(&r, "f", str_of(cases[i].text), &sources, &faults);

        if (e != ERR_CONF || r != NULL || !str_is(buf_view(&faults), cases[i].faults))
            fail_msg("%s: %s\n%s", cases[i].label, err_name(e), buf_view(&faults).at);
        buf_free(&faults);
    }
}

static void what_is_right_is_taken(void **state)
{
    static const struct {
        const char *label, *text;
    } cases[] = {
        {"the least", "queue q{}\nroute otherwise to q"},
        {"a byte order mark and CRLF", "\xEF\xBB\xBFqueue q { }\r\nroute otherwise to q\r\n"},
        {"comments", "# a\nqueue q { # b\n # c\n}# d\nroute otherwise to q # e"},
        {"continued lines", "queue q { }\nroute when\n\taffected,\n  known\n  to q\nroute otherwise\n to q\n"},
        {"a calendar below its queue", "queue q { update 1h calendar c }\nroute otherwise to q\n"
                                       "calendar c { mon 09:00-10:00 tz UTC }\n"},
        {"a queue below its route", "route otherwise to q\nqueue q { }\n"},
        {"days over the week's end", "calendar c { fri-mon 09:00-10:00 tz UTC }\nqueue q { }\nroute otherwise to q\n"},
        {"a list of days", "calendar c { mon, wed-thu 00:00-24:00 tz UTC }\nqueue q { }\nroute otherwise to q\n"},
        {"quoted words", "queue q { }\nroute when tier \"very gold\" to q\nroute otherwise to q\n"
                         "expect tier \"Very Gold\" queue q\n"},
        {"a narrower route first", "queue q { }\nroute when language zh-TW to q\nroute when language zh to q\n"
                                   "route otherwise to q\n"},
        {"holidays, and hours of one day",
         "calendar c { mon 09:00-10:00 tz UTC holidays \"tw.ics\" \"tw.ics\" on 2026-12-24 2026-12-25 09:00-12:00\n"
         " 13:00-14:00 on 2026-12-31 closed }\nqueue q { }\nroute otherwise to q\n"},
        {"lines that leave something over",
         "queue q { }\nroute when known to q\nroute when known no, level <= 3 to q\nroute when channel web to q\n"
         "route otherwise to q\n"},
        {"lines that ask more than a later one",
         "queue q { }\nroute when tier gold, known to q\nroute when tier gold, known no to q\n"
         "route when channel web to q\nroute otherwise to q\n"},
        {"nothing left for the last line", "queue q { }\nroute when known to q\nroute when known no to q\n"
                                           "route otherwise to q\n"},
        {"less heat behind more", "queue q { }\nroute when heat >= 3 in 6h to q\nroute when heat >= 2 in 6h to q\n"
                                  "route when heat >= 3 in 12h, known to q\nroute otherwise to q\n"},
        {"clocks at their time, in any offset",
         "calendar c { mon-fri 09:00-17:00 tz UTC on 2026-12-24 09:00-12:00 }\nqueue q { update 2h calendar c }\n"
         "route otherwise to q\n"
         "expect clock q update opened 2026-12-24T19:00:00+08:00 due 2026-12-25T10:00:00Z\n"},
        {"pauses and steps",
         "queue q { escalate update at breach to manager escalate restore 90s before breach to lead\n"
         " escalate update 30m before breach to agent restore 2m update 1h calendar always\n"
         " pause update, restore when waiting-customer }\nroute otherwise to q\n"},
        {"a number from both sides", "queue q { }\nroute when followers >= 10, followers <= 20 to q\n"
                                     "route when followers >= 10, followers <= 30 to q\nroute otherwise to q\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rules *r = NULL;
        struct buf faults = {0};

        if (rules_load_from(&r, "f", str_of(cases[i].text), &sources, &faults) != ERR_OK)
            fail_msg("%s: %s", cases[i].label, buf_view(&faults).at);
        rules_close(r);
        buf_free(&faults);
    }
}

/* n lines made of format, which takes a number. */
static void add_lines(struct buf *b, size_t n, const char *before, const char *after)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%zu%s\n", before, i, after);
}

static void everything_is_bounded(void **state)
{
    static const struct {
        const char *label, *before, *after, *fault;
        size_t most;
    } cases[] = {
        {"queues", "queue q", " { }", "f:257: more than 256 queues\n", RULES_QUEUES_MAX},
        {"calendars", "calendar c", " { mon 09:00-10:00 tz UTC }", "f:66: more than 64 calendars\n",
         RULES_CALENDARS_MAX},
        {"routes", "route when followers ", " to q", "f:1026: more than 1024 routes\n", RULES_ROUTES_MAX},
        {"examples", "expect followers ", " queue q", "f:1026: more than 1024 examples\n", RULES_EXAMPLES_MAX},
        {"examples of clocks", "expect clock q update opened 2026-12-24T11:00:00Z due 2026-12-24T12:00:00.", "Z",
         "f:1026: more than 1024 examples\n", RULES_EXAMPLES_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text = {0}, faults = {0};
        struct rules *r;

        buf_text(&text, "queue q { }\n");
        add_lines(&text, cases[i].most + 1, cases[i].before, cases[i].after);
        buf_text(&text, "route otherwise to q\n");
        assert_int_equal(rules_load(&r, "f", buf_view(&text), zoneinfo_bytes, NULL, &faults), ERR_CONF);
        if (strstr(buf_view(&faults).at, cases[i].fault) == NULL)
            fail_msg("%s: %s", cases[i].label, buf_view(&faults).at);
        buf_free(&text);
        buf_free(&faults);
    }
}

static void steps_are_bounded_and_in_order(void **state)
{
    struct buf text = {0}, faults = {0};
    struct rules *r;

    (void)state;
    buf_text(&text, "queue q { first-reply 1h update 1h calendar always pause first-reply when waiting-customer\n"
                    " escalate update at breach to lead\n");
    for (int i = 1; i < SLA_STEPS_MAX; i++)
        buf_printf(&text, " escalate first-reply %dm before breach to lead\n", i);

    size_t full = text.len;

    buf_text(&text, "}\n" ELSE);
    assert_int_equal(rules_load(&r, "f", buf_view(&text), zoneinfo_bytes, NULL, &faults), ERR_OK);

    const struct sla_policy *p = &rules_queue_at(r, 0)->policy;

    assert_int_equal(p->step_count, SLA_STEPS_MAX);
    for (size_t i = 0; i + 1 < SLA_STEPS_MAX; i++)
        assert_int_equal(p->steps[i].before_ms, (SLA_STEPS_MAX - 1 - (int64_t)i) * 60000);
    assert_int_equal(p->steps[SLA_STEPS_MAX - 1].clock, SLA_UPDATE);
    assert_true(p->pauses[SLA_FIRST_REPLY] && !p->pauses[SLA_UPDATE] && !p->pauses[SLA_RESTORE]);
    rules_close(r);

    text.len = full;
    buf_text(&text, " escalate update 1m before breach to lead }\n" ELSE);
    assert_int_equal(rules_load(&r, "f", buf_view(&text), zoneinfo_bytes, NULL, &faults), ERR_CONF);
    assert_string_equal(buf_view(&faults).at, "f:14: queue \"q\" has more than 12 steps\n");
    buf_free(&text);
    buf_free(&faults);
}

static void large_files_and_many_faults_are_cut(void **state)
{
    struct buf text = {0}, faults = {0};
    struct rules *r;
    size_t lines = 0;

    (void)state;
    add_lines(&text, 150, "what", "");
    assert_int_equal(rules_load(&r, "f", buf_view(&text), zoneinfo_bytes, NULL, &faults), ERR_CONF);
    for (const char *p = buf_view(&faults).at; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, 101);
    assert_non_null(strstr(faults.at, "f:100: and 51 more\n"));
    buf_free(&faults);

    while (text.len <= RULES_BYTES_MAX)
        buf_text(&text, "# filling\n");
    assert_int_equal(rules_load(&r, "f", buf_view(&text), zoneinfo_bytes, NULL, &faults), ERR_CONF);
    assert_string_equal(buf_view(&faults).at, "f:1: larger than 1048576 bytes\n");
    buf_free(&faults);
    buf_free(&text);
}

/* 360 days of the year that the file is named for. */
static enum err every_day(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    (void)arg;
    (void)bytes_max;
    buf_printf(bytes, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:%s0101\nDURATION:P360D\nEND:VEVENT\nEND:VCALENDAR\n",
               name);
    return ERR_OK;
}

static void holidays_are_bounded(void **state)
{
    static const struct rules_sources from = {.zones = zoneinfo_bytes, .beside = every_day};
    static const char text[] = "calendar c { mon 09:00-10:00 tz UTC\n"
                               " holidays \"2026\" \"2027\" \"2026\"\n holidays \"2028\" }\n" Q ELSE;
    struct rules *r;
    struct buf faults = {0};

    (void)state;
    assert_int_equal(rules_load_from(&r, "f", str_of(text), &from, &faults), ERR_CONF);
    assert_string_equal(buf_view(&faults).at, "f:3: a calendar has at most 1024 holidays\n");
    buf_free(&faults);
}

/* arg: what the file holds. */
static enum err given(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    (void)name;
    (void)bytes_max;
    buf_text(bytes, arg);
    return ERR_OK;
}

static void a_holiday_more_is_another_version(void **state)
{
    static const char text[] = "calendar c { mon 09:00-10:00 tz UTC holidays \"tw.ics\" }\n" Q ELSE;
    char days[2][100] = {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\nEND:VCALENDAR\n",
                         "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261226\nEND:VEVENT\nEND:VCALENDAR\n"};
    struct rules *r[2];
    struct buf faults = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct rules_sources from = {.zones = zoneinfo_bytes, .beside = given, .beside_arg = days[i]};

        assert_int_equal(rules_load_from(&r[i], "f", str_of(text), &from, &faults), ERR_OK);
    }
    assert_string_not_equal(rules_version(r[0]), rules_version(r[1]));
    rules_close(r[0]);
    rules_close(r[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_line),
        cmocka_unit_test(what_is_right_is_taken),
        cmocka_unit_test(everything_is_bounded),
        cmocka_unit_test(large_files_and_many_faults_are_cut),
        cmocka_unit_test(steps_are_bounded_and_in_order),
        cmocka_unit_test(holidays_are_bounded),
        cmocka_unit_test(a_holiday_more_is_another_version),
    };

    return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}
