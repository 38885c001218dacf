"""Attacks on the events for the world outside: receivers that misbehave, processes side by side, addresses that lead inside."""

import re
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from config import clock
from config.outgoing import Guard
from config.teamfile import TeamFileError
from routing import announcing, events
from routing.events import (
    AcceptDue,
    AcknowledgementExpired,
    EscalationAcknowledged,
    HumanResponded,
    NoteAdded,
    OfferAccepted,
    OfferPassed,
    RetryDue,
    RoomOpened,
)
from store import acknowledged, dead_letters, due, notices, stops
from store.acknowledged import Taken
from store.batch import QUIET
from tests.firm import at_once
from tests.outside import ON_LOOPBACK, SECONDS_OF_PATIENCE, SECRET, a_team, an_outside
from tests.receiver import Manner
from workers.announce import Announcer
from workers.endpoints.line import Line

HOUSE = Path(__file__).parents[2]
KINDS = {kind.__name__: kind for kind in events.Event.__args__}
TOLD_BY = {
    "rep": "priya",
    "by": "Kim",
    "manager": "kim",
    "via": "sms",
    "how": "call",
    "channel": "sms",
    "reason": "busy",
    "outcome": "talked",
}
TOLD_BY |= {
    "text": "hello",
    "stage": "qualified",
    "code": "A9",
    "into": "A9",
    "from_": "A9",
    "url": "https://x.example/v",
    "why": "left",
    "key": "k",
}


@pytest.fixture
def outside(database, tmp_path):
    with an_outside(database, tmp_path) as made:
        yield made


# --- every step is an event -------------------------------------------------------------------------------------------


def a_sample(kind: type) -> events.Event:
    """An event of a kind, filled by the names and the types of its fields."""
    by_type = {int: 1, str: "x", bool: False}
    values = {}
    for name, about in kind.__dataclass_fields__.items():
        plain = about.type if isinstance(about.type, type) else None
        if name in TOLD_BY:
            values[name] = TOLD_BY[name]
        elif plain in by_type:
            values[name] = by_type[plain]
    return kind(**values)


def steps_and_events(outside, code: str) -> tuple[list[str], list[str]]:
    """The journey's events on the timeline of a lead, and in what the world is told."""
    steps = outside.firm.rows(
        "SELECT s.event FROM steps s JOIN leads l ON l.id = s.lead_id WHERE l.code = :code ORDER BY s.id", code=code
    )
    told = outside.firm.rows(
        "SELECT a.body -> 'step' ->> 'event' AS event FROM announcements a JOIN leads l ON l.id = a.lead_id WHERE l.code = :code ORDER BY a.id",
        code=code,
    )
    return [row.event for row in steps], [row.event for row in told]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_whatever_can_happen_to_a_lead_is_told(outside, name):
    [code] = outside.firm.arrive()
    outside.firm.happen(code, a_sample(KINDS[name]))
    steps, told = steps_and_events(outside, code)
    assert told == steps
    if name not in QUIET:
        assert steps == ["LeadArrived", name]
    types = [row.type for row in outside.firm.rows("SELECT type FROM announcements ORDER BY id")]
    assert set(types) <= set(announcing.NAMES), "docs/events.md names them all"
    assert outside.firm.count("dispatches") == len(types)


def test_a_look_that_changes_something_is_told_and_one_that_changes_nothing_is_no_step(outside):
    [code] = outside.firm.arrive()
    for rep in ("priya", "tom"):
        outside.firm.happen(code, OfferPassed(rep, "sms"))
    outside.firm.happen(code, EscalationAcknowledged("kim"))
    for event in (RoomOpened(), RetryDue(), AcceptDue(), AcknowledgementExpired()):
        before = steps_and_events(outside, code)[0]
        outside.firm.happen(code, event)
        steps, told = steps_and_events(outside, code)
        assert told == steps
        assert steps in (before, [*before, type(event).__name__])
    assert {"AcceptDue", "AcknowledgementExpired"} <= set(steps)


def test_what_is_not_decided_by_the_journey_is_told_too(outside):
    [code] = outside.firm.arrive(email="dana@example.com")
    lead = outside.firm.lead(code).id
    with outside.firm.engine.begin() as db:
        acknowledged.acknowledge(db, [Taken(lead, "sms")], outside.firm.now)
    stops.unsubscribe(outside.firm.engine, lead, outside.firm.now)
    stops.unsubscribe(outside.firm.engine, lead, outside.firm.now)
    steps, told = steps_and_events(outside, code)
    assert told == steps == ["LeadArrived", "LeadAcknowledged", "NoteAdded"]


