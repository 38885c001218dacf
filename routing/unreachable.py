"""Which rules nothing can reach: an earlier one takes every lead that they would take, or their own clauses exclude each other.

Only what is certain is told. A condition becomes a set of asks that must all hold; of each kind of ask it is known which others
it includes and which it excludes. Patterns and hours are like nothing but themselves.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from routing.clauses import canonical, text_of
from routing.conditions import DEEPEST, parts
from routing.team import Rule
from routing.words import clean

Asks = frozenset[object]
_BOUNDED = frozenset({"gte", "lte", "between"})
_PARTS = frozenset({"contains", "starts_with"})


def shadowed(rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """Rules that an earlier one leaves nothing to, each with why."""
    found: list[tuple[str, str]] = []
    earlier: list[tuple[str, Asks]] = []
    for rule in rules:
        asks = _essence(rule.when, 0) if rule.when else frozenset()
        taker = next(((before, takes) for before, takes in earlier if _holds_too(takes, asks)), None)
        if taker:
            found.append((rule.id, _why_shadowed(*taker, asks)))
        earlier.append((rule.id, asks))
    return found


def contradictory(rules: Sequence[Rule]) -> list[str]:
    """Rules whose own clauses cannot all hold, whatever a lead says."""
    return [rule.id for rule in rules if rule.when and _contradicts(_essence(rule.when, 0))]


def _why_shadowed(before: str, takes: Asks, asks: Asks) -> str:
    if not takes:
        return f"rule {clean(before, 40)} before it has no `when` and takes every lead"
    if takes == asks:
        return f"rule {clean(before, 40)} before it has the same condition"
    return f"rule {clean(before, 40)} before it asks for less and takes every lead that would match"


def _essence(when: object, depth: int) -> Asks:
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
    if name in _PARTS:  # 07 and 7 are the same number, and not the same beginning
        return (field.casefold(), name, (text_of(operand) or "").casefold())
    same = canonical(operand)
    return (field.casefold(), name, frozenset(same) if name == "in" and isinstance(same, tuple) else same)


def _holds_too(wanted: Asks, given: Asks) -> bool:
    """Does all of `wanted` hold whenever all of `given` does?"""
    return all(_follows(ask, given) for ask in wanted)


def _follows(wanted: object, given: Asks) -> bool:
    if wanted in given:
        return True
    match wanted:
        case ("any", frozenset() as options) if any(_holds_too(option, given) for option in options):
            return True
        case ("not", frozenset() as inner) if _contradicts(given | inner):
            return True
        case (field, name, operand) if any(_includes((name, operand), ask[1:]) for ask in _about(field, given)):
            return True
    return any(all(_follows(wanted, option) for option in options) for options in _choices(given))


def _contradicts(asks: Asks) -> bool:
    """Can these never hold together?"""
    clauses = [ask for ask in asks if isinstance(ask, tuple) and len(ask) == 3]
    if any(_excludes(one[1:], other[1:]) for one in clauses for other in _about(one[0], asks)):
        return True
    denied = [ask for ask in asks if isinstance(ask, tuple) and len(ask) == 2 and ask[0] == "not"]
    if any(_holds_too(ask[1], asks - {ask}) for ask in denied):
        return True
    return any(all(_contradicts(option | frozenset(clauses)) for option in options) for options in _choices(asks))


def _about(field: object, asks: Asks) -> list[tuple[object, ...]]:
    return [ask for ask in asks if isinstance(ask, tuple) and len(ask) == 3 and ask[0] == field]


def _choices(asks: Asks) -> list[frozenset[Asks]]:
    return [ask[1] for ask in asks if isinstance(ask, tuple) and len(ask) == 2 and ask[0] == "any"]


def _includes(wide: tuple[object, ...], narrow: tuple[object, ...]) -> bool:
    """Does `wide` hold of every value of which `narrow` does? Both are an operator and what it compares with, of one field."""
    (name, operand), (other, given) = wide, narrow
    values = _values(other, given)
    if name == "exists":
        return operand == canonical(True) and other != "exists"  # every other operator needs a value
    if values is not None:
        return all(_holds(name, operand, value) for value in values)
    if name in _BOUNDED and other in _BOUNDED:
        (low, high), (least, most) = _bounds(name, operand), _bounds(other, given)
        return (low is None or _is_at_most(low, least)) and (high is None or _is_at_most(most, high))
    if name in _PARTS and other in _PARTS:
        return name == "contains" and str(operand) in str(given) or name == other and str(given).startswith(str(operand))
    return False


def _excludes(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Is there no value of which both hold?"""
    (name, operand), (second, given) = one, other
    if name == "exists":
        return operand == canonical(False) and (second != "exists" or given == canonical(True))
    values = _values(name, operand)
    if values is not None:
        return all(_fails(second, given, value) for value in values)
    if name in _BOUNDED and second in _BOUNDED:
        low, most = _bounds(name, operand)[0], _bounds(second, given)[1]
        return _is_at_most(most, low) and most != low
    return False


def _values(name: object, operand: object) -> Sequence[object] | None:
    """The only values of which it holds, where they can be listed: yes and no are written in several ways."""
    listed = list(operand) if name == "in" and isinstance(operand, frozenset) else [operand] if name == "eq" else None
    return listed if listed is not None and all(isinstance(value, (str, Decimal)) for value in listed) else None


def _holds(name: object, operand: object, value: object) -> bool:
    """Is it certain that a lead with this value matches?"""
    if (allowed := _values(name, operand)) is not None:
        return value in allowed
    if name in _BOUNDED:
        low, high = _bounds(name, operand)
        return (low is None or _is_at_most(low, value)) and (high is None or _is_at_most(value, high))
    if name in _PARTS and isinstance(value, str):
        return str(operand) in value if name == "contains" else value.startswith(str(operand))
    return False


def _fails(name: object, operand: object, value: object) -> bool:
    """Is it certain that no lead with this value matches? A number may be written in several ways."""
    if _values(name, operand) is not None or name in _BOUNDED or (name in _PARTS and isinstance(value, str)):
        return not _holds(name, operand, value)
    return False


def _bounds(name: object, operand: object) -> tuple[object, object]:
    """The least and the most of gte, lte and between; None where it has no such bound."""
    if name == "between" and isinstance(operand, tuple) and len(operand) == 2:
        return operand[0], operand[1]
    return (operand, None) if name == "gte" else (None, operand)


def _is_at_most(one: object, other: object) -> bool:
    """Only numbers with numbers, and texts with texts."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one <= other
    return isinstance(one, str) and isinstance(other, str) and one <= other
