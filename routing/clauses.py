"""One clause of a condition: an operator, what it compares, and how it reads back in words.

Text compares without capitals and outer blanks. Where both sides are numbers ("250", "1,200", "$5,000", "50%") they compare as
numbers; a percent or currency sign is not converted, only ignored. An empty field counts as missing.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isfinite

from routing.patterns import BadPattern, refusal, searches
from routing.words import clean

LONGEST_TEXT = 10_000
_SHOWN = 40
_LISTED = 8
_NUMBER = re.compile(r"[$€£]?\s?([+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,24})(?:\.[0-9]{1,12})?)\s?%?")
_YES = frozenset({"true", "yes", "on", "1"})  # "on" is what a browser posts for a ticked box
_NO = frozenset({"false", "no", "off", "0"})


def text_of(value: object) -> str | None:
    """A field's value as text, whatever a sender put there; None when there is nothing to compare."""
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, (text_of(part) for part in value[:50] if not isinstance(part, (list, tuple))))) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = str(value) if isinstance(value, (str, int, float, Decimal, date)) else ""
    except ValueError:  # an integer of more than 4,300 digits
        return None
    return unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).strip() or None


def number_of(text: str) -> Decimal | None:
    """The number a text states, or None."""
    found = _NUMBER.fullmatch(text) if len(text) <= 50 else None
    return Decimal(found.group(1).replace(",", "")) if found else None


def show(value: object) -> str:
    """A value as it is read back: one short line, in quotes when it has several words."""
    shown = clean(text_of(value) or "(missing)", _SHOWN)
    return f'"{shown}"' if " " in shown else shown


def canonical(operand: object) -> object:
    """A hashable form in which operands that compare alike are equal."""
    if isinstance(operand, (list, tuple)):
        return tuple(canonical(part) for part in operand)
    if isinstance(operand, bool):
        return ("yes or no", operand)
    text = text_of(operand) or ""
    number = number_of(text)
    return text.casefold() if number is None else number


def _is(value: str, operand: object) -> bool:
    if isinstance(operand, bool):
        return value.casefold() in (_YES if operand else _NO)
    return canonical(value) == canonical(operand)


def _compare(value: str, operand: object) -> int | None:
    """-1, 0, 1; None when one side is a number and the other is not (then nothing can be said)."""
    left, right = canonical(value), canonical(operand)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def _is_in(value: str, operand: object) -> bool:
    return isinstance(operand, (list, tuple)) and any(_is(value, part) for part in operand)


def _at_least(value: str, operand: object) -> bool:
    return _compare(value, operand) in (0, 1)


def _at_most(value: str, operand: object) -> bool:
    return _compare(value, operand) in (0, -1)


def _between(value: str, operand: object) -> bool:
    return (
        isinstance(operand, (list, tuple)) and len(operand) == 2 and _at_least(value, operand[0]) and _at_most(value, operand[1])
    )


def _contains(value: str, operand: object) -> bool:
    part = text_of(operand)
    return part is not None and part.casefold() in value.casefold()


def _starts_with(value: str, operand: object) -> bool:
    part = text_of(operand)
    return part is not None and value.casefold().startswith(part.casefold())


def _matches(value: str, operand: object) -> bool:
    try:
        return isinstance(operand, str) and searches(operand, value)
    except BadPattern:  # refused when the team file was checked; a rule that slipped through matches nobody
        return False


def _wrong_value(operand: object) -> str | None:
    return None if _is_scalar(operand) else f"needs one value, not {_kind(operand)}"


def _wrong_bound(operand: object) -> str | None:
    if isinstance(operand, bool) or not _is_scalar(operand):
        return f"needs a number, a date or a text, not {_kind(operand)}"
    return None


def _wrong_list(operand: object) -> str | None:
    if isinstance(operand, (list, tuple)) and operand and all(_is_scalar(part) for part in operand):
        return None
    return f"needs a list of values such as [US, CA], not {_kind(operand)}"


def _wrong_pair(operand: object) -> str | None:
    if not isinstance(operand, (list, tuple)) or len(operand) != 2 or any(_wrong_bound(part) for part in operand):
        return "needs two values, the lower first, such as [10, 50]"
    sides = _compare(text_of(operand[0]) or "", operand[1])
    return None if sides in (0, -1) else "needs the lower value first, and both of one kind; as it is nothing lies between"


def _wrong_text(operand: object) -> str | None:
    return None if _is_scalar(operand) and not isinstance(operand, bool) else f"needs a text, not {_kind(operand)}"


def _is_scalar(value: object) -> bool:
    if isinstance(value, float) and not isfinite(value):
        return False
    return isinstance(value, (str, int, float, Decimal, date)) and text_of(value) is not None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value == "":
        return "nothing"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else "this value"


@dataclass(frozen=True, slots=True)
class Operator:
    """How one operator compares (`holds`), what its operand must be (`wrong` says what it is not), and its `words`."""

    words: str
    holds: Callable[[str, object], bool]
    wrong: Callable[[object], str | None]


OPERATORS: Mapping[str, Operator] = {
    "eq": Operator("=", _is, _wrong_value),
    "in": Operator("in", _is_in, _wrong_list),
    "gte": Operator(">=", _at_least, _wrong_bound),
    "lte": Operator("<=", _at_most, _wrong_bound),
    "between": Operator("between", _between, _wrong_pair),
    "contains": Operator("contains", _contains, _wrong_text),
    "starts_with": Operator("starts with", _starts_with, _wrong_text),
    "matches": Operator("matches", _matches, refusal),
}


def reads(field: str, name: str, *, value: object, operand: object) -> str:
    """The clause in words: `employees 250 >= 200`."""
    said = [show(part) for part in operand[:_LISTED]] if isinstance(operand, (list, tuple)) else [show(operand)]
    if isinstance(operand, (list, tuple)) and len(operand) > _LISTED:
        said.append(f"{len(operand) - _LISTED} more")
    joined = " and ".join(said) if name == "between" else ", ".join(said)
    return f"{clean(field, _SHOWN)} {show(value)} {OPERATORS[name].words} {joined}"
