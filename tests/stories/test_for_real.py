"""One day with the real thing: the processes of `make run`, HTTP from outside, three providers on loopback that keep a log."""

import json
import signal
import sys
import xml.etree.ElementTree as ET

import pytest

from console.processes import wait_until
from tests.fakes import FakeProvider, Sent
from tests.installation import APP_SECRET, OUR_NUMBER, SOON, TOKEN, Installation, Posted, installation, path_of
from webhooks.signatures import sign_meta

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc to find what is left running")

PRIYA, TOM, KIM, DANA, OMAR = "+15125550111", "+15125550112", "+15125550190", "+15125550143", "+15125550144"
PHONES = {"priya": PRIYA, "tom": TOM}
CALL, MISSED, LEG = "CA" + "1" * 32, "CA" + "2" * 32, "CA" + "3" * 32
TEAM = """
version: 1
site: {name: Cole Heating, time_zone: America/Chicago, default_region: US}
channels: {sms: {quiet_hours: none}}
managers: [{id: kim, name: Kim Ortega, phone: "+15125550190", email: kim@cole.example, director: true}]
reps:
  - {id: priya, name: Priya Shah, phone: "+15125550111", email: priya@cole.example, cap: {open: 20, unanswered: 10}, hours: always}
  - {id: tom, name: Tom Becker, phone: "+15125550112", email: tom@cole.example, cap: {open: 20, unanswered: 10}, hours: always}
pools:
  sales: {name: Sales, members: [priya, tom], strategy: round_robin, offer: one_at_a_time, offer_for: 10m, managers: [kim]}
slas:
  calm:
    clock: always
    accept_within: 10m
    first_response_within: 30m
    ladder: [{at: 100%, do: tell, who: pool_managers, every: 10m}]
  tight:
    clock: always
    accept_within: 2s
    first_response_within: 3s
    ladder: [{at: 3s, do: tell, who: pool_managers, every: 10m}]
sources:
  website: {type: form}
  urgent: {type: form}
  calls: {type: twilio_voice, secret: env:TWILIO_AUTH_TOKEN}
  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}
  meta: {type: meta, secret: env:META_APP_SECRET}
rules:
  - {id: urgent, when: {source: urgent}, send_to: sales, sla: tight}
  - {id: everything, send_to: sales, sla: calm}
"""


def test_a_first_day_for_real():
    with FakeProvider() as provider, installation(TEAM, provider=provider) as house:
        house.start()
        form = a_form_is_answered_and_offered(house, provider)
        the_rep_accepts_by_text(house, provider, form)
        a_missed_deadline_reaches_the_manager(house, provider)
        a_call_is_put_through(house)
        a_call_nobody_takes_is_texted_back(house, provider)
        a_stranger_writes(house, provider)
        a_lead_ad_is_fetched_and_mailed(house, provider)
        assert provider.violations() == []
        assert wait_until(lambda: house.api("/ops/invariants")["clean"], SOON), house.api("/ops/invariants")
        assert house.stop(signal.SIGINT) == 0
        assert house.processes() == []
        every_line_of_the_logs_is_an_event_without_anybodys_data(house)
        a_second_start_knows_it_all(house, provider, form)


def every_line_of_the_logs_is_an_event_without_anybodys_data(house: Installation) -> None:
    """JSON from the first line to the last; ids, and nobody's number, address, name or words."""
    said = {role: house.log(role) for role in ("web", "worker", "clock")}
    assert said["worker"], "it says at least that it is ready"
    for line in "".join(said.values()).splitlines():
        assert json.loads(line)["event"], line
        assert not [private for private in (DANA, OMAR, PRIYA, "Dana", "Priya", "example.com", "roof") if private in line], line


def a_form_is_answered_and_offered(house: Installation, provider: FakeProvider) -> str:
    """Dana writes; she is texted, and one rep is asked."""
    said = {"name": "Dana Cole", "phone": DANA, "email": "dana@example.com", "message": "My roof leaks"}
    code = accepted(house.post("/webhooks/website", json.dumps(said).encode(), Content_Type="application/json"))
    again = house.post("/webhooks/website", json.dumps(said).encode(), Content_Type="application/json")
    assert (again.status, json.loads(again.text)["lead"]) == (200, code)
    assert house.becomes(code, "offered"), house.lead(code)
    assert told(provider, DANA, "Hi Dana, thanks for writing to Cole Heating")
    asked = told(provider, rep_phone(house, code), code)
    assert "My roof leaks" in house.get(path_of(link_in(asked), house)).text
    assert (asked.fields["From"], asked.callback.rpartition("/")[0]) == (OUR_NUMBER, f"{house.address}/receipts/twilio")
    return code


