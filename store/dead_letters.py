"""Events that could not be delivered: listed, begun anew, and in the end thrown away. And how each endpoint is."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from store.engine import at_once, transaction

Row = dict[str, Any]
KEEP = timedelta(days=30)  # what was delivered can be replayed so long
KEEP_DEAD = timedelta(days=90)
PORTION = 2_000  # rows thrown away, or begun anew, at once
PAGE = 100


def dead(engine: Engine, *, endpoint: str | None = None, below: int | None = None, most: int = PAGE) -> list[Row]:
    """Dead letters, newest first: id, event id, type, endpoint, lead's code, when it happened, tries, status and error."""
    with at_once(engine) as db:
        found = db.execute(_DEAD, {"endpoint": endpoint, "below": below, "most": most}).mappings()
        return [dict(row) for row in found]


def known(engine: Engine) -> list[Row]:
    """Every endpoint that was ever in a team file: how it is, how much waits and how much is dead (counted up to 1,000)."""
    with at_once(engine) as db:
        return [dict(row) for row in db.execute(_KNOWN).mappings()]


def state_of(row: Row, now: datetime) -> str:
    """How an endpoint of `known` is: off, disabled, left alone, failing, or well. Keys that are refused are failing too."""
    if not row["enabled"]:
        return "off"
    if row["disabled_at"]:
        return "disabled"
    if row["open_until"] and row["open_until"] > now:
        return "left alone"
    return "failing" if row["failures"] or row["why"] else "well"


def replay(engine: Engine, key: str, now: datetime, *, endpoint: str | None = None) -> int:
    """Deliver one event again, under the same id, to `endpoint` or to all that had it. `key`: its id. Returns to how many."""
    with transaction(engine) as db:
        return db.execute(_REPLAY, {"key": key, "endpoint": endpoint, "now": now}).rowcount


def replay_since(engine: Engine, endpoint: str, since: datetime, now: datetime, *, only_dead: bool = False) -> int:
    """Deliver to an endpoint again what has happened since an instant: dead ones, unless `only_dead` also all others it wants.

    What it was never queued (it was disabled, or is new) is queued too. Returns how many are on their way. By portions, each in a
    transaction of its own: a long statement would hold up the deliveries, and a web process gives up on it.
    """
    return _dead_since(engine, endpoint, since, now) if only_dead else _all_since(engine, endpoint, since, now)


def _dead_since(engine: Engine, endpoint: str, since: datetime, now: datetime) -> int:
    count, after, portion = 0, 0, PORTION
    while portion == PORTION:
        with transaction(engine) as db:
            values = {"endpoint": endpoint, "since": since, "after": after, "now": now, "most": PORTION}
            again = db.execute(_DEAD_AGAIN, values).scalars().all()
        portion, after = len(again), max(again, default=after)
        count += portion
    return count


def _all_since(engine: Engine, endpoint: str, since: datetime, now: datetime) -> int:
    count, at, after, portion = 0, since, 0, PORTION
    while portion == PORTION:
        with transaction(engine) as db:
            found = db.execute(_SINCE, {"since": at, "after": after, "most": PORTION}).all()
            values = {"endpoint": endpoint, "now": now, "ids": [row.id for row in found]}
            count += db.execute(_AGAIN, values).rowcount + db.execute(_MISSED, values).rowcount if found else 0
        portion = len(found)
        at, after = (found[-1].at, found[-1].id) if found else (at, after)
    return count


def enable(engine: Engine, endpoint: str, now: datetime) -> bool:
    """Call it again, although it said 410 or failed, with all that waits. False: there is no such endpoint.

    What it missed is for `replay_since`.
    """
    with transaction(engine) as db:
        db.execute(_AT_ONCE, {"endpoint": endpoint, "now": now})
        return bool(db.execute(_ENABLE, {"endpoint": endpoint}).rowcount)


def purge(engine: Engine, now: datetime, most: int = PORTION) -> int:
    """Throw away what is older than 30 days (90 for what died) and not on its way to an endpoint that is on. Returns how many."""
    values = {"before": now - KEEP, "dead_before": now - KEEP_DEAD, "most": most}
    with transaction(engine) as db:
        return db.execute(_PURGE, values).rowcount


