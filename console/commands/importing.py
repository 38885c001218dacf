"""`headroom import`: leads out of a CSV file, as if they had been posted to one of the sources."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from config import clock
from console.csv_leads import OURS, Line, Wanted, columns, lines, unknown_columns
from console.output import BAD_USE, FINE, FOUND_PROBLEMS, Trouble, as_json, show, table
from console.sheets import NotCsv, Sheet, read
from console.visit import Visit, visit
from routing.team import Source, Team
from store import imports, inbox, policies
from store.imports import Met
from store.inbox import Received

AT_ONCE = 200  # rows kept in one transaction
LARGEST_FILE = 50 * 1024 * 1024  # bytes
SHOWN = 20  # rows of the table; faults are all listed
NEW, WORD, TAKEN, TWICE, FAULTY = "new lead", "a word on", "came before", "same person as row", "cannot be imported"
DUMMY = "a test of the vendor's, left out"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one row."""

    line: Line
    what: str
    about: str = ""

    @property
    def is_wanted(self) -> bool:
        """Will it be imported?"""
        return self.what in (NEW, WORD)


@click.command(name="import", help="Take the leads of a CSV FILE (- for standard input) as if they had been posted to a source.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--source", "source_id", required=True, help="The source of the team file they count as: its pool, words, hours.")
@click.option(
    "--map", "maps", multiple=True, metavar="FIELD=COLUMN", help=f"A column by our field ({', '.join(OURS)}); repeat it."
)
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask before the leads are answered and offered.")
@click.option("--test", "is_test", is_flag=True, help="Mark them TEST: kept out of reports.")
@click.option("--encoding", help="If it is neither UTF-8, UTF-16 with a mark, nor Windows text.")
@click.option("--separator", help="If it is none of , ; tab |")
@as_json
def import_leads(file: Path, source_id: str, maps: Sequence[str], *, as_json: bool, **how: Any) -> int:
    """Exit code 1 when a row could not be imported; the good ones are imported all the same."""
    sheet = _sheet(file, how["encoding"], how["separator"])
    with visit() as at:
        team = policies.current(at.engine, at.settings)
        source = _source(team, source_id)
        theirs = {**source.fields, **_mapping(maps, sheet)}
        own = frozenset((at.settings.twilio_from, *team.site.numbers))
        wanted = Wanted(source.id, source.type, source.region or team.site.region, own)
        found = [_marked(line, how["is_test"]) for line in _lines(file, sheet, theirs, wanted)]
        addresses = [address for line in found for address in line.addresses]
        plans = list(planned(found, imports.meet(at.engine, source.id, [line.key for line in found if line.key], addresses)))
        imported = 0
        if not how["dry_run"] and any(plan.is_wanted for plan in plans):
            _ask_first(plans, source, yes=how["yes"])
            imported = keep(at, source, plans, clock.now())
    data = _data(plans, sheet, columns(sheet, theirs), imported=imported)
    show(data, as_json=as_json, words=lambda: _words(data, plans))
    return FOUND_PROBLEMS if any(plan.line.faults for plan in plans) else FINE


def planned(read_lines: Sequence[Line], met: Met) -> Iterator[Plan]:
    """What becomes of each row, in order. The first of a person counts; further ones of the same file are left out."""
    rows: dict[tuple[str, str], int] = {}
    for line in read_lines:
        first = next((rows[address] for address in line.addresses if address in rows), None)
        for address in line.addresses:
            rows.setdefault(address, first or line.row)
        codes = [met.known[address] for address in line.addresses if address in met.known]
        open_lead = next((code for code in codes if code), "")
        if not line.addresses:
            yield Plan(line, DUMMY if line.is_dummy else FAULTY)
        elif line.key in met.taken:
            yield Plan(line, TAKEN)
        elif first is not None:
            yield Plan(line, TWICE, str(first))
        elif open_lead:
            yield Plan(line, WORD, open_lead)
        else:
            yield Plan(line, NEW, "of a known person" if codes else "")


def keep(at: Visit, source: Source, plans: Sequence[Plan], now: datetime) -> int:
    """Put the rows into the inbox, where they go the way of every form; the clock finds them there. Returns how many were new."""
    wanted = [plan.line for plan in plans if plan.is_wanted]
    kept = 0
    for start in range(0, len(wanted), AT_ONCE):
        some = [
            Received(source.id, line.key, "form", line.content, line.raw, {}, now) for line in wanted[start : start + AT_ONCE]
        ]
        kept += sum(not each.duplicate for each in inbox.record(at.engine, some, now))
    return kept


