"""Which pool a lead goes to: an ordered list of rules, first match wins, each read back clause by clause."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from routing.conditions import Match, check, match
from routing.hours import Calendar
from routing.model import Lead
from routing.team import Rule

__all__ = ["Match", "NoRuleMatched", "check", "fields_of", "first_match", "match"]


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
