"""A condition of the team file: what it means for a lead, and what is wrong with it.

A condition is a mapping, and all of its entries must hold: `{employees: {gte: 200}, language: es}` · `{all: [...]}` ·
`{any: [...]}` · `{not: {...}}` · `{in_hours: office}` (the lead arrived within these hours). A bare value means eq. A field that
is missing or blank makes its clause false, except with `exists: false`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from routing.clauses import OPERATORS, reads, show, text_of
from routing.hours import Calendar, is_open

DEEPEST = 8  # conditions within conditions; a file that needs more is a mistake (or an alias that contains itself)
NO_CONDITION = "no condition, so every lead matches: yes"
_OWN = ("exists", "in_hours")  # operators that are not about comparing a value
_ALSO_SAID = {
    "gte": (">=", ">", "gt", "min", "at_least", "more_than"),
    "lte": ("<=", "<", "lt", "max", "at_most", "less_than"),
    "eq": ("=", "==", "is", "equals"),
    "in": ("one_of", "any_of"),
    "between": ("range",),
    "contains": ("like", "includes"),
    "starts_with": ("prefix",),
    "matches": ("regex",),
    "exists": ("present", "missing"),
    "in_hours": ("hours",),
    "not": ("ne", "!=", "not_in"),
}
_MEANT = {said: name for name, others in _ALSO_SAID.items() for said in others}


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a condition holds, and each of its clauses in words with ": yes" or ": no"."""

    matched: bool
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Arrival:
    fields: Mapping[str, object]
    calendars: Mapping[str, Calendar]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Clause:
    words: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.words}: {'yes' if self.holds else 'no'}"


def match(
    when: Mapping[str, object] | None, fields: Mapping[str, object], *, calendars: Mapping[str, Calendar], at: datetime
) -> Match:
    """Read a condition against a lead's fields. Never raises, whatever the fields hold."""
    if not when:
        return Match(True, (NO_CONDITION,))
    clauses = _read(when, _Arrival(_by_name(fields), calendars, at), 0)
    return Match(all(clause.holds for clause in clauses), tuple(map(str, clauses)))


def _by_name(fields: Mapping[str, object]) -> dict[str, object]:
    """Forms write Employees, employees or EMPLOYEES; the exact spelling goes first where several are there."""
    return {str(name).strip().casefold(): value for name, value in fields.items()} | dict(fields)


def _read(when: object, arrival: _Arrival, depth: int) -> list[_Clause]:
    """The clauses that must all hold. Groups within become one clause each, `all` within `all` is spread out."""
    if not isinstance(when, Mapping) or not when or depth > DEEPEST:
        return [_Clause("a condition that cannot be read", False)]
    clauses: list[_Clause] = []
    for key, value in when.items():
        if key == "all":
            clauses += [clause for part in parts(value) for clause in _read(part, arrival, depth + 1)]
        elif key == "any":
            clauses.append(_any([_both(_read(part, arrival, depth + 1)) for part in parts(value)]))
        elif key == "not":
            inner = _both(_read(value, arrival, depth + 1))
            clauses.append(_Clause(f"not ({inner})", not inner.holds))
        elif key == "in_hours":
            clauses.append(_in_hours(value, arrival))
        else:
            clauses += _read_field(str(key), value, arrival)
    return clauses


def parts(value: object) -> Sequence[object]:
    """The conditions of an `all` or `any`; what is no list counts as one that cannot be read."""
    return value if isinstance(value, (list, tuple)) and value else [None]


def _any(options: list[_Clause]) -> _Clause:
    return _Clause(f"any of ({'; '.join(map(str, options))})", any(option.holds for option in options))


def _both(clauses: list[_Clause]) -> _Clause:
    if len(clauses) == 1:
        return clauses[0]
    return _Clause(f"all of ({'; '.join(map(str, clauses))})", all(clause.holds for clause in clauses))


def _read_field(field: str, asked: object, arrival: _Arrival) -> list[_Clause]:
    operators = asked if isinstance(asked, Mapping) and asked else {"eq": asked}
    return [_read_clause(field, str(name), operand, arrival) for name, operand in operators.items()]


