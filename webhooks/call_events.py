"""What Twilio tells of a phone call, step by step, as events. `external_id` in the content names the call, the key the event.

A caller who hangs up while it rings gives no Dial result, only the number's status callback: both can be a missed call.
"""

from collections.abc import Callable

import structlog

from config import lead, links, normal
from store.inbox import Received
from webhooks.bodies import Form
from webhooks.delivery import Delivery
from webhooks.twilio_requests import number, place, sid, whole

log = structlog.get_logger("webhooks")
SHORTEST_VOICEMAIL = 2  # seconds; what is shorter is the carrier's beep and a hang-up
_FINAL = {
    "completed": "the caller hung up",
    "canceled": "the caller hung up",
    "no-answer": "the caller hung up",
    "busy": "busy",
    "failed": "the call failed",
}
_TAKEN = ("completed", "answered")


def incoming(delivery: Delivery) -> list[Received]:
    """It rings at our number. Calls we make ourselves, calls from our own number, and the team's calls are no leads."""
    call, form = sid(delivery, "CallSid"), delivery.form
    if not is_stranger(delivery):
        return []
    name = normal.clean_line(form.get("CallerName", ""), normal.LONGEST_NAME)
    told = {"name": name, "phone": number(delivery, "From"), "to": number(delivery, "To"), "extra": _about(delivery)}
    return [_heard(delivery, "call", call, key=_call(call), **told)]


def is_stranger(delivery: Delivery) -> bool:
    """Does somebody call us who is neither we ourselves nor one of the team?"""
    form, phone = delivery.form, number(delivery, "From")
    is_ours = phone in delivery.own_numbers or phone in delivery.team_phones or _calls_itself(form)
    return form.get("Direction", "inbound") == "inbound" and not is_ours


def _calls_itself(form: Form) -> bool:
    return bool(form.get("From")) and form.get("From") == form.get("To")


def dialled(delivery: Delivery) -> list[Received]:
    """The rung rep's leg is over: they talked, or they did not and it is the next one's turn."""
    call, form = sid(delivery, "CallSid"), delivery.form
    status, leg = form.get("DialCallStatus", ""), normal.identifier(form.get("DialCallSid", "")) or delivery.query.get("n", "0")
    duration_told = "DialCallDuration" in form  # not documented for a call that nobody took
    log.info("dial_result_read", source=delivery.source.id, status=status[:40], duration_told=duration_told)
    gone = form.get("CallStatus") in _FINAL  # the caller hung up meanwhile: no use to ring the next rep
    told = {
        "key": f"{_call(call)}:dial:{leg}",
        "rep": rep_of(delivery),
        "phone": number(delivery, "From"),
        "extra": {**_about(delivery), "dial_call_status": normal.clean_line(status, 40)},
    }
    if was_bridged(delivery):
        return [_heard(delivery, "call_answered", call, seconds=whole(form, "DialCallDuration"), **told)]
    reason = "not bridged" if status in _TAKEN else normal.clean_line(status, 40) or "no-answer"
    reason = "the caller hung up" if gone else reason
    return [_heard(delivery, "missed_call", call, reason=reason, gone=gone, **told), *_unheard(delivery, call, reason, **told)]


def pressed(delivery: Delivery) -> list[Received]:
    """The rep heard who is calling: 1 takes the call, anything else does not."""
    call, rep = normal.identifier(delivery.query.get("call", "")), rep_of(delivery)
    if delivery.form.get("Digits") != "1" or not call or not rep:
        return []
    return [_heard(delivery, "call_answered", call, key=f"{_call(call)}:answered:{rep}", rep=rep)]


def recorded(delivery: Delivery) -> list[Received]:
    """The voicemail, told twice (by the verb and by the recording's callback) under one key. No From and To in the latter."""
    form = delivery.form
    if form.get("TranscriptionSid"):
        return transcribed(delivery)
    if form.get("RecordingStatus") == "in-progress" or not form.get("RecordingSid"):
        return []
    call, recording = sid(delivery, "CallSid"), sid(delivery, "RecordingSid")
    seconds, url = whole(form, "RecordingDuration") or 0, normal.clean_line(form.get("RecordingUrl", ""), 1000)
    told: dict[str, object] = {"key": f"twilio_recording:{recording}", "external_id": f"twilio_recording:{recording}"}
    told |= {"phone": number(delivery, "From"), "submitted_at": normal.instant(form.get("RecordingStartTime", ""))}
    if seconds < SHORTEST_VOICEMAIL or not url or form.get("RecordingStatus", "completed") != "completed":
        reason = "hung up at the voicemail"
        return [_heard(delivery, "missed_call", call, reason=reason, **told), *_unheard(delivery, call, reason)]
    audio = [{"url": url, "type": "audio", "duration_s": seconds}]
    heard = _heard(delivery, "voicemail", call, url=url, seconds=seconds, attachments=audio, **told)
    return [heard, *_unheard(delivery, call, "left a message")]


