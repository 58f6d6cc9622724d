#!/usr/bin/env python3
"""Works out when clocks are due, in another way than rules/ does it: minute by minute, each asked of Python's zoneinfo
for its wall clock. Prints tests/unit/rules/clocks.table:

    python3 tests/tools/clock_table.py > tests/unit/rules/clocks.table

First the rules of the calendars, a line `---`, then a case a line: words | calendar | clock | promise | pauses | events |
what is expected: `due MOMENT`, `stands SECONDS` (so much is left) or `kept`."""
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

WEEK = "mon tue wed thu fri sat sun".split()
OFFICE = {d: "09:00-12:00 13:00-18:00" for d in WEEK[:5]}
NINE = {d: "09:00-17:00" for d in WEEK[:5]}
ROUND = {d: "00:00-24:00" for d in WEEK}
NIGHT = {d: "00:00-06:00" for d in WEEK}

# name: zone, hours of a week, holidays, days with hours of their own
CALENDARS = {
    "always": None,
    "utc": ("UTC", NINE, [], {}),
    "taipei": ("Asia/Taipei", OFFICE, ["2026-12-25", "2027-01-01"], {"2027-02-13": "09:00-12:00"}),
    "berlin": ("Europe/Berlin", OFFICE, ["2026-12-25", "2027-01-01"], {"2026-12-24": "09:00-12:00"}),
    "berlin-round": ("Europe/Berlin", ROUND, [], {}),
    "berlin-night": ("Europe/Berlin", NIGHT, [], {}),
    "london": ("Europe/London", NINE, ["2026-12-25", "2026-12-28"], {}),
    "new-york": ("America/New_York", NINE, ["2026-11-26", "2026-12-25"], {"2026-11-27": "09:00-13:00"}),
    "new-york-night": ("America/New_York", NIGHT, [], {}),
    "new-york-fold": ("America/New_York", {"sun": "01:00-02:00"}, [], {}),
    "new-york-gap": ("America/New_York", {"sun": "02:00-03:00"}, [], {}),
    "kolkata": ("Asia/Kolkata", {d: "09:30-18:00" for d in WEEK[:6]}, ["2026-01-26"], {}),
    "kathmandu": ("Asia/Kathmandu", NINE, [], {}),
    "st-johns": ("America/St_Johns", NINE, [], {}),
    "adelaide": ("Australia/Adelaide", NINE, [], {}),
    "lord-howe": ("Australia/Lord_Howe", {"sun": "01:00-03:00"}, [], {}),
    "chatham": ("Pacific/Chatham", NIGHT, [], {}),
    "kiritimati": ("Pacific/Kiritimati", NINE, [], {}),
    "honolulu": ("Pacific/Honolulu", NINE, [], {}),
    "shifts": ("UTC", {d: "00:00-02:00 06:00-10:00 14:00-18:00 22:00-24:00" for d in WEEK}, ["2026-06-10"], {}),
    "late": ("Europe/Berlin", {"fri": "22:00-24:00", "sat": "00:00-02:00"}, [], {}),
    "sao-paulo": ("America/Sao_Paulo", ROUND, [], {}),
}

