"""The tables of docs/contact.md, from the rules themselves: `python -m config.rules.write_page docs/contact.md`."""

import re
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from config.teamfile.hours import DAYS, windows_text
from config.teamfile.rules import rulebook
from routing.hours import Window
from routing.rulebook import Rulebook, SendingClass, TextHours

PART = re.compile(r"(<!-- the (\w+): made by [^\n]*-->\n).*?(<!-- the end of the \2 -->)", re.DOTALL)


def hours_table(book: Rulebook) -> str:
    """Where, when, since when, after which text."""
    rows = [f"| {rule.region or 'unknown'} | {_week(rule)} | {_dates(rule)} | {rule.source} |" for rule in book.hours]
    return _table("where | texts are allowed | in force (read) | after", sorted(rows))


def carriers_table(book: Rulebook) -> str:
    """What each class and tier allows."""
    rows = [f"| `{each.id}` | {_rate(each)} | {each.words} | {each.source} |" for each in book.carriers]
    return _table("key | segments | what it is | after", rows)


def with_tables(page: str, book: Rulebook) -> str:
    """The page with its tables as they must be."""
    made = {"hours": hours_table, "carriers": carriers_table}
    return PART.sub(lambda part: f"{part[1]}{made[part[2]](book)}{part[3]}", page)


def _table(head: str, rows: Iterable[str]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *rows]) + "\n"


def _week(rule: TextHours) -> str:
    """Days with the same hours on end together: `mon-sat 08:00-20:00, sun closed`."""
    spans: list[tuple[int, int, tuple[Window, ...]]] = []
    for day in range(7):
        windows = rule.weekly.get(day, ())
        if spans and spans[-1][2] == windows:
            spans[-1] = (spans[-1][0], day, windows)
        else:
            spans.append((day, day, windows))
    said = [f"{_days(first, last)}{windows_text(windows)}" for first, last, windows in spans]
    return ", ".join([*said, *(["never on public holidays there"] if rule.closed_on else [])])


def _days(first: int, last: int) -> str:
    if (first, last) == (0, 6):
        return ""
    return f"{DAYS[first]} " if first == last else f"{DAYS[first]}-{DAYS[last]} "


def _dates(rule: TextHours) -> str:
    since = "long since" if rule.in_force_from == date(2010, 1, 1) else str(rule.in_force_from)
    return f"{since} ({rule.as_of})"


def _rate(each: SendingClass) -> str:
    return f"{each.per_minute:,} a minute" if each.per_minute else f"{each.per_day:,} a day"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(with_tables(target.read_text(encoding="utf-8"), rulebook()), encoding="utf-8")
