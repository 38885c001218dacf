"""After a platform's window has shut: as an approved template, or with a human's tag, or not at all and the reason is kept."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from store import policies, receipts
from store.engine import Engine
from tests.fakes import RESET_AFTER_ACCEPT
from tests.queue_builders import FIELDS, NOW, a_lead, a_message, the_message
from tests.workers.conftest import TEAM, settings_for
from workers.lookups import look_up
from workers.send import Sender, send_due

SID, OTHER_SID = "HX0123456789abcdef0123456789abcdef", "HX0123456789abcdef0123456789abcdee"
TWILIO = f"""channels:
  whatsapp:
    template: {{sid: {SID}, variables: {{1: "{{{{ first_name }}}}", 2: "{{{{ due_text }}}}"}}}}
    reply_template: {{sid: {OTHER_SID}, variables: ["{{{{ rep }}}}", "{{{{ text }}}}"]}}
  meta: {{human_agent: true}}
"""
CLOUD = """channels:
  whatsapp:
    template: {name: we_got_it, language: en_US, variables: ["{{ first_name }}", "{{ due_text }}"]}
    reply_template: {name: rep_wrote, language: de, variables: {who: "{{ rep }}", what: "{{ text }}"}}
"""
REPLY = {"text": "We can come\n\non  Friday", "rep": "Priya", "by": "priya", "firm": "Acme"}
DAY = timedelta(hours=24)


@pytest.fixture
def begin(engine, provider, wire, tmp_path):
    """A sender under a team file with these channels, and with these settings beside the usual ones."""
    made = []

    def begun(channels: str, **settings: str) -> Sender:
        mine = settings_for(provider, tmp_path, **settings)
        policies.apply(engine, TEAM.replace("channels:\n", channels, 1) if channels else TEAM, mine, NOW, "test")
        made.append(Sender(engine, mine, wire=wire))
        return made[-1]

    yield begun
    for sender in made:
        sender.close()


def heard(engine: Engine, lead: int, channel: str, ago: timedelta) -> None:
    """The person wrote on that channel so long ago."""
    with engine.begin() as db:
        db.execute(
            text(
                "INSERT INTO inbox (source, external_id, event, content, body, digest, received_at, due_at, done_at, lead_id) VALUES"
                " ('meta', :key, 'message', CAST(:content AS jsonb), '', '', :at, :at, :at, :lead)"
            ),
            {"key": f"m:{lead}:{channel}", "content": json.dumps({"channel": channel}), "at": NOW - ago, "lead": lead},
        )


def a_word(engine: Engine, channel: str, ago: timedelta, **columns: object) -> int:
    lead = a_lead(engine)
    heard(engine, lead, channel, ago)
    given = {"purpose": "reply", "template": "relay", "fields": REPLY, "expires_at": None, "address": "15125550143", **columns}
    return a_message(engine, lead, channel=channel, **given)


def test_a_reps_words_after_a_day_go_as_the_approved_template_of_twilio(engine, begin, provider):
    sender = begin(TWILIO)
    message = a_word(engine, "whatsapp", DAY + timedelta(minutes=1))
    send_due(sender, NOW)
    [sent] = provider.sent
    assert (sent.fields["ContentSid"], json.loads(sent.fields["ContentVariables"])) == (
        OTHER_SID,
        {"1": "Priya", "2": "We can come on Friday"},
    )
    assert "Body" not in sent.fields
    assert (sent.fields["To"], sent.fields["From"]) == ("whatsapp:+15125550143", "whatsapp:+15125550100")
    assert provider.violations() == [], "as Twilio's own description has it"
    row = the_message(engine, message)
    assert (row["state"], row["subject"], row["body"]) == ("sent", OTHER_SID, f"[{OTHER_SID}] Priya | We can come on Friday")


def test_our_own_words_have_their_own_template(engine, begin, provider):
    sender = begin(TWILIO)
    a_word(engine, "whatsapp", DAY * 3, purpose="notice", template="ack_moved", fields={**FIELDS, "first_name": ""})
    send_due(sender, NOW)
    [sent] = provider.sent
    assert (sent.fields["ContentSid"], json.loads(sent.fields["ContentVariables"])) == (SID, {"1": "-", "2": "10:04 am"})
    assert provider.violations() == []


def test_within_the_day_the_words_go_as_they_are(engine, begin, provider):
    sender = begin(TWILIO)
    a_word(engine, "whatsapp", DAY)
    send_due(sender, NOW)
    [sent] = provider.sent
    assert "Friday" in sent.body
    assert "ContentSid" not in sent.fields


@pytest.mark.parametrize(
    ("purpose", "template", "wanted"),
    [
        ("reply", "relay", {"name": "rep_wrote", "language": {"code": "de"}, "components": [{"type": "body", "parameters": [
            {"type": "text", "parameter_name": "who", "text": "Priya"}, {"type": "text", "parameter_name": "what", "text": "We can come on Friday"}]}]}),
        ("notice", "ack_moved", {"name": "we_got_it", "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": [
            {"type": "text", "text": "Dana"}, {"type": "text", "text": "10:04 am"}]}]}),
    ],
)  # fmt: skip
def test_with_metas_cloud_by_name_language_and_parameters(engine, begin, provider, purpose, template, wanted):
    sender = begin(CLOUD, WHATSAPP_TOKEN="wa-token", WHATSAPP_PHONE_ID="1122334455667")
    a_word(engine, "whatsapp", DAY * 2, purpose=purpose, template=template, fields={**FIELDS, **REPLY})
    send_due(sender, NOW)
    [asked] = provider.asked
    said = json.loads(asked.body)
    assert (asked.target, said["type"], said["template"]) == ("/v25.0/1122334455667/messages", "template", wanted)
    assert "text" not in said


def test_without_a_template_it_is_held_back_with_the_reason(engine, begin, provider):
    sender = begin("")
    message = a_word(engine, "whatsapp", DAY + timedelta(minutes=1))
    send_due(sender, NOW)
    row = the_message(engine, message)
    assert (row["state"], row["error_code"], provider.asked) == ("suppressed", "window", [])
    assert row["error"] == "whatsapp lets us write for 24 hours after their last words there, and those are over"
    assert receipts.waiting(engine, NOW)[0].code == "window"


def test_a_template_for_our_words_does_not_carry_a_reps(engine, begin, provider):
    only_ours = "\n".join(line for line in TWILIO.splitlines() if "reply_template" not in line) + "\n"
    sender = begin(only_ours)
    message = a_word(engine, "whatsapp", DAY * 2)
    send_due(sender, NOW)
    assert (the_message(engine, message)["error_code"], provider.asked) == ("window", [])


def test_a_stop_closes_templates_too(engine, begin, provider):
    sender = begin(TWILIO)
    message = a_word(engine, "whatsapp", DAY * 2)
    receipts.suppress(engine, "whatsapp", "15125550143", reason="STOP", now=NOW)
    send_due(sender, NOW)
    assert (the_message(engine, message)["error_code"], provider.asked) == ("opted_out", [])


@pytest.mark.parametrize(
    ("channels", "more"), [(CLOUD, {}), (TWILIO, {"WHATSAPP_TOKEN": "wa-token", "WHATSAPP_PHONE_ID": "1122334455667"})]
)
def test_the_template_of_another_carrier_is_a_failure_with_its_reason(engine, begin, provider, channels, more):
    sender = begin(channels, **more)
    message = a_word(engine, "whatsapp", DAY * 2)
    send_due(sender, NOW)
    row = the_message(engine, message)
    assert (row["state"], row["error_code"], provider.asked) == ("failed", "template", [])
    assert "in the team file" in row["error"]


def test_a_template_in_doubt_is_looked_up_and_not_sent_twice(engine, begin, provider):
    sender = begin(TWILIO)
    provider.once("twilio", RESET_AFTER_ACCEPT)
    message = a_word(engine, "whatsapp", DAY * 2)
    send_due(sender, NOW)
    assert the_message(engine, message)["state"] == "ambiguous"
    later = NOW + timedelta(seconds=15)
    assert look_up(engine, sender.lanes, later) == 1
    row = the_message(engine, message)
    assert (row["state"], row["provider_id"]) == ("sent", provider.sent[0].id)
    send_due(sender, NOW + timedelta(minutes=5))
    assert len(provider.sent) == 1


def test_a_window_that_opens_again_before_the_retry_lets_the_words_go(engine, begin, provider):
    sender = begin(TWILIO)
    lead = a_lead(engine)
    heard(engine, lead, "whatsapp", timedelta(hours=1))
    tried = {"body": f"[{OTHER_SID}] Priya | We can come", "subject": OTHER_SID, "attempts": 1}
    a_message(
        engine,
        lead,
        channel="whatsapp",
        address="15125550143",
        purpose="reply",
        template="relay",
        fields=REPLY,
        expires_at=None,
        **tried,
    )
    send_due(sender, NOW)
    assert provider.sent[0].body.startswith("We can come")


# --- Messenger and Instagram ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["messenger", "instagram"])
@pytest.mark.parametrize(
    ("ago", "fields", "purpose", "expected"),
    [
        (timedelta(hours=23), REPLY, "reply", {"messaging_type": "RESPONSE"}),
        (timedelta(hours=25), REPLY, "reply", {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (timedelta(days=7), REPLY, "reply", {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (timedelta(days=7, seconds=1), REPLY, "reply", None),
        (timedelta(hours=25), FIELDS, "notice", None),  # no human wrote it
        (timedelta(hours=25), {**REPLY, "by": ""}, "reply", None),
    ],
)
def test_only_what_a_human_wrote_goes_out_for_seven_days(engine, begin, provider, channel, ago, fields, purpose, expected):
    sender = begin(TWILIO)
    template = "relay" if purpose == "reply" else "ack_moved"
    message = a_word(engine, channel, ago, address="6200000000000001", purpose=purpose, template=template, fields=fields)
    send_due(sender, NOW)
    if expected is None:
        assert (the_message(engine, message)["error_code"], provider.asked) == ("window", [])
        return
    said = json.loads(provider.asked[0].body)
    assert {name: said[name] for name in ("messaging_type", "tag") if name in said} == expected


def test_an_app_that_was_not_approved_for_it_sends_no_tag(engine, begin, provider):
    sender = begin("")
    message = a_word(engine, "messenger", timedelta(hours=25), address="6200000000000001")
    send_due(sender, NOW)
    assert (the_message(engine, message)["error_code"], provider.asked) == ("window", [])
