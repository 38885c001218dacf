"""Pools and SLAs: who shares which leads, how they are offered, and what is promised to whom."""

import re
from datetime import timedelta

from config.teamfile.digests import read_digest
from config.teamfile.people import Context, read_calendar
from config.teamfile.section import Section, as_share, as_span, mappings
from config.teamfile.tree import Node
from routing import escalation, strategies
from routing.team import OfferStyle, Pool, QueueOrder, Returning, Rung, RungAction, Sla

_RING = re.compile(r"ring\s*:\s*(\d+)")
_MOST_RUNG = 20  # phones rung at once
_NEVER = timedelta(days=366)


def read_pools(node: Node | None, context: Context, directors: tuple[str, ...]) -> dict[str, Pool]:
    """Pools by id. A pool that names no directors has all of them."""
    return {name: _pool(name, section, context, directors) for name, section in mappings(node, "pools", context.findings)}


def _pool(name: str, section: Section, context: Context, directors: tuple[str, ...]) -> Pool:
    managers = context.declared["managers"]
    offer, ring = _offer(section)
    pool = Pool(
        id=name,
        name=section.text("name") or name.replace("_", " ").replace("-", " ").capitalize(),
        members=section.names("members", context.declared["reps"]),
        strategy=_strategy(section),
        offer=offer,
        ring=ring,
        offer_for=section.span("offer_for", timedelta(minutes=2), least=timedelta(seconds=10)),
        queue=section.one_of("queue", QueueOrder, QueueOrder.FRESH_FIRST),
        returning=section.one_of("returning", Returning, Returning.SAME_REP),
        calendar=read_calendar(section, context),
        managers=section.names("managers", managers),
        directors=section.names("directors", managers) if section.node("directors") else directors,
        away_after=section.whole("away_after", 2, lowest=1, highest=1000),
        close_after=section.span("close_after", timedelta(hours=24), least=timedelta(minutes=1)),
        digest=read_digest(section, context),
    )
    section.close()
    return pool


def _strategy(section: Section) -> str:
    return section.name("strategy", strategies.names(), "pick", default="least_loaded")


def _offer(section: Section) -> tuple[OfferStyle, int]:
    """The style and how many phones ring: assign, one_at_a_time, broadcast, ring, `ring: 3` as text or mapping."""
    node = section.node("offer")
    if node is None:
        return OfferStyle.ONE_AT_A_TIME, 3
    if node.kind == "map":
        part = section.part("offer")
        ring = part.whole("ring", 3, lowest=1, highest=_MOST_RUNG)
        part.close()
        return OfferStyle.RING, ring
    written = _RING.fullmatch(node.text.strip().lower())
    if written:
        count = Node(node.line, "int", written[1])
        return OfferStyle.RING, section.number(count, "offer", 3, (1, _MOST_RUNG))
    return section.one_of("offer", OfferStyle, OfferStyle.ONE_AT_A_TIME), 3


def read_slas(node: Node | None, context: Context) -> dict[str, Sla]:
    """What is promised, by id."""
    return {name: _sla(name, section, context) for name, section in mappings(node, "slas", context.findings)}


def _sla(name: str, section: Section, context: Context) -> Sla:
    second = timedelta(seconds=1)
    responds = section.span("first_response_within", timedelta(minutes=15), "first_touch", least=second)
    sla = Sla(
        id=name,
        calendar=read_calendar(section, context, "clock"),
        accept_within=section.span("accept_within", min(timedelta(minutes=5), responds), least=second),
        first_response_within=responds,
        rungs=_ladder(section, responds),
        acknowledged_for=section.span("acknowledged_for", timedelta(minutes=30), least=timedelta(minutes=1)),
    )
    if sla.accept_within > responds:
        section.fail(
            "accept_within", "is longer than first_response_within.", "Accepting comes before responding: make it shorter."
        )
    section.close()
    return sla


def default_ladder(responds: timedelta) -> tuple[Rung, ...]:
    """The ladder of an SLA that names none: nobody is left unanswered because a line is missing."""
    return (
        Rung(RungAction.REMIND, responds * 3 / 4, "owner"),
        Rung(RungAction.TELL, responds, "pool_managers"),
        Rung(RungAction.TELL, responds * 2, "director", timedelta(minutes=30)),
    )


def _ladder(section: Section, responds: timedelta) -> tuple[Rung, ...]:
    node = section.node("ladder", "steps")
    if node is None:
        return default_ladder(responds)
    if node.is_none:
        return ()
    if node.kind != "seq":
        section.fail("ladder", "must be a list of rungs.", "For example `- {at: 75%, do: remind}`.", line=node.line)
        return ()
    rungs: list[Rung] = []
    for index, item in enumerate(node.items):
        part = Section(item, section.key(f"ladder[{index}]"), section.findings)
        rung = _rung(part, responds)
        if rung and rungs and rung.at < rungs[-1].at:
            part.fail("at", "comes before the rung above it.", "Put the rungs in the order in which they are reached.")
        rungs += [rung] if rung else []
    return tuple(rungs)


def _rung(part: Section, responds: timedelta) -> Rung | None:
    at = _at(part, responds)
    if part.node("do") is None:
        part.fail("do", "is missing.", "Add `do: remind`, `do: reoffer` or `do: tell`.")
        return None
    action = part.one_of("do", RungAction, RungAction.REMIND)
    targets = escalation.names()
    who = part.name("who", targets, default="owner" if action is RungAction.REMIND else "")
    if action is RungAction.TELL and part.node("who") is None:
        part.fail("who", "is missing: whom shall this rung tell?", f"Add `who:` with one of {', '.join(targets)}.")
    every = part.span("every", _NEVER, least=timedelta(minutes=1))
    part.close()
    return None if at is None else Rung(action, at, who, None if every == _NEVER else every)


def _at(part: Section, responds: timedelta) -> timedelta | None:
    node = part.scalar("at")
    if node is None:
        part.fail("at", "is missing.", "Add `at: 4m`, or `at: 75%` of first_response_within.")
        return None
    share = as_share(node.text) if node.text.strip().endswith("%") else None
    at = as_span(node.text) if share is None else responds * share if 0 <= share <= 100 else None
    if at is None:
        part.fail(
            "at", f"must be a length of time or a share, not {node.text!r}.", "Write it as 4m, or 75% of first_response_within."
        )
    return at
