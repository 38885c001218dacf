"""What happens after a message failed for good: the lead's journey hears of it, or the team gets it on another channel."""

from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from routing.contact import WISH
from routing.events import AcknowledgementFailed, Event, HumanResponded, NoteAdded, OfferUndelivered, RepCallEnded, ReplyLost
from routing.sending import CALL, LEAD, Fault, once_only
from routing.team import Team
from store import advance, lines, notices, outbox, policies, receipts, staff_stops
from store.engine import Engine
from store.outbox import Claimed
from store.receipts import Waiting
from workers import second_try
from workers.lanes import Lanes

log = structlog.get_logger(__name__)

OTHER = {"sms": "email", "whatsapp": "email", "email": "sms", "slack": "sms", "teams": "sms"}
LOST = frozenset({"failed", "undelivered", "canceled", "suppressed", "expired", "uncertain"})
AGAIN_AFTER = timedelta(seconds=30)
ONLY_THERE = frozenset({"on_it", "gone"})  # changes a message on Slack: elsewhere nobody waits for it
NO_FALLBACK = frozenset({"expired"})  # it was no longer true on the first channel


def follow_up(engine: Engine, settings: Settings, lanes: Lanes, now: datetime) -> int:
    """Act on the failures nobody has acted on. Returns how many there were. Acting twice on one changes nothing."""
    waiting = receipts.waiting(engine, now)
    if not waiting:
        return 0
    team = policies.current(engine, settings)
    done = []
    for report in waiting:
        try:
            _act(engine, report, team=team, lanes=lanes, now=now)
        except Exception:  # one that cannot be acted on must not hold up the others
            log.exception("follow_up_failed", message=report.message_id, status=report.status)
            receipts.postpone(engine, report, now + AGAIN_AFTER)
            words = f"What follows from the failed message {report.message_id} could not be done; it is tried again. See the log."
            notices.raise_notice(engine, "follow_up", words, now)
        else:
            done.append(report)
    receipts.applied(engine, done, now)
    return len(done)


def _act(engine: Engine, report: Waiting, *, team: Team, lanes: Lanes, now: datetime) -> None:
    message = outbox.one(engine, report.message_id)
    if message is None:
        return
    if report.status == "sent":
        _counts(engine, message, now)
        return
    if report.status == second_try.STATUS:
        second_try.try_again(engine, message, now, lost=LOST)
        return
    _suppress(engine, message, report, team=team, lanes=lanes, now=now)
    log.info("message_failed", message=message.id, lead=message.lead_id, channel=message.channel, code=report.code)
    if message.purpose == CALL:
        _not_placed(engine, message, report, now)
    elif message.recipient != LEAD:
        _tell_on_another_channel(engine, message, report, team=team, now=now)
    elif message.lead_id is not None and report.status != "opted_out" and message.purpose != WISH:
        reason = _in_words(report)
        advance.happen(engine, message.lead_id, _lost(message, reason), now)


def _lost(message: Claimed, reason: str) -> Event:
    """What it means that words did not reach the lead."""
    if once_only(message.recipient, message.purpose):
        return AcknowledgementFailed(channel=message.channel, reason=reason)
    if message.purpose == "reply" and message.fields.get("by"):
        return ReplyLost(message.fields["by"], message.channel, reason, message.key)
    return NoteAdded(by="Headroom", text=f"The {message.channel} to the lead was not delivered: {reason}")


def _counts(engine: Engine, message: Claimed, now: datetime) -> None:
    """A rep's words that quiet hours had held have gone out: now they are a response."""
    rep = message.fields.get("counts")
    if rep and message.lead_id is not None:
        advance.happen(engine, message.lead_id, HumanResponded(rep, message.channel, sent=message.key), now)


def _not_placed(engine: Engine, message: Claimed, report: Waiting, now: datetime) -> None:
    """A call that was not placed, or of which nobody knows: never placed again, the rep is told to dial."""
    number, rep = message.fields.get("call", ""), message.fields.get("rep", "")
    if message.lead_id is not None and number.isdigit():
        advance.happen(engine, message.lead_id, RepCallEnded(rep, int(number), _in_words(report)), now)


