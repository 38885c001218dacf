"""Calls that a rep asked for, through Twilio's own SDK: ring the rep, say who it is, and put them through after a 1.

What the rep hears goes along with the request, so nothing has to be fetched while the phone rings. Where the 1 and the end of
the call are told carries our ids, and Twilio signs what it posts there. Twilio has no idempotency key for calls either: one
in doubt is looked up in the list, and never placed again unless the list proves that it was not (routing/sending.py).
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException
from twilio.twiml.voice_response import Gather, VoiceResponse

from config.links import rep_in_url
from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.channels.sms import CLOCKS_MAY_DIFFER, LIST_AT_MOST, client, from_its_number, number_of, usual_of
from workers.outcomes import Ambiguous, Receipt, SendFailed
from workers.wire import Wire

RING_SECONDS = 18  # above 20 the rep's own voicemail answers
PRESS_SECONDS = 10
LONGEST_CALL = 4 * 3600  # seconds: a line that nobody hangs up is ended


class Calls:
    """Carries calls to reps. A lane of its own: a number that cannot call must not stop the texts."""

    provider = "twilio_calls"
    channels: Sequence[str] = ("call",)

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings, self._wire = settings, wire
        _ = client(settings, wire, None).calls  # the SDK loads a module at first use: not while the first rep waits

    def send(self, parcel: Parcel) -> Receipt:
        """POST Calls.json with the words as TwiML."""
        return from_its_number(parcel.message, self._settings, lambda number: self._create(parcel, number))

    def _create(self, parcel: Parcel, number: str) -> Receipt:
        message = parcel.message
        if not number.startswith("+"):
            raise SendFailed("no number to call from: set `number` of the calls source", code="no_number")
        try:
            made = client(self._settings, self._wire, parcel.deadline).calls.create(
                to=message.address,
                from_=number,
                twiml=str(script(self._settings, message, parcel.words.body)),
                timeout=RING_SECONDS,
                time_limit=LONGEST_CALL,
                status_callback=step_url(self._settings, message, "over"),
                status_callback_event=["completed"],
                status_callback_method="POST",
            )
        except (TwilioException, ValueError, KeyError) as error:  # taken, but the answer cannot be read
            raise Ambiguous("the provider's answer cannot be read", code="unreadable", status=200) from error
        if not made.sid:
            raise Ambiguous("the provider's answer has no id", code="unreadable", status=200)
        return Receipt(self.provider, made.sid, 201)

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """A call of ours to this rep's phone, from this lead's number or the usual one, begun no earlier than the attempt."""
        numbers = (number_of(message), usual_of(message, self._settings))
        listed = client(self._settings, self._wire, None).calls.list(
            to=message.address, limit=LIST_AT_MOST, page_size=LIST_AT_MOST
        )
        for found in listed:
            is_ours = found.direction == "outbound-api" and found._from in numbers  # noqa: SLF001 - the SDK's own name for it
            if is_ours and found.date_created and found.date_created >= since - CLOCKS_MAY_DIFFER:
                return Receipt(self.provider, found.sid)
        return None

    def meaning(self, code: str | None) -> Fault:
        """How a call went is told on the lead, not as a delivery report."""
        return Fault.PERMANENT


def script(settings: Settings, message: Claimed, words: str) -> VoiceResponse:
    """What the rep hears: who it is, and that 1 connects them. A voicemail presses nothing."""
    made = VoiceResponse()
    gather = Gather(
        num_digits=1, timeout=PRESS_SECONDS, action=step_url(settings, message, "bridge"), action_on_empty_result=False
    )
    gather.say(words)
    made.append(gather)
    made.hangup()
    return made


def step_url(settings: Settings, message: Claimed, step: str) -> str:
    """Where a step of this call is told: the lead's code, the number of the call and the rep, in characters no one escapes."""
    fields = message.fields
    asked = urlencode({"lead": message.code or "", "call": fields.get("call", ""), "rep": rep_in_url(fields.get("rep", ""))})
    return f"{settings.public_url}/webhooks/{fields.get('line', '')}/{step}?{asked}"


def make(settings: Settings, wire: Wire) -> Calls | None:
    """Only with an account."""
    return Calls(settings, wire) if settings.has_twilio else None
