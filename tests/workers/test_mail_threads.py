"""The head of a mail to a lead: its thread, and the way out."""

import json
from dataclasses import replace

from config.links import read_message_id, read_unsubscribe_token
from tests.workers.test_channels import claimed, send

THEIRS = "<CAF=77@mail.example.com>"


def head(provider) -> dict[str, str]:
    return json.loads(provider.asked[-1].body).get("headers", {})


def test_a_mail_to_a_lead_is_in_its_thread_and_has_a_way_out(provider, settings, wire):
    settings = replace(settings, public_url="https://leads.example.com", sendgrid_reply_to="sales@in.example.com")
    send(settings, wire, claimed("email", address="dana@example.com", code="A7", answers={"id": THEIRS}))
    found = head(provider)
    assert read_message_id(settings, found["Message-ID"]) == "A7"
    assert found["In-Reply-To"] == found["References"] == THEIRS
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link, mail = found["List-Unsubscribe"].split(", ")
    assert read_unsubscribe_token(settings, link.strip("<>").rpartition("/")[2]) == 7
    assert mail.startswith("<mailto:sales+a7-")
    assert provider.violations() == []


def test_a_first_mail_answers_nothing_and_without_https_there_is_no_one_click(provider, settings, wire):
    settings = replace(settings, public_url="http://127.0.0.1:8000")
    send(settings, wire, claimed("email", address="dana@example.com", code="A7"))
    found = head(provider)
    assert "In-Reply-To" not in found
    assert "List-Unsubscribe-Post" not in found


def test_mails_to_the_team_have_none_of_it(provider, settings, wire):
    send(
        settings,
        wire,
        claimed("email", address="kim@example.com", code="A7", recipient="manager:kim", purpose="alarm", template="breach"),
    )
    assert head(provider) == {}


def test_nobody_can_make_up_a_thread(settings):
    assert read_message_id(settings, "<a7-000000000000.71@example.com>") is None
    assert read_message_id(settings, THEIRS) is None
    assert read_message_id(settings, "") is None


def test_the_whole_conversation_is_named_the_nearest_last(provider, settings, wire):
    answers = {"id": THEIRS, "subject": "RE: Fwd quote", "earlier": ["ours.2@x", "<first@mail.example.com>"]}
    send(settings, wire, claimed("email", address="dana@example.com", code="A7", answers=answers))
    found = head(provider)
    assert found["In-Reply-To"] == THEIRS
    assert found["References"] == f"<first@mail.example.com> <ours.2@x> {THEIRS}"
    assert provider.sent[-1].subject == "Re: Fwd quote"
    assert provider.violations() == []


def test_a_conversation_that_we_began_goes_on_from_our_first_mail(provider, settings, wire):
    answers = {"ours": 12, "subject": "Acme: Priya will call you by 10:04 am"}
    send(
        settings,
        wire,
        claimed("email", address="dana@example.com", code="A7", purpose="reply", template="relay", answers=answers),
    )
    found = head(provider)
    assert read_message_id(settings, found["In-Reply-To"]) == "A7"
    assert found["In-Reply-To"] == found["References"] != found["Message-ID"]
    assert provider.sent[-1].subject == "Re: Acme: Priya will call you by 10:04 am"


def test_no_header_can_be_begun_by_what_a_stranger_sent(provider, settings, wire):
    answers = {
        "id": "<a@b>\r\nBcc: all@example.com",
        "subject": "hi\r\nBcc: all@example.com",
        "earlier": ["x>\r\nTo: y@example.com"],
    }
    send(settings, wire, claimed("email", address="dana@example.com", code="A7", answers=answers))
    assert all("\r" not in value and "\n" not in value for value in head(provider).values())
    assert "\n" not in provider.sent[-1].subject
