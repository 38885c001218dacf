"""A CSV file as rows: its encoding and separator found out, each row with the line on which it begins. Pure."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from config import normal

MOST_ROWS = 100_000
_SEPARATORS = ",;\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TOLD = re.compile(r"sep=(.)\r?\n")  # a first line of Excel's own, which says the separator
_SAMPLE = 400  # bytes looked at for NULs: text in Latin letters has one in every pair of UTF-16


class NotCsv(Exception):
    """The file cannot be read as CSV; the text says what, where and how to mend it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file as text, and what was found out about it. A row is (the line on which it begins, its cells)."""

    heads: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    encoding: str
    separator: str

    def cells(self, column: int) -> list[str]:
        """What stands in a column, without the empty ones."""
        return [text for _, row in self.rows if column < len(row) and (text := row[column].strip())]


def read(body: bytes, *, encoding: str | None = None, separator: str | None = None) -> Sheet:
    """Raises NotCsv for what is none, an empty file, or too many rows."""
    text, found = _decoded(body, encoding)
    text = text.lstrip("\ufeff")
    told = _TOLD.match(text)
    text, before = (text[told.end() :], 1) if told else (text, 0)
    mark = separator or (told[1] if told else _separator(text))
    rows = _rows(text, mark, before)
    if not rows:
        raise NotCsv("The file is empty. It needs a first line with the names of its columns.")
    if len(rows) > MOST_ROWS + 1:
        raise NotCsv(f"The file has over {MOST_ROWS:,} rows. Split it.")
    return Sheet(_heads(rows), rows[1:], found, mark)


def _rows(text: str, mark: str, before: int) -> list[tuple[int, Sequence[str]]]:
    """The rows in which something stands. A cell in quotes may hold line breaks: the row is where it begins."""
    reader, ended = csv.reader(io.StringIO(text, newline=""), delimiter=mark), 0
    rows: list[tuple[int, Sequence[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((ended + 1 + before, cells))
            ended = reader.line_num
    except csv.Error as error:
        where = f"row {ended + 1 + before}"
        raise NotCsv(f"{where}: {error}. Is a quotation mark left open there or before?") from error
    return rows


def _heads(rows: Sequence[tuple[int, Sequence[str]]]) -> list[str]:
    """The names of the columns; one without a name, in which something stands, goes by its number."""
    names = [normal.clean_line(cell, 80) for cell in rows[0][1]]
    used = (
        {number for _, cells in rows[1:] for number, cell in enumerate(cells[: len(names)]) if cell.strip()}
        if "" in names
        else set()
    )
    return [name or (f"column {number + 1}" if number in used else "") for number, name in enumerate(names)]


def _decoded(body: bytes, encoding: str | None) -> tuple[str, str]:
    """The text, and how it was read: as told, by its mark, by its NULs, as UTF-8, else as Excel writes it in the West."""
    marked = next((name for mark, name in _BOMS if body.startswith(mark)), None) or _by_nuls(body[:_SAMPLE])
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


def _by_nuls(sample: bytes) -> str | None:
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if max(odd, even) * 4 < len(sample):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _separator(text: str) -> str:
    """The one that parts the first line into most cells."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    counts = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in _SEPARATORS}
    return max(counts, key=lambda mark: counts[mark])