ALL = "first-reply update restore"
# words | calendar | clock | promise | pauses | events
CASES = """
night and day                        | always | first-reply | 1h | | o 2026-06-10T23:30:07Z
over the end of a year               | always | restore | 12h | | o 2026-12-31T18:00:01Z
over a leap day                      | always | restore | 36h | | o 2028-02-28T18:00:00Z
over the end of February             | always | restore | 36h | | o 2027-02-27T18:00:00Z
one second                           | always | first-reply | 1s | | o 2026-06-10T12:00:00Z
a second before a day                | always | update | 23h59m59s | | o 2026-06-10T00:00:02Z
within a day                         | utc | first-reply | 1h | | o 2026-06-10T09:00:00Z
before work                          | utc | first-reply | 1h | | o 2026-06-10T03:12:45Z
after work                           | utc | first-reply | 1h | | o 2026-06-10T17:00:00Z
a second before the end of work      | utc | first-reply | 1h | | o 2026-06-10T16:59:59Z
over a weekend                       | utc | first-reply | 4h | | o 2026-06-12T15:30:30Z
on a Saturday                        | utc | first-reply | 30m | | o 2026-06-13T12:00:00Z
to the end of the day                | utc | restore | 8h | | o 2026-06-10T09:00:00Z
ten days of work                     | utc | restore | 80h | | o 2026-06-10T10:00:00Z
over noon                            | taipei | first-reply | 2h | | o 2026-06-10T03:30:00Z
in the break at noon                 | taipei | first-reply | 30m | | o 2026-06-10T04:30:00Z
ends at the break                    | taipei | first-reply | 3h | | o 2026-06-10T01:00:00Z
begins the day before in UTC         | taipei | first-reply | 1h | | o 2026-06-09T22:00:00Z
over a holiday                       | taipei | first-reply | 4h | | o 2026-12-24T08:00:00Z
on a holiday                         | taipei | first-reply | 90m | | o 2026-12-25T03:00:00Z
over New Year                        | taipei | restore | 12h | | o 2026-12-31T07:00:00Z
a Saturday of work                   | taipei | first-reply | 4h | | o 2027-02-12T09:00:00Z
leap day of work                     | taipei | restore | 16h | | o 2028-02-28T02:00:00Z
half a day before Christmas          | berlin | first-reply | 4h | | o 2026-12-24T09:30:00Z
afternoon of Christmas Eve           | berlin | first-reply | 1h | | o 2026-12-24T13:00:00Z
from Christmas Eve to next year      | berlin | restore | 40h | | o 2026-12-24T08:00:00Z
spring forward: night and day        | berlin-round | restore | 24h | | o 2026-03-28T12:00:00Z
fall back: night and day             | berlin-round | restore | 24h | | o 2026-10-24T12:00:00Z
spring forward: at night             | berlin-night | restore | 6h | | o 2026-03-28T23:00:00Z
fall back: at night                  | berlin-night | restore | 6h | | o 2026-10-24T22:00:00Z
fall back: in the first of two hours | berlin-night | first-reply | 1h | | o 2026-10-25T00:30:00Z
fall back: in the second             | berlin-night | first-reply | 1h | | o 2026-10-25T01:30:00Z
spring forward: the hour before      | berlin-night | first-reply | 1h | | o 2026-03-29T00:30:00Z
spring forward: office hours         | berlin | restore | 16h | | o 2026-03-27T12:00:00Z
fall back: office hours              | berlin | restore | 16h | | o 2026-10-23T12:00:00Z
year end: holiday and weekend        | london | first-reply | 8h | | o 2026-12-24T16:00:00Z
spring forward in London             | london | first-reply | 8h | | o 2026-03-27T16:30:00Z
fall back in London                  | london | first-reply | 8h | | o 2026-10-23T15:30:00Z
Thanksgiving and half a day          | new-york | first-reply | 8h | | o 2026-11-25T20:00:00Z
spring forward in New York           | new-york | restore | 16h | | o 2026-03-06T20:00:00Z
fall back in New York                | new-york | restore | 16h | | o 2026-10-30T19:00:00Z
spring forward at night              | new-york-night | restore | 5h30m | | o 2026-03-08T05:00:00Z
fall back at night                   | new-york-night | restore | 6h30m | | o 2026-11-01T04:00:00Z
an hour that comes twice             | new-york-fold | first-reply | 2h | | o 2026-11-01T00:00:00Z
half of an hour that comes twice     | new-york-fold | first-reply | 90m | | o 2026-11-01T05:15:00Z
an hour that is left out             | new-york-gap | first-reply | 1h | | o 2026-03-08T00:00:00Z
the other time of the year           | new-york | first-reply | 1h | | o 2026-07-03T20:30:00Z
half an hour east                    | kolkata | first-reply | 1h | | o 2026-06-10T12:00:00Z
half an hour east, before work       | kolkata | first-reply | 1h | | o 2026-06-10T03:00:00Z
Saturday, and a holiday on Monday    | kolkata | first-reply | 9h | | o 2026-01-24T06:00:00Z
three quarters of an hour            | kathmandu | first-reply | 2h | | o 2026-06-10T10:30:00Z
half an hour west, spring            | st-johns | restore | 16h | | o 2026-03-06T19:00:00Z
half an hour west, autumn            | st-johns | restore | 16h | | o 2026-10-30T18:00:00Z
half an hour, southern autumn        | adelaide | restore | 16h | | o 2026-04-02T05:00:00Z
half an hour, southern spring        | adelaide | restore | 16h | | o 2026-10-02T05:00:00Z
half an hour of saving, gone         | lord-howe | first-reply | 2h30m | | o 2026-04-04T12:00:00Z
half an hour of saving, come         | lord-howe | first-reply | 2h30m | | o 2026-10-03T12:00:00Z
three quarters, with saving          | chatham | restore | 8h | | o 2026-04-04T12:00:00Z
first in the world                   | kiritimati | first-reply | 1h | | o 2026-06-07T18:00:00Z
last in the world                    | honolulu | first-reply | 1h | | o 2026-06-06T02:45:00Z
no saving any more                   | sao-paulo | restore | 24h | | o 2026-10-17T12:00:00Z
four intervals a day                 | shifts | restore | 7h | | o 2026-06-08T01:00:00Z
over midnight, two intervals meet    | shifts | first-reply | 3h | | o 2026-06-08T22:30:00Z
a holiday between two midnights      | shifts | first-reply | 3h | | o 2026-06-09T22:30:00Z
twelve days of four intervals        | shifts | restore | 144h | | o 2026-06-01T00:00:00Z
a shift over midnight                | late | first-reply | 3h | | o 2026-06-12T21:00:00Z
a shift over midnight, next week     | late | first-reply | 5h | | o 2026-06-12T18:00:00Z
a pause                              | always | restore | 4h | restore | o 2026-06-10T10:00:00Z p 2026-06-10T11:00:30Z r 2026-06-10T13:00:00Z
a pause of another clock             | always | restore | 4h | update | o 2026-06-10T10:00:00Z p 2026-06-10T11:00:30Z r 2026-06-10T13:00:00Z
two pauses in one                    | always | restore | 4h | restore | o 2026-06-10T10:00:00Z p 2026-06-10T11:00:00Z p 2026-06-10T12:00:00Z r 2026-06-10T13:00:00Z
stands                               | always | restore | 4h | restore | o 2026-06-10T10:00:00Z p 2026-06-10T11:00:30Z
solved in a pause, and reopened      | always | restore | 4h | restore | o 2026-06-10T10:00:00Z p 2026-06-10T11:00:00Z s 2026-06-10T12:00:00Z n 2026-06-10T15:00:00Z
resumed while solved                 | always | update | 4h | update | o 2026-06-10T10:00:00Z p 2026-06-10T10:30:00Z s 2026-06-10T11:00:00Z r 2026-06-10T12:00:00Z n 2026-06-10T15:00:00Z
paused while solved                  | always | update | 4h | update | o 2026-06-10T10:00:00Z s 2026-06-10T11:00:00Z p 2026-06-10T12:00:00Z
reopened twice                       | always | update | 4h | | o 2026-06-10T10:00:00Z s 2026-06-10T11:00:00Z n 2026-06-10T12:00:00Z s 2026-06-10T12:20:20Z n 2026-06-11T00:00:00Z
a pause over a weekend               | utc | restore | 8h | restore | o 2026-06-12T15:00:00Z p 2026-06-12T16:00:00Z r 2026-06-14T12:00:00Z
a pause outside of work              | utc | restore | 8h | restore | o 2026-06-12T15:00:00Z p 2026-06-12T17:30:00Z r 2026-06-15T08:30:00Z
a pause over a holiday               | berlin | restore | 8h | restore | o 2026-12-23T14:00:00Z p 2026-12-24T10:30:00Z r 2026-12-28T10:15:15Z
a pause over a change of the clock   | berlin-round | restore | 12h | restore | o 2026-10-24T18:00:00Z p 2026-10-25T00:15:00Z r 2026-10-25T01:45:00Z
pauses that touch                    | always | restore | 2h | restore | o 2026-06-10T10:00:00Z p 2026-06-10T10:30:00Z r 2026-06-10T11:00:00Z p 2026-06-10T11:00:00Z r 2026-06-10T11:30:00Z
a reply begins the update again      | always | update | 4h | | o 2026-06-10T10:00:00Z a 2026-06-10T11:11:11Z
a late reply begins it again, too    | utc | update | 4h | | o 2026-06-10T09:00:00Z a 2026-06-10T15:00:00Z
a reply in a pause                   | always | update | 4h | update | o 2026-06-10T10:00:00Z p 2026-06-10T11:00:00Z a 2026-06-10T11:30:00Z r 2026-06-10T12:00:00Z
a reply keeps the first              | utc | first-reply | 1h | | o 2026-06-10T09:00:00Z a 2026-06-10T09:59:59Z
a reply is too late                  | utc | first-reply | 1h | | o 2026-06-10T09:00:00Z a 2026-06-10T10:00:01Z
solved in time                       | berlin | restore | 8h | | o 2026-12-23T14:00:00Z s 2026-12-24T10:59:59Z
solved too late                      | berlin | restore | 4h | | o 2026-12-23T14:00:00Z s 2026-12-28T10:00:00Z
solved, reopened, runs on            | taipei | restore | 8h | | o 2026-12-24T01:00:00Z s 2026-12-24T05:30:00Z n 2026-12-28T02:00:00Z
"""

