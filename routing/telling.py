"""What reps and managers are told: the messages that go with a step. The words themselves are in workers/messages."""

from collections.abc import Mapping
from datetime import datetime

from routing.escalation import Contact, get
from routing.events import MessageArrived
from routing.hours import elapsed
from routing.model import Facts, Message, RepChange, Seat, State, Status
from routing.naming import about, at, contact, manager_name, name_of, names, no_phone
from routing.team import Manager, Rep
from routing.words import ago

Fields = Mapping[str, str]
SHOWN = ("slack", "teams")  # where an offer or an alarm stands to be looked at, by several people perhaps
ALSO = {"sms": ("sms", "slack", "teams")}  # what is short enough for a text is told there too


# --- to reps -----------------------------------------------------------------------------------------------------


def offered(facts: Facts, state: State, seat: Seat, now: datetime) -> tuple[Message, ...]:
    """The offer, with what is known and by when; not yet the lead's number."""
    fields = {**about(facts, now), "ring": "yes" if len(state.offered_to) > 1 else "", "turn": str(state.turn)}
    return to_rep(facts, seat.rep, "offer", f"offer:{facts.lead.id}:{state.turn}", fields, purpose="offer")


def yours(facts: Facts, rep: str, now: datetime) -> tuple[Message, ...]:
    """It is yours: now with the number to call."""
    fields = {**about(facts, now), **contact(facts), "turn": str(facts.state.turn)}
    key = f"accepted:{facts.lead.id}:{facts.state.turn}:{at(now)}"
    return to_rep(facts, rep, "accepted", key, fields, purpose="notice")


def took_call(facts: Facts, rep: str, now: datetime) -> tuple[Message, ...]:
    """They talk with the caller, whose number their phone did not show: what it is, and what to say afterwards."""
    if rep == facts.state.owner:
        return ()  # they have had it in writing
    key = f"took:{facts.lead.id}:{at(now)}"
    fields = {**about(facts, now), **contact(facts), "turn": str(facts.state.turn)}
    return to_rep(facts, rep, "took_call", key, fields, purpose="notice", channels=("sms",))


def reminded(facts: Facts, reps: tuple[str, ...], now: datetime) -> tuple[Message, ...]:
    """Time runs down."""
    accepted = "yes" if facts.state.owner else ""
    fields = {**about(facts, now), "accepted": accepted, "turn": str(facts.state.turn)}
    key = f"remind:{facts.lead.id}:{facts.state.rung}:{at(now)}"
    return tuple(m for rep in reps for m in to_rep(facts, rep, "remind", key, fields, purpose="notice", channels=("sms",)))


def withdrawn(
    facts: Facts, reps: tuple[str, ...], now: datetime, *, winner: str | None, asked: tuple[str, ...] = ()
) -> tuple[Message, ...]:
    """Somebody else has it, or several others are `asked`: nothing to do any more."""
    fields = {
        "code": facts.lead.code,
        "name": facts.lead.person.name or "",
        "winner": names(facts, (winner,) if winner else asked),
    }
    key = f"withdrawn:{facts.lead.id}:{facts.state.turn}:{at(now)}"
    return tuple(m for rep in reps for m in to_rep(facts, rep, "withdrawn", key, fields, purpose="notice", channels=("sms",)))


def gone(facts: Facts, reps: tuple[str, ...], after: State, now: datetime) -> tuple[Message, ...]:
    """They are asked no longer, and who has it or is asked now: on Slack the offer itself is changed, on Teams a card says so below it.

    No text: it asks nothing of them.
    """
    holders = (after.owner,) if after.owner else after.offered_to
    winner = names(facts, (rep for rep in holders if rep))
    fields = {"code": facts.lead.code, "name": facts.lead.person.name or "", "winner": winner, "accepted": after.owner or ""}
    key = f"gone:{facts.lead.id}:{facts.state.turn}:{at(now)}"
    seen = [(rep, way) for rep in reps if rep in facts.team.reps for way in SHOWN if way in ways_of(facts.team.reps[rep])]
    news = [(rep, way) for rep, way in seen if way == "slack" or rep != after.owner]  # who has it needs no second card
    return tuple(m for rep, way in news for m in to_rep(facts, rep, "gone", key, fields, purpose="notice", channels=(way,)))


