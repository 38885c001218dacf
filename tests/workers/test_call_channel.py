"""Calls to reps as Twilio describes them, what its answers mean, and that one in doubt is never blindly placed again."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from config.links import rep_from_url
from routing.sending import CALL, Fault, once_only
from store.outbox import Claimed
from tests.fakes import FAIL_AFTER_ACCEPT, RESET_AFTER_ACCEPT, hang, refuse, throttle
from tests.queue_builders import NOW
from tests.workers.conftest import settings_for
from workers.channels import Parcel, carriers
from workers.outcomes import Ambiguous, NotAccepted, NotProcessed, SendFailed
from workers.render import render

PRIYA = "+15125550111"
ABOUT = {"name": "Dana Cole", "company": "Acme Co", "code": "G1", "firm": "Acme Roofing", "about": "a new roof <br/> & gutters"}
IDS = {"line": "calls", "number": "", "call": "2", "rep": "priya", "recorded": ""}


def a_call(**changes: object) -> Claimed:
    fields = {**ABOUT, **IDS, **changes.pop("fields", {})}
    message = Claimed(
        id=71, fence=1, lead_id=7, key="call:7:2", recipient="rep:priya", channel="call", address=PRIYA, purpose=CALL, template="call",
        words=None, fields=fields, subject=None, body=None, attempts=0, created_at=NOW, expires_at=NOW + timedelta(minutes=1),
        provider=None, provider_id=None, ambiguous_at=None, lookups=0, code="G1",
    )  # fmt: skip
    return replace(message, **changes)


def place(settings, wire, message: Claimed):
    return carriers(settings, wire)["call"].send(Parcel(message, render(message, settings)))


def test_a_call_is_as_twilio_describes_it(provider, settings, wire):
    receipt = place(settings, wire, a_call())
    [sent] = provider.sent
    assert (receipt.provider, receipt.provider_id, sent.to) == ("twilio_calls", sent.id, PRIYA)
    assert (sent.fields["From"], sent.fields["Timeout"], sent.fields["StatusCallbackEvent"]) == (
        "+15125550100",
        "18",
        "completed",
    )
    assert provider.violations() == []


def test_the_rep_hears_who_it_is_and_that_1_connects(provider, settings, wire):
    place(settings, wire, a_call())
    root = ET.fromstring(provider.sent[0].fields["Twiml"])
    gather = root.find("Gather")
    assert (gather.get("numDigits"), gather.get("actionOnEmptyResult"), root[-1].tag) == ("1", "false", "Hangup")
    words = gather.find("Say").text
    for part in ("Acme Roofing", "Dana Cole", "Acme Co", "lead G1", "Press 1"):
        assert part in words
    assert "recorded" not in words


def test_the_rep_hears_of_a_recording(provider, settings, wire):
    place(settings, wire, a_call(fields={"recorded": "yes"}))
    assert "may be recorded" in provider.sent[0].fields["Twiml"]


@pytest.mark.parametrize("rep", ["priya", "ana maría", "x-1"])
def test_the_addresses_carry_our_ids_and_no_number(provider, settings, wire, rep):
    place(settings, wire, a_call(fields={"rep": rep}))
    form = provider.sent[0].fields
    action = ET.fromstring(form["Twiml"]).find("Gather").get("action")
    for address, step in ((action, "bridge"), (form["StatusCallback"], "over")):
        assert address.startswith(f"https://leads.example.com/webhooks/calls/{step}?")
        asked = dict(parse_qsl(urlsplit(address).query))
        assert (asked["lead"], asked["call"], rep_from_url(asked["rep"])) == ("G1", "2", rep)
        assert "555" not in address
        assert address.isascii()


def test_the_lines_own_number_calls(provider, wire, tmp_path):
    settings = settings_for(provider, tmp_path, TWILIO_FROM="MG0123456789abcdef0123456789abcdef")
    place(settings, wire, a_call(fields={"number": "+15125550177"}))
    assert provider.sent[0].fields["From"] == "+15125550177"
    with pytest.raises(SendFailed) as failure:
        place(settings, wire, a_call())
    assert failure.value.code == "no_number"


def test_the_number_that_the_lead_used_calls_and_the_usual_one_when_that_is_refused(provider, wire, tmp_path):
    settings = settings_for(provider, tmp_path, TWILIO_FROM="MG0123456789abcdef0123456789abcdef")
    message = a_call(fields={"number": "+15125550188", "usual": "+15125550177"})
    assert place(settings, wire, message).problem is None
    provider.once("twilio", refuse(400, 21210))
    assert "+15125550188" in place(settings, wire, message).problem
    assert [sent.fields["From"] for sent in provider.sent] == ["+15125550188", "+15125550177"]
    provider.once("twilio", refuse(400, 21211))
    with pytest.raises(SendFailed):
        place(settings, wire, message)
    assert len(provider.sent) == 2, "a rep's bad number is not our number's fault"


@pytest.mark.parametrize("used", ["+15125550188", "+15125550177"])
def test_a_call_in_doubt_is_found_from_whichever_number_it_went(provider, settings, wire, used):
    message = a_call(fields={"number": "+15125550188", "usual": "+15125550177"})
    place(settings, wire, a_call(fields={"number": used}))
    found = carriers(settings, wire)["call"].find(message, since=NOW)
    assert found and found.provider_id == provider.sent[0].id
    assert carriers(settings, wire)["call"].find(a_call(fields={"number": "+15125550199"}), since=NOW) is None


@pytest.mark.parametrize(
    ("behaviour", "kind", "fault"),
    [
        (refuse(400, 21211), SendFailed, Fault.PERMANENT),
        (refuse(401, 20003), SendFailed, Fault.CONFIGURATION),
        (throttle(5), NotProcessed, Fault.THROTTLED),
        (FAIL_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS),
        (RESET_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS),
        (hang(5), Ambiguous, Fault.AMBIGUOUS),
    ],
)
def test_what_an_answer_means(provider, settings, wire, behaviour, kind, fault):
    provider.once("twilio", behaviour)
    with pytest.raises(NotAccepted) as failure:
        place(settings, wire, a_call())
    assert (type(failure.value), failure.value.fault) == (kind, fault)


def test_a_call_in_doubt_is_found_in_the_list(provider, settings, wire):
    provider.once("twilio", RESET_AFTER_ACCEPT)
    with pytest.raises(Ambiguous):
        place(settings, wire, a_call())
    calls = carriers(settings, wire)["call"]
    assert calls.find(a_call(), since=NOW).provider_id == provider.sent[0].id
    assert calls.find(a_call(address="+15125550112"), since=NOW) is None
    assert calls.find(a_call(), since=NOW + timedelta(seconds=10)) is None
    assert provider.violations() == []


def test_a_call_is_placed_once_or_not_at_all():
    assert once_only("rep:priya", CALL)


def test_calls_and_texts_have_lanes_of_their_own(provider, settings, wire):
    found = carriers(settings, wire)
    assert found["call"].provider != found["sms"].provider
