"""How much each sender of texts has left, for all processes together: one row a sender, held while its texts are let through."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from routing import pacing
from routing.pacing import Asked, Budget, Spent, Verdict
from store.engine import transaction
from store.saving import rows

FRESH = text("""
INSERT INTO paces (sender, tokens, at, day)
SELECT sender, tokens, at, day FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(sender text, tokens double precision, at timestamptz, day date)
ORDER BY sender ON CONFLICT DO NOTHING
""")
HOLD = text("SELECT sender, tokens, at, day, used, tail FROM paces WHERE sender = ANY(:senders) ORDER BY sender FOR UPDATE")
KEEP = text("""
UPDATE paces SET tokens = r.tokens, at = r.at, day = r.day, used = r.used, tail = r.tail
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(sender text, tokens double precision, at timestamptz, day date, used int, tail timestamptz)
WHERE paces.sender = r.sender
""")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A verdict for each text of a sender; `is_new_day`: these are its first of the day."""

    verdicts: Sequence[Verdict]
    is_new_day: bool


Wanted = Mapping[str, tuple[Budget, Sequence[Asked]]]


def admit(engine: Engine, wanted: Wanted, now: datetime) -> dict[str, Admitted]:
    """Which of the texts go now, by sender, each in the order of what was asked; what they cost is taken at once."""
    with transaction(engine) as db:
        held = hold(db, wanted, now)
        judged = {sender: pacing.admit(allowed, held[sender], asked, now) for sender, (allowed, asked) in wanted.items()}
        db.execute(KEEP, {"rows": rows(row(sender, spent) for sender, (_, spent) in judged.items())})
    return {sender: Admitted(verdicts, spent.day > held[sender].day) for sender, (verdicts, spent) in judged.items()}


def hold(db: Connection, wanted: Wanted, now: datetime) -> dict[str, Spent]:
    """The senders' rows, locked until the end of the transaction; new ones begin full."""
    senders = sorted(wanted)
    found = db.execute(HOLD, {"senders": senders}).all()
    if len(found) < len(senders):
        db.execute(FRESH, {"rows": rows(row(sender, pacing.unspent(wanted[sender][0], now)) for sender in senders)})
        found = db.execute(HOLD, {"senders": senders}).all()
    return {each.sender: Spent(each.tokens, each.at, each.day, each.used, each.tail) for each in found}


def row(sender: str, spent: Spent) -> dict[str, object]:
    """As the table has it."""
    return {"sender": sender, **asdict(spent), "day": spent.day.isoformat()}
