"""How often somebody may be wrong when signing in: counted per address, per account, and of all together, for all processes.

A try is written down before the password is looked at and taken back when it was right, so that many at once get no more tries.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.engine import transaction
from store.saving import rows

PER_MINUTE = {"address": 5, "account": 5, "": 60}  # "" is everybody: a swarm of addresses must not keep the machine hashing
LONGER = timedelta(minutes=15)
PER_LONGER = {"address": 30, "account": 20}  # slow guessing: at most 80 an hour at one account

LOCK = text("SELECT pg_advisory_xact_lock(7261302)")  # one at a time: a count that another is about to raise is worth nothing
FORGET = text("DELETE FROM sign_in_tries WHERE at < CAST(:now AS timestamptz) - CAST(:longer AS interval)")
COUNT = text("""
SELECT r.kind, count(*) AS longer, count(*) FILTER (WHERE t.at > CAST(:now AS timestamptz) - interval '1 minute') AS minute
FROM jsonb_to_recordset(CAST(:tried AS jsonb)) AS r(kind text, who text)
JOIN sign_in_tries t ON t.kind = r.kind AND t.who = r.who GROUP BY r.kind
""")
ADD = text("""
INSERT INTO sign_in_tries (kind, who, at)
SELECT kind, who, :now FROM jsonb_to_recordset(CAST(:tried AS jsonb)) AS r(kind text, who text) RETURNING id
""")


def begin(engine: Engine, by: Mapping[str, str], now: datetime) -> Sequence[int] | None:
    """Write down a try of {"address": ..., "account": ...}; None when one of these, or all together, have used up theirs."""
    tried = rows([{"kind": kind, "who": _hash(who)} for kind, who in {**by, "": ""}.items()])
    with transaction(engine) as db:
        db.execute(LOCK)
        db.execute(FORGET, {"now": now, "longer": LONGER})
        for found in db.execute(COUNT, {"tried": tried, "now": now}):
            if found.minute >= PER_MINUTE[found.kind] or found.longer >= PER_LONGER.get(found.kind, found.longer + 1):
                return None
        return db.execute(ADD, {"tried": tried, "now": now}).scalars().all()


def take_back(engine: Engine, tries: Sequence[int]) -> None:
    """It was right after all."""
    with transaction(engine) as db:
        db.execute(text("DELETE FROM sign_in_tries WHERE id = ANY(:ids)"), {"ids": list(tries)})


def _hash(who: str) -> str:
    return hashlib.sha256(who.encode("utf-8", "replace")).hexdigest() if who else ""
