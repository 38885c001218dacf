"""Many calls at the same moment on a real database: no caller ever hears an error, and no rep's phone is promised twice over the cap."""

import threading
import xml.etree.ElementTree as ET

import pytest
from freezegun import freeze_time

from tests.webhooks.test_on_postgres import House

REPS = {"+15125550111": "priya", "+15125550112": "tom"}


@pytest.fixture
def house(database, tmp_path):
    with freeze_time("2026-11-24T16:00:00Z", tick=True):
        made = House(database, tmp_path)
        yield made
        made.engine.dispose()


def together(*work):
    """All at the same moment; what each returned, in order."""
    answers, gate = [None] * len(work), threading.Barrier(len(work))

    def run(n, each):
        gate.wait()
        answers[n] = each()

    threads = [threading.Thread(target=run, args=(n, each)) for n, each in enumerate(work)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def script(answer):
    assert (answer.status_code, answer.mimetype) == (200, "text/xml"), answer.text
    return ET.fromstring(answer.text)


def call_of(n):
    return {"CallSid": f"CA{n}", "From": f"+131255501{n:02}", "To": "+15125550100", "Direction": "inbound"}


def test_twenty_callers_at_once_each_hear_ringing_or_are_asked_for_a_message(house):
    answers = together(*(lambda n=n: house.twilio("calls", **call_of(n)) for n in range(20)))
    heard = [script(answer) for answer in answers]
    assert all((each.find("Dial") is None) != (each.find("Record") is None) for each in heard)
    assert any(each.find("Dial") is not None for each in heard)
    assert house.rows("SELECT count(*) FROM leads") == [(20,)]
    assert house.rows("SELECT id FROM reps WHERE open > cap_open OR unanswered > cap_unanswered") == []


def test_all_steps_of_many_calls_crossed_and_doubled_are_answered_with_twiml(house):
    for n in range(6):
        script(house.twilio("calls", **call_of(n)))

    def step(path, n, **more):
        return lambda: house.twilio(path, **{**call_of(n), **more})

    work = []
    for n in range(6):
        missed = {"DialCallStatus": "no-answer", "DialCallSid": f"CAleg{n}", "DialBridged": "false"}
        work += [step("calls", n), step("calls/status", n, CallStatus="completed"), step("calls/dial?rep=priya&n=1", n, **missed)]
        work += [step("calls/dial?rep=priya&n=1", n, **missed), step(f"calls/press?call=CA{n}&rep=priya", n, Digits="1")]
        work += [step("calls/recorded", n, RecordingSid=f"RE{n}", RecordingUrl="https://x.example", RecordingDuration="9")]
    for answer in together(*work):
        script(answer)
    assert house.rows("SELECT count(*) FROM leads") == [(6,)], "the end of a call we know begins no second lead"


def test_one_caller_twice_at_the_same_moment_is_one_lead(house):
    two = [{**call_of(1), "CallSid": sid} for sid in ("CA1", "CA2")]
    answers = together(*(lambda form=form: house.twilio("calls", **form) for form in two for _ in range(2)))
    assert [script(answer).find("Dial") is not None for answer in answers] == [True] * 4
    assert house.rows("SELECT count(*) FROM leads") == [(1,)]


def test_a_call_that_cannot_be_decided_in_time_is_asked_for_a_message(house):
    """Somebody else holds the pool for longer than we wait for it."""
    with house.engine.connect() as other, other.begin():
        other.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        other.exec_driver_sql("SELECT id FROM pools FOR UPDATE")
        answer = house.twilio("calls", **call_of(1))
    heard = script(answer)
    assert heard.find("Record") is not None
    assert "cannot put your call through" in heard.find("Say").text
    assert house.rows("SELECT event, done_at FROM inbox") == [("call", None)], "a worker decides it later"
