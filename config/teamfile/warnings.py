"""What can never work although every word of the file is right: told by `headroom check`, never a reason to refuse it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.teamfile.hours import week_from
from config.teamfile.people import Context
from config.teamfile.section import as_words
from config.teamfile.source_types import source_types
from config.teamfile.tree import Node
from routing.hours import Calendar, Interval, intervals
from routing.team import OfferStyle, Pool, Rule, RungAction, Sla, Source, Team
from routing.unreachable import contradictory, shadowed

_SHOWN = 4  # gaps named in one warning; more would bury them


@dataclass(frozen=True, slots=True)
class _Book:
    """The team, and the line in which each dotted path of the file stands."""

    team: Team
    lines: Mapping[str, int]
    context: Context

    def warn(self, path: str, reason: str, hint: str = "") -> None:
        at = path
        while at and at not in self.lines:  # what is left to its default has the line of what it belongs to
            at = at.rpartition(".")[0]
        self.context.findings.warn(self.lines.get(at, 1), path, reason, hint)


def _lines(node: Node, path: str = "") -> Iterator[tuple[str, int]]:
    named = ((item.get("id"), item) for item in node.items if item.kind == "map")
    inner = [*node.entries, *((found.text, item) for found, item in named if found)]
    for key, value in inner:
        here = f"{path}.{key}" if path else key
        yield here, value.line
        yield from _lines(value, here)


def warn_of_what_cannot_work(team: Team, root: Node, context: Context) -> None:
    """Look at the whole team; add to the context's warnings."""
    book = _Book(team, dict(_lines(root)), context)
    _people(book)
    for calendar in team.calendars.values():
        if not any((*calendar.weekly.values(), *calendar.overrides.values())):
            book.warn(f"hours.{calendar.name}", "is never open.", 'Give it days, such as mon-fri: "09:00-17:00".')
    for rule_id, why in shadowed(team.rules):
        book.warn(f"rules.{rule_id}", f"can never be reached: {why}.", "Move it up, or remove it.")
    for rule_id in contradictory(team.rules):
        book.warn(f"rules.{rule_id}", "can never match: its clauses exclude each other.", "Mend its `when`, or remove it.")
    for pool in team.pools.values():
        _pool(book, pool, _promises(team, pool, team.rules))
    for rule in team.rules:
        _skills(book, rule)
    for source in team.sources.values():
        _source(book, source)


def _people(book: _Book) -> None:
    pooled = {member for pool in book.team.pools.values() for member in pool.members}
    managers = {manager.phone: manager.id for manager in book.team.managers.values() if manager.phone}
    for rep in book.team.reps.values():
        here = f"reps.{rep.id}"
        if rep.id not in pooled:
            book.warn(here, "is in no pool and gets no leads.", f"Add {rep.id} to a pool's members.")
        if f"{here}.hours" not in book.lines:
            book.warn(here, "has no hours and is on shift day and night.", "Add `hours:`; `hours: always` if that is meant.")
        for name in ("open", "unanswered", "per_day"):
            if getattr(rep.cap, name) == 0:
                book.warn(f"{here}.cap", f"is zero ({name}): {rep.id} never gets a lead.", "Raise it, or use leave.")
        if not (rep.phone or rep.email):
            book.warn(here, "has neither phone nor e-mail and cannot be told of a lead.", "Add one.")
        if rep.phone in managers:
            reason = f"is also manager {managers[rep.phone]}'s: a text from it counts as the rep's."
            book.warn(f"{here}.phone", reason, "Give the manager another number.")
    for manager in book.team.managers.values():
        if not (manager.phone or manager.email):
            book.warn(
                f"managers.{manager.id}", "has neither phone nor e-mail: Slack and Teams alone are not read at night.", "Add one."
            )


def _promises(team: Team, pool: Pool, rules: Iterable[Rule]) -> list[Sla]:
    """The SLAs under which leads can come to this pool by these rules, or by a source of its own."""
    names = [rule.sla for rule in rules if rule.pool == pool.id]
    names += [source.sla for source in team.sources.values() if source.pool == pool.id and source.sla]
    return [team.slas[name] for name in dict.fromkeys(names)]


def _at_any_hour(team: Team, pool: Pool) -> list[Sla]:
    """The promises that can be made at any hour of their clock: not those of a rule that asks for `in_hours`."""
    return _promises(team, pool, [rule for rule in team.rules if not _asks_for_hours(rule.when or {})])


def _asks_for_hours(when: Mapping[str, object]) -> bool:
    parts = when.get("all")
    return "in_hours" in when or (
        isinstance(parts, list) and any(_asks_for_hours(part) for part in parts if isinstance(part, dict))
    )


def _pool(book: _Book, pool: Pool, slas: list[Sla]) -> None:
    here = f"pools.{pool.id}"
    if not pool.members:
        book.warn(here, "has no members: its leads would wait for ever.", "Add `members:`.")
    if not pool.managers:
        book.warn(here, "has no managers: nobody hears when a lead is not answered.", "Add `managers:`.")
    if not slas:
        book.warn(here, "gets no leads: no rule and no source sends any.", "Name it in a rule's send_to.")
    for sla in slas:
        _offer_length(book, pool, sla)
        _last_rung(book, pool, sla)
    if pool.members:
        for calendar, whose in _to_be_covered(pool, _at_any_hour(book.team, pool)):
            _coverage(book, pool, (calendar, whose))


