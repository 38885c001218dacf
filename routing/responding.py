"""Somebody answers: a bridged call, a rep's own words, what they report; then the lead is done."""

from dataclasses import replace
from datetime import datetime

from routing import answering, ladder, offering, promise, telling
from routing.events import CallBridged, HumanResponded, OutcomeReported, ReplyLost, ResponseAttempted
from routing.model import Facts, Message, RepChange, Status, Step
from routing.naming import name_of
from routing.words import due_text

GOES_ON = "; the clock goes on"  # how a reason ends that tells of words which went nowhere


def bridged(facts: Facts, event: CallBridged, now: datetime) -> Step:
    """A rep and the caller talk: taken and answered in one."""
    at = promise.told_at(facts, event.at, now)
    state = offering.owned(facts.state, event.rep, now)
    state = replace(
        state, status=Status.RESPONDED, responded_at=at, response_how="call", accepted_at=at, line=None,
        response_call=facts.state.call_sid,
    )  # fmt: skip
    return Step(
        state,
        why=f"{name_of(facts, event.rep)} took the call{promise.in_time(facts, at)}",
        alarms=(promise.close_alarm(facts, now),),
        messages=(
            *telling.took_call(facts, event.rep, now),
            *telling.withdrawn(facts, others(facts, event.rep), now, winner=event.rep),
        ),
        reps=(RepChange(event.rep, lapses=0, assigned=event.rep not in (facts.state.owner, *facts.state.offered_to)),),
        disarm=True,
    )


def answered_elsewhere(facts: Facts, event: CallBridged, now: datetime) -> Step:
    """A call that another system connected, told afterwards: the first response is there already.

    Where nobody says who answered, and nobody has the lead, there is nobody to hold it: it is done.
    """
    facts = replace(facts, state=promise.promised(facts) if facts.state.status is Status.NEW else facts.state)
    rep = event.rep or facts.state.owner
    if rep:
        return bridged(facts, CallBridged(rep, event.at), now)
    at = promise.told_at(facts, event.at, now)
    done = closed(replace(facts, state=replace(facts.state, responded_at=at, response_how="call")), outcome="talked", now=now)
    return replace(
        done,
        why=f"the call was answered at the firm's own phone{promise.in_time(facts, at)}",
        messages=telling.withdrawn(facts, others(facts, ""), now, winner=None),
    )


def others(facts: Facts, rep: str) -> tuple[str, ...]:
    """Who had the lead or was asked, besides `rep`: they hear that there is nothing to do any more."""
    return tuple(dict.fromkeys(r for r in (facts.state.owner, *facts.state.offered_to) if r and r != rep))


def responded(facts: Facts, event: HumanResponded, now: datetime) -> Step:
    """A person's own call, text or e-mail reached the lead: the clock stops. Whoever answers owns it."""
    relayed = answering.relayed(facts, event, now)
    if event.text and not relayed and not event.reported:
        return unsent(facts, event, now)
    if relayed and (until := answering.held_until(facts, relayed[0].channel, now)):
        return held_back(facts, event, relayed, until=until, now=now)
    first, at = facts.state.responded_at is None, promise.told_at(facts, event.at, now)
    state = offering.owned(facts.state, event.rep, now) if facts.state.owner != event.rep else facts.state
    if first:
        state = replace(state, responded_at=at, response_how="reported" if event.reported else event.how)
        state = replace(state, response_call=event.sent or (relayed[0].key if relayed else None))
    gone = telling.answered(facts, event.rep, f"{facts.lead.code}: your text has gone out now.", now) if event.sent else ()
    said = f"{name_of(facts, event.rep)} {'says they answered' if event.reported else 'answered'} by {event.how}"
    return Step(
        replace(state, status=Status.RESPONDED),
        why=said + (f": the first response{promise.in_time(facts, at)}" if first else ""),
        alarms=(promise.close_alarm(facts, now),),
        messages=(*relayed, *gone, *telling.withdrawn(facts, others(facts, event.rep), now, winner=event.rep)),
        reps=(RepChange(event.rep, lapses=0),),
        disarm=first,
    )


