"""What CallRail tells of a call, a text or a form, as parts of a common lead: `event` and the fields, to be handed to common_lead."""

from collections.abc import Mapping

from config import lead, normal
from config.fields import Fields
from webhooks import bodies
from webhooks.delivery import Delivery

SHORTEST_VOICEMAIL = 2  # seconds; what is shorter is the beep and a hang-up
MOST_MEDIA = 10
_RECORDED = frozenset({"recording", "recording_duration"})
_WRITTEN = frozenset({"transcription", "transcription_text", "conversational_transcript"})
_TRUE = frozenset({"true", "1", "yes", "t"})
_NAMES = ("customer_name", "formatted_customer_name", "callername", "caller_name")
_THEIR_NUMBERS = ("customer_phone_number", "callernum", "caller_number")
_OUR_NUMBERS = ("tracking_phone_number", "trackingnum")
_EXTRA = (
    "source_name", "first_call", "prior_calls", "lead_status", "customer_city", "customer_state", "customer_country", "company_name",
    "company_resource_id", "person_resource_id", "tracker_resource_id", "landing_page_url", "referring_url", "last_requested_url",
    "keywords", "note", "tags", "value", "call_summary", "first_form", "referrer", "source", "medium", "form_name", "thread_resource_id",
    "conversation_id",
)  # fmt: skip

Said = Mapping[str, object]


def about(delivery: Delivery, said: Said) -> lead.Content:
    """What calls, texts and forms have in common."""
    tracked = {name: normal.clean_line(value) for name, value in said.items() if lead.is_tracking(name)}
    page = normal.clean_line(said.get("landing_page_url") or "", 1000)
    campaign = normal.clean_line(said.get("campaign") or "") or tracked.get("utm_campaign", "")
    name = normal.clean_line(_first(said, _NAMES) or "", normal.LONGEST_NAME)
    number = _number(delivery, said, _THEIR_NUMBERS)
    told = {key: _plain(said.get(key)) for key in _EXTRA}
    return {
        **lead.tracking(tracked, page),
        "name": "" if name == number else name,
        "phone": number,
        "campaign": {"name": campaign},
        "submitted_at": normal.instant(said.get("start_time") or said.get("submitted_at") or said.get("timestamp") or ""),
        "extra": {**told, "tracking_number": _number(delivery, said, _OUR_NUMBERS)},
    }


def is_incoming(said: Said) -> bool:
    """Did they call us? Calls that we make are no leads."""
    direction = str(said.get("direction") or "inbound").lower()
    return direction != "outbound" and str(said.get("call_type") or "").lower() != "outbound"


def call(delivery: Delivery, said: Said, told: lead.Content) -> lead.Content:
    """A call that is over: answered, a message left, or missed."""
    seconds, length = _seconds(said.get("duration")), _seconds(said.get("recording_duration"))
    recording = normal.clean_line(said.get("recording") or "", 1000)
    audio = [{"url": recording, "type": "audio", "duration_s": length if length is not None else seconds}] if recording else []
    words = normal.clean_text(said.get("transcription") or said.get("conversational_transcript") or "", normal.LONGEST_MESSAGE)
    extra = {**(kept if isinstance(kept := told.get("extra"), dict) else {}), "duration_s": seconds}
    fields = {**told, "kind": "call", "channel": "call", "attachments": audio, "extra": extra}
    if _is_true(said.get("voicemail")):
        length = length if length is not None else seconds
        if length is None or length >= SHORTEST_VOICEMAIL:
            return {**fields, "event": "voicemail", "url": recording, "seconds": length, "message": words}
        return {**fields, "event": "missed_call", "reason": "hung up at the voicemail"}
    if _is_true(said.get("answered")):
        return {
            **fields,
            "event": "call_answered",
            "seconds": seconds,
            "answered_by": _who_answered(delivery, said),
            "message": words,
        }
    reason = normal.clean_line(said.get("call_type") or "", 40).replace("_", " ").lower()
    return {**fields, "event": "missed_call", "reason": reason or "no answer", "seconds": seconds}


def still_rings(said: Said) -> bool:
    """Pre-Call and Call Routing Complete tell of a call as if it were missed (answered false, no second long), before it is over.

    Only what is written when it is over has a recording, a transcript or where the caller came from, if only empty.
    """
    over = {"recording", "recording_duration", "transcription", "landing_page_url", "utm_source", "gclid", "changes"} & set(said)
    return (
        not over
        and not _seconds(said.get("duration"))
        and not _is_true(said.get("answered"))
        and not _is_true(said.get("voicemail"))
    )