def _read_clause(field: str, name: str, operand: object, arrival: _Arrival) -> _Clause:
    if name == "in_hours":
        return _in_hours(operand, arrival)
    value = arrival.fields.get(field, arrival.fields.get(field.strip().casefold()))
    text = text_of(value)
    if name == "exists":
        words = f"{show(field)} {'exists' if operand else 'is missing'}"
        return _Clause(words, (text is not None) == bool(operand))
    if name not in OPERATORS:
        return _Clause(f"{show(field)} {show(name)}, which is no operator", False)
    return _Clause(reads(field, name, value=value, operand=operand), text is not None and OPERATORS[name].holds(text, operand))


def _in_hours(name: object, arrival: _Arrival) -> _Clause:
    calendar = arrival.calendars.get(name) if isinstance(name, str) else None
    if calendar is None:
        return _Clause(f"arrived in hours {show(name)} (there are no such hours)", False)
    return _Clause(f"arrived in hours {show(name)}", is_open(calendar, arrival.at))


def check(when: object, *, calendars: Collection[str] | None = None) -> list[str]:
    """What is wrong with a condition, in words that say where; empty when nothing is. `calendars` are the hours that exist."""
    return [] if when is None else list(_problems(when, "", calendars, 0))


def _problems(when: object, where: str, calendars: Collection[str] | None, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        yield f"{where}more than {DEEPEST} conditions within each other"
    elif not isinstance(when, Mapping) or not when:
        yield f"{where}needs a condition such as {{country: US}}, not {show(when) if when else 'nothing'}"
    else:
        for key, value in when.items():
            yield from _entry_problems(str(key), value, f"{where}{show(str(key))}", calendars, depth)


def _entry_problems(key: str, value: object, place: str, calendars: Collection[str] | None, depth: int) -> Iterator[str]:
    if key in ("all", "any"):
        if not isinstance(value, (list, tuple)) or not value:
            yield f"{place}: needs a list of conditions, each on a line of its own with a dash"
            return
        for number, part in enumerate(value, start=1):
            yield from _problems(part, f"{place}, part {number}: ", calendars, depth + 1)
    elif key == "not":
        yield from _problems(value, f"{place}: ", calendars, depth + 1)
    elif key == "in_hours":
        yield from _hours_problems(value, place, calendars)
    elif key in OPERATORS or key in _OWN:
        yield f"{place}: is an operator and needs a field before it, such as {{employees: {{{key}: ...}}}}"
    else:
        yield from _field_problems(value, place, calendars)


def _field_problems(asked: object, place: str, calendars: Collection[str] | None) -> Iterator[str]:
    if isinstance(asked, Mapping) and asked:
        for name, operand in asked.items():
            yield from _operator_problems(str(name), operand, place, calendars)
    elif isinstance(asked, (list, tuple)):
        yield f"{place}: a list needs an operator; write {{in: [...]}}"
    elif asked is None or isinstance(asked, Mapping):
        yield f"{place}: is compared with nothing; to ask whether it is blank write {{exists: false}}"
    elif wrong := OPERATORS["eq"].wrong(asked):
        yield f"{place}: {wrong}"


def _operator_problems(name: str, operand: object, place: str, calendars: Collection[str] | None) -> Iterator[str]:
    if name == "in_hours":
        yield from _hours_problems(operand, place, calendars)
    elif name == "exists":
        if not isinstance(operand, bool):
            yield f"{place}: exists needs true or false"
    elif name not in OPERATORS:
        yield f"{place}: unknown operator {show(name)}; {_hint(name)}"
    elif wrong := OPERATORS[name].wrong(operand):
        yield f"{place}: {name} {wrong}"


def _hours_problems(name: object, place: str, calendars: Collection[str] | None) -> Iterator[str]:
    if not isinstance(name, str) or not name:
        yield f"{place}: in_hours needs the name of working hours"
    elif calendars is not None and name not in calendars:
        near = get_close_matches(name, sorted(calendars), n=1)
        yield f"{place}: there are no hours named {show(name)}; " + (
            f"did you mean {near[0]}?" if near else "add them under hours"
        )


def _hint(name: str) -> str:
    known = (*OPERATORS, *_OWN)
    meant = _MEANT.get(name.casefold()) or next(iter(get_close_matches(name.casefold(), known, n=1)), None)
    if meant == "not":
        return "write {not: {field: ...}} around the field instead"
    return f"did you mean {meant}?" if meant else f"one of {', '.join(known)}"