def the_rep_accepts_by_text(house: Installation, provider: FakeProvider, code: str) -> None:
    """A signed "1" from the rep's phone; the carrier's report is believed; the time line shows all of it."""
    rep = house.lead(code)["offered_to"][0]
    acknowledged = told(provider, DANA)
    assert provider.report(acknowledged, "delivered", token="not the token") == 403
    assert provider.report(acknowledged, "delivered", token=TOKEN) == 204
    one = house.twilio(
        "/webhooks/texts", MessageSid="SM" + "1" * 32, From=rep_phone(house, code), To=OUR_NUMBER, Body="1", NumMedia="0"
    )
    assert one.status == 200
    assert house.becomes(code, "accepted"), house.lead(code)
    lead = house.lead(code)
    assert lead["owner"] == rep
    assert [step["became"] for step in lead["steps"] if step["became"] != step["was"]] == ["offered", "accepted"]
    assert ("lead", "sms", "delivered") in {(m["recipient"], m["channel"], m["state"]) for m in lead["messages"]}
    assert DANA in told(provider, PHONES[rep], "Yours", code).body.replace(" ", "")
    why = house.run("why", code)
    assert (why.returncode, "accepted" in why.stdout, lead["owner_name"] in why.stdout) == (0, True, True), (
        why.stdout + why.stderr
    )


def a_missed_deadline_reaches_the_manager(house: Installation, provider: FakeProvider) -> None:
    """Nobody responds within 3 s."""
    code = accepted(house.post("/webhooks/urgent", {"name": "Ines Ortiz", "phone": "+15125550145"}, Accept="*/*"))
    assert wait_until(lambda: house.lead(code).get("breached_at"), SOON), house.lead(code)
    assert told(provider, KIM, "BREACH", code)


def a_call_is_put_through(house: Installation) -> None:
    """Incoming, whisper, 1, talk."""
    said = {"CallSid": CALL, "From": "+15125550146", "To": OUR_NUMBER, "Direction": "inbound"}
    dial = script(house.twilio("/webhooks/calls", **said, CallStatus="ringing")).find("Dial")
    number = dial.find("Number")
    leg = {"CallSid": LEG, "From": "+15125550146", "To": number.text, "Direction": "outbound-dial"}
    gather = script(house.twilio(path_of(number.get("url"), house), **leg)).find("Gather")
    assert "Press 1" in gather.find("Say").text
    assert list(script(house.twilio(path_of(gather.get("action"), house), **leg, Digits="1"))) == []
    dialled = {"DialCallStatus": "completed", "DialCallSid": LEG, "DialBridged": "true", "DialCallDuration": "75"}
    over = script(house.twilio(path_of(dial.get("action"), house), **said, **dialled, CallStatus="in-progress"))
    assert [tag.tag for tag in over] == ["Hangup"]
    house.twilio("/webhooks/calls/status", **said, CallStatus="completed", CallDuration="95")
    code = code_of_caller(house, "+15125550146")
    assert house.becomes(code, "responded"), house.lead(code)
    assert PHONES[house.lead(code)["owner"]] == number.text


def a_call_nobody_takes_is_texted_back(house: Installation, provider: FakeProvider) -> None:
    """Both reps let it ring; the caller hangs up at the voicemail."""
    said = {"CallSid": MISSED, "From": "+15125550147", "To": OUR_NUMBER, "Direction": "inbound"}
    answer, rung = script(house.twilio("/webhooks/calls", **said, CallStatus="ringing")), []
    while (dial := answer.find("Dial")) is not None:
        rung.append(dial.find("Number").text)
        unanswered = {"DialCallStatus": "no-answer", "DialCallSid": f"CA{len(rung):032}", "DialBridged": "false"}
        answer = script(house.twilio(path_of(dial.get("action"), house), **said, **unanswered, CallStatus="in-progress"))
    assert sorted(rung) == [PRIYA, TOM]
    assert answer.find("Record") is not None
    house.twilio("/webhooks/calls/status", **said, CallStatus="completed", CallDuration="40")
    assert told(provider, "+15125550147", "missed your call", "Cole Heating")
    assert house.becomes(code_of_caller(house, "+15125550147"), "offered")


