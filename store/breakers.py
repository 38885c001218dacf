"""One breaker per provider, shared by all processes: 5 failures in 30 s open it, one probe at a time tries it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.engine import transaction

FAILURES = 5
WINDOW = timedelta(seconds=30)
OPEN_FOR = timedelta(seconds=15)
PROBE_LASTS = timedelta(seconds=20)  # a call takes 13 s at most
REFUSED_FOR = timedelta(seconds=60)  # our keys are refused: ask once a minute whether they have been mended, no storm


@dataclass(frozen=True, slots=True)
class Breaker:
    """`state`: closed; throttled (wait until `until`); open or configuration (from `until` on one probe may try)."""

    provider: str
    state: str = "closed"
    until: datetime | None = None
    why: str | None = None

    def blocks(self, now: datetime) -> bool:
        """Must nothing be sent now?"""
        return self.state != "closed" and self.until is not None and self.until > now

    def wants_probe(self, now: datetime) -> bool:
        """May one message find out whether the provider is back?"""
        return self.state in ("open", "configuration") and not self.blocks(now)


def states(engine: Engine) -> Mapping[str, Breaker]:
    """Every breaker that ever moved, by provider."""
    with transaction(engine) as db:
        rows = db.execute(text("SELECT provider, state, until, why FROM breakers")).mappings()
        return {row["provider"]: Breaker(**row) for row in rows}


def take_probe(engine: Engine, provider: str, now: datetime) -> bool:
    """Is it us who may probe? Of all processes one gets True, and nobody else for 20 s."""
    with transaction(engine) as db:
        return bool(db.execute(_PROBE, {"provider": provider, "now": now, "until": now + PROBE_LASTS}).rowcount)


def failed(engine: Engine, provider: str, now: datetime, *, count: int, why: str) -> Breaker:
    """`count` calls could not be made or were lost. Opens after 5 in 30 s, and at once when the probe fails."""
    with transaction(engine) as db:
        values = {"provider": provider, "now": now, "count": count, "why": why, "most": FAILURES}
        row = db.execute(_FAILED, values | {"window": now - WINDOW, "until": now + OPEN_FOR}).mappings().one()
    return Breaker(**row)


def stopped(engine: Engine, provider: str, now: datetime, *, why: str) -> Breaker:
    """The provider refuses our keys or our sender. Nothing is sent but one probe a minute."""
    return _set(engine, Breaker(provider, "configuration", now + REFUSED_FOR, why), now)


def throttled(engine: Engine, provider: str, now: datetime, *, until: datetime) -> Breaker:
    """The provider asked us to wait."""
    return _set(engine, Breaker(provider, "throttled", until, "the provider asked us to slow down"), now)


def closed(engine: Engine, provider: str, now: datetime) -> Breaker:
    """The provider took a message: all is well."""
    return _set(engine, Breaker(provider), now)


def _set(engine: Engine, breaker: Breaker, now: datetime) -> Breaker:
    values = {"provider": breaker.provider, "state": breaker.state, "until": breaker.until, "why": breaker.why, "now": now}
    with transaction(engine) as db:
        db.execute(_SET, values)
    return breaker


_PROBE = text(
    """
    UPDATE breakers SET until = :until
    WHERE provider = :provider AND state IN ('open', 'configuration') AND until <= :now
    """
)

_FAILED = text(
    """
    INSERT INTO breakers AS b (provider, failures, since, why, state, until)
    VALUES (:provider, :count, :now, :why, CASE WHEN :count >= :most THEN 'open' ELSE 'closed' END,
            CASE WHEN :count >= :most THEN CAST(:until AS timestamptz) END)
    ON CONFLICT (provider) DO UPDATE SET
        failures = CASE WHEN b.since IS NULL OR b.since < :window THEN 0 ELSE b.failures END + :count,
        since = CASE WHEN b.since IS NULL OR b.since < :window THEN :now ELSE b.since END,
        why = :why,
        state = CASE WHEN b.state = 'configuration' THEN b.state
            WHEN b.state = 'open' OR CASE WHEN b.since < :window THEN 0 ELSE b.failures END + :count >= :most THEN 'open'
            ELSE b.state END,
        until = CASE WHEN b.state IN ('open', 'configuration')
            OR CASE WHEN b.since < :window THEN 0 ELSE b.failures END + :count >= :most THEN :until ELSE b.until END
    RETURNING provider, state, until, why
    """
)

_SET = text(
    """
    INSERT INTO breakers (provider, state, failures, since, until, why) VALUES (:provider, :state, 0, :now, :until, :why)
    ON CONFLICT (provider) DO UPDATE SET state = :state, failures = 0, since = :now, until = :until, why = :why
    """
)
