"""A rep calls the lead through us: we ring the rep, who presses 1, and put them through from the firm's number.

Who took the call and for how long comes from the call itself. A person who picks up is the response; a voicemail, a busy line
or no answer is an attempt; a machine detection that heard nothing clear is asked about, never counted as a person.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from routing import answering, ladder, lines, responding, telling
from routing.contact import Suppressed, may_write
from routing.events import (
    WRITTEN,
    CallRequested,
    HumanResponded,
    LeadCallEnded,
    LeadPickedUp,
    RepCallEnded,
    RepJoinedCall,
    ResponseAttempted,
)
from routing.model import Facts, Message, State, Status, Step
from routing.naming import about, at, name_of
from routing.promise import told_at
from routing.sending import CALL
from routing.team import Source, Team
from routing.words import ago

PLACED_WITHIN = timedelta(seconds=60)  # a call that could not be begun by then is not placed any more: the rep has moved on
UNDER_WAY = timedelta(minutes=2)  # longer than both phones ring and the rep listens; after that a lost callback blocks nobody
MOST_CALLS = 12  # of one lead: nobody is rung without end
TALKED = ("completed", "answered")
HUMAN, MACHINE, NOBODY = "human", "machine", "nobody"


def line_of(team: Team) -> Source | None:
    """The source of phone calls whose number reps call from, None when there is none or it is not allowed there."""
    lines = (source for source in team.sources.values() if source.type == "twilio_voice")
    return next((line for line in lines if line.options.get("click_to_call", True)), None)


def requested(facts: Facts, event: CallRequested, now: datetime) -> Step:
    """A rep wants to call: ring them, or say why not."""
    because = why_not(facts, event.rep, now)
    if because:
        return refused(facts, event, because, now)
    state = replace(
        facts.state, dial_number=facts.state.dial_number + 1, dial_rep=event.rep, dial_until=now + UNDER_WAY, dial_joined=False,
        dial_met=None, dial_met_at=None,
    )  # fmt: skip
    verdict = may_write(answering.writing(facts, CALL, "call"), facts.team.rulebook, now)
    hint = f"calling you now: press 1 and we connect you. Or dial {facts.lead.person.phone}."
    return Step(
        state,
        why=f"{name_of(facts, event.rep)} wants to call by {event.via}: ringing them first ({verdict.why})",
        messages=(ring(facts, state, now), *(said(facts, event.rep, hint, now, "asked") if event.via in WRITTEN else ())),
    )


def why_not(facts: Facts, rep: str, now: datetime) -> str | None:
    """Why this call is not placed, as the rep is told; None when it is."""
    state, person, code = facts.state, facts.lead.person, facts.lead.code
    verdict = may_write(answering.writing(facts, CALL, "call"), facts.team.rulebook, now)
    if state.owner != rep:
        return f"not yours yet. Reply 1 {code} to accept."
    if state.status not in (Status.ACCEPTED, Status.RESPONDED):
        return f"is {state.status}, so there is nobody to call."
    if not person.phone:
        return "they left no number."
    if isinstance(verdict, Suppressed):
        return "they asked not to be called, so we do not."
    if state.dial_rep and state.dial_until and now < state.dial_until:
        return f"a call is under way already. Or dial {person.phone}."
    if line_of(facts.team) is None or not phone_of(facts.team, rep) or state.dial_number >= MOST_CALLS:
        return f"call {person.phone}"
    return None


def refused(facts: Facts, event: CallRequested, because: str, now: datetime) -> Step:
    """Nothing is placed. Who texted is answered; who pressed the button reads it on the page."""
    told = said(facts, event.rep, because, now, "refused") if event.via in WRITTEN else ()
    return Step(
        facts.state,
        why=f"not called for {name_of(facts, event.rep)}: {without_number(facts, because)}",
        messages=told,
        changed=False,
    )


def without_number(facts: Facts, words: str) -> str:
    """The timeline is read by more people than the rep."""
    phone = facts.lead.person.phone
    return words.replace(f" Or dial {phone}.", "").replace(f"call {phone}", "the rep dials the number") if phone else words


def ring(facts: Facts, state: State, now: datetime) -> Message:
    """The call to the rep: what they hear first, and where the phone company asks what comes next."""
    rep, line = state.dial_rep or "", line_of(facts.team)
    fields = {
        **about(facts, now),
        "rep": rep,
        "firm": facts.policy.site.name,
        "line": line.id if line else "",
        "number": lines.sender(facts, "call"),
        "usual": str((line.options.get("number") if line else "") or ""),
        "call": str(state.dial_number),
        "lead": str(facts.lead.id),
        "recorded": "yes" if line and line.options.get("record_calls") else "",
    }
    return Message(
        key=f"call:{facts.lead.id}:{state.dial_number}", to=f"rep:{rep}", channel="call", address=phone_of(facts.team, rep) or "",
        template="call", purpose=CALL, fields=fields, expires_at=now + PLACED_WITHIN,
    )  # fmt: skip


def joined(facts: Facts, event: RepJoinedCall, now: datetime) -> Step:
    """The rep pressed 1: ring the lead, if the lead is still theirs and may still be called."""
    state, name = facts.state, name_of(facts, event.rep)
    if not is_current(state, event.call) or state.dial_rep != event.rep:
        return Step(state, why=f"{name} pressed 1 on a call that is over", changed=False)
    verdict = may_write(answering.writing(facts, CALL, "call"), facts.team.rulebook, now)
    if state.owner != event.rep or isinstance(verdict, Suppressed):
        why = verdict.why if isinstance(verdict, Suppressed) else "it is not theirs any more"
        return Step(replace(state, dial_rep=None), why=f"{name} pressed 1, but was not put through: {why}")
    return Step(replace(state, dial_joined=True), why=f"{name} pressed 1: ringing the lead from the firm's number")


def is_put_through(state: State, rep: str, call: int) -> bool:
    """After a pressed 1: is the lead to be rung for this rep?"""
    return is_current(state, call) and state.dial_joined and state.dial_rep == rep


def picked_up(facts: Facts, event: LeadPickedUp, now: datetime) -> Step:
    """A person picked up: the clock stops on the spot. A machine did: an attempt, and the rep may leave a message."""
    if event.by == MACHINE:
        met = replace(facts, state=marked(facts.state, event.call, MACHINE, now))
        tried = responding.attempted(met, ResponseAttempted(event.rep, "voicemail"), now)
        return replace(tried, why=f"a voicemail took {name_of(facts, event.rep)}'s call; the clock goes on")
    if event.by != HUMAN:
        return Step(facts.state, why=f"nobody can tell who took {name_of(facts, event.rep)}'s call")
    told = told_at(facts, event.at, now)
    return answered(replace(facts, state=marked(facts.state, event.call, HUMAN, told)), event.rep, now, told=told)


def ended(facts: Facts, event: LeadCallEnded, now: datetime) -> Step:
    """The leg to the lead is over. It is told twice (by the verb and by the leg's own callback): the second says nothing new."""
    state, met, name = facts.state, facts.state.dial_met, name_of(facts, event.rep)
    if not is_current(state, event.call) or (met and state.dial_rep is None):
        return Step(state, why="the end of a call that is over already", changed=False)
    talked = event.status in TALKED and event.bridged
    if met == HUMAN and not talked:
        return unmet(facts, event, now)
    if met:
        return Step(hung_up(state), why=f"{name}'s call is over after {ago(timedelta(seconds=event.seconds))}")
    if talked and not event.watched:
        told = told_at(facts, event.at, now)
        state = marked(hung_up(state), event.call, HUMAN, told)
        return answered(replace(facts, state=state), event.rep, now, told=told, after=event.seconds)
    return not_met(facts, event, now, talked=talked)


def not_met(facts: Facts, event: LeadCallEnded, now: datetime, *, talked: bool) -> Step:
    """Nobody was reached, as far as the call tells. Where the lines were connected, the rep is asked."""
    code, name = facts.lead.code, name_of(facts, event.rep)
    state = marked(hung_up(facts.state), event.call, NOBODY, now)
    how = "connected, but nobody heard a person" if talked else event.status.replace("-", " ") or "no answer"
    asks = f"did you talk to them? Reply C {code} if so, V {code} if not."
    hint = asks if talked else f"{how}. The clock goes on: try again, or text them ({code} and your words)."
    tried = responding.attempted(replace(facts, state=state), ResponseAttempted(event.rep, f"call: {how}"), now)
    return replace(tried, why=f"{name} called: {how}; the clock goes on", messages=said(facts, event.rep, hint, now, "over"))


def rep_ended(facts: Facts, event: RepCallEnded, now: datetime) -> Step:
    """The rep's own leg is over: they never took it, or they hung up before anybody answered."""
    state, name = facts.state, name_of(facts, event.rep)
    if not is_current(state, event.call) or state.dial_rep is None:
        return Step(state, why="the end of a call that is over already", changed=False)
    over = hung_up(state)
    if state.dial_met:
        return Step(over, why=f"{name}'s call is over")
    if state.dial_joined:
        tried = responding.attempted(replace(facts, state=over), ResponseAttempted(event.rep, "call: hung up"), now)
        return replace(tried, why=f"{name} hung up before anybody answered")
    hint = f"we could not put you through ({event.reason}). Press Call again, or dial {facts.lead.person.phone}."
    why = f"{name} was not reached on their own phone ({event.reason}); the lead was not rung"
    return Step(over, why=why, messages=said(facts, event.rep, hint, now, "over"))


def answered(facts: Facts, rep: str, now: datetime, *, told: datetime, after: int | None = None) -> Step:
    """A person talked with the rep, as we were `told` at that instant."""
    found = responding.responded(facts, HumanResponded(rep, "call", at=told), now)
    said_so = "" if after is None else f" ({ago(timedelta(seconds=after))})"
    return replace(found, why=f"a person took {name_of(facts, rep)}'s call{said_so}: {found.why}")


def unmet(facts: Facts, event: LeadCallEnded, now: datetime) -> Step:
    """Somebody picked up, but the two were never connected: a response that rested on it is taken back, and the clock runs again."""
    state = marked(hung_up(facts.state), event.call, NOBODY, now)
    why = f"they picked up, but were never connected with {name_of(facts, event.rep)}"
    if facts.state.responded_at is None or facts.state.responded_at != facts.state.dial_met_at:
        return Step(state, why=why)
    state = replace(state, status=Status.ACCEPTED, responded_at=None, response_how=None, attempted_at=state.attempted_at or now)
    back = replace(facts, state=state)
    hint = "they hung up before you were connected. The clock goes on: try again."
    return Step(state, why=f"{why}: the clock goes on", alarms=ladder.armed_again(back, now), disarm=True,
                messages=said(facts, event.rep, hint, now, "over"))  # fmt: skip


def is_current(state: State, call: int) -> bool:
    """Is it the last call that was asked for?"""
    return call == state.dial_number


def marked(state: State, call: int, met: str, now: datetime) -> State:
    """The state with who took the call, if it is the last one."""
    return replace(state, dial_met=met, dial_met_at=now) if is_current(state, call) else state


def hung_up(state: State) -> State:
    """Nobody is on the line any more."""
    return replace(state, dial_rep=None, dial_until=None)


def said(facts: Facts, rep: str, words: str, now: datetime, when: str) -> tuple[Message, ...]:
    """A text to the rep about their call; `when` in its course."""
    text = {"code": facts.lead.code, "text": f"{facts.lead.code}: {words}"}
    key = f"calling:{facts.lead.id}:{facts.state.dial_number}:{when}:{at(now)}"
    return telling.to_rep(facts, rep, "reply", key, text, purpose="notice", channels=("sms",))


def phone_of(team: Team, rep: str) -> str | None:
    """The rep's own phone."""
    known = team.reps.get(rep)
    return known.phone if known else None
