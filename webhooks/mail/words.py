"""The new words of a mail: without what is quoted from earlier mails, and without the signature."""

import re

from webhooks.mail import phrases

_SIGNATURE = re.compile(r"^-- ?$")
_BLANK_RUNS = re.compile(r"\n{3,}")
MOST_LINES = 5_000  # of a mail that are looked at
_RULE = "_-*= \t"  # what lines are drawn with above a quotation


def new_words(text: str) -> str:
    """Without the earlier mails quoted below or between, and without a signature behind "-- " or a "Sent from my phone".

    A mail that is nothing but a quotation (a forward) is left as it is.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = _without_quotes(_before_the_original(text.split("\n")[:MOST_LINES]))
    end = next((n for n, line in enumerate(kept) if _SIGNATURE.match(line) and n), len(kept))
    said = _BLANK_RUNS.sub("\n\n", "\n".join(_without_device(kept[:end]))).strip()
    return said or text.strip()


def _before_the_original(lines: list[str]) -> list[str]:
    """Up to "-----Original Message-----" or a block of From, Sent, To; all where nothing stands before it."""
    for n, line in enumerate(lines):
        if not phrases.is_original(line) and not phrases.begins_headers(line, lines[n + 1 : n + 6]):
            continue
        if any(each.strip(_RULE) for each in lines[:n]):
            return lines[:n] if lines[n - 1].strip(_RULE) or not lines[n - 1].strip() else lines[: n - 1]
    return lines


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    n = 0
    while n < len(lines):
        length = _attribution(lines, n)
        is_marked = _is_marked(lines, n + length)
        if length and not is_marked and any(line.strip() for line in kept):
            break  # the quotation has no marks, so all below is taken for it
        if length and is_marked:
            n += length
            continue
        if not lines[n].lstrip().startswith(">"):
            kept.append(lines[n])
        n += 1
    return kept


def _attribution(lines: list[str], n: int) -> int:
    """How many lines (up to three) "On ... wrote:" takes from here, 0 when it is none."""
    if not lines[n].strip() or lines[n].lstrip().startswith(">"):
        return 0
    for length in (1, 2, 3):
        some = lines[n : n + length]
        if all(some) and phrases.quotes(" ".join(some).strip(), marked=_is_marked(lines, n + length)):
            return length if length == 1 or phrases.is_wrapped(some) else 0
    return 0


def _is_marked(lines: list[str], n: int) -> bool:
    """Does the next line with anything in it begin with >? A few blank ones may stand between."""
    return next((line for line in lines[n : n + 4] if line.strip()), "").lstrip().startswith(">")


def _without_device(lines: list[str]) -> list[str]:
    """Without the last line where a mail program speaks of itself, if there is anything else."""
    last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].strip()), -1)
    if last < 1 or not phrases.is_from_a_device(lines[last]) or not any(line.strip() for line in lines[:last]):
        return lines
    return lines[:last]
