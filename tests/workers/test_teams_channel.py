"""Cards to Teams: what is posted where, what every answer means, and that the webhook's address stays a secret."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from config.links import read_manager_token, read_offer_token
from routing.sending import Fault
from store.outbox import Claimed
from tests.queue_builders import FIELDS, NOW
from tests.receiver import Manner, Receiver
from tests.workers.conftest import settings_for
from workers.channels import Parcel, carriers
from workers.outcomes import Ambiguous, NotAccepted, NotProcessed, NotSent, SendFailed
from workers.render import render


@pytest.fixture
def teams():
    with Receiver() as receiver:
        receiver.always = Manner(202)
        yield receiver


@pytest.fixture
def settings(provider, tmp_path, teams):
    """Priya's webhook leads to the receiver on loopback, which is allowed here."""
    hook = f"{teams.url}/workflows/s3cret"
    return settings_for(provider, tmp_path, PRIYA_TEAMS=hook, HEADROOM_ALLOW_PRIVATE_URLS="127.0.0.1")


def an_offer(**changes: object) -> Claimed:
    fields = {
        **FIELDS,
        "code": "G1",
        "name": "Dana Cole",
        "about": "a [roof](https://evil.example)",
        "turn": "2",
        **changes.pop("fields", {}),
    }
    message = Claimed(
        id=71, fence=1, lead_id=7, key="offer:7:2:priya:teams", recipient="rep:priya", channel="teams", address="env:PRIYA_TEAMS",
        purpose="offer", template="offer", words=None, fields=fields, subject=None, body=None, attempts=0, created_at=NOW,
        expires_at=None, provider=None, provider_id=None, ambiguous_at=None, lookups=0, code="G1",
    )  # fmt: skip
    return replace(message, **changes)


def send(settings, wire, message: Claimed):
    return carriers(settings, wire)["teams"].send(Parcel(message, render(message, settings)))


def card(post):
    said = json.loads(post.body)
    [attachment] = said["attachments"]
    assert (said["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert len(post.body) < 28_000
    return attachment["content"]


def words_of(content):
    assert {block["type"] for block in content["body"]} == {"RichTextBlock"}, "plain runs of text read no markdown"
    return "\n".join(run["text"] for block in content["body"] for run in block["inlines"])


def test_an_offer_is_a_card_whose_buttons_open_the_page_at_accept_and_at_pass(settings, wire, teams):
    receipt = send(settings, wire, an_offer())
    [post] = teams.posts
    assert (receipt.provider, post.path) == ("teams", "/workflows/s3cret")
    content = card(post)
    assert "New lead G1: Dana Cole" in words_of(content)
    assert "evil" not in words_of(content)
    assert {button["type"] for button in content["actions"]} == {"Action.OpenUrl"}
    opened = {button["title"]: button["url"].rpartition("/")[2].partition("#") for button in content["actions"]}
    assert {title: place for title, (_, _, place) in opened.items()} == {"Accept": "accept", "Pass": "pass"}
    links = [read_offer_token(settings, token) for token, _, _ in opened.values()]
    assert {(link.lead_id, link.rep, link.turn) for link in links} == {(7, "priya", 2)}


def test_an_alarm_opens_the_managers_page(settings, wire, teams):
    send(settings, wire, an_offer(template="breach", purpose="alarm", recipient="manager:kim"))
    [button] = card(teams.posts[0])["actions"]
    assert button["title"] == "Acknowledge or assign"
    assert read_manager_token(settings, button["url"].rpartition("/")[2]).manager == "kim"


MEANINGS = [
    (Manner(400), SendFailed, Fault.PERMANENT, "400"),
    (Manner(401), SendFailed, Fault.PERMANENT, "401"),
    (Manner(404), SendFailed, Fault.PERMANENT, "404"),
    (Manner(302, {"Location": "https://example.com/"}), SendFailed, Fault.PERMANENT, "302"),
    (Manner(429, {"Retry-After": "7"}), NotProcessed, Fault.THROTTLED, "429"),
    (Manner(502), Ambiguous, Fault.AMBIGUOUS, "502"),
    (Manner(cut=True), Ambiguous, Fault.AMBIGUOUS, "no_answer"),
]


@pytest.mark.parametrize(("manner", "kind", "fault", "code"), MEANINGS)
def test_what_an_answer_means(settings, wire, teams, manner, kind, fault, code):
    teams.always = manner
    with pytest.raises(NotAccepted) as failure:
        send(settings, wire, an_offer())
    assert (type(failure.value), failure.value.fault, failure.value.code) == (kind, fault, code)
    assert "s3cret" not in str(failure.value), "the address is the secret"
    if code == "429":
        assert failure.value.retry_after == timedelta(seconds=7)


def test_nobody_there_was_not_sent_to(provider, wire, tmp_path):
    settings = settings_for(provider, tmp_path, PRIYA_TEAMS="http://127.0.0.1:1/x", HEADROOM_ALLOW_PRIVATE_URLS="127.0.0.1")
    with pytest.raises(NotSent):
        send(settings, wire, an_offer())


def test_an_address_inside_is_refused(settings, wire, teams):
    inside = replace(settings, private_urls=())
    with pytest.raises(SendFailed) as failure:
        send(inside, wire, an_offer())
    assert failure.value.code == "address_refused"
    assert teams.posts == []


def test_an_address_that_is_gone_fails_alone(settings, wire):
    with pytest.raises(SendFailed) as failure:
        send(settings, wire, an_offer(address="env:NOBODYS"))
    assert (failure.value.code, failure.value.fault) == ("no_address", Fault.PERMANENT)


def test_it_cannot_be_asked(settings, wire):
    with pytest.raises(LookupError):
        carriers(settings, wire)["teams"].find(an_offer(), since=NOW)
