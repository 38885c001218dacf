"""Leads out of the rows of a CSV file, its columns named by the same rules as a form's fields. Pure."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from config import about, lead, normal
from config.consent import agreed
from config.fields import Fields, our_name
from config.questions import meaning
from console.sheets import NotCsv, Sheet

LONGEST_CELL = 100_000  # characters
DATES = frozenset({"date", "created", "createdate", "submitted", "time", "datum", "fecha", "erstellt_am", "creado"})
OURS = ("name", "first_name", "last_name", "email", "phone", "company", "message", "locale", "zone", "page_url", "submission_id", "submitted_at", "is_test")  # fmt: skip
# how the same lead is called when its vendor posts it: a file brings again only what never came
PREFIXES = {
    "meta": "meta_leadgen", **{name: name for name in ("google_ads", "tiktok", "linkedin", "typeform", "jotform", "webflow", "zapier", "make")},
}  # fmt: skip
ADS = frozenset({"meta", "google_ads", "tiktok", "linkedin"})
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)  # how spreadsheets keep a number a text
_FORMULA_GUARDS = ("'+", "'=", "'-", "'@")  # what spreadsheets and our own export put before such cells
_SAMPLE = 50  # cells that tell what is in a column
_WORDS = {"": "left out", "extra": "kept"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row as a common lead. `faults` are what is wrong with it, in words; without a way to answer it is not imported.

    `raw` are the columns and cells as they were read, for the record.
    """

    row: int
    key: str
    content: lead.Content
    faults: tuple[str, ...] = ()
    raw: bytes = b""

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """By what the person is known."""
        return [(kind, str(self.content[kind])) for kind in ("phone", "email") if self.content.get(kind)]

    @property
    def is_dummy(self) -> bool:
        """A test of the vendor's that holds nobody's address."""
        return bool(self.content.get("is_test")) and not self.addresses


@dataclass(frozen=True, slots=True)
class Wanted:
    """As which source's leads the rows count: its id and type, and the country (ISO 3166) of numbers without a code.

    `own_numbers` are ours: nobody is called by one.
    """

    source: str
    kind: str = "form"
    region: str = "US"
    own_numbers: frozenset[str] = frozenset()


def unknown_columns(sheet: Sheet, theirs: Mapping[str, str]) -> list[str]:
    """Columns that `theirs` (our field -> their column) names and the file does not have."""
    return [column for column in theirs.values() if column not in sheet.heads]


def columns(sheet: Sheet, theirs: Mapping[str, str]) -> dict[str, str]:
    """What each column is taken for: one of ours, "campaign", "tracking", "consent", "kept" or "left out"."""
    taken = zip(sheet.heads, _meanings(sheet, theirs), strict=True)
    return {head: _WORDS.get(what, what.partition(".")[0]) for head, what in taken if head}


def lines(sheet: Sheet, theirs: Mapping[str, str], wanted: Wanted) -> Iterator[Line]:
    """Each row as a lead. `theirs` maps our fields to the file's columns. Raises NotCsv where no column says anything."""
    meanings = _meanings(sheet, theirs)
    if len(sheet.heads) < 2 and meanings[0] not in OURS:
        raise NotCsv(
            f"Row 1 holds only {sheet.heads[0][:40]!r}. Name the columns there; use --separator if it is an unusual one."
        )
    for row, cells in sheet.rows:
        if len(cells) > len(sheet.heads) and any(cell.strip() for cell in cells[len(sheet.heads) :]):
            fault = f"has {len(cells)} cells for {len(sheet.heads)} columns: is a cell with {sheet.separator!r} not in quotes?"
            yield Line(row, "", {}, (fault,))
            continue
        yield _line(
            row,
            [(head, what, _cell(cell)) for head, what, cell in zip(sheet.heads, meanings, cells, strict=False) if head],
            wanted,
        )


def _meanings(sheet: Sheet, theirs: Mapping[str, str]) -> list[str]:
    """What each column means, by the map, by its name, by its words and what stands in it; of one meaning by words the first."""
    renamed = {column: ours for ours, column in theirs.items()}
    found = [renamed.get(head) or _by_name(head, sheet.cells(number)) for number, head in enumerate(sheet.heads)]
    for number, head in enumerate(sheet.heads):
        ours = meaning(head) if found[number] == "extra" else ""
        if ours and ours not in found and _fits(ours, sheet.cells(number)[:_SAMPLE]):
            found[number] = ours
    return found


