"""What Twilio tells of a phone call, step by step, as events. `external_id` in the content names the call, the key the event.

A caller who hangs up while it rings gives no Dial result, only the number's status callback: both can be a missed call.
"""

from collections.abc import Callable

from config import lead, links, normal
from store.inbox import Received
from webhooks.delivery import Delivery
from webhooks.twilio_requests import number, place, sid, whole

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
    phone = number(delivery, "From")
    is_ours = phone in delivery.own_numbers or form.get("From") == form.get("To") or phone in delivery.team_phones
    if form.get("Direction", "inbound") != "inbound" or is_ours:
        return []
    name = normal.clean_line(form.get("CallerName", ""), normal.LONGEST_NAME)
    return [
        _heard(delivery, "call", call, key=_call(call), name=name, phone=phone, to=number(delivery, "To"), extra=_about(delivery))
    ]


def dialled(delivery: Delivery) -> list[Received]:
    """The rung rep's leg is over: they talked, or they did not and it is the next one's turn."""
    call, form = sid(delivery, "CallSid"), delivery.form
    status, leg = form.get("DialCallStatus", ""), normal.identifier(form.get("DialCallSid", "")) or delivery.query.get("n", "0")
    gone = form.get("CallStatus") in _FINAL  # the caller hung up meanwhile: no use to ring the next rep
    told = {
        "key": f"{_call(call)}:dial:{leg}",
        "rep": rep_of(delivery),
        "phone": number(delivery, "From"),
        "extra": {"dial_call_status": normal.clean_line(status, 40)},
    }
    if was_bridged(delivery):
        return [_heard(delivery, "call_answered", call, seconds=whole(form, "DialCallDuration"), **told)]
    reason = "not bridged" if status in _TAKEN else normal.clean_line(status, 40) or "no-answer"
    reason = "the caller hung up" if gone else reason
    return [_heard(delivery, "missed_call", call, reason=reason, gone=gone, **told)]


def pressed(delivery: Delivery) -> list[Received]:
    """The rep heard who is calling: 1 takes the call, anything else does not."""
    call, rep = normal.identifier(delivery.query.get("call", "")), rep_of(delivery)
    if delivery.form.get("Digits") != "1" or not call or not rep:
        return []
    return [_heard(delivery, "call_answered", call, key=f"{_call(call)}:answered:{rep}", rep=rep)]


def recorded(delivery: Delivery) -> list[Received]:
    """The voicemail, told twice (by the verb and by the recording's callback) under one key. No From and To in the latter."""
    form = delivery.form
    if form.get("RecordingStatus") == "in-progress" or not form.get("RecordingSid"):
        return []
    call, recording = sid(delivery, "CallSid"), sid(delivery, "RecordingSid")
    seconds, url = whole(form, "RecordingDuration") or 0, normal.clean_line(form.get("RecordingUrl", ""), 1000)
    told: dict[str, object] = {"key": f"twilio_recording:{recording}", "external_id": f"twilio_recording:{recording}"}
    told |= {"phone": number(delivery, "From"), "submitted_at": normal.instant(form.get("RecordingStartTime", ""))}
    if seconds < SHORTEST_VOICEMAIL or not url or form.get("RecordingStatus", "completed") != "completed":
        return [_heard(delivery, "missed_call", call, reason="hung up at the voicemail", **told)]
    audio = [{"url": url, "type": "audio", "duration_s": seconds}]
    return [_heard(delivery, "voicemail", call, url=url, seconds=seconds, attachments=audio, **told)]


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
    told = {"reason": _FINAL[status], "phone": number(delivery, "From"), "to": number(delivery, "To"), "submitted_at": at}
    return [_heard(delivery, "call_status", call, key=f"{_call(call)}:status:{status}", seconds=seconds, extra=about, **told)]


def was_bridged(delivery: Delivery) -> bool:
    """Did rep and caller talk? A call the rep's own voicemail picked up is "completed" but not bridged."""
    return delivery.form.get("DialCallStatus") in _TAKEN and delivery.form.get("DialBridged", "true").lower() != "false"


def rep_of(delivery: Delivery) -> str:
    """The id of the rep this step is about, "" when the address names none."""
    return links.rep_from_url(normal.identifier(delivery.query.get("rep", "")))


EVENTS: dict[str, Callable[[Delivery], list[Received]]] = {
    "": incoming,
    "dial": dialled,
    "whisper": lambda _delivery: [],
    "press": pressed,
    "recorded": recorded,
    "recording": recorded,
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
    return Received(delivery.source.id, key, event, content, delivery.body, delivery.kept_headers, delivery.received_at)