def late(delivery: Delivery, said: Said, told: lead.Content) -> list[lead.Content]:
    """What was added to a voicemail after the webhook of its call: where it can be heard, and its words."""
    changes = said.get("changes")
    changed = {str(each).lower() for each in changes} if isinstance(changes, list) else set()
    heard = call(delivery, said, told)
    if heard["event"] != "voicemail":
        return []
    words = {**heard, "event": "voicemail_text", "part": ":words", "attachments": []}
    found = [{**heard, "part": ":recording", "message": ""}] if heard["url"] and changed & _RECORDED else []
    return [*found, words] if heard["message"] and changed & _WRITTEN else found


def text(delivery: Delivery, said: Said, told: lead.Content) -> lead.Content:
    """A text to a tracking number."""
    media, extra = said.get("media_urls"), told.get("extra")
    ours = _number(delivery, said, ("destination_number", *_OUR_NUMBERS))
    urls = [normal.clean_line(url, 1000) for url in media[:MOST_MEDIA]] if isinstance(media, list) else []
    return {
        **told,
        "event": "message",
        "kind": "message",
        "channel": "sms",
        "phone": _number(delivery, said, ("source_number", *_THEIR_NUMBERS)),
        "to": ours,
        "extra": {**(extra if isinstance(extra, dict) else {}), "tracking_number": ours},
        "message": normal.clean_text(said.get("content") or ""),
        "attachments": [{"url": url, "type": ""} for url in urls if url],
    }


def form(delivery: Delivery, said: Said, told: lead.Content) -> lead.Content:
    """A form on a tracked page. Its fields have the page's own names."""
    fields = Fields(_form_pairs(said.get("form_data")), delivery.source.fields)
    filled = fields.content(delivery.region, delivery.own_numbers)
    extra, more = told.get("extra"), filled.pop("extra", {})
    both = {**(extra if isinstance(extra, dict) else {}), **(more if isinstance(more, dict) else {})}
    email = normal.email(normal.clean_line(said.get("customer_email") or "", 254))
    known = {"phone": filled.get("phone") or told.get("phone"), "email": filled.get("email") or email}
    page = normal.clean_line(said.get("form_url") or "", 1000)
    tracked = lead.tracking(fields.tracked, page)
    return {
        **told,
        **filled,
        **known,
        **_completed(told, tracked),
        "event": "form",
        "kind": "form",
        "channel": "form",
        "extra": {**both, "page_url": page},
    }


def _completed(told: lead.Content, tracked: lead.Content) -> lead.Content:
    """utm and click ids that CallRail tells, with what only the form's own hidden fields and address do."""
    groups = {name: (told.get(name), tracked.get(name)) for name in ("utm", "click_ids")}
    return {
        name: {**(of_form if isinstance(of_form, dict) else {}), **(theirs if isinstance(theirs, dict) else {})}
        for name, (theirs, of_form) in groups.items()
    }


def _form_pairs(data: object) -> list[tuple[str, object]]:
    """The fields, whether they come as an object or as a list of {name, value}."""
    if isinstance(data, list):
        rows = [row for row in data if isinstance(row, dict)]
        return [(str(row.get("name") or row.get("label") or row.get("field") or ""), row.get("value")) for row in rows]
    return list(bodies.pairs_of(data))


def _who_answered(delivery: Delivery, said: Said) -> dict[str, str | None]:
    """At whose phone or desk it was answered, as far as it is told; whose that is, is known where the team is."""
    email = normal.email(normal.clean_line(said.get("agent_email") or "", 254))
    phone = _number(delivery, said, ("business_phone_number", "destinationnum"))
    return {"email": email, "phone": phone}


def _number(delivery: Delivery, said: Said, names: tuple[str, ...]) -> str | None:
    """The first that is one: CallRail masks some ("***3312")."""
    read = (normal.phone(normal.clean_line(said.get(name) or "", 60), delivery.region) for name in names)
    return next((number for number in read if number), None)


def _first(said: Said, names: tuple[str, ...]) -> object:
    return next((said[name] for name in names if said.get(name)), None)


def _plain(value: object) -> object:
    """A plain value as it is, a list as text; anything deeper says nothing."""
    if isinstance(value, bool | int | float):
        return value
    return ", ".join(normal.clean_line(each, 80) for each in value[:20]) if isinstance(value, list) else normal.clean_line(value)


def _seconds(value: object) -> int | None:
    """Whole seconds; numbers come as numbers and as text."""
    said = str(value).strip().partition(".")[0]
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


def _is_true(value: object) -> bool:
    return str(value).strip().lower() in _TRUE