def _sheet(file: Path, encoding: str | None, separator: str | None) -> Sheet:
    try:
        body = sys.stdin.buffer.read(LARGEST_FILE + 1) if str(file) == "-" else _bytes(file)
        if len(body) > LARGEST_FILE:
            raise NotCsv(f"It is larger than {LARGEST_FILE // 1024 // 1024} MB. Split it.")
        if separator is not None and len(separator) != 1:
            raise NotCsv("--separator must be one character.")
        return read(body, encoding=encoding, separator=separator)
    except NotCsv as wrong:
        raise Trouble(f"{file} cannot be imported: {wrong}", code=BAD_USE) from wrong


def _lines(file: Path, sheet: Sheet, theirs: Mapping[str, str], wanted: Wanted) -> list[Line]:
    try:
        return list(lines(sheet, theirs, wanted))
    except NotCsv as wrong:
        raise Trouble(f"{file} cannot be imported: {wrong}", code=BAD_USE) from wrong


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise NotCsv(f"{error.strerror or error}.") from error


def _source(team: Team, source_id: str) -> Source:
    source = team.sources.get(source_id)
    if source is None:
        raise Trouble(f"There is no source {source_id} in the team file; there are: {', '.join(team.sources)}.", code=BAD_USE)
    return source


def _mapping(maps: Sequence[str], sheet: Sheet) -> dict[str, str]:
    """--map email=E-Mail as our field -> column. Raises Trouble for a field or a column that there is not."""
    found = {}
    for each in maps:
        ours, mark, column = each.partition("=")
        if not mark or ours.strip() not in OURS:
            raise Trouble(f"--map {each}: write one of {', '.join(OURS)}, then =, then the column's name.", code=BAD_USE)
        found[ours.strip()] = column.strip()
    missing = unknown_columns(sheet, found)
    if missing:
        raise Trouble(f"There is no column {', '.join(missing)}; row 1 names: {', '.join(sheet.heads)}.", code=BAD_USE)
    return found


def _marked(line: Line, is_test: bool) -> Line:
    return replace(line, content={**line.content, "is_test": True}) if is_test and line.content else line


def _ask_first(plans: Sequence[Plan], source: Source, *, yes: bool) -> None:
    """Imported leads are answered and offered at once, like all others: who meant something else must be able to stop."""
    count = sum(plan.is_wanted for plan in plans)
    answered = "get an answer at once and are" if source.acknowledge else "are"
    question = f"{count} leads of {source.id} {answered} offered to reps. Go on?"
    if yes:
        return
    if not sys.stdin.isatty():
        raise Trouble(f"{question} Say so with --yes, or look first with --dry-run.", code=BAD_USE)
    click.confirm(question, abort=True, err=True)


def _data(plans: Sequence[Plan], sheet: Sheet, meaning: Mapping[str, str], *, imported: int) -> dict[str, object]:
    rows = [{"row": p.line.row, "what": p.what, "about": p.about, "faults": list(p.line.faults), **_who(p.line)} for p in plans]
    return {
        "encoding": sheet.encoding, "separator": sheet.separator, "columns": dict(meaning), "rows": rows,
        "counts": dict(Counter(plan.what for plan in plans)), "imported": imported,
    }  # fmt: skip


def _who(line: Line) -> dict[str, object]:
    return {key: line.content.get(key) for key in ("name", "phone", "email")}


def _words(data: Mapping[str, object], plans: Sequence[Plan]) -> Iterator[str]:
    meaning, counts = data["columns"], data["counts"]
    assert isinstance(meaning, dict) and isinstance(counts, dict)
    yield f"Read as {data['encoding']}, separated by {data['separator']!r}: {len(plans)} rows."
    yield from table(["column", "is taken as"], [[head, what] for head, what in meaning.items()])
    yield ""
    cells = [
        [p.line.row, *(p.line.content.get(key) or "" for key in ("name", "phone", "email")), f"{p.what} {p.about}".strip()]
        for p in plans[:SHOWN]
    ]
    yield from table(["row", "name", "phone", "e-mail", "what happens"], cells)
    if len(plans) > SHOWN:
        yield f"... and {len(plans) - SHOWN} more rows."
    for plan in plans:
        yield from (f"row {plan.line.row}: {fault}." for fault in plan.line.faults)
    yield ", ".join(f"{count} {what}" for what, count in counts.items()) or "No rows."
    yield f"{data['imported']} imported." if data["imported"] else "Nothing was imported."
