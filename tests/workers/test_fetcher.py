"""A vendor that is slow, silent, refusing or asks for quiet: nothing else waits for it, nothing is dropped, and it is not hammered."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from routing.sending import Fault
from store import inbox, notices
from store.inbox import Received
from tests.queue_builders import NOW, rows
from workers import fetch
from workers.fetch import Fetcher, fetch_due, wait_after
from workers.fetching.meta import regained_after
from workers.outcomes import NotAccepted, NotProcessed, SendFailed
from workers.wire import Answer
from workers.work import Work

DEAD = Answer(400, {}, b'{"error": {"code": 190, "message": "token"}}')
GONE = Answer(400, {}, b'{"error": {"code": 100, "error_subcode": 33}}')
SLOWER = Answer(400, {}, b'{"error": {"code": 4}}')
FAILS = Answer(500, {}, b"")
GOOD = Answer(200, {}, b'{"id": "1", "field_data": [{"name": "email", "values": ["dana@example.com"]}]}')


class Graph:
    """Answers by the lead's id; what is not told is `otherwise`. `asked` are the ids, in order."""

    def __init__(self, otherwise: Answer = GOOD, **answers: Answer) -> None:
        self.otherwise, self.answers, self.asked = otherwise, answers, []

    def request(self, method, url, *, body, headers, deadline=None) -> Answer:
        number = url.partition("?")[0].rpartition("/")[2]
        self.asked.append(number)
        return self.answers.get(f"n{number}", self.otherwise)