def too_late(facts: Facts, rep: str, now: datetime) -> tuple[Message, ...]:
    """ "A7 went to Priya 20s ago, so nothing to do." Who has it, or else who is asked now; a lead nobody has is said to be so."""
    state, code = facts.state, facts.lead.code
    holders, since = ((state.owner,), state.accepted_at) if state.owner else (state.offered_to, state.offered_at)
    if not holders:
        waits = state.status is Status.WAITING
        text = f"{code} waits for a rep with room; you have none free." if waits else f"{code} is {state.status}, nothing to do."
        return answered(facts, rep, text, now)
    fields = {
        "code": code,
        "winner": names(facts, (holder for holder in holders if holder)),
        "ago": ago(now - since) if since else "",
        "pool": facts.policy.pool.name,
    }
    key = f"toolate:{facts.lead.id}:{state.turn}:{at(now)}"
    return to_rep(facts, rep, "too_late", key, fields, purpose="notice", channels=("sms",))


def answered(facts: Facts, rep: str, text: str, now: datetime) -> tuple[Message, ...]:
    """A plain answer to something a rep has texted."""
    key = f"answer:{facts.lead.id}:{facts.state.turn}:{at(now, text)}"
    return to_rep(facts, rep, "reply", key, {"code": facts.lead.code, "text": text}, purpose="notice", channels=("sms",))


def moved_on(facts: Facts, changes: tuple[RepChange, ...], *, to: tuple[str, ...], waited: str) -> tuple[Message, ...]:
    """To those who were silent: it moved on. To the managers: who has been set Away."""
    messages: list[Message] = []
    for change in changes:
        fields = {
            "code": facts.lead.code, "winner": names(facts, to), "ago": waited, "away": "yes" if change.away else "",
        }  # fmt: skip
        key = f"moved:{facts.lead.id}:{facts.state.turn}"
        messages += to_rep(facts, change.rep, "moved_on", key, fields, purpose="notice", channels=("sms",))
    gone = [change for change in changes if change.away]
    if gone:  # one message for all of them: a broadcast that nobody answers must not be a flood
        who = [name_of(facts, change.rep) for change in gone]
        away = {
            "set_away": names(facts, (change.rep for change in gone)),
            "all_away": "; ".join(who),
            "lapses": str(max(change.lapses or 0 for change in gone)),
            "pool": facts.policy.pool.name,
        }
        key = f"away:{facts.lead.id}:{facts.state.turn}"
        messages += to_managers(facts, get("pool_managers").contacts(facts), "away", key, away)
    return tuple(messages)


def lead_said(facts: Facts, event: MessageArrived, now: datetime) -> tuple[Message, ...]:
    """The lead's words, to whoever has it; to the managers where that is nobody any more."""
    owner = facts.state.owner
    if owner is None:
        return ()
    fields = {"code": facts.lead.code, "name": facts.lead.person.name or "", "text": event.text, "files": " ".join(event.files)}
    if event.channel == "call":
        fields |= {"by_call": "yes", "phone": facts.lead.person.phone or ""}
    key = f"said:{facts.lead.id}:{at(now, event.text)}"
    if owner not in facts.team.reps:
        told = {**fields, "rep_name": owner, "pool": facts.policy.pool.name}
        return to_managers(facts, get("pool_managers").contacts(facts), "said_to_nobody", key, told)
    return to_rep(facts, owner, "lead_said", key, fields, purpose="notice")


def opted_out(facts: Facts, said: str, *, for_review: bool, now: datetime) -> tuple[Message, ...]:
    """They do not want our texts: whoever has the lead knows it; what only may mean that goes to a person in any case."""
    lead, owner = facts.lead, facts.state.owner
    who = f"{lead.code} {lead.person.name or ''}".strip()
    text = (
        f'{who} wrote "{said[:80]}": taken as a STOP, no more texts to them. Please look.'
        if for_review
        else f"{who} said STOP: no more texts to them."
    )
    key, fields = f"optedout:{lead.id}:{at(now, said)}", {"code": lead.code, "text": text}
    if owner is not None:
        return to_rep(facts, owner, "reply", key, fields, purpose="notice")
    return to_managers(facts, get("pool_managers").contacts(facts), "reply", key, fields) if for_review else ()


def not_acked(facts: Facts, reason: str) -> tuple[Message, ...]:
    """The lead has not been acknowledged: whoever has it, or is asked, must know."""
    holders = facts.state.holders
    fields = {"code": facts.lead.code, "name": facts.lead.person.name or "", "reason": reason, "no_phone": no_phone(facts)}
    key = f"notacked:{facts.lead.id}"
    return tuple(
        m for rep in holders if rep for m in to_rep(facts, rep, "not_acked", key, fields, purpose="notice", channels=("sms",))
    )


# --- to managers -------------------------------------------------------------------------------------------------


