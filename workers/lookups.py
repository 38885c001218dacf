"""Messages in doubt: ask the provider whether it has them, and only then decide. Twilio can be asked; the others send reports."""

from datetime import datetime

import structlog

from routing.sending import LOOKUP_AGAIN, After, Next, Tried, after_absence, after_silence, is_stale, once_only
from store import doubts, outbox
from store.engine import Engine
from store.outbox import Claimed, Result
from workers.lanes import Lanes
from workers.outcomes import NotAccepted

log = structlog.get_logger(__name__)


def look_up(engine: Engine, lanes: Lanes, now: datetime) -> int:
    """The look-ups that are due. Returns how many were made."""
    doubtful = doubts.claim_lookups(engine, now)
    results = [_ask(message, lanes, now) for message in doubtful]
    outbox.turn(engine, now, results=results)
    return len(doubtful)


def _ask(message: Claimed, lanes: Lanes, now: datetime) -> Result:
    carrier = lanes.by_channel[message.channel].carrier
    since = message.ambiguous_at or now
    tried = Tried(message.id, message.recipient, message.purpose, message.attempts, now - message.created_at)
    try:
        found = carrier.find(message, since=since)
    except LookupError:
        return _result(message, after_silence(tried, since_attempt=now - since), now)
    except NotAccepted as down:
        log.info("lookup_failed", message=message.id, code=down.code)
        return _result(message, Next(After.AMBIGUOUS, wait=LOOKUP_AGAIN), now)
    except Exception:  # whatever a provider's list can hold: the message stays in doubt, it must not be lost or doubled
        log.exception("lookup_broke", message=message.id)
        return _result(message, Next(After.AMBIGUOUS, wait=LOOKUP_AGAIN), now)
    if found:
        return Result(message.id, message.fence, "sent", provider=found.provider, provider_id=found.provider_id)
    return _result(message, after_absence(tried, clean=message.lookups + 1, since_attempt=now - since), now, clean=True)


def _result(message: Claimed, what: Next, now: datetime, *, clean: bool = False) -> Result:
    """An acknowledgement still in doubt when it is no longer true stays uncertain, and another channel is used."""
    overdue = once_only(message.recipient, message.purpose) and is_stale(message.expires_at, now)
    if what.state is After.AMBIGUOUS and overdue:
        what = Next(After.UNCERTAIN, other_channel=True)
    return Result(
        message.id, message.fence, what.state.value, clean_lookup=clean, follow=what.other_channel,
        code="in_doubt", error="nobody knows whether it went out" if what.state is not After.PENDING else None,
        look_at=now + what.wait if what.state is After.AMBIGUOUS else None,
        not_before=now if what.state is After.PENDING else None,
    )  # fmt: skip