class Silent(Graph):
    """Keeps silent until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.began = threading.Event(), threading.Event()

    def request(self, method, url, *, body, headers, deadline=None) -> Answer:
        self.began.set()
        assert self.go.wait(30)
        return super().request(method, url, body=body, headers=headers)


@pytest.fixture
def meta(settings):
    return replace(settings, meta_page_token="a page token")


def named(engine, *numbers, page="P1", now=NOW):
    """Meta has named these leads."""
    for number in numbers:
        notice = {"leadgen_id": str(number), "kind": "form", "channel": "ads_form", "extra": {"page_id": page}}
        inbox.record(engine, [Received("meta", f"meta_leadgen:{number}", "fetch_required", notice, b"{}", {}, now)], now)


def waits(engine) -> list[timedelta]:
    """How long each row that is not there yet is left alone."""
    return [row["due_at"] - NOW for row in rows(engine, "inbox") if row["event"] == "fetch_required"]


def test_a_silent_vendor_holds_up_nothing_and_its_leads_are_fetched_when_it_speaks(engine, meta):
    graph = Silent()
    fetcher = Fetcher(engine, meta, graph)
    named(engine, *range(1, 8))
    began = time.monotonic()
    assert fetcher.step(NOW) == fetch.AT_ONCE
    assert fetcher.step(NOW) == 0, "the others wait for a free thread"
    assert time.monotonic() - began < 5
    assert fetcher.is_busy
    graph.go.set()
    fetcher.finish(NOW)
    while fetcher.step(NOW, patience=1.0) or fetcher.is_busy:
        pass
    fetcher.close()
    assert {row["event"] for row in rows(engine, "inbox")} == {"form"}


def test_a_worker_goes_on_with_leads_while_a_vendor_is_silent(engine, meta, monkeypatch):
    work, graph = Work(engine, meta), Silent()
    work._fetcher = Fetcher(engine, meta, graph)
    named(engine, 1)
    while not graph.began.is_set():
        work.once()
    inbox.record(engine, [Received("website", "f1", "form", {"kind": "form", "phone": "+15125550143"}, b"{}", {}, NOW)], NOW)
    work.once()
    assert [row["source"] for row in rows(engine, "leads")] == ["website"]
    assert work.is_busy
    graph.go.set()
    work.close()
    assert {row["event"] for row in rows(engine, "inbox")} == {"form"}


def test_a_dead_token_is_asked_with_once_for_a_page_and_other_pages_go_on(engine, meta):
    graph = Graph(DEAD, n20=GOOD)
    named(engine, *range(1, 10), page="P1")
    named(engine, 20, page="P2")
    fetch_due(engine, meta, graph, NOW)
    assert len([number for number in graph.asked if number != "20"]) <= fetch.AT_ONCE
    assert set(waits(engine)) == {fetch.REFUSED[0]}
    assert [row["external_id"] for row in rows(engine, "inbox") if row["event"] == "form"] == ["meta_leadgen:20"]
    assert notices.open_since(engine, "meta:fetch") == NOW, "leads of the other page do not end it"


def test_as_soon_as_the_token_is_mended_all_that_waited_is_fetched(engine, meta):
    named(engine, *range(1, 10))
    fetch_due(engine, meta, Graph(DEAD), NOW)
    later = NOW + fetch.REFUSED[0]
    while fetch_due(engine, meta, Graph(GOOD), later):
        pass
    assert {row["event"] for row in rows(engine, "inbox")} == {"form"}
    assert notices.open_since(engine, "meta:fetch") is None


def test_a_lead_that_was_never_tried_is_woken_too(engine, meta):
    """Of nine leads four were asked for; the five behind them were put to rest untried."""
    named(engine, *range(1, 10))
    fetch_due(engine, meta, Graph(DEAD), NOW)
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE inbox SET due_at = %s WHERE external_id = 'meta_leadgen:1'", (NOW,))
    fetch_due(engine, meta, Graph(GOOD), NOW)
    assert {row["event"] for row in rows(engine, "inbox")} == {"form"}


def test_a_lead_that_we_may_not_read_rests_alone_and_longer_each_time(engine, meta):
    graph, now, seen = Graph(GOOD, n1=GONE), NOW, []
    named(engine, 1, 2)
    for _ in range(8):
        fetch_due(engine, meta, graph, now)
        [row] = [row for row in rows(engine, "inbox") if row["event"] == "fetch_required"]
        seen.append(row["due_at"] - now)
        now = row["due_at"]
    assert seen == [*fetch.REFUSED_ONE, fetch.REFUSED_ONE[-1], fetch.REFUSED_ONE[-1]]
    assert graph.asked.count("2") == 1
    assert "100/33" in str(rows(engine, "notices")[0]["text"])
    assert rows(engine, "notices")[0]["over_at"] is None, "it is not over while one lead cannot be read"


def test_a_vendor_that_asks_for_quiet_gets_it(engine, meta):
    graph = Graph(replace(SLOWER, headers={"Retry-After": "600"}))
    named(engine, *range(1, 10))
    fetch_due(engine, meta, graph, NOW)
    assert len(graph.asked) <= fetch.AT_ONCE
    assert set(waits(engine)) == {timedelta(seconds=600)}
    assert notices.open_since(engine, "meta:fetch") is None, "that is no fault"


def test_a_vendor_that_fails_is_tried_again_for_hours_and_said(engine, meta):
    graph, now = Graph(FAILS), NOW
    named(engine, 1)
    for _ in range(60):
        fetch_due(engine, meta, graph, now)
        now = rows(engine, "inbox")[0]["due_at"]
    assert now - NOW > timedelta(hours=4)
    assert len(graph.asked) == 60
    assert notices.open_since(engine, "meta:fetch") is not None
    fetch_due(engine, meta, Graph(GOOD), now)
    assert rows(engine, "inbox")[0]["event"] == "form"
    assert notices.open_since(engine, "meta:fetch") is None


def test_one_answer_nobody_foresaw_holds_up_no_other(engine, meta):
    named(engine, 1, 2)
    fetch_due(engine, meta, Graph(GOOD, n1=Answer(200, {}, b'{"field_data": [{"name": {}, "values": {"x": [[]]}}]}')), NOW)
    assert [row["event"] for row in rows(engine, "inbox")].count("form") >= 1


def test_a_vendor_that_this_version_does_not_know_is_kept(engine, meta):
    inbox.record(
        engine, [Received("meta", "x", "fetch_required", {"fetch": {"vendor": "klingon", "id": "1"}}, b"{}", {}, NOW)], NOW
    )
    assert fetch_due(engine, meta, Graph(), NOW) == 1
    assert rows(engine, "inbox")[0]["done_at"] is None


@pytest.mark.parametrize(
    ("failure", "attempts", "wait"),
    [
        (NotAccepted("no connection"), 1, 2),
        (NotAccepted("no connection"), 3, 15),
        (NotAccepted("no connection"), 99, 300),
        (NotProcessed("slower"), 1, 2),
        (NotProcessed("slower", retry_after=timedelta(seconds=7)), 9, 7),
        (SendFailed("token", configuration=True), 1, 300),
        (SendFailed("token", configuration=True), 50, 3600),
        (SendFailed("gone"), 1, 60),
        (SendFailed("gone"), 50, 6 * 3600),
    ],
)
def test_how_long_it_is_left_alone(failure, attempts, wait):
    assert wait_after(failure, attempts) == timedelta(seconds=wait)
    assert failure.fault in Fault


@pytest.mark.parametrize(
    ("header", "minutes"),
    [
        (
            '{"153125381133": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 12}, {"estimated_time_to_regain_access": 3}]}',
            12,
        ),
        ('{"1": [{"estimated_time_to_regain_access": 500}]}', 60),
        ('{"1": [{"estimated_time_to_regain_access": 0}]}', None),
        ('{"1": [{"call_count": 100}]}', None),
        ('{"1": {"odd": 1}, "2": ["x"], "3": [{"estimated_time_to_regain_access": "soon"}]}', None),
        ("[]", None),
        ("{broken", None),
        ("", None),
    ],
)
def test_meta_says_beside_its_limits_how_long_to_wait(header, minutes):
    headers = {"X-Business-Use-Case-Usage": header} if header else {}
    assert regained_after(headers) == (timedelta(minutes=minutes) if minutes else None)


def test_a_page_that_is_mended_ends_no_notice_of_another_that_is_not(engine, meta):
    graph = Graph(GOOD, n1=DEAD)
    named(engine, 1, page="P1")
    fetch_due(engine, meta, graph, NOW)
    named(engine, 2, page="P2")
    fetch_due(engine, meta, graph, NOW)
    assert notices.open_since(engine, "meta:fetch") == NOW
    assert waits(engine) == [fetch.REFUSED[0]]
