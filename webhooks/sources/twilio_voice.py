"""Phone calls through Twilio: ring a rep who presses 1, else the next, else take a message.

Steps: "" it rings · dial a rep's leg is over · whisper, press what the rep hears and presses · recorded, recording the voicemail,
transcription its words · status the caller's leg is over (enter it as the number's status callback: without it a hang-up is found late). And the steps of
calls that a rep asked us for (webhooks/own_calls.py): bridge, announce, met, bridged, leg, over, talk.
"""

from collections.abc import Sequence

from store.advance import After
from store.inbox import Received, Recorded
from webhooks import call_events, call_script, own_calls, twilio_requests
from webhooks.answers import Answer, twiml
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.example import Example
from webhooks.twilio_requests import CONTENT_TYPES as CONTENT_TYPES
from webhooks.twilio_requests import VERBS as VERBS
from webhooks.twilio_requests import verify as verify

EXAMPLE = Example(
    headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
    body=b"CallSid=CA00112233445566778899aabbccddeeff&AccountSid=AC0123456789abcdef0123456789abcdef&From=%2B15125550143"
    b"&To=%2B15125550100&Direction=inbound&CallStatus=ringing&FromCity=AUSTIN&FromState=TX&FromCountry=US&CallerName=DANA+COLE",
    secret="12345678901234567890123456789012",
    sign=twilio_requests.sign,
)
SETTINGS_SECRETS = "twilio_tokens"
DOCS = SourceDocs(
    vendor="Twilio calls",
    verified_by="`X-Twilio-Signature` (HMAC-SHA1 of the address and the fields) with the auth token; a subaccount signs with its own",
    answers="TwiML within 15 s: whom to ring, or the voicemail",
    retries="once when it cannot connect, then the number's fallback address; status callbacks are not repeated",
    key="`CallSid` and the step; `RecordingSid` and `TranscriptionSid` for voicemails",
    mapped="the caller's number, place and name; which rep's leg answered, was busy or screened the call out; a hang-up while it rings; the"
    " voicemail with its length and words. A call whose beginning never reached us is a missed call as soon as its end does. Calls of the"
    " team and of our own numbers are no leads",
    at_vendor=(
        "Phone Numbers > Manage > Active numbers > your number > Voice.",
        "A call comes in: Webhook, `https://<your Headroom>/webhooks/<source id>`, HTTP POST.",
        "Call status changes: `https://<your Headroom>/webhooks/<source id>/status`, HTTP POST.",
        "Primary handler fails: a TwiML Bin of yours that says a sentence; the status change then still makes the call a lead.",
        "Put the auth token into `TWILIO_AUTH_TOKEN` (or the source's `secret`).",
    ),
    options={
        "ring_for": "how long one rep is rung, at most 20s. Default 18s",
        "voicemail": "take a message when nobody can answer. Default true",
        "transcribe": "let Twilio put voicemails into words (English; Twilio charges for it). Default false",
        "greeting": "what the caller hears before the tone",
        "closed_greeting": "the same outside opening hours",
        "click_to_call": "reps may call leads through this source's number. Default true",
        "number": "the number that calls leads who used none of ours, where `TWILIO_FROM` is a messaging service",
        "detect_voicemail": "let the provider hear whether a person or a machine takes a rep's call. Default true",
        "record_calls": "record reps' calls; both hear an announcement first. Default false",
        "recording_notice": "what the lead hears before being connected, where calls are recorded",
    },
    thin="a call that ends while it rings may tell no `DialCallDuration`; both are read, and the log says which came (dial_result_read:"
    " duration_told).",
)
EVENTS = {**call_events.EVENTS, **own_calls.EVENTS}
STEPS = frozenset(EVENTS) - {""}
DECIDES_NOW = frozenset({"", "dial", "press", "bridge"})  # the caller or the rep is on the line and waits for what happens next


def parse(delivery: Delivery) -> list[Received]:
    """One event, or none where a step says nothing new. Raises Unreadable without a CallSid."""
    return EVENTS[delivery.step](delivery)


def answer(delivery: Delivery, recorded: Sequence[Recorded], after: After | None) -> Answer:
    """What Twilio does next with the call, as TwiML."""
    match call_events.step_of(delivery):
        case "":
            return twiml(call_script.ring_or_record(delivery, after) if recorded else call_script.no_lead(delivery))
        case "dial":
            bridged = call_events.was_bridged(delivery)
            return twiml(call_script.hang_up() if bridged else call_script.ring_or_record(delivery, after))
        case "whisper":
            return twiml(call_script.whisper(delivery))
        case "press":
            return twiml(call_script.put_through() if recorded else call_script.hang_up())
        case "recorded":
            return twiml(call_script.thank())
        case "bridge":
            return twiml(own_calls.put_through(delivery, after) if recorded else call_script.hang_up())
        case "bridged":
            return twiml(call_script.hang_up())
        case "announce":
            return twiml(own_calls.announce(delivery))
        case _:
            return twiml()
