"""Which pool a lead goes to: an ordered list of rules, first match wins, each read back clause by clause."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from routing.clauses import canonical
from routing.conditions import DEEPEST, Match, check, match, parts
from routing.hours import Calendar
from routing.model import Lead
from routing.team import Rule
from routing.words import clean

__all__ = ["Match", "NoRuleMatched", "check", "fields_of", "first_match", "match", "shadowed"]


class NoRuleMatched(LookupError):
    """No rule took the lead: the last rule of the list has a condition, which `headroom check` refuses."""


def fields_of(lead: Lead) -> dict[str, str]:
    """Everything a condition can name. What we know ourselves (source, channel, kind) cannot be overwritten by a form field."""
    person = lead.person
    language = (person.locale or "").replace("_", "-").partition("-")[0].lower()
    guessed = {"language": language} if language else {}  # a form that asks for the language knows better than the browser
    known = {"name": person.name, "phone": person.phone, "email": person.email, "locale": person.locale}
    ours = {"source": lead.source, "channel": lead.channel, "kind": lead.kind.value, "message": lead.message}
    return {**guessed, **lead.fields, **{key: value for key, value in known.items() if value}, **ours}


def first_match(
    rules: Sequence[Rule], fields: Mapping[str, object], *, calendars: Mapping[str, Calendar], at: datetime
) -> tuple[Rule, tuple[str, ...]]:
    """The first rule that holds, with its clauses and one line for each rule passed over. Raises NoRuleMatched."""
    passed: list[str] = []
    for rule in rules:
        found = match(rule.when, fields, calendars=calendars, at=at)
        if found.matched:
            return rule, (*found.clauses, *passed)
        failed = next(clause for clause in found.clauses if clause.endswith(": no"))
        passed.append(f"{rule.id}: {failed}")
    raise NoRuleMatched("no rule takes this lead; the last rule must have no `when`. " + "; ".join(passed))


def shadowed(rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """Rules nothing can reach, each with why: an earlier rule takes every lead that they would take."""
    found: list[tuple[str, str]] = []
    earlier: list[tuple[str, frozenset[object]]] = []
    for rule in rules:
        asks = _essence(rule.when, 0) if rule.when else frozenset()
        taker = next(((before, takes) for before, takes in earlier if takes <= asks), None)
        if taker:
            found.append((rule.id, _why_shadowed(*taker, asks)))
        earlier.append((rule.id, asks))
    return found


def _why_shadowed(before: str, takes: frozenset[object], asks: frozenset[object]) -> str:
    if not takes:
        return f"rule {clean(before, 40)} before it has no `when` and takes every lead"
    if takes == asks:
        return f"rule {clean(before, 40)} before it has the same condition"
    return f"rule {clean(before, 40)} before it asks for less and takes every lead that would match"


def _essence(when: object, depth: int) -> frozenset[object]:
    """What must hold, as a set: two conditions that differ only in order, capitals or grouping are equal."""
    if not isinstance(when, Mapping) or depth > DEEPEST:
        return frozenset({("unreadable", id(when))})
    asks: set[object] = set()
    for key, value in when.items():
        if key == "all":
            asks |= {ask for part in parts(value) for ask in _essence(part, depth + 1)}
        elif key == "any":
            asks.add(("any", frozenset(_essence(part, depth + 1) for part in parts(value))))
        elif key == "not":
            asks.add(("not", _essence(value, depth + 1)))
        else:
            operators = value if isinstance(value, Mapping) else {"in_hours" if key == "in_hours" else "eq": value}
            asks |= {_ask(str(key), str(name), operand) for name, operand in operators.items()}
    return frozenset(asks)


def _ask(field: str, name: str, operand: object) -> object:
    if name == "in_hours":
        return (name, str(operand))
    if name == "matches":  # \d and \D differ by a capital only
        return (field.casefold(), name, str(operand))
    same = canonical(operand)
    return (field.casefold(), name, frozenset(same) if name == "in" and isinstance(same, tuple) else same)
