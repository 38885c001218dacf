"""What the command line prints, and how a command says that it cannot go on."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import click

FINE, FOUND_PROBLEMS, BAD_USE = 0, 1, 2

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class Trouble(Exception):
    """An expected failure in one line: what, where, how to mend. `code` is the exit code."""

    def __init__(self, text: str, *, code: int = FOUND_PROBLEMS) -> None:
        super().__init__(text)
        self.code = code


def show(data: Any, *, as_json: bool, words: Callable[[], Iterable[str]]) -> None:
    """Print `data` as JSON, or the lines of `words`."""
    if as_json:
        click.echo(json.dumps(data, default=plain, indent=2, ensure_ascii=False))
        return
    for line in words():
        click.echo(line)


def plain(value: object) -> object:
    """What JSON has no word for: instants in ISO 8601, durations in seconds, sets as lists."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case set() | frozenset():
            return sorted(value)
        case _:
            return str(value)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Columns lined up by their widest cell, for a screen."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [list(heads), *cells]
    ]