def escalated(facts: Facts, contacts: tuple[Contact, ...], *, key: str, late: bool, now: datetime) -> tuple[Message, ...]:
    """At risk or late: what, who was tried, why, and what can be done."""
    state = facts.state
    fields = {
        **about(facts, now),
        "target": ago(facts.policy.sla.first_response_within),
        "elapsed": ago(elapsed(facts.policy.sla.calendar, facts.lead.arrived_at, now)),  # in office hours, as the target
        "tried": str(len(state.tried)),
        "cause": str(state.cause or state.wait_reason or ""),
        "owner": name_of(facts, state.owner) if state.owner else "",
        "count": "1",
        "codes": facts.lead.code,
    }
    return to_managers(facts, contacts, "breach" if late else "at_risk", f"{key}:{facts.lead.id}", fields)


def waiting(facts: Facts, reason: str, now: datetime) -> tuple[Message, ...]:
    """Nobody has room and it will be late unless somebody acts: the pool's managers hear it before it happens."""
    fields = {**about(facts, now), "reason": reason, "count": "1", "codes": facts.lead.code}
    return to_managers(facts, get("pool_managers").contacts(facts), "waiting", f"waiting:{facts.lead.id}:{at(now)}", fields)


def uncontactable(facts: Facts, reason: str) -> tuple[Message, ...]:
    """A lead that nobody can answer."""
    fields = {
        "code": facts.lead.code,
        "source": facts.policy.source.id,
        "reason": reason,
        "pool": facts.policy.pool.name,
        "count": "1",
        "codes": facts.lead.code,
    }
    return to_managers(facts, get("pool_managers").contacts(facts), "uncontactable", f"uncontactable:{facts.lead.id}", fields)


def on_it(facts: Facts, manager: str, now: datetime) -> tuple[Message, ...]:
    """Who is on it, for everybody who saw the alarm: on Slack it is changed and has no button any more, on Teams a card says so."""
    pool, team = facts.policy.pool, facts.team.managers
    told = [team[name] for name in dict.fromkeys((*pool.managers, *pool.directors)) if name in team]
    fields = {
        "code": facts.lead.code, "name": facts.lead.person.name or "", "winner": manager_name(facts, manager), "pool": facts.policy.pool.name,
    }  # fmt: skip
    return tuple(
        Message(
            key=f"onit:{facts.lead.id}:{at(now)}:manager:{person.id}:{way}", to=f"manager:{person.id}", channel=way,
            address=ways_of(person)[way], template="on_it", purpose="notice", fields=fields,
        )
        for person in told for way in SHOWN if way in ways_of(person)
    )  # fmt: skip


# --- the addressees ----------------------------------------------------------------------------------------------


def ways_of(person: Rep | Manager | Contact) -> dict[str, str]:
    """Channel -> address: those by which the person wants to be told, or all where none of these is left."""
    teams = None if isinstance(person, Contact) else person.teams
    all_ways = {"sms": person.phone, "email": person.email, "slack": person.slack, "teams": teams}
    ways = {channel: address for channel, address in all_ways.items() if address}
    wished = frozenset() if isinstance(person, Contact) else person.tell_by
    return {channel: address for channel, address in ways.items() if not wished or channel in wished} or ways


def to_rep(
    facts: Facts, rep: str, template: str, key: str, fields: Fields, *, purpose: str, channels: tuple[str, ...] = ("sms", "email")
) -> tuple[Message, ...]:
    """One message a channel: on Slack or Teams whatever would be a text; by what is left when the rep has none of these."""
    person = facts.team.reps.get(rep)
    if person is None:
        return ()
    ways = ways_of(person)
    wanted = [way for channel in channels for way in ALSO.get(channel, (channel,)) if way in ways] or list(ways)
    named = {**fields, "lead": str(facts.lead.id), "rep": rep, "rep_name": person.name, "firm": facts.policy.site.name}
    return tuple(
        Message(
            key=f"{key}:{rep}:{channel}", to=f"rep:{rep}", channel=channel, address=ways[channel], template=template,
            purpose=purpose, fields=named,
        )
        for channel in wanted
    )  # fmt: skip


def to_managers(facts: Facts, contacts: tuple[Contact, ...], template: str, key: str, fields: Fields) -> tuple[Message, ...]:
    """By every way they have: an alarm must not hang on one provider."""
    messages = []
    for person in contacts:
        named = {**fields, "lead": str(facts.lead.id), "manager": person.to.partition(":")[2], "firm": facts.policy.site.name}
        known = facts.team.managers.get(named["manager"]) if person.to.startswith("manager:") else None
        for channel, address in ways_of(known or person).items():
            messages.append(
                Message(
                    key=f"{key}:{person.to}:{channel}",
                    to=person.to,
                    channel=channel,
                    address=address,
                    template=template,
                    purpose="alarm",
                    fields=named,
                )  # fmt: skip
            )
    return tuple(messages)