def _offer_length(book: _Book, pool: Pool, sla: Sla) -> None:
    if pool.offer is OfferStyle.ASSIGN:
        return
    for name, limit in (("first_response_within", sla.first_response_within), ("accept_within", sla.accept_within)):
        if pool.offer_for > limit:
            reason = f"is longer than {name} of {sla.id} ({as_words(limit)}): the second rep would be asked too late."
            book.warn(f"pools.{pool.id}.offer_for", reason, f"Make it shorter than {as_words(limit)}.")
            return


def _last_rung(book: _Book, pool: Pool, sla: Sla) -> None:
    here = f"slas.{sla.id}.ladder"
    if not sla.rungs or sla.rungs[-1].action is not RungAction.TELL:
        book.warn(here, "ends without telling anybody.", "Let the last rung be {at: 100%, do: tell, who: pool_managers}.")
        return
    last = sla.rungs[-1].who
    told = {"pool_managers": pool.managers, "director": pool.directors, "whole_pool": pool.members}.get(last, ("somebody",))
    if not told:
        fix = "Give a manager `director: true`." if last == "director" else f"Add {last.removeprefix('pool_')} to the pool."
        book.warn(here, f"ends with {last}, but pool {pool.id} has none.", fix)


def _skills(book: _Book, rule: Rule) -> None:
    members = [book.team.reps[name] for name in book.team.pools[rule.pool].members]
    if rule.needs and members and not any(rule.needs <= rep.skills for rep in members):
        needs = ", ".join(sorted(rule.needs))
        book.warn(f"rules.{rule.id}.needs", f"nobody in {rule.pool} has {needs}.", "Add it to a rep's skills.")


def _source(book: _Book, source: Source) -> None:
    here = f"sources.{source.id}"
    if not source.acknowledge:
        book.warn(
            f"{here}.acknowledge", "is off: these leads get no answer until a person calls.", "Remove the line to answer at once."
        )
        return
    settings = book.context.settings
    can = {
        "sms": settings.has_twilio, "email": settings.has_sendgrid, "meta": settings.has_meta,
        "telegram": settings.telegram_token is not None, "slack": True, "crm": True,
    }  # fmt: skip
    ways = source_types()[source.type].answers_by
    if not settings.local_messages and not any(can[way] for way in ways):
        reason = f"has no way to acknowledge: {' or '.join(ways)} would carry it, and none is set up."
        book.warn(here, reason, "See .env.example for the keys; until then its answers stay on the page /outbox.")


def _to_be_covered(pool: Pool, slas: list[Sla]) -> Iterator[tuple[Calendar, str]]:
    """The pool's hours, and the clock of each promise where it differs from them."""
    yield pool.calendar, ""
    told = {pool.calendar}
    for sla in slas:
        if sla.calendar not in told:
            told.add(sla.calendar)
            yield sla.calendar, f" while the clock of {sla.id} runs"


def _coverage(book: _Book, pool: Pool, wanted: tuple[Calendar, str]) -> None:
    calendar, whose = wanted
    zone = ZoneInfo(calendar.zone if calendar.name != "always" else book.team.site.zone)
    monday = datetime.combine(week_from(book.context.today), time(), zone)
    week = (monday.astimezone(UTC), datetime.combine(monday.date() + timedelta(days=7), time(), zone).astimezone(UTC))
    shifts = {book.team.reps[name].calendar for name in pool.members}
    gaps = list(_without(_usual_week(calendar, week), [span for shift in shifts for span in _usual_week(shift, week)]))
    if gaps:
        shown = ", ".join(_gap(gap, zone) for gap in gaps[:_SHOWN])
        more = f" and {len(gaps) - _SHOWN} more times a week" if len(gaps) > _SHOWN else ""
        hint = "Leads of that time wait for the next shift; narrow the hours, or put somebody on."
        book.warn(f"pools.{pool.id}", f"{shown}{more} has nobody on shift{whose}.", hint)


def _usual_week(calendar: Calendar, week: tuple[datetime, datetime]) -> list[Interval]:
    return list(intervals(replace(calendar, overrides={}), *week))


def _without(wanted: list[Interval], covered: list[Interval]) -> Iterator[Interval]:
    """The parts of `wanted` that no stretch of `covered` covers."""
    for span in wanted:
        at = span.start
        for shift in sorted(covered, key=lambda shift: shift.start):
            if shift.start > at and shift.start < span.end:
                yield Interval(at, shift.start)
            at = max(at, min(shift.end, span.end))
        if at < span.end:
            yield Interval(at, span.end)


def _gap(gap: Interval, zone: ZoneInfo) -> str:
    start, end = gap.start.astimezone(zone), gap.end.astimezone(zone)
    if end - start >= timedelta(days=6, hours=23):
        return "the whole week"
    ends = "24:00" if end == datetime.combine(start.date() + timedelta(days=1), time(), zone) else f"{end:%H:%M}"
    same_day = start.date() == end.date() or ends == "24:00"
    return f"{start:%a %H:%M}-{ends}" if same_day else f"{start:%a %H:%M}-{end:%a %H:%M}"