def test_nobody_writes_a_step_past_those_who_tell_of_it():
    """Whoever adds another place must tell the endpoints there, and add to the tests above."""
    rooms = [path for room in ("store", "workers", "webhooks", "console", "config") for path in (HOUSE / room).rglob("*.py")]
    writers = {p.relative_to(HOUSE).as_posix() for p in rooms if re.search(r"INSERT INTO steps\b", p.read_text(encoding="utf-8"))}
    assert writers == {"store/saving.py", "store/acknowledged.py"}
    users = {p.relative_to(HOUSE).as_posix() for p in rooms if "INSERT_STEPS" in p.read_text(encoding="utf-8")}
    assert users == {"store/saving.py"}
    callers = {p.relative_to(HOUSE).as_posix() for p in rooms if "insert_steps(" in p.read_text(encoding="utf-8")}
    assert callers == {"store/saving.py", "store/batch.py"}


# --- tried again ------------------------------------------------------------------------------------------------------


def test_a_redelivery_has_the_same_id_and_body_and_a_new_signature(outside, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: outside.firm.now)
    outside.receiver.once.extend([Manner(500), Manner(503)])
    outside.firm.arrive()
    outside.tell()
    for _ in range(2):
        outside.firm.now = due.look(outside.firm.engine).events
        outside.tell()
    tries = outside.receiver.posts
    assert len(tries) == 3
    for name in ("webhook-id", "body"):
        assert len({post.body if name == "body" else post.headers[name] for post in tries}) == 1
    for name in ("webhook-timestamp", "webhook-signature"):
        assert len({post.headers[name] for post in tries}) == 3, "a receiver takes nothing older than five minutes"


def test_the_schedule_of_three_days_is_kept(outside):
    """Standard Webhooks: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 20 h, each give or take a fifth."""
    outside.receiver.always = Manner(500)
    outside.firm.arrive()
    began, at = outside.firm.now, []
    while [d.state for d in outside.dispatches()] == ["pending"]:
        outside.firm.now = max(due.look(outside.firm.engine).events, outside.endpoint().open_until or began)
        outside.tell()
        at.append(outside.firm.now)
    waits = [(then - before).total_seconds() for before, then in zip(at, at[1:], strict=False)]
    for waited, planned in zip(waits, (5, 300, 1800, 7200, 18000, 36000, 50400, 72000), strict=False):
        assert 0.8 * planned <= waited <= 1.2 * planned + 1
    assert timedelta(days=3) <= at[-1] - began <= timedelta(days=4)
    assert len(outside.receiver.posts) == len(at)
    assert notices.open_since(outside.firm.engine, "endpoint:desk")


def test_an_endpoint_that_is_silent_for_an_hour_is_told_of_long_before_its_events_die(outside):
    outside.tell()
    outside.receiver.always = Manner(503)
    [code] = outside.firm.arrive()
    until = outside.firm.now + timedelta(hours=4)
    while outside.firm.now < until:
        outside.tell()
        is_early = outside.firm.now < until - timedelta(hours=3)
        assert not (is_early and notices.open_since(outside.firm.engine, "endpoint:desk"))
        outside.firm.now = max(due.look(outside.firm.engine).events, outside.endpoint().open_until or outside.firm.now)
    [notice] = outside.firm.rows("SELECT text FROM notices WHERE key = 'endpoint:desk' AND over_at IS NULL")
    assert "has taken nothing so far: answered 503" in notice.text and "1 events wait" in notice.text
    assert outside.firm.lead(code).status == "offered", "leads go on"
    outside.receiver.always = Manner()
    outside.tell()
    assert outside.receiver.types[-1] == "lead.arrived"
    assert notices.open_since(outside.firm.engine, "endpoint:desk") is None


def test_a_disabled_endpoint_is_told_of_and_leads_and_other_endpoints_go_on(outside):
    outside.listens(others=f"  other: {{url: '{outside.receiver.url}/other', secret: 'file:{outside.secret}'}}\n")
    [code] = outside.firm.arrive()
    outside.receiver.manner = lambda post: Manner(410 if post.path == "/in" else 204)
    outside.tell()
    [notice] = outside.firm.rows("SELECT text FROM notices WHERE over_at IS NULL")
    assert "desk answered 410 Gone" in notice.text and "headroom events enable desk" in notice.text
    rep = outside.firm.lead(code).state["offered_to"][0]
    outside.firm.happen(code, OfferAccepted(rep, "sms"))
    outside.firm.happen(code, HumanResponded(rep, "call"))
    outside.tell()
    assert outside.firm.lead(code).status == "responded"
    assert Counter(post.path for post in outside.receiver.posts) == {"/in": 1, "/other": 3}


