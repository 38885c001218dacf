"""Messages to Slack: what is posted, what is changed in place, what every answer means, and how one in doubt is found."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from routing.sending import Fault
from store.outbox import Claimed
from tests.fakes import FAIL_AFTER_ACCEPT, RESET_AFTER_ACCEPT, Behaviour, hang, throttle
from tests.queue_builders import FIELDS, NOW
from tests.workers.conftest import settings_for
from workers.channels import Parcel, carriers
from workers.outcomes import Ambiguous, NotAccepted, NotProcessed, NotSent, SendFailed
from workers.render import render

PRIYA = "U2CERLKJA"


@pytest.fixture
def settings(provider, tmp_path):
    return settings_for(provider, tmp_path, SLACK_BOT_TOKEN="xoxb-1", SLACK_API_URL=provider.url)


def an_offer(**changes: object) -> Claimed:
    fields = {
        **FIELDS,
        "code": "G1",
        "name": "Dana Cole",
        "about": "a <b>roof</b> & <!channel>",
        "turn": "2",
        **changes.pop("fields", {}),
    }
    message = Claimed(
        id=71, fence=1, lead_id=7, key="offer:7:2:priya:slack", recipient="rep:priya", channel="slack", address=PRIYA, purpose="offer",
        template="offer", words=None, fields=fields, subject=None, body=None, attempts=0, created_at=NOW, expires_at=None,
        provider=None, provider_id=None, ambiguous_at=None, lookups=0, code="G1",
    )  # fmt: skip
    return replace(message, **changes)


def send(settings, wire, message: Claimed):
    return carriers(settings, wire)["slack"].send(Parcel(message, render(message, settings)))


def buttons(sent):
    elements = [
        element for block in json.loads(sent.fields["blocks"]) if block["type"] == "actions" for element in block["elements"]
    ]
    return {element["action_id"]: element["value"] for element in elements}


def test_an_offer_has_buttons_that_carry_its_code(provider, settings, wire):
    receipt = send(settings, wire, an_offer())
    [sent] = provider.sent
    assert (receipt.provider, receipt.provider_id, sent.to) == ("slack", f"D{PRIYA[1:]}:{sent.id}", PRIYA)
    assert buttons(sent) == {"accept": "G1", "pass": "G1", "open": "G1"}
    assert provider.asked[0].headers["authorization"] == "Bearer xoxb-1"
    said = json.loads(provider.asked[0].body)
    assert said["metadata"]["event_payload"] == {"id": 71}
    assert said["unfurl_links"] is False


def test_what_a_stranger_wrote_is_no_markup(provider, settings, wire):
    send(settings, wire, an_offer(fields={"name": "<!channel> *Dana*", "about": "look at https://evil.example"}))
    said = json.loads(provider.asked[0].body)
    assert said["blocks"][0]["text"]["type"] == "plain_text"
    assert "&lt;!channel&gt;" in said["text"]
    assert "<!" not in said["text"]
    assert "evil" not in said["text"]


def test_an_alarm_can_be_acknowledged(provider, settings, wire):
    alarm = an_offer(template="breach", purpose="alarm", recipient="manager:kim", address="C0123456")
    send(settings, wire, alarm)
    send(settings, wire, replace(alarm, fields={**alarm.fields, "count": "3", "codes": "G1 G2 G3"}))
    assert buttons(provider.sent[0]) == {"acknowledge": "G1", "open": "G1"}
    assert buttons(provider.sent[1]) == {"acknowledge": "#71", "open": "G1"}, "all three, by the number of the message"


def test_an_alarm_about_several_keeps_its_button_while_nobody_is_on_some(provider, settings, wire):
    fields = {
        "place": "C0123456:1726.000100",
        "alarm": "71",
        "count": "3",
        "text": "Kim is on G1; nobody is on G2, G3",
        "pool": "Sales",
    }
    said = an_offer(template="on_it", purpose="notice", recipient="manager:kim", address="C0123456", id=80)
    send(settings, wire, replace(said, fields={**fields, "left": "yes"}))
    send(settings, wire, replace(said, fields={**fields, "left": ""}))
    assert [(sent.fields["method"], sent.id) for sent in provider.sent] == [("chat.update", "1726.000100")] * 2
    assert [buttons(sent) for sent in provider.sent] == [{"acknowledge": "#71", "open": "G1"}, {"open": "G1"}]
    assert "nobody is on G2, G3" in provider.sent[0].body


def test_a_reminder_asks_nothing_twice(provider, settings, wire):
    send(settings, wire, an_offer(template="remind", purpose="notice"))
    assert buttons(provider.sent[0]) == {"open": "G1"}, "the offer above has the buttons, and is changed when it is over"


def test_what_takes_the_place_of_an_offer_does_not_overtake_it(provider, settings, wire):
    with pytest.raises(NotSent) as failure:
        send(settings, wire, an_offer(template="withdrawn", purpose="notice", earlier="", fields={"winner": "Tom"}))
    assert failure.value.code == "late", "tried again in a second, and Slack is not to blame"
    assert provider.sent == []


@pytest.mark.parametrize("template", ["withdrawn", "moved_on", "accepted", "too_late"])
def test_the_offer_is_changed_where_it_stands_when_it_is_over(provider, settings, wire, template):
    receipt = send(
        settings, wire, an_offer(template=template, purpose="notice", earlier="D9:1726.000100", fields={"winner": "Tom"})
    )
    [sent] = provider.sent
    assert (sent.fields["method"], sent.to, sent.id) == ("chat.update", "D9", "1726.000100")
    assert buttons(sent) == {"open": "G1"}
    assert receipt.provider_id == "D9:1726.000100"


def test_an_alarm_that_is_not_there_is_not_changed(provider, settings, wire):
    send(settings, wire, an_offer(template="on_it", purpose="notice", recipient="manager:kim", fields={"winner": "Kim"}))
    assert provider.sent == []


def test_without_an_offer_to_change_it_is_said_anew(provider, settings, wire):
    send(settings, wire, an_offer(template="withdrawn", purpose="notice", fields={"winner": "Tom"}))
    assert provider.sent[0].fields["method"] == "chat.postMessage"


@pytest.mark.parametrize(("replaces", "expected"), [("yes", True), ("", False)])
def test_who_pressed_a_button_is_answered_where_slack_said(provider, settings, wire, replaces, expected):
    url = "https://hooks.slack.com/actions/T1/14/x"
    send(
        settings,
        wire,
        an_offer(template="reply", purpose="notice", address=url, fields={"text": "G1: passed", "replace": replaces}),
    )
    said = json.loads(provider.asked[0].body)
    assert (provider.asked[0].target, said["replace_original"], said["text"]) == ("/actions/T1/14/x", expected, "G1: passed")
    assert "authorization" not in provider.asked[0].headers


def no(error: str) -> Behaviour:
    return Behaviour(accept=False, status=200, error=error)


MEANINGS = [
    (no("channel_not_found"), SendFailed, Fault.PERMANENT, "channel_not_found"),
    (no("is_archived"), SendFailed, Fault.PERMANENT, "is_archived"),
    (no("invalid_auth"), SendFailed, Fault.CONFIGURATION, "invalid_auth"),
    (no("missing_scope"), SendFailed, Fault.CONFIGURATION, "missing_scope"),
    (no("ratelimited"), NotProcessed, Fault.THROTTLED, "ratelimited"),
    (no("internal_error"), Ambiguous, Fault.AMBIGUOUS, "internal_error"),
    (throttle(5), NotProcessed, Fault.THROTTLED, "429"),
    (FAIL_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS, "500"),
    (RESET_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS, "no_answer"),
    (hang(5), Ambiguous, Fault.AMBIGUOUS, "no_answer"),
]


@pytest.mark.parametrize(("behaviour", "kind", "fault", "code"), MEANINGS)
def test_what_an_answer_means(provider, settings, wire, behaviour, kind, fault, code):
    provider.once("slack", behaviour)
    with pytest.raises(NotAccepted) as failure:
        send(settings, wire, an_offer())
    assert (type(failure.value), failure.value.fault, failure.value.code) == (kind, fault, code)


def test_the_wait_that_was_asked_for_is_kept(provider, settings, wire):
    provider.once("slack", throttle(7))
    with pytest.raises(NotProcessed) as failure:
        send(settings, wire, an_offer())
    assert failure.value.retry_after == timedelta(seconds=7)


def test_an_old_response_url_stops_nothing_else(provider, settings, wire):
    provider.once("slack", Behaviour(accept=False, status=403, error="used_url"))
    with pytest.raises(SendFailed) as failure:
        send(settings, wire, an_offer(template="reply", address="https://hooks.slack.com/actions/T1/14/x", fields={"text": "G1"}))
    assert failure.value.fault is Fault.PERMANENT


@pytest.mark.parametrize("address", [PRIYA, "C0123456"])
def test_one_in_doubt_is_found_by_our_id(provider, settings, wire, address):
    provider.once("slack", RESET_AFTER_ACCEPT)
    with pytest.raises(Ambiguous):
        send(settings, wire, an_offer(address=address))
    slack, [sent] = carriers(settings, wire)["slack"], provider.sent
    assert slack.find(an_offer(address=address), since=NOW).provider_id.endswith(sent.id)
    assert slack.find(an_offer(address=address, id=72), since=NOW) is None


def test_without_the_right_to_read_it_cannot_be_asked(provider, settings, wire):
    provider.always("slack", no("missing_scope"))
    with pytest.raises(LookupError):
        carriers(settings, wire)["slack"].find(an_offer(address="C0123456"), since=NOW)


def test_without_a_token_it_stays_in_the_house(provider, wire, tmp_path):
    assert send(settings_for(provider, tmp_path), wire, an_offer()).provider == "outbox"