def unsent(facts: Facts, event: HumanResponded, now: datetime) -> Step:
    """The rep's words could go nowhere (no address, or the person has opted out): that is no response."""
    text = f"{facts.lead.code}: not sent, we may not write to them by {event.how}. Please call; the clock goes on."
    return Step(
        facts.state,
        why=f"{name_of(facts, event.rep)} wrote, but the lead cannot be written to by {event.how}{GOES_ON}",
        messages=telling.answered(facts, event.rep, text, now),
        reps=(RepChange(event.rep, lapses=0),),
    )


def held_back(facts: Facts, event: HumanResponded, relayed: tuple[Message, ...], *, until: datetime, now: datetime) -> Step:
    """Quiet hours hold the rep's words: they go out by themselves, and count when they do (`sent`)."""
    when = due_text(until, answering.lead_zone(facts), now)
    first, *more = relayed
    text = f"{facts.lead.code}: it is night there. Your text goes out {when} and counts then; the clock goes on."
    return Step(
        facts.state,
        why=f"{name_of(facts, event.rep)} wrote; quiet hours hold it until {when}. It counts when it is sent",
        messages=(
            replace(first, fields={**first.fields, "counts": event.rep}),
            *more,
            *telling.answered(facts, event.rep, text, now),
        ),
        reps=(RepChange(event.rep, lapses=0),),
    )


def lost(facts: Facts, event: ReplyLost, now: datetime) -> Step:
    """The rep's words did not arrive: they are told, and a clock that had stopped for them runs again."""
    state, name = facts.state, name_of(facts, event.rep)
    text = f"{facts.lead.code}: your text did not reach them ({event.reason}). Please call."
    told = telling.answered(facts, event.rep, text, now)
    why = f"{name}'s words by {event.channel} did not reach the lead ({event.reason})"
    if state.status is not Status.RESPONDED or state.response_call != event.key or not state.owner:
        return Step(state, why=why, messages=told)
    state = replace(
        state, status=Status.ACCEPTED, responded_at=None, response_how=None, response_call=None, acknowledged_by=None,
        attempted_at=state.attempted_at or state.responded_at,
    )  # fmt: skip
    alarms = ladder.armed_again(replace(facts, state=state), now)
    return Step(state, why=f"{why}: an attempt, no response. The clock runs again", messages=told, alarms=alarms, disarm=True)


def attempted(facts: Facts, event: ResponseAttempted, now: datetime) -> Step:
    """A voicemail or an unanswered call of the rep's: counted, but the clock goes on."""
    state = replace(facts.state, attempted_at=facts.state.attempted_at or now)
    why = f"{name_of(facts, event.rep)} tried ({event.how}); nobody was reached, the clock goes on"
    return Step(state, why=why, reps=(RepChange(event.rep, lapses=0),))


def finished(facts: Facts, event: OutcomeReported, now: datetime) -> Step:
    """The rep says how it went. Talking is a response too, kept apart as reported; the room is free again."""
    state, in_time = facts.state, ""
    if event.outcome in ("talked", "not_now") and state.responded_at is None:
        at = promise.told_at(facts, event.at, now)
        state, in_time = replace(state, responded_at=at, response_how="reported"), promise.in_time(facts, at)
    if state.owner is None:
        state = offering.owned(state, event.rep, now)
    done = closed(replace(facts, state=state), outcome=event.outcome, now=now)
    who = name_of(facts, event.rep)
    return replace(
        done,
        why=f"{who} reports: {event.outcome.replace('_', ' ')}{in_time}",
        messages=telling.withdrawn(facts, others(facts, event.rep), now, winner=event.rep),
        reps=(RepChange(event.rep, lapses=0),),
    )


def closed(facts: Facts, *, outcome: str, now: datetime) -> Step:
    """Final. Later words of the person begin a new lead."""
    state = replace(facts.state, status=Status.CLOSED, closed_at=now, outcome=outcome, offered_to=())
    return Step(state, why=f"closed: {outcome}", disarm=True)