@pytest.mark.parametrize("only_dead", [True, False])
def test_a_replay_of_more_than_a_portion_takes_each_event_once(outside, monkeypatch, only_dead):
    monkeypatch.setattr(dead_letters, "PORTION", 3)
    outside.firm.arrive(4)
    long_ago, now = outside.firm.now - timedelta(days=9), outside.firm.now
    outside.firm.do("UPDATE announcements SET at = :at WHERE id = (SELECT min(id) FROM announcements)", at=long_ago)
    outside.firm.arrive(6)
    outside.firm.do("UPDATE dispatches SET state = 'dead', done_at = :now, attempts = 9", now=now)
    outside.firm.do("UPDATE dispatches SET state = 'delivered' WHERE id = (SELECT max(id) FROM dispatches)")
    outside.firm.do("DELETE FROM dispatches WHERE id = (SELECT max(id) - 1 FROM dispatches)")  # never queued for it
    count = dead_letters.replay_since(outside.firm.engine, "desk", now - timedelta(days=1), now, only_dead=only_dead)
    assert count == (7 if only_dead else 9)
    assert [d.state for d in outside.dispatches()].count("pending") == count
    assert all(d.attempts == 0 for d in outside.dispatches(state="pending"))
    assert outside.dispatches()[0].state == "dead", "what happened before is left"
    outside.tell()
    assert len(outside.receiver.posts) == len({post.headers["webhook-id"] for post in outside.receiver.posts}) == count


# --- receivers that misbehave -----------------------------------------------------------------------------------------


def timed(work) -> float:
    began = clock.monotonic()
    work()
    return clock.monotonic() - began


@pytest.mark.parametrize(
    ("manner", "state", "error"),
    [
        (Manner(200, raw=b"x" * 102_400), "delivered", None),
        (Manner(200, raw=b"x" * 500, drip=0.05), "pending", "no answer"),
        (Manner(200, raw=b"x" * 10, length=1000), "pending", "no answer"),
        (Manner(cut=True), "pending", "no answer"),
        (Manner(307, {"Location": "http://169.254.169.254/latest/meta-data/"}), "pending", "answered 307"),
        (Manner(200, {"Content-Encoding": "gzip"}, raw=b"\x1f\x8b broken"), "delivered", None),
    ],
    ids=["100 KiB", "drips", "stops short", "hangs up", "leads inside", "is packed"],
)
def test_a_receiver_that_misbehaves_costs_its_own_event_a_try_and_nothing_else(outside, manner, state, error):
    outside.receiver.once.append(manner)
    outside.firm.arrive(2)
    took = timed(outside.tell)
    first, second = sorted(outside.dispatches(), key=lambda dispatch: dispatch.state != state)
    assert (first.state, error in first.error if error else first.error) == (state, True if error else None)
    assert second.state == "delivered"
    assert took < SECONDS_OF_PATIENCE + 3
    outside.firm.after(seconds=10)
    outside.tell()
    assert {d.state for d in outside.dispatches()} == {"delivered"}
    assert {post.path for post in outside.receiver.posts} == {"/in"}, "no redirect is followed"


def test_one_that_hangs_does_not_hold_up_another(outside):
    outside.listens(others=f"  other: {{url: '{outside.receiver.url}/other', secret: 'file:{outside.secret}'}}\n")
    over = threading.Event()
    outside.receiver.manner = lambda post: Manner(until=over if post.path == "/in" else None)
    outside.firm.arrive(3)
    try:
        for _ in range(100):
            outside.announcer.step(outside.firm.now, patience=0.1)
            if {d.state for d in outside.dispatches(endpoint="other")} == {"delivered"}:
                break
        assert {d.state for d in outside.dispatches(endpoint="other")} == {"delivered"}
        assert "delivered" not in {d.state for d in outside.dispatches(endpoint="desk")}
    finally:
        over.set()
        outside.announcer.finish(outside.firm.now)


# --- processes side by side -------------------------------------------------------------------------------------------


def test_several_processes_send_every_event_once(outside):
    codes = outside.firm.arrive(12)
    for code in codes:
        outside.firm.happen(code, NoteAdded("Kim", "call them"))
    others = [Announcer(outside.firm.engine, ON_LOOPBACK) for _ in range(3)]

    def work(announcer: Announcer) -> None:
        idle = 0
        while idle < 20:
            moved = announcer.step(outside.firm.now, patience=0.05)
            idle = 0 if moved or announcer.is_busy else idle + 1

    at_once(*(lambda each=each: work(each) for each in others))
    for each in others:
        each.close()
    assert {d.state for d in outside.dispatches()} == {"delivered"}
    assert len(outside.receiver.posts) == len({post.headers["webhook-id"] for post in outside.receiver.posts}) == 24


