"""Telegram, WhatsApp Cloud, and mails whose answers come back to their lead."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from config.links import read_thread_tag
from routing.sending import Fault
from tests.fakes import refuse
from tests.workers.conftest import settings_for
from tests.workers.test_channels import claimed, send
from workers.channels import carriers
from workers.lanes import Lanes
from workers.outcomes import NotProcessed, SendFailed


@pytest.fixture
def settings(provider, tmp_path):
    return settings_for(
        provider, tmp_path, TELEGRAM_TOKEN="77:AAsecret", TELEGRAM_API_URL=provider.url, WHATSAPP_TOKEN="wa-token", WHATSAPP_PHONE_ID="1122334455667",
        SENDGRID_REPLY_TO="sales@in.acme.example",
    )  # fmt: skip


def test_a_telegram_goes_to_the_chat(provider, settings, wire):
    receipt = send(settings, wire, claimed("telegram", address="987654321"))
    [sent] = provider.sent
    assert (sent.vendor, sent.to, receipt.provider_id) == ("telegram", "987654321", f"987654321:{sent.id}")
    assert "Dana" in sent.body
    assert provider.asked[0].target == "/bot77:AAsecret/sendMessage"
    assert "parse_mode" not in json.loads(provider.asked[0].body)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (403, Fault.OPTED_OUT),
        (400, Fault.PERMANENT),
        (401, Fault.CONFIGURATION),
        (404, Fault.CONFIGURATION),
        (429, Fault.THROTTLED),
    ],
)
def test_what_telegrams_answers_mean(provider, settings, wire, status, fault):
    provider.once("telegram", refuse(status))
    with pytest.raises((SendFailed, NotProcessed)) as failed:
        send(settings, wire, claimed("telegram", address="987654321"))
    assert failed.value.fault == fault
    assert "AAsecret" not in str(failed.value)
    if status == 429:
        assert failed.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("address", "whom"),
    [("491711234567", {"to": "491711234567"}), ("+491711234567", {"to": "491711234567"}), ("IL.13491208655302741918", {"recipient": "IL.13491208655302741918"})],
)  # fmt: skip
def test_a_whatsapp_goes_through_the_cloud_where_it_is_set_up(provider, settings, wire, address, whom):
    receipt = send(settings, wire, claimed("whatsapp", address=address))
    [asked] = provider.asked
    said = json.loads(asked.body)
    assert asked.target == "/v25.0/1122334455667/messages"
    assert asked.headers["authorization"] == "Bearer wa-token"
    assert (said["messaging_product"], said["type"], whom.items() <= said.items()) == ("whatsapp", "text", True)
    assert receipt.provider_id == provider.sent[0].id


@pytest.mark.parametrize(
    ("code", "fault"),
    [(131047, Fault.PERMANENT), (131026, Fault.PERMANENT), (131050, Fault.OPTED_OUT), (130429, Fault.THROTTLED), (190, Fault.CONFIGURATION), (131030, Fault.CONFIGURATION)],
)  # fmt: skip
def test_what_whatsapps_codes_mean(provider, settings, wire, code, fault):
    provider.once("meta", refuse(400, code))
    with pytest.raises((SendFailed, NotProcessed)) as failed:
        send(settings, wire, claimed("whatsapp", address="491711234567"))
    assert failed.value.fault == fault


def test_without_the_cloud_twilio_carries_whatsapp_with_a_plus(provider, wire, tmp_path):
    send(settings_for(provider, tmp_path), wire, claimed("whatsapp", address="491711234567"))
    assert provider.sent[0].fields["To"] == "whatsapp:+491711234567"


def test_without_a_token_a_telegram_stays_on_the_page(provider, wire, tmp_path):
    assert carriers(settings_for(provider, tmp_path), wire)["telegram"].provider == "outbox"


def test_a_mails_answers_come_back_to_its_lead(provider, settings, wire):
    send(settings, wire, claimed("email", address="dana@example.com", code="A7"))
    [asked] = provider.asked
    local, _, domain = json.loads(asked.body)["reply_to"]["email"].partition("@")
    assert (local.partition("+")[0], domain) == ("sales", "in.acme.example")
    assert read_thread_tag(settings, local.partition("+")[2]) == "A7"
    send(settings, wire, claimed("email", address="kim@acme.example", code=None))
    assert json.loads(provider.asked[1].body)["reply_to"]["email"] == "sales@in.acme.example"
    assert provider.violations() == []


def test_each_channel_keeps_its_own_carrier_when_all_providers_are_set_up(engine, settings, wire):
    found = carriers(replace(settings, slack_bot_token="xoxb-1"), wire)  # noqa: S106
    lanes = Lanes(engine, found)
    assert {channel: lanes.by_channel[channel].carrier for channel in found} == dict(found)


def test_whatsapp_and_messenger_of_one_firm_each_go_their_own_way(provider, settings, wire):
    """Both are Meta's; a lane that mixed them up would post one to the other's address."""
    lanes = Lanes(None, carriers(settings, wire)).by_channel
    assert {channel: type(lanes[channel].carrier).__name__ for channel in ("whatsapp", "messenger", "instagram")} == {
        "whatsapp": "WhatsApp", "messenger": "Messenger", "instagram": "Messenger",
    }  # fmt: skip
    assert lanes["whatsapp"] is not lanes["messenger"]
