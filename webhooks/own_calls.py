"""Calls that a rep asked us for: the 1 that the rep presses, ringing the lead, who took it, and the end of both legs.

Every address carries the lead's code, the number of the call and the rep, and Twilio signs what it posts there. No phone number
stands in an address: whom to ring is read from the lead after the 1 was decided.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from twilio.twiml.voice_response import Dial, VoiceResponse

from config import lead, normal
from config.links import rep_in_url
from routing.calling import is_put_through
from store.advance import After
from store.inbox import Received
from webhooks.call_events import rep_of, was_bridged
from webhooks.delivery import Delivery
from webhooks.twilio_requests import sid, whole

RING_SECONDS = 20  # before the lead's own voicemail, where the carrier lets us
NOTICE = "This call may be recorded."
_MET = {"human": "human", "machine": "machine", "fax": "machine"}
_REP_REASONS = {
    "no-answer": "your phone was not answered",
    "busy": "your phone was busy",
    "failed": "your phone could not be rung",
    "canceled": "the call was cancelled",
    "completed": "nobody pressed 1",
}
_OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


def joined(delivery: Delivery) -> list[Received]:
    """The rep heard who it is and pressed 1; anything else is no call."""
    if delivery.form.get("Digits") != "1":
        return []
    return [_heard(delivery, "joined", f"{sid(delivery, 'CallSid')}:joined")]


def met(delivery: Delivery) -> list[Received]:
    """Whether a person or a machine took it, as the provider heard; "unknown" says nothing."""
    found = _MET.get(delivery.form.get("AnsweredBy", "").partition("_")[0])
    if not found:
        return []
    return [_heard(delivery, "picked_up", f"{sid(delivery, 'CallSid')}:met", met=found)]


def bridged(delivery: Delivery) -> list[Received]:
    """The verb's own result: the leg to the lead is over."""
    status = normal.clean_line(delivery.form.get("DialCallStatus", ""), 40)
    told = {"status": status, "bridged": was_bridged(delivery), "seconds": whole(delivery.form, "DialCallDuration") or 0}
    return [_heard(delivery, "lead_ended", f"{sid(delivery, 'CallSid')}:bridged", **told)]


def leg(delivery: Delivery) -> list[Received]:
    """The same from the leg's own status callback, which comes also when the rep hangs up first."""
    status = delivery.form.get("CallStatus", "")
    if status not in _OVER:
        return []
    told = {"status": status, "bridged": status == "completed", "seconds": whole(delivery.form, "CallDuration") or 0}
    return [_heard(delivery, "lead_ended", f"{sid(delivery, 'CallSid')}:leg", **told)]


def over(delivery: Delivery) -> list[Received]:
    """The leg to the rep is over."""
    status = delivery.form.get("CallStatus", "")
    if status not in _OVER:
        return []
    return [_heard(delivery, "rep_ended", f"{sid(delivery, 'CallSid')}:over", reason=_REP_REASONS[status])]


def talk(delivery: Delivery) -> list[Received]:
    """A recording is ready."""
    url, seconds = normal.clean_line(delivery.form.get("RecordingUrl", ""), 1000), whole(delivery.form, "RecordingDuration") or 0
    if delivery.form.get("RecordingStatus", "completed") != "completed" or not url:
        return []
    return [_heard(delivery, "recorded", sid(delivery, "RecordingSid"), url=url, seconds=seconds)]


EVENTS: dict[str, Callable[[Delivery], list[Received]]] = {
    "bridge": joined,
    "announce": lambda _delivery: [],
    "met": met,
    "bridged": bridged,
    "leg": leg,
    "over": over,
    "talk": talk,
}


def put_through(delivery: Delivery, after: After | None) -> VoiceResponse:
    """Ring the lead for the rep who pressed 1, from the number that rang the rep; or say why not."""
    script = VoiceResponse()
    phone = after.lead.person.phone if after else None
    if after is None or not phone or not is_put_through(after.state, rep_of(delivery), _call(delivery)):
        script.say("We cannot connect you now. This lead is no longer yours, or may not be called. Goodbye.")
        script.hangup()
        return script
    script.append(_dial(delivery, phone))
    return script


def announce(delivery: Delivery) -> VoiceResponse:
    """To the lead alone, before the two are connected: that the call may be recorded."""
    script = VoiceResponse()
    script.say(str(delivery.source.options.get("recording_notice") or NOTICE))
    return script


def _dial(delivery: Delivery, phone: str) -> Dial:
    options, how = delivery.source.options, {}
    if options.get("record_calls"):  # never without the announcement
        how = {
            "record": "record-from-answer-dual",
            "recording_status_callback": _here(delivery, "talk"),
            "recording_status_callback_event": "completed",
        }
    dial = Dial(timeout=RING_SECONDS, caller_id=delivery.form.get("From", ""), action=_here(delivery, "bridged"), **how)
    watch = {"machine_detection": "Enable", "amd_status_callback": _here(delivery, "met")} if _is_watched(delivery) else {}
    told = {"url": _here(delivery, "announce")} if options.get("record_calls") else {}
    dial.number(phone, status_callback=_here(delivery, "leg"), status_callback_event="completed", **watch, **told)
    return dial


def _is_watched(delivery: Delivery) -> bool:
    return delivery.source.options.get("detect_voicemail", True) is not False


def _here(delivery: Delivery, step: str) -> str:
    named = {"lead": _code(delivery), "call": str(_call(delivery)), "rep": rep_in_url(rep_of(delivery))}
    return f"{delivery.here(step)}?{urlencode(named)}"


def _code(delivery: Delivery) -> str:
    return normal.identifier(delivery.query.get("lead", ""))[:20]


def _call(delivery: Delivery) -> int:
    text = delivery.query.get("call", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _heard(delivery: Delivery, step: str, key: str, **told: object) -> Received:
    content = lead.common_lead(
        external_id=f"own_call:{key}", kind="call", channel="call", is_test=False, step=step, code=_code(delivery),
        call=_call(delivery), rep=rep_of(delivery), watched=_is_watched(delivery), **told,
    )  # fmt: skip
    return Received(
        delivery.source.id, f"own_call:{key}", "own_call", content, delivery.body, delivery.kept_headers, delivery.received_at
    )
