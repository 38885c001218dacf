"""The console knocks at its own front door: a test lead, and answers as the rep or the lead, over HTTP with real signatures."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from flask import Flask

from config import clock
from console import inbound, web
from console.pages import trial
from routing.team import Source
from store import policies
from tests.console.conftest import TEAM, csrf

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "vectors" / "twilio.json").read_text())["vectors"]


def send_test(client):
    return client.post("/test-lead", data={"csrf": csrf(client)})


def test_a_test_lead_goes_the_whole_way(served):
    client = served.client()
    answer = send_test(client)
    assert answer.status_code == 303 and re.fullmatch(r"/leads/[A-Z]\d+", answer.headers["Location"])
    code = answer.headers["Location"].rpartition("/")[2]
    assert "is on disk" in client.get(f"/leads/{code}").text
    served.work()
    lead = served.one(code)
    assert lead["is_test"] and lead["source"] == "website" and lead["status"] == "offered"
    assert "TEST" in client.get(f"/leads/{code}").text


def test_each_test_lead_is_somebody_new(served):
    client = served.client()
    codes = {send_test(client).headers["Location"] for _ in range(3)}
    served.work()
    assert len(codes) == 3
    assert len(served.rows("SELECT DISTINCT person_id FROM leads")) == 3


def test_nobody_else_can_mark_a_lead_as_a_test(served):
    source = policies.current(served.engine, served.settings).sources["website"]
    fields = {**trial.made_up(), "_headroom_test": "yes"}
    code = inbound.post_form(served.settings, source, fields, served.frozen()).lead()
    served.work()
    assert code and served.one(code)["is_test"] is False


def test_a_form_that_wants_a_signature_gets_one(monkeypatch):
    secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ....").decode()
    asked = {}
    monkeypatch.setattr(inbound, "_knock", lambda settings, path, body, headers: asked.update(body=body, **headers))
    inbound.post_form(object(), Source("web", "form", secrets=(secret,)), {"name": "Dana"}, datetime(2026, 11, 24, tzinfo=UTC))
    signed = f"{asked['webhook-id']}.{asked['webhook-timestamp']}.".encode() + asked["body"]
    expected = hmac.new(base64.b64decode(secret[6:]), signed, hashlib.sha256).digest()
    assert asked["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


PLAIN = [v for v in VECTORS if v.get("expect") == "valid" and v.get("method") == "POST" and "urlencoded" in v["content_type"]]
PLAIN = [v for v in PLAIN if not re.search("port|quote", v["id"])]  # those sign another spelling of the address than was called


@pytest.mark.parametrize("vector", PLAIN, ids=lambda v: v["id"])
def test_our_signature_is_the_vendors(vector):
    pairs = parse_qsl(vector["body"], keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        pytest.skip("repeated names: nothing we send has them")
    assert inbound.twilio_signature(vector["secret"], vector["url"], dict(pairs)) == vector["headers"]["X-Twilio-Signature"]


def test_the_rep_accepts_from_the_letter_box(served):
    code = served.lead()
    served.send()
    client = served.client()
    [offer] = served.rows("SELECT id FROM outbox WHERE template = 'offer' AND channel = 'sms'")
    answer = client.post(
        f"/outbox/{offer['id']}", data={"csrf": csrf(client, "/outbox"), "quick": "1", "back": "/outbox?to=rep%3Aann"}
    )
    assert answer.status_code == 303 and answer.headers["Location"] == "/outbox?to=rep%3Aann"
    served.work()
    assert served.one(code)["owner"] == "ann"


def test_the_lead_writes_back_from_the_letter_box(served):
    code = served.lead()
    served.send()
    client = served.client()
    [ack] = served.rows("SELECT id FROM outbox WHERE recipient = 'lead' AND channel = 'sms'")
    client.post(f"/outbox/{ack['id']}", data={"csrf": csrf(client, "/outbox"), "text": "After three please"})
    served.work()
    page = client.get(f"/leads/{code}").text
    assert "The lead wrote" in page and "After three please" in page


def test_an_answer_from_the_letter_box_goes_to_the_number_that_wrote(served):
    served.lead()
    served.send()
    client = served.client()
    [ack] = served.rows("UPDATE outbox SET fields = fields || '{\"from\": \"+15125550188\"}' WHERE purpose = 'ack' RETURNING id")
    client.post(f"/outbox/{ack['id']}", data={"csrf": csrf(client, "/outbox"), "text": "After three please"})
    assert served.rows("SELECT content ->> 'to' AS t FROM inbox WHERE event = 'message'") == [{"t": "+15125550188"}]


def test_somebody_new_texts_and_somebody_calls_and_hangs_up(served):
    client = served.client()
    token = csrf(client, "/outbox")
    for do, phone in (("text", "+15125550177"), ("call", "+15125550178")):
        assert client.post("/outbox", data={"csrf": token, "do": do, "phone": phone, "text": "Hello"}).status_code == 303
        served.work()
    kinds = served.rows(
        "SELECT l.kind FROM leads l JOIN people p ON p.id = l.person_id WHERE p.phone LIKE '+1512555017_' ORDER BY l.id"
    )
    assert [row["kind"] for row in kinds] == ["message", "call"]
    assert client.post("/outbox", data={"csrf": token, "do": "text", "phone": "123"}).status_code == 400


@pytest.fixture
def with_mail(served):
    """The team has an address for mail, too."""
    team = TEAM.replace("sources:\n", "sources:\n  mail: {type: sendgrid_inbound, secret: env:SENDGRID_INBOUND_KEY}\n")
    policies.apply(served.engine, team, served.settings, clock.now(), "the tests")
    return served


def test_who_gave_only_an_address_is_mailed_and_mails_back_from_the_letter_box(with_mail):
    code = with_mail.lead(phone=None, email="dana@example.com")
    with_mail.send()
    client = with_mail.client()
    [ack] = with_mail.rows("SELECT id, subject FROM outbox WHERE recipient = 'lead' AND channel = 'email'")
    assert "Answer as Dana Cole" in client.get("/outbox?to=lead").text
    answer = client.post(f"/outbox/{ack['id']}", data={"csrf": csrf(client, "/outbox"), "text": "After three — s'il vous plaît"})
    assert answer.status_code == 303
    with_mail.work()
    page = client.get(f"/leads/{code}").text
    assert "The lead wrote" in page and "After three — s&#39;il vous plaît" in page
    assert len(with_mail.rows("SELECT 1 FROM leads")) == 1, "it is an answer and no new lead"


def test_the_rep_accepts_and_answers_by_mail_from_the_letter_box(with_mail):
    code = with_mail.lead(phone=None, email="dana@example.com")
    with_mail.send()
    client = with_mail.client()

    def answer(template, **said):
        [mail] = with_mail.rows(
            "SELECT id FROM outbox WHERE template = :t AND channel = 'email' AND recipient = 'rep:ann'", t=template
        )
        assert client.post(f"/outbox/{mail['id']}", data={"csrf": csrf(client, "/outbox"), **said}).status_code == 303
        with_mail.work()
        with_mail.send()

    answer("offer", quick="1")
    assert with_mail.one(code)["owner"] == "ann"
    answer("accepted", text="Shall I come by at four?\n\nAnn")
    assert with_mail.one(code)["responded_at"] is not None
    [relay] = with_mail.rows("SELECT body FROM outbox WHERE template = 'relay' AND recipient = 'lead'")
    assert "Shall I come by at four?" in relay["body"]


def test_somebody_new_mails(with_mail):
    client = with_mail.client()
    token = csrf(client, "/outbox")
    assert "Mail us" in client.get("/outbox").text
    fields = {"csrf": token, "do": "mail", "email": "omar@example.org", "text": "Do you repair roofs?"}
    assert client.post("/outbox", data=fields).status_code == 303
    with_mail.work()
    [lead] = with_mail.rows("SELECT l.kind, l.channel, l.message, p.email FROM leads l JOIN people p ON p.id = l.person_id")
    assert lead == {"kind": "message", "channel": "email", "message": "Do you repair roofs?", "email": "omar@example.org"}
    for wrong in ("omar", "a b@example.org", "o@example.org\r\nX: y", "", "<o@example.org>"):
        assert client.post("/outbox", data={**fields, "email": wrong}).status_code == 400


def test_without_an_address_for_mail_nobody_answers_mails(served):
    served.lead(phone=None, email="dana@example.com")
    served.send()
    client = served.client()
    [ack] = served.rows("SELECT id FROM outbox WHERE recipient = 'lead'")
    assert "Mail us" not in client.get("/outbox").text and "Answer as Dana" not in client.get("/outbox").text
    assert client.post(f"/outbox/{ack['id']}", data={"csrf": csrf(client, "/outbox"), "text": "hi"}).status_code == 404


def test_with_real_keys_nobody_is_impersonated(served):
    served.lead()
    served.send()
    [ack] = served.rows("SELECT id FROM outbox WHERE recipient = 'lead' AND channel = 'sms'")
    real = replace(served.settings, given_twilio_sid="AC" + "0" * 32, given_twilio_tokens=("a real token",))
    app = Flask("headroom", static_folder=None)
    app.register_blueprint(web.blueprint(served.engine, real, lambda: None))
    client = app.test_client()
    page = client.get("/outbox")
    assert "Answer as" not in page.text and "Be somebody new" not in page.text
    token = csrf(client)
    assert client.post(f"/outbox/{ack['id']}", data={"csrf": token, "text": "hi"}).status_code == 404
    assert client.post("/outbox", data={"csrf": token, "do": "text", "phone": "+15125550177"}).status_code == 400


def test_a_closed_front_door_is_told_in_words(house, client):
    answer = send_test(client)
    assert answer.status_code == 502 and f"PORT={house.settings.port}" in answer.text
