"""The door on a real database: what is answered is on disk, the same thing sent many times is one lead, callers are decided at once."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import text

from config.settings import Settings
from store import policies
from store.engine import connect
from webhooks.app import blueprint
from webhooks.registry import TYPES

TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
TEAM = Path(__file__).parents[2] / "config" / "team.yaml"
FORM = "application/x-www-form-urlencoded"
CALL = {"CallSid": "CA1", "From": "+13125550143", "To": "+15125550100", "Direction": "inbound"}


class House:
    """The sample team on a fresh database, with a door."""

    def __init__(self, url: str, data: Path) -> None:
        self.settings = Settings(secret_key="a key that only the tests know", public_url="https://leads.example.com", data=data)
        self.engine = connect(url, role="test", size=8)
        self.rings = 0
        policies.apply(self.engine, TEAM.read_text(), self.settings, TUESDAY, "the tests")
        app = Flask("house")
        app.register_blueprint(blueprint(self.engine, self.settings, self.ring))
        self.app = app

    def ring(self) -> None:
        self.rings += 1

    def twilio(self, path: str, **params: str):
        """What Twilio posts, signed with the token that stands in where there is no account."""
        body = self.app.test_request_context(data=params).request.get_data()
        url = f"https://leads.example.com/webhooks/{path}"
        proof = TYPES["twilio_voice"].example.sign(url, body, self.settings.twilio_tokens[0], TUESDAY)
        return self.app.test_client().post(f"/webhooks/{path}", data=body, headers={"Content-Type": FORM, **proof})

    def rows(self, query: str) -> list[tuple]:
        with self.engine.connect() as db:
            return [tuple(row) for row in db.execute(text(query))]


@pytest.fixture
def house(database, tmp_path):
    with freeze_time("2026-11-24T16:00:00Z", tick=True):
        made = House(database, tmp_path)
        yield made
        made.engine.dispose()


def test_an_accepted_form_is_on_disk_with_its_raw_bytes(house):
    body = b'{"name": "Dana Cole", "phone": "512 555 0143", "message": "Roof \\u0000leaks \\ud83c\\udfe0"}'
    answer = house.app.test_client().post("/webhooks/website", data=body, content_type="application/json")
    assert (answer.status_code, answer.json) == (202, {"lead": "A1"})
    ((source, event, kept, content),) = house.rows("SELECT source, event, body, content FROM inbox")
    assert (source, event, bytes(kept)) == ("website", "form", body)
    assert (content["phone"], content["message"], content["zone"]) == ("+15125550143", "Roof leaks 🏠", "America/Chicago")
    assert house.rings == 1


def test_fifty_at_once_are_one_lead_with_one_answer(house):
    answers = []

    def send(_n):
        with house.app.test_client() as client:
            answer = client.post("/webhooks/website", json={"name": "Dana"}, headers={"Idempotency-Key": "once"})
            answers.append((answer.status_code, answer.json["lead"]))

    threads = [threading.Thread(target=lambda: [send(n) for n in range(7)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 56
    assert sorted(answers)[-1][0] == 202
    assert len({code for _, code in answers}) == 1
    assert [status for status, _ in answers].count(202) == 1
    assert house.rows("SELECT count(*) FROM inbox") == [(1,)]


def test_the_same_words_are_one_lead_for_ten_minutes_and_no_longer(house):
    client, dana = house.app.test_client(), {"name": "Dana", "email": "dana@example.com"}
    statuses = []
    for minutes in (0, 1, 9, 11):
        with freeze_time("2026-11-24T16:09:30Z") as clock:
            clock.tick(timedelta(minutes=minutes))
            statuses.append(client.post("/webhooks/website", json=dana).status_code)
    assert statuses == [202, 200, 200, 202]


def test_another_body_under_the_same_key_is_a_conflict(house):
    client, key = house.app.test_client(), {"Idempotency-Key": "k"}
    assert client.post("/webhooks/website", json={"name": "Dana"}, headers=key).status_code == 202
    assert client.post("/webhooks/website", json={"name": "Tom"}, headers=key).status_code == 409


def test_a_caller_is_put_through_to_a_rep_and_then_to_the_next(house):
    first = house.twilio("calls", **CALL)
    rung = house.rows("SELECT state->'offered_to'->>0, status, call_sid FROM leads")
    assert rung[0][1:] == ("ringing", "CA1")
    phones = {"priya": "+15125550111", "tom": "+15125550112"}
    assert phones[rung[0][0]] in first.text
    again = house.twilio("calls", **CALL)
    assert again.text == first.text
    missed = {**CALL, "DialCallStatus": "no-answer", "DialCallSid": "CA2", "DialBridged": "false"}
    second = house.twilio(f"calls/dial?rep={rung[0][0]}&n=1", **missed)
    other = ({*phones} - {rung[0][0]}).pop()
    assert phones[other] in second.text
    third = house.twilio(f"calls/dial?rep={other}&n=2", **{**missed, "DialCallSid": "CA3"})
    assert "<Record" in third.text
    assert house.rows("SELECT status FROM leads") != [("ringing",)]


def test_a_rep_who_presses_1_has_answered_the_lead(house):
    house.twilio("calls", **CALL)
    ((rep,),) = house.rows("SELECT state->'offered_to'->>0 FROM leads")
    house.twilio(f"calls/press?call=CA1&rep={rep}", CallSid="CA2", From=CALL["From"], Digits="1")
    assert house.rows("SELECT status, owner FROM leads") == [("responded", rep)]


def test_reports_are_kept_once(house):
    body = b"MessageSid=SM1&MessageStatus=delivered"
    url = "https://leads.example.com/receipts/twilio/7"
    proof = TYPES["twilio_voice"].example.sign(url, body, house.settings.twilio_tokens[0], TUESDAY)
    for _ in range(2):
        answer = house.app.test_client().post("/receipts/twilio/7", data=body, headers={"Content-Type": FORM, **proof})
        assert answer.status_code == 204
    assert house.rows("SELECT provider, key, status FROM receipts") == [("twilio", "SM1:delivered", "delivered")]
