"""Events for the world outside, on real PostgreSQL: signed, tried again for days, never lost, never under another id."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from config.outgoing import Guard
from routing import announcing
from routing.events import HumanResponded, NoteAdded, OfferAccepted
from store import announcements, dead_letters, due, notices, policies, saving
from store.announcements import Lane, Result
from tests.outside import A_TEAM_ALONE, ON_LOOPBACK, SECRET, a_team, an_outside
from tests.receiver import Manner
from workers.endpoints import Parcel, webhook
from workers.endpoints.line import Line

NEXT_SECRET = "whsec_" + "bmV4dCBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="
VECTORS = [
    vector
    for vector in json.loads((Path(__file__).parents[1] / "data" / "vectors" / "standard_webhooks.json").read_text())["vectors"]
    if vector["secret"] and len(vector["headers"]) == 3 and not vector["id"].startswith("too_old")
]


@pytest.fixture
def outside(database, tmp_path):
    with an_outside(database, tmp_path) as made:
        yield made


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_we_sign_as_the_published_vectors_say(vector):
    headers, body = vector["headers"], vector["body"]
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    made = webhook.signed(headers["webhook-id"], at, body.encode(), (vector["secret"],))
    assert (made["webhook-signature"] in headers["webhook-signature"].split(" ")) == (vector["expect"] == "valid")


def test_an_event_is_signed_and_says_where_the_lead_stands(outside):
    [code] = outside.firm.arrive()
    assert outside.tell()
    [post] = outside.receiver.posts
    said = Webhook(SECRET).verify(post.body, dict(post.headers))
    assert (said["type"], said["version"]) == ("lead.arrived", 1)
    lead, step = said["data"]["lead"], said["data"]["step"]
    assert (lead["code"], lead["status"], lead["source"], lead["pool"]) == (code, "offered", "website", "sales")
    assert (step["was"], step["became"]) == ("new", "offered")
    assert "offered to" in step["reason"]
    assert said["timestamp"] == announcing.iso(outside.firm.now)
    assert post.headers["webhook-id"].startswith("evt_")


def test_a_changed_byte_does_not_verify(outside):
    outside.firm.arrive()
    outside.tell()
    [post] = outside.receiver.posts
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(post.body.replace(b"website", b"websito"), dict(post.headers))


def test_while_a_secret_rotates_both_verify(outside):
    outside.secret.write_text(SECRET)
    other = outside.secret.with_name("next")
    other.write_text(NEXT_SECRET)
    outside.firm.takes(
        a_team(outside.receiver.url, outside.secret).replace(
            f"'file:{outside.secret}'", f"['file:{other}', 'file:{outside.secret}']"
        )
    )
    outside.firm.arrive()
    outside.tell()
    [post] = outside.receiver.posts
    for secret in (SECRET, NEXT_SECRET):
        assert Webhook(secret).verify(post.body, dict(post.headers))
    assert post.headers["webhook-signature"].count("v1,") == 2


def test_every_step_is_told_once_with_a_growing_sequence(outside):
    [code] = outside.firm.arrive()
    owner = outside.firm.lead(code).state["offered_to"][0]
    outside.firm.happen(code, OfferAccepted(owner, "sms"))
    outside.firm.happen(code, OfferAccepted("tom" if owner == "priya" else "priya", "sms"))
    outside.firm.happen(code, HumanResponded(owner, "call"))
    outside.tell()
    told = sorted((post.event for post in outside.receiver.posts), key=lambda event: event["data"]["sequence"])
    assert [event["type"] for event in told] == ["lead.arrived", "lead.accepted", "lead.accept_refused", "lead.responded"]
    assert len({post.headers["webhook-id"] for post in outside.receiver.posts}) == 4
    steps = outside.firm.rows("SELECT event FROM steps ORDER BY id")
    assert [event["data"]["step"]["event"] for event in told] == [step.event for step in steps]
    assert told[1]["data"]["lead"]["responded_at"] is None, "an event tells the lead as it stood then"
    assert told[3]["data"]["lead"]["responded_at"] is not None


def test_nobody_is_told_who_the_person_is_unless_the_team_file_says_so(outside):
    outside.listens(others=f"  crm: {{url: 'https://crm.example.com/in', secret: 'file:{outside.secret}', contact: true}}\n")
    [code] = outside.firm.arrive(
        name="Dana Cole", phone="+15125550143", email="dana@example.com", message="A zebra", utm={"source": "ads"}
    )
    outside.firm.happen(code, NoteAdded("Kim", "Dana wants it by Friday"))
    events = outside.take_all("desk", "crm")
    assert [event.type for event in events] == ["lead.arrived", "lead.arrived", "lead.noted", "lead.noted"]
    plain = json.dumps([webhook.body_of(event, contact=False) for event in events])
    assert not any(word in plain for word in ("Dana", "5550143", "example.com", "zebra", "Friday"))
    assert '"utm.source": "ads"' in plain
    whole = json.dumps([webhook.body_of(event, contact=True) for event in events])
    assert all(word in whole for word in ("Dana Cole", "+15125550143", "dana@example.com", "A zebra", "wants it by Friday"))


def test_an_endpoint_gets_only_the_events_it_asked_for(outside):
    outside.listens("events: [lead.accepted, lead.responded]")
    [code] = outside.firm.arrive()
    owner = outside.firm.lead(code).state["offered_to"][0]
    outside.firm.happen(code, OfferAccepted(owner, "sms"))
    outside.tell()
    assert outside.receiver.types == ["lead.accepted"]


# --- failure ----------------------------------------------------------------------------------------------------------


def test_a_failed_event_comes_again_with_the_same_id_and_body(outside):
    outside.receiver.once.append(Manner(500))
    outside.firm.arrive()
    outside.tell()
    assert len(outside.receiver.posts) == 1
    outside.firm.after(seconds=3)
    outside.tell()
    assert len(outside.receiver.posts) == 1, "not before its time"
    outside.firm.after(seconds=4)
    outside.tell()
    first, second = outside.receiver.posts
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert [d.state for d in outside.dispatches()] == ["delivered"]


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 408, 500, 503])
def test_anything_but_a_2xx_is_tried_again_and_no_redirect_is_followed(outside, status):
    outside.receiver.once.append(Manner(status, {"Location": outside.receiver.url + "/elsewhere"}))
    outside.firm.arrive()
    outside.tell()
    assert [post.path for post in outside.receiver.posts] == ["/in"]
    [dispatch] = outside.dispatches()
    assert (dispatch.state, dispatch.status, dispatch.attempts) == ("pending", status, 1)
    assert dispatch.not_before > outside.firm.now


def test_a_receiver_that_hangs_or_breaks_off_is_tried_again(outside):
    over = threading.Event()
    outside.receiver.once.extend([Manner(until=over), Manner(cut=True)])
    outside.firm.arrive()
    outside.tell()
    [dispatch] = outside.dispatches()
    assert (dispatch.state, "no answer" in dispatch.error) == ("pending", True)
    over.set()
    outside.firm.after(seconds=7)
    outside.tell()
    assert outside.dispatches()[0].attempts == 2
    outside.firm.after(minutes=7)
    outside.tell()
    assert outside.dispatches()[0].state == "delivered"


def test_retry_after_holds_the_whole_endpoint(outside):
    outside.receiver.once.append(Manner(429, {"Retry-After": "120"}))
    outside.firm.arrive()
    outside.tell()
    outside.firm.arrive()
    outside.tell()
    assert len(outside.receiver.posts) == 1, "the second event waits too"
    assert due.look(outside.firm.engine).events == outside.firm.now + timedelta(seconds=120)
    outside.firm.after(seconds=121)
    outside.tell()
    assert outside.receiver.types == ["lead.arrived"] * 3
    assert outside.endpoint().failures == 0


def test_a_410_switches_the_endpoint_off_until_somebody_switches_it_on(outside):
    outside.receiver.once.append(Manner(410))
    [first] = outside.firm.arrive()
    outside.tell()
    assert outside.endpoint().disabled_at == outside.firm.now
    assert notices.open_since(outside.firm.engine, "endpoint:desk")
    outside.firm.after(days=1)
    outside.firm.arrive()
    outside.tell()
    assert len(outside.receiver.posts) == 1
    assert [d.state for d in outside.dispatches()] == ["dead"]
    assert dead_letters.enable(outside.firm.engine, "desk", outside.firm.now)
    assert dead_letters.replay_since(outside.firm.engine, "desk", outside.firm.now - timedelta(days=2), outside.firm.now) == 2
    outside.tell()
    assert [d.state for d in outside.dispatches()] == ["delivered", "delivered"]


def test_five_failures_open_the_breaker_one_probe_closes_it_and_what_waited_goes_at_once(outside):
    outside.receiver.always = Manner(503)
    outside.firm.arrive(8)
    outside.tell()
    for _ in range(5):
        outside.firm.after(seconds=7)
        outside.tell()
        if outside.endpoint().open_until:
            break
        outside.firm.after(minutes=6)
    asked = len(outside.receiver.posts)
    assert outside.endpoint().failures >= announcing.OPENS_AT
    outside.firm.arrive()
    outside.tell()
    assert len(outside.receiver.posts) == asked, "left alone"
    outside.firm.now = outside.endpoint().open_until
    outside.tell()
    assert len(outside.receiver.posts) == asked + 1, "one finds out"
    outside.receiver.always = Manner()
    outside.firm.now = outside.endpoint().open_until
    outside.tell()
    assert {d.state for d in outside.dispatches()} == {"delivered"}, "although some were not yet due by themselves"


def test_after_three_days_it_is_a_dead_letter_and_can_be_replayed_under_its_id(outside):
    outside.receiver.always = Manner(500)
    outside.firm.arrive()
    began, waits = outside.firm.now, []
    while outside.dispatches()[0].state == "pending" and len(waits) < 40:
        outside.tell()
        before, outside.firm.now = outside.firm.now, due.look(outside.firm.engine).events or outside.firm.now
        waits.append(outside.firm.now - before)
    assert timedelta(days=3) <= outside.firm.now - began < timedelta(days=4)
    assert waits[:6] == sorted(waits[:6]), "growing waits; the later ones are spread so far that two may change places"
    assert len(waits) < 14
    [letter] = dead_letters.dead(outside.firm.engine)
    assert (letter["type"], letter["status"], letter["endpoint"]) == ("lead.arrived", 500, "desk")
    outside.receiver.always = Manner()
    assert dead_letters.replay(outside.firm.engine, letter["event"].removeprefix("evt_"), outside.firm.now) == 1
    outside.firm.now = max(outside.firm.now, outside.endpoint().open_until or outside.firm.now)
    outside.tell()
    assert len({post.headers["webhook-id"] for post in outside.receiver.posts}) == 1
    assert dead_letters.dead(outside.firm.engine) == []


def test_killed_between_call_and_record_it_goes_out_again_under_the_same_id(outside):
    outside.firm.arrive()
    [taken] = announcements.claim(outside.firm.engine, outside.firm.now, [Lane("desk", 4)])
    line = Line(Guard(("127.0.0.1",)))
    now_in_force = policies.current(outside.firm.engine)
    webhook.send(Parcel(taken, now_in_force.endpoints["desk"], now_in_force, ON_LOOPBACK), line)  # ... and here the process dies
    outside.tell()
    assert len(outside.receiver.posts) == 1
    outside.firm.after(seconds=46)
    outside.tell()
    first, second = outside.receiver.posts
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    late = Result(taken.id, taken.fence, "desk", taken.lead_id, "dead")
    announcements.finish(outside.firm.engine, [late], outside.firm.now)
    assert outside.dispatches()[0].state == "delivered", "who holds an old fence cannot write"


def test_who_wakes_up_late_cannot_write_over_who_has_it_now(outside):
    outside.firm.arrive()
    [late] = announcements.claim(outside.firm.engine, outside.firm.now, [Lane("desk", 4)])
    outside.firm.after(seconds=46)
    [now] = announcements.claim(outside.firm.engine, outside.firm.now, [Lane("desk", 4)])
    assert (now.id, now.fence) == (late.id, late.fence + 1)
    for event, state in ((late, "dead"), (now, "delivered")):
        result = Result(event.id, event.fence, "desk", event.lead_id, state)
        announcements.finish(outside.firm.engine, [result], outside.firm.now)
        assert outside.dispatches()[0].state == ("sending" if event is late else "delivered")


def test_two_workers_never_hold_the_same_event(outside):
    outside.firm.arrive(6)
    one = announcements.claim(outside.firm.engine, outside.firm.now, [Lane("desk", 4)])
    other = announcements.claim(outside.firm.engine, outside.firm.now, [Lane("desk", 4)])
    assert len({event.id for event in (*one, *other)}) == len(one) + len(other) == 6


def test_of_one_lead_a_crm_is_told_one_thing_at_a_time(outside):
    [code] = outside.firm.arrive()
    lane = Lane("desk", 4, latest=True)
    [first] = announcements.claim(outside.firm.engine, outside.firm.now, [lane])
    outside.firm.happen(code, NoteAdded("Kim", "and more"))
    assert announcements.claim(outside.firm.engine, outside.firm.now, [lane]) == []
    done = Result(first.id, first.fence, "desk", first.lead_id, "delivered")
    announcements.finish(outside.firm.engine, [done], outside.firm.now)
    assert [event.type for event in announcements.claim(outside.firm.engine, outside.firm.now, [lane])] == ["lead.noted"]


def test_a_result_that_cannot_be_written_is_kept_until_it_can(outside, monkeypatch):
    outside.firm.arrive()
    real, broken = announcements.finish, iter([True])

    def finish(*asked):
        if asked[1] and next(broken, False):
            raise RuntimeError("the database is away")
        real(*asked)

    monkeypatch.setattr(announcements, "finish", finish)
    with pytest.raises(RuntimeError):
        outside.tell()
    assert outside.announcer.is_busy
    outside.tell()
    assert [d.state for d in outside.dispatches()] == ["delivered"]
    assert len(outside.receiver.posts) == 1


def test_an_address_inside_is_never_called(outside):
    outside.announcer._line = Line(Guard())  # nothing on the list
    outside.firm.arrive()
    outside.tell()
    assert outside.receiver.posts == []
    [dispatch] = outside.dispatches()
    assert (dispatch.state, "not called" in dispatch.error) == ("pending", True)


# --- the hot path, erasure, tidiness ----------------------------------------------------------------------------------


def test_without_endpoints_nothing_is_written(outside):
    outside.firm.takes(A_TEAM_ALONE)
    outside.firm.arrive(2)
    assert outside.firm.count("announcements") == outside.firm.count("dispatches") == 0
    assert due.look(outside.firm.engine).events is None


def test_an_endpoint_that_is_switched_off_gets_nothing_and_leaves_nothing_due(outside):
    outside.firm.arrive()
    outside.listens("enabled: false")
    outside.firm.arrive()
    assert due.look(outside.firm.engine).events is None
    assert len(outside.dispatches()) == 1


def test_a_rolled_back_step_tells_nothing(outside, monkeypatch):
    def broken(*_):
        raise RuntimeError("the power goes")

    monkeypatch.setattr(saving, "save_rosters", broken)
    outside.firm.arrive()
    assert outside.firm.count("announcements") == outside.firm.count("steps") == 0


def test_what_is_old_is_thrown_away_but_not_what_still_waits(outside):
    outside.firm.arrive(2)
    outside.receiver.once.append(Manner(500))
    outside.tell()
    outside.firm.after(days=31)
    assert dead_letters.purge(outside.firm.engine, outside.firm.now) == 1
    assert [d.state for d in outside.dispatches()] == ["pending"]