_DEAD = text("""
SELECT d.id, 'evt_' || replace(a.key::text, '-', '') AS event, a.type, d.endpoint, l.code AS lead, a.at, d.queued_at, d.done_at, d.attempts, d.status, d.error
FROM dispatches d JOIN announcements a ON a.id = d.announcement_id JOIN leads l ON l.id = d.lead_id
WHERE d.state = 'dead' AND (CAST(:endpoint AS text) IS NULL OR d.endpoint = :endpoint) AND (CAST(:below AS bigint) IS NULL OR d.id < :below)
ORDER BY d.id DESC LIMIT :most
""")
_KNOWN = text("""
SELECT e.id, e.enabled, e.failures, e.open_until, e.disabled_at, e.why, e.delivered_at,
  (SELECT count(*) FROM (SELECT FROM dispatches d WHERE d.endpoint = e.id AND d.state = 'pending' LIMIT 1000) AS w) AS waiting,
  (SELECT count(*) FROM (SELECT FROM dispatches d WHERE d.state = 'dead' AND d.endpoint = e.id LIMIT 1000) AS f) AS dead
FROM endpoints e ORDER BY e.id
""")
_BEGIN_ANEW = (
    "state = 'pending', queued_at = :now, not_before = :now, attempts = 0, done_at = NULL, lease_until = NULL, fence = fence + 1"
)
_REPLAY = text(f"""
UPDATE dispatches SET {_BEGIN_ANEW}
WHERE announcement_id = (SELECT id FROM announcements WHERE key = CAST(:key AS uuid) AND body <> '{{}}')
  AND state IN ('dead', 'delivered', 'superseded') AND (CAST(:endpoint AS text) IS NULL OR endpoint = :endpoint)
""")
_DEAD_AGAIN = text(f"""
UPDATE dispatches SET {_BEGIN_ANEW} WHERE id = ANY(ARRAY(
  SELECT d.id FROM dispatches d JOIN announcements a ON a.id = d.announcement_id
  WHERE d.state = 'dead' AND d.endpoint = :endpoint AND d.id > :after AND a.at >= :since AND a.body <> '{{}}' ORDER BY d.id LIMIT :most))
RETURNING id
""")
# those of one instant are told apart by their ids
_SINCE = text("""
SELECT id, at FROM announcements WHERE at >= :since AND (at, id) > (CAST(:since AS timestamptz), :after) AND body <> '{}'
ORDER BY at, id LIMIT :most
""")
_AGAIN = text(f"""
UPDATE dispatches SET {_BEGIN_ANEW} WHERE endpoint = :endpoint AND state IN ('dead', 'delivered', 'superseded') AND announcement_id = ANY(:ids)
""")
_MISSED = text("""
INSERT INTO dispatches (announcement_id, endpoint, lead_id, queued_at, not_before)
SELECT a.id, e.id, a.lead_id, :now, :now FROM announcements a JOIN endpoints e ON e.id = :endpoint AND e.enabled
WHERE a.id = ANY(:ids) AND (cardinality(e.wants) = 0 OR a.type = ANY(e.wants))
ORDER BY a.id ON CONFLICT (announcement_id, endpoint) DO NOTHING
""")
_AT_ONCE = text("UPDATE dispatches SET not_before = :now WHERE endpoint = :endpoint AND state = 'pending' AND not_before > :now")
_ENABLE = text("UPDATE endpoints SET disabled_at = NULL, failures = 0, open_until = NULL, why = NULL WHERE id = :endpoint")
_PURGE = text("""
DELETE FROM announcements WHERE id = ANY(ARRAY(
  SELECT a.id FROM announcements a WHERE a.at < :before AND NOT EXISTS (
    SELECT FROM dispatches d JOIN endpoints e ON e.id = d.endpoint WHERE d.announcement_id = a.id AND e.enabled AND d.state IN ('pending', 'sending'))
  AND (a.at < :dead_before OR NOT EXISTS (SELECT FROM dispatches d WHERE d.announcement_id = a.id AND d.state = 'dead'))
  ORDER BY a.at LIMIT :most))
""")