def _suppress(engine: Engine, message: Claimed, report: Waiting, *, team: Team, lanes: Lanes, now: datetime) -> None:
    """What the code says about the address or about our own set-up."""
    carrier = lanes.by_channel[message.channel].carrier
    meaning = Fault.OPTED_OUT if report.status == "opted_out" else carrier.meaning(report.code)
    if report.provider != "headroom" and meaning is Fault.OPTED_OUT:
        receipts.stopped(engine, message.channel, message.address, reason=report.code or report.status, now=now)
    if meaning is Fault.OPTED_OUT and message.channel == "sms" and message.recipient != LEAD:
        staff_stops.refused(engine, team, message.recipient, now)
    if report.provider != "headroom" and meaning is Fault.NO_TEXTS:
        receipts.suppress(engine, message.channel, message.address, reason=report.code or report.status, now=now)
    if report.provider != "headroom" and meaning is Fault.CONFIGURATION:
        words = f"{report.provider} does not deliver our messages (error {report.code}). Check the sender's registration."
        notices.raise_notice(engine, f"delivery:{report.provider}:{report.code}", words, now)
    if report.provider != "headroom":
        second_try.after_report(engine, message, report, meaning=meaning, now=now)


def _tell_on_another_channel(engine: Engine, message: Claimed, report: Waiting, *, team: Team, now: datetime) -> None:
    """The same words for a rep or manager by the other way. It has the key it would have had, so it is there once."""
    channel = OTHER.get(message.channel)
    address = address_of(team, message.recipient, channel)
    if channel is None or address is None or report.status in NO_FALLBACK or message.template in ONLY_THERE:
        if report.status in LOST:
            _undelivered(engine, message, report, now)
        return
    key = _key(message, channel)
    row = {
        "lead_id": message.lead_id, "key": key, "recipient": message.recipient, "channel": channel, "address": address,
        "purpose": message.purpose, "template": message.template, "words": None,
        "fields": {**message.fields, "from": lines.line_of(engine, team, message.recipient, message.lead_id)},
        "expires_at": message.expires_at,
    }  # fmt: skip
    if not outbox.write(engine, now, row) and report.status in LOST and outbox.state_of(engine, key) in LOST:
        _undelivered(engine, message, report, now)


def _undelivered(engine: Engine, message: Claimed, report: Waiting, now: datetime) -> None:
    """No way is left. An offer nobody could read must not wait until it lapses."""
    who, name = message.recipient.partition(":")[::2]
    if message.purpose == "offer" and who == "rep" and message.lead_id is not None:
        turn = message.fields.get("turn", "")
        lost = OfferUndelivered(name, _in_words(report), int(turn) if turn.isdigit() else None)
        advance.happen(engine, message.lead_id, lost, now)
    elif message.purpose == "alarm":
        words = (
            f"An alarm to {message.recipient} could not be delivered by any channel: {_in_words(report)}. Check their contacts."
        )
        notices.raise_notice(engine, f"unreachable:{message.recipient}", words, now)
    elif message.template == "digest":
        where = {"slack": "Slack", "teams": "Teams"}.get(message.channel, message.channel)
        mend = {
            "slack": "the channel's id, and whether the bot was let into it (/invite)",
            "teams": "whether the workflow behind its webhook still exists and may post there",
        }.get(message.channel, "where it goes")
        words = f"The digest of the pool {name} did not get into {where}: {_in_words(report)}. Check `digest` of the pool in the team file: {mend}."
        notices.raise_notice(engine, notice_of(message.recipient, message.channel), words, now)


def notice_of(recipient: str, channel: str) -> str:
    """The key of what the operator is told of a digest that does not arrive."""
    return f"digest:{recipient}:{channel}"


def _key(message: Claimed, channel: str) -> str:
    stem, _, last = message.key.rpartition(":")
    return f"{stem}:{channel}" if last == message.channel else f"{message.key}:{channel}"


def address_of(team: Team, recipient: str, channel: str | None) -> str | None:
    """Where a rep or manager is written to on a channel, None: nowhere."""
    kind, _, name = recipient.partition(":")
    person = team.reps.get(name) if kind == "rep" else team.managers.get(name) if kind == "manager" else None
    if person is None or channel is None:
        return None
    return person.email if channel == "email" else person.phone


def _in_words(report: Waiting) -> str:
    return f"{report.reason} ({report.code})" if report.code and report.code not in report.reason else report.reason
