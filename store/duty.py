"""Who is on duty as time goes by: shifts, leave, presence, back-off, and the count of today."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, RowMapping, text

from routing.capacity import absence, caps, next_duty_change
from routing.events import RepLeft
from routing.team import Rep, Team
from store import book, saving
from store.batch import Batch, run, wake
from store.engine import at_once
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
      SELECT coalesce(r.absence, CASE WHEN r.today >= r.cap_today THEN 'full today' ELSE 'full' END) AS why, count(*) AS n FROM seats s JOIN reps r ON r.id = s.rep
      WHERE s.pool = pools.id AND NOT s.free GROUP BY 1) AS counted), '{}'::jsonb),
  opens_at = (SELECT min(r.back_at) FROM seats s JOIN reps r ON r.id = s.rep WHERE s.pool = pools.id AND NOT s.free)
WHERE id = ANY(:pools)
""")
UNANSWERED_OF = text("""
SELECT id FROM leads WHERE closed_at IS NULL AND holders @> ARRAY[:rep] AND status IN ('offered', 'accepted') ORDER BY id
""")
GONE = text("SELECT id FROM reps WHERE NOT in_team AND unanswered > 0 ORDER BY id")
SAY = text("""
UPDATE reps SET presence = :presence, presence_until = :until,
  backoff_until = CASE WHEN :presence = 'on' THEN NULL ELSE backoff_until END,
  lapses = CASE WHEN :presence = 'on' THEN 0 ELSE lapses END WHERE id = :rep
""")
NO_MORE = "has left the team"
LEFT = {
    "off shift": "has gone off shift",
    "on leave": "is on leave",
    "off": "has gone off",
}  # who is busy or backing off keeps theirs


@dataclass(slots=True)
class Turned:
    """What a look at some reps found: who changed, who is here now, and who goes while holding unanswered leads."""

    changed: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    leaving: dict[str, str] = field(default_factory=dict)  # rep -> reason; their rows are as before


def refresh(db: Connection, team: Team, ids: Sequence[str], now: datetime, *, gave_back: bool = False) -> Turned:
    """Work out anew who is on duty. Who would leave with unanswered leads is left as they are, unless they `gave_back`."""
    turned, values = Turned(), []
    for row in db.execute(READ, {"ids": list(ids)}).mappings():
        person = team.reps.get(row["id"])
        if person is None:
            continue
        value = on_duty(person, row, now)
        away = value["absence"]
        if away in LEFT and away != row["absence"] and row["unanswered"] and not gave_back:
            turned.leaving[person.id] = str(away)
            continue
        values.append(value)
        turned.changed.append(person.id)
        turned.came += [person.id] if away is None else []
    if values:
        db.execute(WRITE, {"rows": rows(values)})
        db.execute(saving.REFRESH_SEATS, {"reps": turned.changed})
    return turned


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

    def work(batch: Batch) -> Turned:
        due = list(batch.db.execute(DUE, {"now": now, "most": limit}).scalars())
        return refresh(batch.db, team, due, now) if due else Turned()

    turned = run(engine, work, now)
    for rep, reason in turned.leaving.items():
        run(engine, lambda batch, rep=rep, reason=reason: leave(batch, rep, reason), now)  # type: ignore[misc]
    settle(engine, team, turned, now)
    return len(turned.changed) + len(turned.leaving)


def settle(engine: Engine, team: Team, turned: Turned, now: datetime) -> None:
    """What follows from a change of duty: the pools' counts, and those who came get the leads that wait."""
    touched, came = {*turned.changed, *turned.leaving}, set(turned.came)
    pools = [pool.id for pool in team.pools.values() if not touched.isdisjoint(pool.members)]
    if pools:
        run(engine, lambda batch: tally(batch, pools), now)
    wake(engine, sorted(pool.id for pool in team.pools.values() if not came.isdisjoint(pool.members)), now)


def tally(batch: Batch, pools: Sequence[str]) -> None:
    """Count who cannot take a lead, and why. The pools are locked in order, as everywhere."""
    batch.lock(pools)
    batch.db.execute(TALLY, {"pools": list(pools), "now": batch.now})


def leave(batch: Batch, rep: str, reason: str) -> None:
    """A rep goes off duty and gives back what is unanswered, in one transaction: nothing stays with who is gone."""
    give_back(batch, rep, absence=reason, why=LEFT[reason])
    refresh(batch.db, batch.team, [rep], batch.now, gave_back=True)
    nothing_left(batch, rep)


def give_back(batch: Batch, rep: str, *, absence: str, why: str) -> None:
    """Everything unanswered that a rep holds goes back to the pool, with its first clock."""
    held = list(batch.db.execute(UNANSWERED_OF, {"rep": rep}).scalars())
    batch.load(held)
    batch.absent[rep] = absence
    for lead_id in held:
        batch.happen(lead_id, RepLeft(rep, why))
    batch.flush()


def nothing_left(batch: Batch, rep: str) -> None:
    """Raises Crowded when the rep was given one more lead meanwhile: their row is ours now, so the next try sees it."""
    if batch.db.execute(UNANSWERED_OF, {"rep": rep}).first():
        raise saving.Crowded


def give_back_of_gone(engine: Engine, now: datetime) -> int:
    """What reps hold who are no longer in the team file goes back to the pools. Returns how many there were."""
    with at_once(engine) as db:
        gone = list(db.execute(GONE).scalars())
    for rep in gone:
        run(engine, lambda batch, rep=rep: give_back(batch, rep, absence=NO_MORE, why=NO_MORE), now)  # type: ignore[misc]
    return len(gone)


def set_presence(engine: Engine, rep: str, presence: str, until: datetime | None, now: datetime) -> None:
    """A rep (or their manager) says on, off, busy or away, for good or until an instant. Raises LookupError for an unknown rep."""
    team = known(engine, rep)
    settle(engine, team, run(engine, lambda batch: say(batch, rep, presence, until), now), now)


def say(batch: Batch, rep: str, presence: str, until: datetime | None) -> Turned:
    """Their word in force. Who says off gives back what is unanswered in the same transaction."""
    goes = presence == "off" and (until is None or until > batch.now)
    if goes:
        give_back(batch, rep, absence="off", why=LEFT["off"])
    batch.db.execute(SAY, {"rep": rep, "presence": presence, "until": until})
    turned = refresh(batch.db, batch.team, [rep], batch.now, gave_back=goes)
    if goes:
        nothing_left(batch, rep)
    return turned


def set_cap(engine: Engine, rep: str, cap: int | None, now: datetime) -> None:
    """Override a rep's cap on open leads until it is set to None again. Raises LookupError for an unknown rep."""
    team = known(engine, rep)

    def work(batch: Batch) -> Turned:
        batch.db.execute(text("UPDATE reps SET cap_override = :cap WHERE id = :rep"), {"rep": rep, "cap": cap})
        return refresh(batch.db, team, [rep], now)

    settle(engine, team, run(engine, work, now), now)


def known(engine: Engine, rep: str) -> Team:
    """The team in force. Raises LookupError when it has no such rep."""
    team = book.current(engine)
    if rep not in team.reps:
        raise LookupError(f"no rep {rep!r} in the team file")
    return team
