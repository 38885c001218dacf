"""Recorded requests through the whole program: posted to the door, decided, and read back from outside at /api/leads."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time

from config import clock
from config.settings import Settings
from store import advance, policies
from store.engine import connect
from tests.webhooks.test_payloads import missing
from webhooks.signatures import sign_callrail
from webhooks.twilio_requests import sign
from workers.fetch import fetch_due
from workers.wire import Answer
from wsgi import make_app

DATA = Path(__file__).parents[1] / "data" / "payloads"
TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
PUBLIC, KEY, TOKEN = "https://leads.example.com", "a-key-of-the-address-24chars", "an API token of 24 characters"
TEAM = """
version: 1
site: {name: Cole Heating, time_zone: America/Chicago, default_region: US}
hours: {office: {mon-fri: "08:30-17:30"}}
managers: [{id: kim, name: Kim Ortega, phone: "+1 512 555 0190", email: kim@cole.example}]
reps: [{id: ann, name: Ann Novak, phone: "+1 512 555 0111", email: ann@cole.example, cap: {open: 50, unanswered: 50}, hours: always}]
pools: {sales: {name: Sales, members: [ann], offer: one_at_a_time, offer_for: 2m, managers: [kim], directors: [kim]}}
slas: {hot: {clock: office, accept_within: 4m, first_response_within: 8m, ladder: [{at: 8m, do: tell, who: pool_managers, every: 10m}]}}
rules: [{id: everything, send_to: sales, sla: hot}]
sources:
  calls: {type: twilio_voice, secret: env:TWILIO_AUTH_TOKEN}
  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}
  meta: {type: meta, secret: env:META_APP_SECRET}
  callrail: {type: callrail, secret: env:CALLRAIL_KEY}
  bot: {type: telegram, secret: env:BOT_TOKEN}
  mail: {type: sendgrid_inbound, secret: env:MAIL_KEY}
"""
LEADS = {
    "twilio_voice_incoming": "calls",
    "twilio_sms": "texts",
    "twilio_whatsapp": "texts",
    "messenger": "meta",
    "instagram": "meta",
    "whatsapp_cloud": "meta",
    "meta_leadgen": "meta",
    "callrail": "callrail",
    "telegram": "bot",
    "sendgrid_inbound": f"mail/{KEY}",
    "twilio_voice_dial_action": "calls/dial",  # of calls whose beginning never reached us
    "twilio_voice_status": "calls/status",
}
STEPS = {"twilio_voice_dial_action": "calls/dial", "twilio_voice_status": "calls/status", "twilio_recording": "calls/recording"}
OF_THE_VENDOR = {"source", "event"}  # ours is the team file's id; a call whose beginning was lost is a missed one


class Graph:
    """Meta's Graph API, as its documentation answers."""

    def request(self, method: str, url: str, *, body: object, headers: object, deadline: object = None) -> Answer:
        told = json.loads((DATA / "meta_leadgen_1.json").read_text())["follow_up_fetch"]["response"]
        return Answer(200, {}, json.dumps({**told, "is_organic": False, "platform": "ig"}).encode())


class House:
    """The whole program without its workers' processes."""

    def __init__(self, url: str, data: Path) -> None:
        environ = {"CALLRAIL_KEY": "072e77e426f92738a72fe23c4d1953b4", "BOT_TOKEN": "tg_Secret-1", "MAIL_KEY": KEY}
        self.settings = Settings(
            database_url=url, secret_key="a key that only the tests know", public_url=PUBLIC, data=data, api_token=TOKEN, environ=environ,
            given_twilio_sid="AC0123456789abcdef0123456789abcdef", given_twilio_tokens=("12345",), given_meta_app_secret="meta_app_secret_for_tests_0123456",
            meta_page_token="a page token", web_threads=2,
        )  # fmt: skip
        self.engine = connect(url, role="test", size=2)
        policies.apply(self.engine, TEAM, self.settings, TUESDAY, "the tests")
        self.app = make_app(self.settings)

    def close(self) -> None:
        self.engine.dispose()
        self.app.extensions["engine"].dispose()

    def post(self, name: str, path: str) -> dict[str, object]:
        """The recorded request, signed for our address; then all that follows from it. Returns what was expected."""
        case = json.loads((DATA / f"{name}_1.json").read_text())
        body, headers = case["request"]["body"].encode(), dict(case["request"]["headers"])
        if name.startswith("twilio"):
            headers["X-Twilio-Signature"] = sign(f"{PUBLIC}/webhooks/{path}", body, "12345", TUESDAY)["x-twilio-signature"]
        answer = self.app.test_client().post(f"/webhooks/{path}", data=body, headers=headers)
        assert answer.status_code == 200, answer.text
        self.work()
        return case["expected_lead"]

    def work(self) -> None:
        while fetch_due(self.engine, self.settings, Graph(), clock.now()) + advance.drain_inbox(self.engine, clock.now()):
            pass

    def leads(self) -> list[dict]:
        """As the API shows them, oldest first, each whole."""
        listed = self._get("/api/leads")["leads"]
        return [self._get(f"/api/leads/{lead['code']}") for lead in reversed(listed)]

    def _get(self, path: str) -> dict:
        answer = self.app.test_client().get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with freeze_time(TUESDAY, tick=True):
        made = House(database, tmp_path)
        yield made
        made.close()