def _by_name(head: str, cells: Sequence[str]) -> str:
    bare = about.last(head)
    if about.campaign_word(bare):
        return f"campaign.{about.campaign_word(bare)}"
    if bare == "id" and cells and all(map(about.is_sheet_row, cells)):
        return "submission_id"
    if bare in ("gcl_id", "google_click_id"):
        return "tracking.gclid"
    told = {"external_id": "submission_id"}.get(about.about_word(bare), about.about_word(bare))
    return told or ("submitted_at" if bare in DATES else our_name(head))


def _fits(ours: str, cells: Sequence[str]) -> bool:
    """A column of phones holds some; of the other kinds nothing can be told."""
    mark = {"email": "@", "phone": ""}.get(ours)
    if mark is None:
        return True
    fitting = [cell for cell in cells if mark in cell and (mark or sum(map(str.isdigit, cell)) >= 6)]
    return bool(fitting) and 2 * len(fitting) >= len(cells)


def _line(row: int, told: Sequence[tuple[str, str, str]], wanted: Wanted) -> Line:
    said = {what: cell for _, what, cell in reversed(told) if cell}
    fields = Fields(
        [
            (head if what in ("extra", "consent", "tracking") else what.removeprefix("tracking."), cell)
            for head, what, cell in told
            if _is_said(what)
        ],
        {},
    )
    content = fields.content(wanted.region, wanted.own_numbers)
    extra = content.pop("extra", {})
    is_test = agreed(said.get("is_test", "")) or about.is_dummy(said)
    dates = [cell for _, what, cell in told if what == "submitted_at" and cell]
    at = next((instant for cell in dates if (instant := normal.instant(cell))), None)
    made = lead.common_lead(
        **{**content, **lead.tracking(fields.tracked, *fields.pages)}, kind="form", channel="ads_form" if wanted.kind in ADS else "form",
        campaign=_campaign(told), submitted_at=at, locale=fields.known.get("locale", ""), is_test=is_test,
        extra={**(extra if isinstance(extra, dict) else {}), "page_url": fields.known.get("page_url", ""), "imported_row": row},
    )  # fmt: skip
    key = _key(wanted, said.get("submission_id", ""), made)
    is_made_up = about.is_dummy(said) or (is_test and not (content.get("phone") or content.get("email")))
    raw = json.dumps([[head, cell] for head, _, cell in told], ensure_ascii=False).encode("utf-8", "replace")
    return Line(row, key, {"external_id": key, **made}, () if is_made_up else _faults(made, dates, at), raw)


def _is_said(what: str) -> bool:
    """By the person, or of where they came from."""
    return what not in ("", "submitted_at", "submission_id", "is_test") and not what.startswith("campaign.")


def _campaign(told: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    found = {what.removeprefix("campaign."): cell for _, what, cell in reversed(told) if what.startswith("campaign.") and cell}
    return {ours: normal.clean_line(about.bare_id(cell) if ours.endswith("id") else cell) for ours, cell in found.items()}


def _faults(made: lead.Content, dates: Sequence[str], at: str | None) -> tuple[str, ...]:
    extra = made.get("extra")
    typed = extra if isinstance(extra, dict) else {}
    names = {"phone_as_typed": ("the phone number", "none of theirs"), "email_as_typed": ("the e-mail address", "none")}
    faults = [f"{what} {typed[key]!r} is {none}" for key, (what, none) in names.items() if key in typed]
    if not made.get("phone") and not made.get("email"):
        faults.append("has neither a phone number nor an e-mail address")
    if dates and at is None:
        faults.append(f"the date {dates[0][:30]!r} is not understood (write 2026-11-24 or 2026-11-24T09:00:00-06:00)")
    return tuple(faults)


def _key(wanted: Wanted, given: str, made: lead.Content) -> str:
    """The row's own id, else one made of all it says: the same file imported twice is imported once."""
    if normal.identifier(given):
        prefix = PREFIXES.get(wanted.kind, "import")
        return f"{prefix}:{normal.identifier(about.bare_id(given) if wanted.kind == 'meta' else given)}"
    extra = made.get("extra")
    said = {
        **made,
        "extra": {key: value for key, value in extra.items() if key != "imported_row"} if isinstance(extra, dict) else {},
    }
    return f"import:{hashlib.sha256(json.dumps([wanted.source, said], sort_keys=True).encode('utf-8', 'replace')).hexdigest()}"


def _cell(cell: str) -> str:
    bare = normal.clean_text(cell, LONGEST_CELL)
    inside = _FORMULA.fullmatch(bare)
    bare = inside[1].replace('""', '"') if inside else bare
    return bare[1:] if bare.startswith(_FORMULA_GUARDS) else bare