NAMES = {"o": "opened", "p": "paused", "r": "resumed", "a": "replied", "s": "solved", "n": "reopened"}
MINUTE = timedelta(minutes=1)


def seconds_of(text):
    units, total, digits = {"h": 3600, "m": 60, "s": 1}, 0, ""
    for c in text:
        if c.isdigit():
            digits += c
        else:
            total, digits = total + int(digits) * units[c], ""
    return total


def hours_of(calendar, day):
    zone, week, holidays, own = CALENDARS[calendar]
    if str(day) in own:
        return own[str(day)]
    return "" if str(day) in holidays else week.get(WEEK[day.weekday()], "")


def works(calendar, moment):
    """In the minute that begins at this moment of UTC?"""
    if CALENDARS[calendar] is None:
        return True
    wall = moment.astimezone(ZoneInfo(CALENDARS[calendar][0]))
    at = wall.hour * 60 + wall.minute
    for hours in hours_of(calendar, wall.date()).split():
        begin, end = (int(t[:2]) * 60 + int(t[3:]) for t in hours.split("-"))
        if begin <= at < end:
            return True
    return False


class Clock:
    def __init__(self, which, promise, pauses):
        self.which, self.promise, self.pauses = which, promise, pauses
        self.left, self.due, self.met, self.paused, self.solved = promise, None, None, False, False

    def happens(self, kind, moment):
        if kind == "a" and self.which == "first-reply" and self.met is None:
            self.met = moment
        elif kind == "a" and self.which == "update":
            self.left, self.due = self.promise, None
        elif kind in "pr":
            self.paused = kind == "p"
        elif kind == "s":
            self.solved = True
            if self.which == "restore":
                self.met = moment
        elif kind == "n":
            self.solved = self.paused = False
            if self.which == "restore":
                self.met = None

    def runs(self):
        return self.met is None and not self.solved and not (self.paused and self.which in self.pauses)

    def passes(self, calendar, begin, end):
        """From one moment to the next that anything happens at, a minute or what is left of it at a time."""
        while begin < end and self.left > 0:
            minute = begin.replace(second=0)
            stop = min(minute + MINUTE, end)
            if works(calendar, minute):
                part = min(self.left, int((stop - begin).total_seconds()))
                self.left -= part
                if self.left == 0:
                    self.due = begin + timedelta(seconds=part)
            begin = stop


