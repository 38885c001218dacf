"""Who is on duty as time goes by: shifts, leave, presence, back-off, and the count of today."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, RowMapping, text

from routing.capacity import absence, caps, next_duty_change
from routing.model import RepLeft
from routing.team import Rep, Team
from store import book, saving
from store.batch import Batch, run, wake
from store.saving import rows

DUE = text("SELECT id FROM reps WHERE in_team AND duty_changes_at <= :now ORDER BY duty_changes_at LIMIT :most")
READ = text("SELECT * FROM reps WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
WRITE = text("""
UPDATE reps SET absence = r.absence, back_at = r.back_at, duty_changes_at = r.duty_changes_at, cap_open = r.cap_open,
  cap_unanswered = r.cap_unanswered, cap_today = r.cap_today, presence = r.presence, presence_until = r.presence_until,
  backoff_until = r.backoff_until, today_on = r.today_on,
  today = CASE WHEN reps.today_on = r.today_on THEN reps.today ELSE 0 END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id text, absence text, back_at timestamptz, duty_changes_at timestamptz,
  cap_open int, cap_unanswered int, cap_today int, presence text, presence_until timestamptz, backoff_until timestamptz, today_on date)
WHERE reps.id = r.id
""")
TALLY = text("""
UPDATE pools SET tallied_at = :now, tally = coalesce((
    SELECT jsonb_object_agg(why, n) FROM (
      SELECT coalesce(r.absence, 'full') AS why, count(*) AS n FROM seats s JOIN reps r ON r.id = s.rep
      WHERE s.pool = pools.id AND NOT s.free GROUP BY 1) AS counted), '{}'::jsonb),
  opens_at = (SELECT min(r.back_at) FROM seats s JOIN reps r ON r.id = s.rep WHERE s.pool = pools.id AND NOT s.free)
WHERE id = ANY(:pools)
""")
UNANSWERED_OF = text("""
SELECT id FROM leads WHERE closed_at IS NULL AND holders @> ARRAY[:rep] AND status IN ('offered', 'accepted') ORDER BY id
""")
LEAVES_WORK = frozenset({"off shift", "on leave", "off"})  # who is busy or backing off keeps what they hold


def refresh(db: Connection, team: Team, ids: Sequence[str], now: datetime) -> dict[str, tuple[str | None, str | None]]:
    """Work out anew who is on duty; returns (absence before, absence after) by rep."""
    changed, values = {}, []
    for row in db.execute(READ, {"ids": list(ids)}).mappings():
        person = team.reps.get(row["id"])
        if person is None:
            continue
        value = on_duty(person, row, now)
        values.append(value)
        changed[row["id"]] = (row["absence"], value["absence"])
    if values:
        db.execute(WRITE, {"rows": rows(values)})
        db.execute(text(saving.REFRESH_SEATS), {"reps": list(changed)})
    return changed  # type: ignore[return-value]


def on_duty(person: Rep, row: RowMapping, now: datetime) -> dict[str, object]:
    """One rep's row as it should stand at `now`."""
    presence, until = row["presence"], row["presence_until"]
    if presence != "on" and until is not None and until <= now:
        presence, until = "on", None
    backoff = row["backoff_until"] if row["backoff_until"] and row["backoff_until"] > now else None
    away = absence(person, presence, until, backoff, now)
    limits = caps(person, now)
    open_cap = row["cap_override"] if row["cap_override"] is not None else limits.open
    return {
        "id": person.id, "absence": away.reason if away else None, "back_at": away.back_at if away else None,
        "duty_changes_at": next_duty_change(person, presence, until, backoff, now), "cap_open": open_cap,
        "cap_unanswered": limits.unanswered, "cap_today": limits.per_day, "presence": presence, "presence_until": until,
        "backoff_until": backoff, "today_on": now.astimezone(ZoneInfo(person.calendar.zone)).date().isoformat(),
    }  # fmt: skip


def turn(engine: Engine, now: datetime, limit: int = 500) -> int:
    """Shifts that begin or end, leave, back-offs that are over: returns how many reps changed. Wakes their pools."""
    team = book.current(engine)
    with engine.begin() as db:
        due = list(db.execute(DUE, {"now": now, "most": limit}).scalars())
        changed = refresh(db, team, due, now) if due else {}
    settle(engine, team, changed, now)
    return len(due)


def settle(engine: Engine, team: Team, changed: dict[str, tuple[str | None, str | None]], now: datetime) -> None:
    """What follows from a change of duty: who left gives unanswered leads back, who came gets the leads that wait."""
    for rep, (was, became) in changed.items():
        if became in LEAVES_WORK and was != became:
            take_back(engine, rep, why=LEFT[became], now=now)
    pools = sorted(pool.id for pool in team.pools.values() if any(rep in changed for rep in pool.members))
    if pools:
        with engine.begin() as db:
            db.execute(TALLY, {"pools": pools, "now": now})
    came = {rep for rep, (_, became) in changed.items() if became is None}
    wake(engine, sorted(pool.id for pool in team.pools.values() if came & set(pool.members)), now)


LEFT = {"off shift": "has gone off shift", "on leave": "is on leave", "off": "has gone off"}


def take_back(engine: Engine, rep: str, *, why: str, now: datetime) -> None:
    """Everything unanswered that a rep holds goes back to the pool, with its first clock."""
    with engine.connect() as db:
        held = list(db.execute(UNANSWERED_OF, {"rep": rep}).scalars())
    for lead_id in held:
        run(engine, lambda batch, lead_id=lead_id: left(batch, lead_id, rep, why), now)  # type: ignore[misc]


def left(batch: Batch, lead_id: int, rep: str, why: str) -> None:
    """One lead of a rep who is gone."""
    batch.load([lead_id])
    batch.happen(lead_id, RepLeft(rep, why))


def set_presence(engine: Engine, rep: str, presence: str, until: datetime | None, now: datetime) -> None:
    """A rep (or their manager) says on, off, busy or away, for good or until an instant. Raises LookupError for an unknown rep."""
    team = book.current(engine)
    if rep not in team.reps:
        raise LookupError(f"no rep {rep!r} in the team file")
    with engine.begin() as db:
        db.execute(
            text(
                "UPDATE reps SET presence = :presence, presence_until = :until,"
                " backoff_until = CASE WHEN :presence = 'on' THEN NULL ELSE backoff_until END,"
                " lapses = CASE WHEN :presence = 'on' THEN 0 ELSE lapses END WHERE id = :rep"
            ),
            {"rep": rep, "presence": presence, "until": until},
        )
        changed = refresh(db, team, [rep], now)
    settle(engine, team, changed, now)


def set_cap(engine: Engine, rep: str, cap: int | None, now: datetime) -> None:
    """Override a rep's cap on open leads until it is set to None again. Raises LookupError for an unknown rep."""
    team = book.current(engine)
    if rep not in team.reps:
        raise LookupError(f"no rep {rep!r} in the team file")
    with engine.begin() as db:
        db.execute(text("UPDATE reps SET cap_override = :cap WHERE id = :rep"), {"rep": rep, "cap": cap})
        changed = refresh(db, team, [rep], now)
    settle(engine, team, {rep: (None, None)} if changed else {}, now)