def transcribed(delivery: Delivery) -> list[Received]:
    """The words of a voicemail, as far as the provider understood any."""
    form, call = delivery.form, sid(delivery, "CallSid")
    words = normal.clean_text(form.get("TranscriptionText", ""), normal.LONGEST_MESSAGE)
    key = f"twilio_transcription:{sid(delivery, 'TranscriptionSid')}"
    if form.get("TranscriptionStatus", "completed") != "completed" or not words:
        return []
    about = {"recording_sid": normal.identifier(form.get("RecordingSid", ""))}
    told = {"external_id": key, "phone": number(delivery, "From"), "message": words, "extra": about}
    return [_heard(delivery, "voicemail_text", call, key=key, **told)]


def ended(delivery: Delivery) -> list[Received]:
    """The caller's leg is over. Legs of reps (with a parent) and steps on the way say nothing new."""
    call, form = sid(delivery, "CallSid"), delivery.form
    status = form.get("CallStatus", "")
    if status not in _FINAL or form.get("ParentCallSid") or form.get("Direction", "inbound") != "inbound":
        return []
    if number(delivery, "From") in delivery.team_phones:
        return []
    seconds, at = whole(form, "CallDuration"), normal.instant(form.get("Timestamp", ""))
    about = {**_about(delivery), "call_status": status, "duration_s": seconds}
    told = {"phone": number(delivery, "From"), "to": number(delivery, "To"), "submitted_at": at, "extra": about}
    heard = _heard(
        delivery, "call_status", call, key=f"{_call(call)}:status:{status}", seconds=seconds, reason=_FINAL[status], **told
    )
    return [heard, *_unheard(delivery, call, _FINAL[status], **told)]


def was_bridged(delivery: Delivery) -> bool:
    """Did rep and caller talk? A call the rep's own voicemail picked up is "completed" but not bridged."""
    return delivery.form.get("DialCallStatus") in _TAKEN and delivery.form.get("DialBridged", "true").lower() != "false"


def rep_of(delivery: Delivery) -> str:
    """The id of the rep this step is about, "" when the address names none."""
    return links.rep_from_url(normal.identifier(delivery.query.get("rep", "")))


def rung(delivery: Delivery) -> list[Received]:
    """At the number's own address: it rings. Who entered the same address for status changes is understood all the same."""
    return EVENTS[step_of(delivery)](delivery) if step_of(delivery) else incoming(delivery)


def step_of(delivery: Delivery) -> str:
    """Which step it is, where the address does not say it: a call that is over does not ring."""
    if delivery.step or delivery.form.get("CallStatus") not in _FINAL:
        return delivery.step
    return "recorded" if delivery.form.get("RecordingSid") else "status"


EVENTS: dict[str, Callable[[Delivery], list[Received]]] = {
    "": rung,
    "dial": dialled,
    "whisper": lambda _delivery: [],
    "press": pressed,
    "recorded": recorded,
    "recording": recorded,
    "transcription": transcribed,
    "status": ended,
}


def _call(call: str) -> str:
    return f"twilio_call:{call}"


def _about(delivery: Delivery) -> dict[str, object]:
    return {
        **place(delivery.form),
        "tracking_number": number(delivery, "To"),
        "forwarded_from": number(delivery, "ForwardedFrom"),
    }


def _unheard(delivery: Delivery, call: str, reason: str, **told: object) -> list[Received]:
    """The call itself, under the key of its beginning: news only if that never reached us. Then it is a missed call, a lead as any other."""
    phone = number(delivery, "From")
    if not phone or not is_stranger(delivery):
        return []
    beginning = {**told, "key": _call(call), "phone": phone, "external_id": _call(call), "reason": reason}
    about = {**_about(delivery), **(kept if isinstance(kept := told.get("extra"), dict) else {})}
    heard = _heard(delivery, "missed_call", call, **{**beginning, "extra": about, "call_sid": "", "ended_call": call, "rep": ""})
    return [heard]


def _heard(delivery: Delivery, event: str, call: str, **told: object) -> Received:
    key = str(told.pop("key"))
    extra = told.pop("extra", {})
    about = {**(extra if isinstance(extra, dict) else {}), "call_sid": call}
    content = lead.common_lead(
        **{
            "external_id": _call(call),
            "kind": "call",
            "channel": "call",
            "call_sid": call,
            "is_test": False,
            "extra": about,
            **told,
        }
    )
    return Received(delivery.source.id, key, event, content, delivery.raw, delivery.kept_headers, delivery.received_at)