def a_stranger_writes(house: Installation, provider: FakeProvider) -> None:
    """A text from a number we do not know is a lead; one that is not signed is nothing."""
    said = {"MessageSid": "SM" + "2" * 32, "From": OMAR, "To": OUR_NUMBER, "Body": "Do you install heat pumps?", "NumMedia": "0"}
    assert house.post("/webhooks/texts", said, X_Twilio_Signature="bm90IGdlbnVpbmU=").status == 403
    heard = house.twilio("/webhooks/texts", **said)
    assert (heard.status, heard.headers["Content-Type"].partition(";")[0]) == (200, "text/xml")
    assert told(provider, OMAR, "hanks for writing")
    code = code_of_caller(house, OMAR)
    assert told(provider, rep_phone(house, code), code)


def a_lead_ad_is_fetched_and_mailed(house: Installation, provider: FakeProvider) -> None:
    """Meta names a lead, its words are fetched; there is no phone number, so the answer goes by e-mail."""
    answers = {"full_name": "Lena Brandt", "email": "lena@example.com"}
    fields = [{"name": name, "values": [value]} for name, value in answers.items()]
    provider.leads["1401"] = {"id": "1401", "created_time": "2026-11-24T16:00:00+0000", "field_data": fields}
    change = {
        "field": "leadgen",
        "value": {"leadgen_id": "1401", "page_id": "1531", "form_id": "77", "created_time": 1_795_536_000},
    }
    body = json.dumps({"object": "page", "entry": [{"id": "1531", "time": 1_795_536_000, "changes": [change]}]}).encode()
    signed = sign_meta(body, APP_SECRET)
    assert house.post("/webhooks/meta", body, Content_Type="application/json", X_Hub_Signature_256=signed).status == 200
    assert told(provider, "lena@example.com", "Cole Heating").subject


def a_second_start_knows_it_all(house: Installation, provider: FakeProvider, code: str) -> None:
    """Everything is where it was, links in old texts still open, and nobody is told anything twice."""
    before = len(provider.sent)
    house.start()
    lead = house.lead(code)
    assert (lead["status"], lead["name"], len(house.api("/api/leads")["leads"])) == ("accepted", "Dana Cole", 6)
    assert code in house.get(path_of(link_in(told(provider, PHONES[lead["owner"]], code, "/offers/", "pass")), house)).text
    assert house.stop(signal.SIGINT) == 0
    assert house.processes() == []
    assert len(provider.sent) == before


def accepted(answer: Posted) -> str:
    """The code of a lead that was taken."""
    assert answer.status == 202, answer
    return json.loads(answer.text)["lead"]


def told(provider: FakeProvider, to: str, *words: str) -> Sent:
    """The text or mail with all these words that reaches somebody soon."""
    found: list[Sent] = []

    def look() -> bool:
        found[:] = [sent for sent in provider.to(to) if all(word in f"{sent.subject}\n{sent.body}" for word in words)]
        return bool(found)

    assert wait_until(look, SOON), f"nothing with {words} for {to}; got {[sent.body for sent in provider.to(to)]}"
    assert len(found) == 1, found
    return found[0]


def link_in(sent: Sent) -> str:
    """The offer's page."""
    return next(word for word in sent.body.split() if "/offers/" in word)


def rep_phone(house: Installation, code: str) -> str:
    """The phone of the rep who is asked."""
    assert house.becomes(code, "offered"), house.lead(code)
    return PHONES[house.lead(code)["offered_to"][0]]


def code_of_caller(house: Installation, phone: str) -> str:
    """The lead of a number."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [lead["code"] for lead in house.api("/api/leads")["leads"] if lead["phone"] == phone]
        return bool(found)

    assert wait_until(look, SOON)
    assert len(found) == 1
    return found[0]


def script(answer: Posted) -> ET.Element:
    """TwiML as a tree; every address in it is one of ours."""
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/xml"), answer
    return ET.fromstring(answer.text)