def moment_of(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def expected(calendar, which, promise, pauses, events):
    clock, at = Clock(which, seconds_of(promise), pauses), events[0][1]
    for kind, moment in events[1:]:
        if clock.runs():
            clock.passes(calendar, at, moment)
        clock.happens(kind, moment)
        at = moment
    if clock.runs():
        clock.passes(calendar, at, at + timedelta(days=60))
    if clock.due is not None:
        return "due " + stamp(clock.due)
    return "kept" if clock.met is not None else "stands %d" % clock.left


def print_rules():
    for name, of in CALENDARS.items():
        if of is None:
            continue
        zone, week, holidays, own = of
        days = "  ".join("%s %s" % (d, h) for d, h in week.items())
        print("calendar %s { %s  tz %s" % (name, days, zone), end="")
        print("".join("\n    holiday %s" % d for d in holidays), end="")
        print("".join("\n    on %s %s" % (d, h) for d, h in own.items()), "}")


def main():
    print_rules()
    print("---")
    for line in CASES.strip().split("\n"):
        words, calendar, which, promise, pauses, history = (part.strip() for part in line.split("|"))
        parts = history.split()
        events = [(kind, moment_of(at)) for kind, at in zip(parts[::2], parts[1::2])]
        told = " ".join("%s %s" % (NAMES[kind], stamp(at)) for kind, at in events)
        print(" | ".join([words, calendar, which, promise, pauses, told,
                          expected(calendar, which, promise, pauses.split(), events)]))


main()
