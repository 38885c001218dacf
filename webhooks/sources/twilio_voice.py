"""Phone calls through Twilio: ring a rep who presses 1, else the next, else take a message.

Steps: "" it rings · dial a rep's leg is over · whisper, press what the rep hears and presses · recorded, recording the voicemail ·
status the caller's leg is over (enter it as the number's status callback: without it a hang-up is found late).
"""

from collections.abc import Sequence

from store.advance import After
from store.inbox import Received, Recorded
from webhooks import call_events, call_script, twilio_requests
from webhooks.answers import Answer, twiml
from webhooks.delivery import Delivery
from webhooks.example import Example
from webhooks.twilio_requests import CONTENT_TYPES as CONTENT_TYPES
from webhooks.twilio_requests import verify as verify

EXAMPLE = Example(
    headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
    body=b"CallSid=CA00112233445566778899aabbccddeeff&AccountSid=AC0123456789abcdef0123456789abcdef&From=%2B15125550143"
    b"&To=%2B15125550100&Direction=inbound&CallStatus=ringing&FromCity=AUSTIN&FromState=TX&FromCountry=US&CallerName=DANA+COLE",
    secret="12345678901234567890123456789012",
    sign=twilio_requests.sign,
)
SETTINGS_SECRETS = "twilio_tokens"
STEPS = frozenset(call_events.EVENTS) - {""}
DECIDES_NOW = frozenset({"", "dial", "press"})  # the caller or the rep is on the line and waits for what happens next


def parse(delivery: Delivery) -> list[Received]:
    """One event, or none where a step says nothing new. Raises Unreadable without a CallSid."""
    return call_events.EVENTS[delivery.step](delivery)


def answer(delivery: Delivery, recorded: Sequence[Recorded], after: After | None) -> Answer:
    """What Twilio does next with the call, as TwiML."""
    match delivery.step:
        case "":
            return twiml(call_script.ring_or_record(delivery, after) if recorded else call_script.hang_up())
        case "dial":
            bridged = call_events.was_bridged(delivery)
            return twiml(call_script.hang_up() if bridged else call_script.ring_or_record(delivery, after))
        case "whisper":
            return twiml(call_script.whisper(delivery))
        case "press":
            return twiml(call_script.put_through() if recorded else call_script.hang_up())
        case "recorded":
            return twiml(call_script.thank())
        case _:
            return twiml()
