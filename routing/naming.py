"""What messages and reasons name: people by name, a lead by its facts."""

import zlib
from collections.abc import Iterable
from datetime import datetime

from routing.model import Facts
from routing.sla import remaining
from routing.words import ago, due_text


def about(facts: Facts, now: datetime) -> dict[str, str]:
    """What a rep or a manager is told about a lead before anybody has it: no number, no address."""
    lead, due_at = facts.lead, facts.state.response_due_at
    left = remaining(facts.policy.sla, due_at, now)  # in office hours, as the target is: over a weekend nothing runs down
    fields = lead.fields
    place = ", ".join(part for part in (fields.get("city"), fields.get("state")) if part)
    return {
        "code": lead.code,
        "name": lead.person.name or {"call": "a caller", "message": "a new contact"}.get(lead.kind, "somebody"),
        "company": fields.get("company", ""),
        "place": place,
        "about": lead.message,
        "source": lead.source,
        "kind": lead.kind,
        "pool": facts.policy.pool.name,
        "due_text": due_text(due_at, facts.policy.site.zone, now) if due_at else "",
        "remaining": ago(left) if left else "",
        "late": "yes" if due_at and due_at <= now else "",
        "test": "yes" if lead.is_test else "",
        "no_phone": no_phone(facts),
        "link": "",
    }


def no_phone(facts: Facts) -> str:
    """ "yes" where nobody can be called: then nobody is told to, and nobody is promised a call."""
    return "" if facts.lead.person.phone else "yes"


def contact(facts: Facts) -> dict[str, str]:
    """How to reach the lead: for the rep who has it."""
    person = facts.lead.person
    said = "; ".join(facts.state.said)
    return {"phone": person.phone or "", "email": person.email or "", "message": facts.lead.message, "said": said}


def name_of(facts: Facts, rep: str | None) -> str:
    """A rep's name, the id when they have left the team, "nobody" for none."""
    if rep is None:
        return "nobody"
    known = facts.team.reps.get(rep)
    return known.name if known else rep


def names(facts: Facts, reps: Iterable[str]) -> str:
    """Names in a row; many are counted."""
    listed = [name_of(facts, rep) for rep in reps]
    return ", ".join(listed) if len(listed) < 4 else f"{len(listed)} reps"


def manager_name(facts: Facts, manager: str) -> str:
    """A manager's name, or the id."""
    known = facts.team.managers.get(manager)
    return known.name if known else manager


def at(now: datetime, words: str = "") -> str:
    """An instant (and what is said: several words can be decided at one instant) as the part of a key that makes it one of its kind."""
    return f"{now.timestamp():.6f}" + (f"-{zlib.crc32(words.encode()):08x}" if words else "")
