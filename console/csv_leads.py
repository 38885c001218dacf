"""Leads out of a CSV file: its encoding and separator found out, its columns named by the same rules as a form's fields. Pure."""

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from config import lead, normal
from config.fields import Fields, our_name

MOST_ROWS = 100_000
LONGEST_CELL = 100_000  # characters
DATES = frozenset({"date", "created", "created_at", "created_time", "createdate", "submitted_at", "timestamp", "submission_date"})
OURS = ("name", "first_name", "last_name", "email", "phone", "company", "message", "locale", "zone", "page_url", "submission_id", "submitted_at")  # fmt: skip
_SEPARATORS = ",;\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FORMULA_GUARDS = ("'+", "'=", "'-", "'@")  # what spreadsheets and our own export put before such cells


class NotCsv(Exception):
    """The file cannot be read as CSV; the text says what, where and how to mend it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file as text, and what was found out about it."""

    heads: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    encoding: str
    separator: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row as a common lead. `faults` are what is wrong with it, in words; without a way to answer it is not imported."""

    row: int
    key: str
    content: lead.Content
    faults: tuple[str, ...] = ()

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """By what the person is known."""
        return [(kind, str(self.content[kind])) for kind in ("phone", "email") if self.content.get(kind)]


def read(body: bytes, *, encoding: str | None = None, separator: str | None = None) -> Sheet:
    """Raises NotCsv for what is none, an empty file, or too many rows."""
    text, found = _decoded(body, encoding)
    text = text.lstrip("\ufeff")
    mark = separator or _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise NotCsv(f"row {reader.line_num}: {error}. Is a quotation mark left open before?") from error
    if not rows:
        raise NotCsv("The file is empty. It needs a first line with the names of its columns.")
    if len(rows) > MOST_ROWS + 1:
        raise NotCsv(f"The file has over {MOST_ROWS:,} rows. Split it.")
    heads = [normal.clean_line(cell, 80) for cell in rows[0][1]]
    if len(rows[0][1]) < 2 and our_name(heads[0]) not in OURS:
        raise NotCsv(f"Row 1 holds only {heads[0][:40]!r}. Name the columns there; use --separator if it is an unusual one.")
    return Sheet(heads, rows[1:], found, mark)


def unknown_columns(sheet: Sheet, theirs: Mapping[str, str]) -> list[str]:
    """Columns that `theirs` (our field -> their column) names and the file does not have."""
    return [column for column in theirs.values() if column not in sheet.heads]


def columns(sheet: Sheet, theirs: Mapping[str, str]) -> dict[str, str]:
    """What each column is taken for: one of ours, "tracking", "consent", "kept" or "left out"."""
    renamed = {column: ours for ours, column in theirs.items()}
    words = {"": "left out", "extra": "kept"}
    return {head: words.get(what, what) for head in sheet.heads if head for what in [_ours(renamed.get(head, head))]}


def lines(sheet: Sheet, theirs: Mapping[str, str], *, region: str, source: str) -> Iterator[Line]:
    """Each row as a lead. `theirs` maps our fields to the file's columns."""
    renamed = {column: ours for ours, column in theirs.items()}
    for row, cells in sheet.rows:
        if len(cells) > len(sheet.heads) and any(cell.strip() for cell in cells[len(sheet.heads) :]):
            yield Line(
                row,
                "",
                {},
                (f"has {len(cells)} cells for {len(sheet.heads)} columns: is a cell with {sheet.separator!r} not in quotes?",),
            )
            continue
        named = [(renamed.get(head, head), _cell(cell)) for head, cell in zip(sheet.heads, cells, strict=False) if head]
        yield _line(row, named, region=region, source=source)


def _line(row: int, named: Sequence[tuple[str, str]], *, region: str, source: str) -> Line:
    dates = [cell for name, cell in named if _is_date(name) and cell]
    fields = Fields([(name, cell) for name, cell in named if not _is_date(name)], {})
    content = fields.content(region)
    extra = content.pop("extra", {})
    extra = dict(extra) if isinstance(extra, dict) else {}
    at = next((instant for cell in dates if (instant := normal.instant(cell))), None)
    faults = [f"{what} {extra[key]!r} is none" for key, what in (("phone_as_typed", "the phone number"), ("email_as_typed", "the e-mail address")) if key in extra]  # fmt: skip
    if not content.get("phone") and not content.get("email"):
        faults = [*faults, "has neither a phone number nor an e-mail address"]
    if dates and at is None:
        faults = [*faults, f"the date {dates[0][:30]!r} is not understood (write 2026-11-24 or 2026-11-24T09:00:00-06:00)"]
    made = lead.common_lead(
        **{**content, **lead.tracking(fields.tracked, fields.known.get("page_url", ""))},
        kind="form", channel="form", submitted_at=at, locale=fields.known.get("locale", ""), is_test=False, extra={**extra, "imported_row": row},
    )  # fmt: skip
    key = _key(source, fields.known.get("submission_id", ""), made)
    return Line(row, key, {"external_id": key, **made}, tuple(faults))


def _key(source: str, given: str, made: lead.Content) -> str:
    """The row's own id, else one made of all it says: the same file imported twice is imported once."""
    if given:
        return f"import:{normal.identifier(given)}"
    extra = made.get("extra")
    said = {
        **made,
        "extra": {key: value for key, value in extra.items() if key != "imported_row"} if isinstance(extra, dict) else {},
    }
    return f"import:{hashlib.sha256(json.dumps([source, said], sort_keys=True).encode('utf-8', 'replace')).hexdigest()}"


def _decoded(body: bytes, encoding: str | None) -> tuple[str, str]:
    """The text, and how it was read: as told, by its mark, as UTF-8, else as Excel writes it in the West."""
    marked = next((name for mark, name in _BOMS if body.startswith(mark)), None)
    for name in (encoding,) if encoding else (marked, "utf-8", "cp1252"):
        if name is None:
            continue
        try:
            return body.decode(name), name
        except UnicodeDecodeError as error:
            if encoding:
                raise NotCsv(f"byte {error.start} does not fit {encoding}. Leave --encoding away, or name another.") from error
        except LookupError as error:
            raise NotCsv(f"There is no encoding {encoding!r}. Try utf-8, cp1252, cp1250, shift_jis or gb18030.") from error
    raise NotCsv("The file is neither UTF-8 nor Windows text. Name its encoding with --encoding, or save it as CSV UTF-8.")


def _separator(text: str) -> str:
    """The one that parts the first line into most cells."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    counts = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in _SEPARATORS}
    return max(counts, key=lambda mark: counts[mark])


def _cell(cell: str) -> str:
    bare = normal.clean_text(cell, LONGEST_CELL)
    return bare[1:] if bare.startswith(_FORMULA_GUARDS) else bare


def _is_date(name: str) -> bool:
    return name.lower().replace(" ", "_").replace("-", "_") in DATES


def _ours(name: str) -> str:
    return "submitted_at" if _is_date(name) else our_name(name)
