"""Each pool's day to Slack and Teams, by the clock: written once, whichever of several clocks comes first."""

from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from routing import digest
from routing.digest import STILL_NEWS, Span
from routing.team import Pool
from store import notices, outbox, policies, reports_digest
from store.engine import Engine
from workers.followups import LOST, notice_of

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=20)
THROUGH = ("sent", "delivered")


class Digests:
    """Call `look` as often as you like: it looks when it is time."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._looked_at: datetime | None = None
        self._written: set[str] = set()
        self._unheard_of: dict[str, str] = {}  # what was written and is not known to be sent -> the operator's notice of it

    def look(self, now: datetime) -> int:
        """Write what is due. Returns how many messages are new. A failure here must not stop the clock: it is logged, and tried again."""
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < EVERY:
            return 0
        self._looked_at = now
        try:
            team = policies.current(self._engine, self._settings)
            self._hear_of(now)
            return sum(self._pool(pool, digest.zone_of(pool, team.site), now) for pool in team.pools.values() if pool.digest)
        except Exception:
            log.exception("digest_failed")
            return 0

    def _pool(self, pool: Pool, zone: str, now: datetime) -> int:
        assert pool.digest is not None
        span = digest.due(pool.digest, zone, now)
        ways = {"slack": pool.digest.slack, "teams": pool.digest.teams}
        keys = {f"digest:{pool.id}:{span.day}:{channel}": (channel, to) for channel, to in ways.items() if to and span}
        missing = {key: way for key, way in keys.items() if key not in self._written}
        if span is None or not missing:
            return 0
        fields = digest.fields(pool.name, reports_digest.of_pool(self._engine, pool.id, span, now))
        new = sum(
            self._write(pool, key, channel, to, fields=fields, span=span, now=now) for key, (channel, to) in missing.items()
        )
        self._written |= missing.keys()
        self._unheard_of |= {key: notice_of(f"pool:{pool.id}", channel) for key, (channel, _) in missing.items()}
        return new

    def _hear_of(self, now: datetime) -> None:
        """One that got through ends what the operator was told of those before it."""
        for key, notice in list(self._unheard_of.items()):
            state = outbox.state_of(self._engine, key)
            if state in THROUGH:
                notices.end_notice(self._engine, notice, now)
            if state in (*THROUGH, *LOST):
                del self._unheard_of[key]

    def _write(self, pool: Pool, key: str, channel: str, to: str, *, fields: dict[str, str], span: Span, now: datetime) -> bool:
        message = {
            "lead_id": None, "key": key, "recipient": f"pool:{pool.id}", "channel": channel, "address": to, "purpose": "notice",
            "template": "digest", "words": None, "fields": fields, "expires_at": span.until + STILL_NEWS,
        }  # fmt: skip
        return outbox.write(self._engine, now, message)