def test_of_one_lead_the_earlier_event_comes_first(outside):
    codes = outside.firm.arrive(3)
    for n in range(6):
        for code in codes:
            outside.firm.happen(code, NoteAdded("Kim", f"note {n}"))
    others = [Announcer(outside.firm.engine, ON_LOOPBACK) for _ in range(2)]
    at_once(*(lambda each=each: [each.step(outside.firm.now, patience=0.1) for _ in range(60)] for each in others))
    for each in others:
        each.finish(outside.firm.now)
        each.close()
    told = [(post.event["data"]["lead"]["code"], post.event["data"]["sequence"]) for post in outside.receiver.posts]
    assert len(told) == 21
    for code in codes:
        mine = [sequence for lead, sequence in told if lead == code]
        assert mine == sorted(mine)


def test_one_that_has_to_be_tried_again_holds_up_none_behind_it(outside):
    outside.receiver.once.append(Manner(500))
    [code] = outside.firm.arrive()
    outside.firm.happen(code, NoteAdded("Kim", "call them"))
    outside.tell()
    assert [(d.state, d.attempts) for d in outside.dispatches()] == [("pending", 1), ("delivered", 1)]
    outside.firm.after(seconds=7)
    outside.firm.happen(code, NoteAdded("Kim", "again"))
    outside.tell()
    notes = [post.event["data"]["sequence"] for post in outside.receiver.posts[2:]]
    assert notes == sorted(notes) and len(notes) == 2, "once it is due it goes first again"


# --- addresses that lead inside ---------------------------------------------------------------------------------------

INSIDE = (
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "100.64.0.1",
    "192.168.1.1",
    "::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "0.0.0.0",
)


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_comes_to_lead_inside_is_not_called_and_the_operator_hears_of_it(outside, address):
    """It was public when the team file was applied: a name is looked at again before each call, and only that address is dialled."""
    secret = outside.secret
    outside.firm.takes(a_team("https://hooks.example.com/in", secret))
    outside.announcer._line = Line(Guard(resolve=lambda *_: ["93.184.215.14", address]))
    outside.firm.arrive()
    outside.tell()
    [dispatch] = outside.dispatches()
    assert (dispatch.state, "leads into a private or reserved network" in dispatch.error) == ("pending", True)
    [notice] = outside.firm.rows("SELECT text FROM notices WHERE over_at IS NULL")
    assert "desk takes nothing" in notice.text and "HEADROOM_ALLOW_PRIVATE_URLS" in notice.text


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com/in", "https://hooks.example.com:22/in", "https://u:p@hooks.example.com/", "https://2130706433/"],
)
def test_an_address_of_a_wrong_form_does_not_get_into_force(outside, url):
    outside.firm.settings = replace(ON_LOOPBACK, private_urls=())
    with pytest.raises(TeamFileError, match=r"endpoints\.desk\.url"):
        outside.firm.takes(a_team(url, outside.secret))


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_replaced_without_one_event_that_does_not_verify(outside, tmp_path):
    keys = {"old": "whsec_" + "b2xkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzISE=", "new": SECRET}
    for name, key in keys.items():
        (tmp_path / name).write_text(key)
    body = a_team(outside.receiver.url + "/in", tmp_path / "old")
    for holds in (["old"], ["new", "old"], ["new"]):
        secrets = ", ".join(f"'file:{tmp_path / name}'" for name in holds)
        outside.firm.takes(body.replace(f"'file:{tmp_path / 'old'}'", f"[{secrets}]"))
        outside.firm.arrive()
        outside.tell()
    old, new = keys.values()
    before, both, after = outside.receiver.posts
    verifies = lambda post, secret: bool(Webhook(secret).verify(post.body, dict(post.headers)))  # noqa: E731
    assert verifies(before, old) and verifies(both, old) and verifies(both, new) and verifies(after, new)


def test_each_endpoint_signs_with_its_own_secret(outside, tmp_path):
    other = tmp_path / "other"
    other.write_text("whsec_" + "b2xkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzISE=")
    outside.listens(others=f"  other: {{url: '{outside.receiver.url}/other', secret: 'file:{other}'}}\n")
    outside.firm.arrive()
    outside.tell()
    for post in outside.receiver.posts:
        secret = other.read_text() if post.path == "/other" else SECRET
        assert Webhook(secret).verify(post.body, dict(post.headers))
    assert {post.path for post in outside.receiver.posts} == {"/in", "/other"}