@pytest.mark.parametrize("name", LEADS)
def test_a_recorded_lead_is_shown_outside_under_the_names_of_the_common_lead(house, name):
    expected = house.post(name, LEADS[name])
    shown = house.leads()[0]
    said = {key: value for key, value in expected.items() if key not in OF_THE_VENDOR}
    assert missing(said, shown) == []
    began = "missed_call" if LEADS[name].startswith("calls/") else expected["event"]
    assert (shown["event"], shown["deliveries"][0]["event"]) == (began, began)
    assert missing(said, shown["deliveries"][0]) == []


def test_all_that_is_told_of_a_call_is_shown_on_its_lead(house):
    house.post("twilio_voice_incoming", "calls")
    expected = [house.post(name, path) for name, path in STEPS.items()]
    [lead] = house.leads()
    assert [each["event"] for each in lead["deliveries"]] == ["call", "missed_call", "call_status", "voicemail"]
    for wanted, shown in zip(expected, lead["deliveries"][1:], strict=True):
        assert missing({key: value for key, value in wanted.items() if key != "source"}, shown) == []


def test_a_call_of_which_only_the_end_came_is_texted_back_and_its_voicemail_belongs_to_it(house):
    for name, path in STEPS.items():
        house.post(name, path)
    house.work()
    with freeze_time(datetime(2026, 11, 24, 16, 0, 30, tzinfo=UTC)):  # what came too early is looked at again
        house.work()
    [lead] = house.leads()
    assert (lead["event"], lead["status"], lead["phone"]) == ("missed_call", "offered", "+14155550133")
    assert [each["event"] for each in lead["deliveries"]] == ["missed_call", "missed_call", "call_status", "voicemail"]
    assert [m["template"] for m in lead["messages"] if m["recipient"] == "lead"] == ["ack"]
    assert "left a voicemail of 17s" in str([step["why"] for step in lead["steps"]])


def test_a_late_recording_of_callrails_is_added_to_its_call(house):
    left = {"resource_id": "CAL1", "answered": False, "voicemail": True, "duration": "25", "customer_phone_number": "+15125550143", "start_time": "2026-11-24T09:58:00-06:00"}  # fmt: skip
    heard = {**left, "recording": "https://app.callrail.example/r", "recording_duration": 9, "transcription": "Call me", "changes": ["recording_duration", "transcription_text"]}  # fmt: skip
    for step, value in (("post-call", left), ("call-modified", heard), ("call-modified", heard)):
        body = json.dumps(value).encode()
        headers = {"Content-Type": "application/json", "Signature": sign_callrail(body, house.settings.environ["CALLRAIL_KEY"])}
        assert house.app.test_client().post(f"/webhooks/callrail/{step}", data=body, headers=headers).status_code == 200
        house.work()
    [lead] = house.leads()
    assert [each["event"] for each in lead["deliveries"]] == ["voicemail", "voicemail", "voicemail_text"]
    whys = str([step["why"] for step in lead["steps"]])
    assert whys.count("left a voicemail of 9s") == 1
    assert "Call me" in str([step["data"] for step in lead["steps"]])


def test_where_a_lead_ad_was_shown_is_kept(house):
    house.post("meta_leadgen", "meta")
    assert house.leads()[0]["extra"] | {"platform": "ig", "is_organic": False} == house.leads()[0]["extra"]
