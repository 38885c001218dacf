"""Texts whose reports were lost are asked after at Twilio, sparingly, and without anybody waiting for it."""

from datetime import timedelta

import pytest

from store import breakers, outbox, receipts
from tests.queue_builders import DANA, NOW, a_lead, a_message, the_message
from workers.channels import Parcel
from workers.channels.sms import Twilio
from workers.lost_reports import LostReports
from workers.render import Rendered

TEN, SECOND = timedelta(minutes=10), timedelta(seconds=1)


@pytest.fixture
def texted(engine, settings, provider, wire):
    """A text that Twilio took at NOW; returns its id and SID."""

    def texted(*, rank: int = 1) -> tuple[int, str]:
        from_us = a_message(engine, a_lead(engine), state="sent", provider="twilio", sent_at=NOW, rank=rank)
        taken = Twilio(settings, wire).send(Parcel(outbox.one(engine, from_us), Rendered("Hello Dana")))
        with engine.begin() as db:
            db.exec_driver_sql("UPDATE outbox SET provider_id = %s WHERE id = %s", (taken.provider_id, from_us))
        return from_us, str(taken.provider_id)

    return texted


@pytest.fixture
def reports(engine, settings) -> LostReports:
    return LostReports(engine, settings)


def asked(reports: LostReports, at) -> int:
    """How many texts are asked after at this instant, when all are answered."""
    count = reports.look(at)
    reports.finish(10)
    return count


def gets(provider) -> int:
    return sum(a.method == "GET" for a in provider.asked)


def test_a_text_that_was_delivered_without_our_hearing_of_it_is_known_after_ten_minutes(engine, reports, provider, texted):
    text, sid = texted()
    provider.ended[sid] = ("delivered", None)
    assert asked(reports, NOW + TEN - SECOND) == 0
    assert asked(reports, NOW + TEN + timedelta(minutes=1)) == 1
    assert the_message(engine, text)["state"] == "delivered"
    assert provider.violations() == []


def test_one_that_failed_is_followed_up_as_if_it_had_been_reported(engine, reports, provider, texted):
    text, sid = texted()
    provider.ended[sid] = ("undelivered", 30003)
    asked(reports, NOW + TEN)
    row = the_message(engine, text)
    assert (row["state"], row["error_code"]) == ("failed", "30003")
    assert [(w.message_id, w.status, w.code) for w in receipts.waiting(engine, NOW + TEN)] == [(text, "undelivered", "30003")]


def test_the_report_that_comes_after_all_changes_nothing_more(engine, reports, provider, texted):
    text, sid = texted()
    provider.ended[sid] = ("undelivered", 30003)
    asked(reports, NOW + TEN)
    late = receipts.Report("twilio", f"{sid}:undelivered", "undelivered", text, sid, "30003")
    assert receipts.record(engine, [late], NOW + TEN) == 0


def test_what_twilio_still_has_is_asked_after_every_ten_minutes_and_no_longer_after_two_hours(engine, reports, provider, texted):
    texted(rank=4)
    looks = [asked(reports, NOW + timedelta(minutes=minute)) for minute in range(150)]
    assert [minute for minute, count in enumerate(looks) if count] == list(range(10, 120, 10))
    assert gets(provider) == 11


def test_one_that_twilio_does_not_know_does_not_hold_up_the_next(engine, reports, provider, texted):
    a_message(engine, a_lead(engine), state="sent", provider="twilio", sent_at=NOW, provider_id="SM" + "f" * 32)
    text, sid = texted()
    provider.ended[sid] = ("delivered", None)
    assert asked(reports, NOW + TEN) == 2
    assert the_message(engine, text)["state"] == "delivered"


def test_two_clocks_do_not_ask_after_the_same_text(engine, settings, reports, provider, texted):
    texted(rank=4)
    assert (asked(reports, NOW + TEN), asked(LostReports(engine, settings), NOW + TEN)) == (1, 0)
    assert gets(provider) == 1


@pytest.mark.parametrize("state", ["delivered", "failed", "ambiguous"])
def test_what_is_known_or_looked_up_otherwise_is_not_asked_after(engine, reports, state):
    a_message(engine, a_lead(engine), state=state, provider="twilio", sent_at=NOW, provider_id="SM" + "e" * 32)
    assert asked(reports, NOW + TEN) == 0


def test_a_provider_that_is_down_is_left_alone(engine, reports, provider, texted):
    texted()
    before = gets(provider)
    breakers.stopped(engine, "twilio", NOW + TEN, why="test")
    assert asked(reports, NOW + TEN) == 0
    assert gets(provider) == before
    assert provider.to(DANA)
