"""What the lead is told: the acknowledgement, by the way they came, and a rep's own words passed on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from routing import lines, promise
from routing.contact import Allowed, Held, Writing, may_write
from routing.events import HumanResponded
from routing.hours import is_open, next_open
from routing.model import Facts, Message, Step
from routing.naming import at, name_of, no_phone
from routing.quiet import stated_state
from routing.team import AtNight
from routing.words import due_text, pieces

LONGEST_TEXT = 1_500  # characters of one text: Twilio takes 1,600, and letters spelt in the cheap alphabet may grow
NOT_YET = 10  # minutes an acknowledgement stays worth sending after the instant it names


def reach(facts: Facts) -> list[tuple[str, str]]:
    """The (channel, address) pairs by which this lead can be answered: where they spoke last, then the way they came."""
    person = facts.lead.person
    known = {**person.handles, "sms": person.phone, "email": person.email}
    wanted = dict.fromkeys((facts.state.heard_on, facts.lead.channel, "sms", "email"))
    return [(way, address) for way in wanted if way in lines.ANSWERED_ON and (address := known.get(way))]


def ways(facts: Facts, purpose: str, now: datetime) -> list[tuple[str, str]]:
    """The ways that are open to us: those that may be used at once, then those that quiet hours hold. A STOP closes a way."""
    judged = [(way, may_write(writing(facts, purpose, way[0]), facts.team.rulebook, now)) for way in reach(facts)]
    quiet = facts.team.quiet_hours
    if purpose == "ack" and quiet is not None and quiet.acknowledge is AtNight.WAIT:
        return [way for way, verdict in judged if isinstance(verdict, Allowed | Held)]
    at_once = [way for way, verdict in judged if isinstance(verdict, Allowed)]
    return at_once + [way for way, verdict in judged if isinstance(verdict, Held)]


def held_until(facts: Facts, channel: str, now: datetime) -> datetime | None:
    """Until when quiet hours hold a rep's words on this channel; None: they may go at once."""
    verdict = may_write(writing(facts, "reply", channel), facts.team.rulebook, now)
    return verdict.until if isinstance(verdict, Held) else None


def writing(facts: Facts, purpose: str, channel: str) -> Writing:
    """A message to the lead, as the rules of contact look at it."""
    person = facts.lead.person
    return Writing(
        purpose=purpose, channel=channel, opted_out=person.opted_out, quiet=facts.team.quiet_hours, zone=person.zone,
        phone=person.phone, state=stated_state(facts.lead.fields) if channel == "sms" else "", wrote_at=person.wrote_at,
    )  # fmt: skip


def reachable(facts: Facts) -> bool:
    """Is there any way to answer? A STOP closes a channel for texts, not for a rep's call."""
    person = facts.lead.person
    return bool(person.phone or person.email or person.handles)


def acknowledged(facts: Facts, step: Step, now: datetime) -> Step:
    """The step with the acknowledgement to the lead, naming what the step has just decided."""
    decided = replace(facts, state=step.state)
    messages = () if step.state.acked_on else acknowledgement(decided, now)
    if not messages:
        return step
    state = replace(step.state, acked_on=(messages[0].channel,), promised_at=promise.promise(decided, now))
    return replace(step, state=state, messages=(*messages, *step.messages))


def acknowledgement(facts: Facts, now: datetime, *, without: Iterable[str] = ()) -> tuple[Message, ...]:
    """The acknowledgement by the first channel that is not in `without`; none when the source does not want one."""
    source, lead = facts.policy.source, facts.lead
    open_ways = [way for way in ways(facts, "ack", now) if way[0] not in set(without)]
    if not source.acknowledge or not open_ways:
        return ()
    channel, address = open_ways[0]
    shut = not is_open(facts.policy.sla.calendar, now)
    promised_at = promise.promise(facts, now)
    custom = source.words.email if channel == "email" else (source.words.closed_sms if shut else None) or source.words.sms
    fields = {
        **lead_fields(facts, channel),
        "due_text": due_text(promised_at, lead_zone(facts), now) if promise.is_for_anybody(facts) else "",
        "opens_text": opens(facts, now),
    }
    if channel == "email" and source.words.email_subject:
        fields["subject_words"] = source.words.email_subject
    return (
        Message(
            key=f"ack:{lead.id}:{channel}", to="lead", channel=channel, address=address, purpose="ack", fields=fields, words=custom,
            template="ack_closed" if shut else "ack", expires_at=promised_at + timedelta(minutes=NOT_YET),
        ),
    )  # fmt: skip


def lead_fields(facts: Facts, channel: str) -> dict[str, str]:
    """What a text to the lead may name, and from which number of ours it goes (`from`). The rep only once they have it: an offer
    may still be passed on.
    """
    name, sender = facts.lead.person.name or "", lines.sender(facts, channel)
    owner, state = facts.state.owner, stated_state(facts.lead.fields)
    return {
        **({"state": state} if state else {}),  # where they may be: looked at again when it is sent
        "name": name,
        "first_name": facts.lead.fields.get("first_name") or name.split(" ")[0],
        "firm": facts.policy.site.name,
        "rep": name_of(facts, owner).split(" ")[0] if owner else "",
        "pool": facts.policy.pool.name,
        "code": facts.lead.code,
        "kind": facts.lead.kind,
        "no_phone": no_phone(facts),
        "stop_hint": "Reply STOP to opt out.",
        "postal_address": facts.policy.site.postal_address,
        **({"from": sender} if sender else {}),
    }


def lead_zone(facts: Facts) -> str:
    """Times are named in the lead's own zone where it is known."""
    return facts.lead.person.zone or facts.policy.site.zone


def opens(facts: Facts, now: datetime) -> str:
    """When the office opens, in words; empty while it is open or if it never does."""
    calendar = facts.policy.sla.calendar
    opens_at = None if is_open(calendar, now) else next_open(calendar, now)
    return due_text(opens_at, lead_zone(facts), now) if opens_at else ""


def relayed(facts: Facts, event: HumanResponded, now: datetime) -> tuple[Message, ...]:
    """The rep's own words, passed on to the lead from the firm's number; what is too long for one text in several, or by mail."""
    fitting = [way for way in ways(facts, "reply", now) if way[0] == event.how or event.how == "text"]
    if not event.text or not fitting:
        return ()
    by_mail = [way for way in fitting if way[0] == "email"]
    channel, address = by_mail[0] if by_mail and len(event.text) > LONGEST_TEXT else fitting[0]
    parts = (event.text,) if channel == "email" else pieces(event.text, LONGEST_TEXT)
    fields = {**lead_fields(facts, channel), "rep": name_of(facts, event.rep), "by": event.rep}
    return tuple(
        Message(
            key=f"reply:{facts.lead.id}:{event.rep}:{at(now, event.text)}" + (f":{number}" if number > 1 else ""), to="lead",
            channel=channel, address=address, template="relay", purpose="reply",
            fields={**fields, "text": f"({number}/{len(parts)}) {part}" if len(parts) > 1 else part},
        )
        for number, part in enumerate(parts, 1)
    )  # fmt: skip
