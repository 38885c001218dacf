"""Each channel against its provider: requests as the vendor describes them, and what every answer means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.clock import monotonic
from routing.sending import Fault
from store.outbox import Claimed
from tests.fakes import FAIL_AFTER_ACCEPT, RESET_AFTER_ACCEPT, FakeProvider, hang, refuse, throttle
from tests.queue_builders import DANA, FIELDS, NOW
from tests.vendor_specs import credentials, faults
from tests.workers.conftest import settings_for
from workers.channels import Parcel, carriers
from workers.outcomes import Ambiguous, NotAccepted, NotProcessed, NotSent, SendFailed
from workers.render import Rendered, render
from workers.wire import Answer, Deadline, Wire, retry_after


def claimed(channel: str = "sms", **changes: object) -> Claimed:
    message = Claimed(
        id=71, fence=1, lead_id=7, key="ack:7:sms", recipient="lead", channel=channel, address=DANA, purpose="ack", template="ack",
        words=None, fields=FIELDS, subject=None, body=None, attempts=0, created_at=NOW, expires_at=None, provider=None,
        provider_id=None, ambiguous_at=None, lookups=0,
    )  # fmt: skip
    return replace(message, **changes)


def send(settings, wire, message: Claimed, deadline: Deadline | None = None):
    return carriers(settings, wire)[message.channel].send(Parcel(message, render(message, settings), deadline))


# --- as the vendor describes it ---------------------------------------------------------------------------------------


def test_a_text_is_as_twilio_describes_it(provider, settings, wire):
    receipt = send(settings, wire, claimed())
    [sent] = provider.sent
    assert (receipt.provider, receipt.provider_id, sent.to) == ("twilio", sent.id, DANA)
    assert sent.callback == "https://leads.example.com/receipts/twilio/71"
    assert (sent.fields["From"], sent.fields["ValidityPeriod"]) == ("+15125550100", "300")
    assert credentials(provider.asked[0].headers) == ("AC0123456789abcdef0123456789abcdef", "12345")
    assert provider.violations() == []


def test_a_text_to_staff_may_wait_longer_at_the_carrier(provider, settings, wire):
    send(settings, wire, claimed(purpose="alarm", recipient="manager:kim"))
    assert provider.sent[0].fields["ValidityPeriod"] == "600"


def test_a_messaging_service_replaces_the_number(provider, wire, tmp_path):
    settings = settings_for(provider, tmp_path, TWILIO_FROM="MG0123456789abcdef0123456789abcdef")
    send(settings, wire, claimed())
    fields = provider.sent[0].fields
    assert fields["MessagingServiceSid"].startswith("MG")
    assert "From" not in fields
    assert provider.violations() == []


def test_a_rep_is_texted_from_the_number_of_the_lead(provider, wire, tmp_path):
    settings = settings_for(provider, tmp_path, TWILIO_FROM="MG0123456789abcdef0123456789abcdef")
    send(
        settings,
        wire,
        claimed(purpose="notice", recipient="rep:priya", template="offer", fields={**FIELDS, "from": "+15125550101"}),
    )
    fields = provider.sent[0].fields
    assert fields["From"] == "+15125550101"
    assert "MessagingServiceSid" not in fields
    assert provider.violations() == []


def test_whatsapp_goes_the_same_way_with_a_prefix(provider, settings, wire):
    send(settings, wire, claimed("whatsapp"))
    fields = provider.sent[0].fields
    assert (fields["To"], fields["From"]) == (f"whatsapp:{DANA}", "whatsapp:+15125550100")
    assert provider.violations() == []


def test_a_mail_is_as_sendgrid_describes_it(provider, settings, wire):
    receipt = send(settings, wire, claimed("email", address="dana@example.com"))
    [sent] = provider.sent
    assert (receipt.provider, receipt.provider_id, sent.to, sent.message_id) == ("sendgrid", sent.id, "dana@example.com", "71")
    assert "10:04 am" in sent.subject
    assert credentials(provider.asked[0].headers) == ("bearer", "SG.key")
    assert provider.violations() == []


def test_no_line_break_gets_into_a_header_of_a_mail(provider, settings, wire):
    fields = {**FIELDS, "firm": "Acme\r\nBcc: eve@example.com", "due_text": "10:04\r\nBcc: eve@example.com"}
    send(settings, wire, claimed("email", address="dana@example.com\r\nBcc: eve@example.com", fields=fields))
    [sent] = provider.sent
    assert "\n" not in sent.subject + sent.to
    assert b"\\r\\nBcc" not in provider.asked[0].body


def test_messenger_answers_go_to_the_page_scoped_id(provider, settings, wire):
    receipt = send(settings, wire, claimed("messenger", address="6200000000000001"))
    [sent] = provider.sent
    assert (receipt.provider, receipt.provider_id, sent.to) == ("meta", sent.id, "6200000000000001")
    assert credentials(provider.asked[0].headers) == ("bearer", "page-token")
    assert "page-token" not in provider.asked[0].target


def test_the_checker_would_notice_a_wrong_request():
    target = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json"
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": "Basic QTpC"}
    assert faults("twilio", "POST", target, headers, b"To=%2B15125550143&From=%2B15125550100&Body=Hi") == []
    assert faults("twilio", "POST", target, headers, b"To=%2B15125550143&From=%2B15125550100&Body=Hi&Colour=red")
    assert faults("twilio", "POST", target, headers, b"To=12&From=%2B15125550100&Body=Hi")
    assert faults("twilio", "GET", target + "?Sort=asc", headers, b"")


def test_connections_are_kept_alive(provider, settings, wire):
    for _ in range(3):
        send(settings, wire, claimed())
        send(settings, wire, claimed("email", address="dana@example.com"))
    assert wire.opened() == 1  # one host here: the fake provider is all three


def test_without_a_provider_a_message_stays_in_the_house(provider, wire, tmp_path):
    settings = settings_for(provider, tmp_path, TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="", TWILIO_FROM="")
    assert send(settings, wire, claimed()).provider == "outbox"
    assert send(settings, wire, claimed("email", address="dana@example.com")).provider == "sendgrid"
    assert [sent.vendor for sent in provider.sent] == ["sendgrid"]


# --- what an answer means ---------------------------------------------------------------------------------------------

MEANINGS = [
    ("sms", refuse(400, 21211), SendFailed, Fault.PERMANENT, "21211"),
    ("sms", refuse(400, 21614), SendFailed, Fault.PERMANENT, "21614"),
    ("sms", refuse(400, 21610), SendFailed, Fault.OPTED_OUT, "21610"),
    ("sms", refuse(401, 20003), SendFailed, Fault.CONFIGURATION, "20003"),
    ("sms", refuse(403, 20403), SendFailed, Fault.CONFIGURATION, "20403"),
    ("sms", refuse(400, 21606), SendFailed, Fault.CONFIGURATION, "21606"),
    ("sms", throttle(5), NotProcessed, Fault.THROTTLED, "20429"),
    ("sms", FAIL_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS, "20500"),
    ("sms", RESET_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS, "no_answer"),
    ("sms", hang(5), Ambiguous, Fault.AMBIGUOUS, "no_answer"),
    ("email", refuse(400), SendFailed, Fault.PERMANENT, "400"),
    ("email", refuse(401), SendFailed, Fault.CONFIGURATION, "401"),
    ("email", throttle(7), NotProcessed, Fault.THROTTLED, "429"),
    ("email", RESET_AFTER_ACCEPT, Ambiguous, Fault.AMBIGUOUS, "no_answer"),
    ("messenger", refuse(400, 190), SendFailed, Fault.CONFIGURATION, "190"),
    ("messenger", refuse(400, 551), SendFailed, Fault.PERMANENT, "551"),
    ("messenger", refuse(400, 613), NotProcessed, Fault.THROTTLED, "613"),
]


@pytest.mark.parametrize(("channel", "behaviour", "kind", "fault", "code"), MEANINGS)
def test_what_an_answer_means(provider, settings, wire, channel, behaviour, kind, fault, code):
    provider.once({"sms": "twilio", "email": "sendgrid", "messenger": "meta"}[channel], behaviour)
    with pytest.raises(NotAccepted) as failure:
        send(settings, wire, claimed(channel, address="dana@example.com" if channel == "email" else DANA))
    assert type(failure.value) is kind
    assert (failure.value.fault, failure.value.code) == (fault, code)


def test_the_wait_that_was_asked_for_is_kept(provider, settings, wire):
    provider.once("twilio", throttle(5))
    with pytest.raises(NotProcessed) as failure:
        send(settings, wire, claimed())
    assert failure.value.retry_after == timedelta(seconds=5)


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None), ({"Retry-After": "7"}, 7), ({"retry-after": "0"}, 0), ({"Retry-After": "99999999"}, 3600), ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None), ({"Retry-After": "9" * 40}, None), ({"Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30),
        ({"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT"}, 0), ({"X-RateLimit-Reset": f"{NOON.timestamp() + 40:.0f}"}, 40),
        ({"X-RateLimit-Reset": f"{NOON.timestamp() - 40:.0f}"}, 0), ({"X-RateLimit-Reset": "never"}, None),
        ({"Retry-After": "7", "X-RateLimit-Reset": f"{NOON.timestamp() + 40:.0f}"}, 7),
    ],
)  # fmt: skip
def test_how_long_a_provider_asks_us_to_wait_is_read_in_all_spellings(headers, wait):
    found = retry_after(Answer(429, headers, b""), NOON)
    assert found == (None if wait is None else timedelta(seconds=wait))


def test_a_provider_that_is_not_there_was_not_sent_to(settings, wire):
    gone = replace(settings, twilio_api_url="http://127.0.0.1:1")
    with pytest.raises(NotSent):
        send(gone, wire, claimed())


def test_who_wakes_too_late_does_not_send(provider, settings, wire):
    with pytest.raises(NotSent) as failure:
        send(settings, wire, claimed(), Deadline(monotonic() - 1))
    assert failure.value.code == "late"
    with pytest.raises(NotSent) as failure:
        send(settings, wire, claimed(), Deadline(monotonic() + 60, lambda: True))
    assert failure.value.code == "stopped"
    assert provider.asked == []


# --- look-ups ---------------------------------------------------------------------------------------------------------


def find(settings, wire: Wire, body: str, since=NOW):
    message = claimed(body=body)
    return carriers(settings, wire)["sms"].find(message, since=since)


def test_a_lost_text_is_found_by_number_words_and_time(provider: FakeProvider, settings, wire):
    provider.once("twilio", RESET_AFTER_ACCEPT)
    with pytest.raises(Ambiguous):
        send(settings, wire, claimed())
    [sent] = provider.sent
    found = find(settings, wire, sent.body)
    assert found is not None
    assert found.provider_id == sent.id
    assert find(settings, wire, sent.body + "!") is None
    assert find(settings, wire, sent.body, since=NOW + timedelta(seconds=10)) is None
    assert provider.violations() == []


def test_a_list_that_cannot_be_read_is_no_proof_of_absence(provider, settings, wire):
    with pytest.raises(NotAccepted):
        find(replace(settings, twilio_api_url="http://127.0.0.1:1"), wire, "Hi")


def test_who_has_no_list_says_so(settings, wire):
    for channel in ("email", "messenger"):
        with pytest.raises(LookupError):
            carriers(settings, wire)[channel].find(claimed(channel), since=NOW)


def test_a_frozen_body_is_sent_as_it_was(provider, settings, wire):
    message = claimed()
    carriers(settings, wire)["sms"].send(Parcel(message, Rendered("exactly this")))
    assert provider.sent[0].body == "exactly this"
