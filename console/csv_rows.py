"""Leads as CSV (RFC 4180) for spreadsheets. What a stranger wrote must not run there as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from store import reports_lead
from store.engine import Engine
from store.reports import Row

AT_ONCE = 500  # leads read with one question
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and the same in full width
COLUMNS = (
    "code", "status", "name", "company", "phone", "email", "source", "channel", "campaign", "pool", "owner", "outcome", "is_test",
    "arrived_at", "acked_at", "accepted_at", "response_due_at", "responded_at", "breached_at", "closed_at", "message", "stage", "stage_at",
)  # fmt: skip


def lines(engine: Engine, now: datetime, filters: Row) -> Iterator[str]:
    """The heading, then a line per lead, newest first. `filters` as `reports_lead.many` takes them."""
    yield line(COLUMNS)
    below: int | None = None
    while found := reports_lead.many(engine, now, filters=filters, below=below, most=AT_ONCE):
        yield "".join(line(values(row)) for row in found)
        below = found[-1]["id"]


def values(row: Row) -> list[object]:
    """One lead in the order of the columns."""
    utm = row["content"].get("utm")
    more = {"campaign": utm.get("campaign") if isinstance(utm, dict) else None}
    more |= {name: row["state"].get(name) for name in ("outcome", "stage")}
    more["stage_at"] = instant(row["state"].get("stage_at"))
    return [more.get(name, row.get(name)) for name in COLUMNS]


def instant(said: str | None) -> datetime | None:
    """An instant out of a document."""
    return datetime.fromisoformat(said) if said else None


def line(cells: Iterable[object]) -> str:
    """One line, each cell quoted, ended by CR LF."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return out.getvalue()


def guarded(value: object) -> str:
    """As text. One that a spreadsheet could take for a formula begins with an apostrophe; so does +1512..., which stays text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = str(value).replace("\0", "")
    return f"'{words}" if str(value).startswith(FORMULA) or words.lstrip().startswith(FORMULA) else words
