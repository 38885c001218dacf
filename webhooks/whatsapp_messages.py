"""WhatsApp Cloud's messages as common leads, and what becomes of ours. None: says nothing new.

Newer senders may have a business-scoped `user_id` ("US.1349...") and no number: they are known by it alone.
"""

from collections.abc import Mapping

from config import lead, normal
from config.fields import Fields
from webhooks import bodies
from webhooks.errors import Unreadable
from webhooks.meta_messages import SAMPLE_ENTRY, Object, inner, objects

_CAPTIONED = ("image", "video", "document")
_MEDIA = frozenset({*_CAPTIONED, "audio", "sticker"})
# reactions, changes of what was said before, and what the platform itself says: nobody's new words
_NO_WORDS = frozenset({"reaction", "system", "edit", "revoke", "request_welcome"})
_OF_THE_FORM = frozenset({"flow_token", "flow_name"})
_STATUSES = frozenset({"sent", "delivered", "read", "failed"})


def status(value: Object, update: Object) -> lead.Content | None:
    """What became of a message of ours: sent, delivered, read or failed, with the first error."""
    message_id, said = normal.identifier(update.get("id")), normal.identifier(update.get("status")).lower()
    if not message_id or said not in _STATUSES:
        return None
    first = next(iter(objects(update.get("errors"))), {})
    code = normal.identifier(first.get("code"))
    return lead.common_lead(
        external_id=f"whatsapp:{message_id}:{said}",
        channel="whatsapp",
        phone=_phone(normal.identifier(update.get("recipient_id"))),
        provider="meta_whatsapp",
        provider_id=message_id,
        status=said,
        code=code,
        reason=normal.clean_line(first.get("title") or first.get("message") or ""),
        submitted_at=normal.instant(update.get("timestamp", "")),
        is_test=False,
        extra={
            "status": said,
            "error_code": code,
            "phone_number_id": normal.identifier(inner(value, "metadata").get("phone_number_id")),
        },
    )


def message(value: Object, update: Object, *, entry: Object, region: str) -> lead.Content | None:
    """One message to one of our numbers. `region` is how the numbers in a form's answers are read."""
    message_id, sender = normal.identifier(update.get("id")), normal.identifier(update.get("from"))
    contact = _contact(value, sender)
    user_id = normal.identifier(contact.get("user_id") or update.get("from_user_id"))
    ours = _digits(normal.identifier(inner(value, "metadata").get("display_phone_number")))
    if not message_id or not (sender or user_id) or str(update.get("type")) in _NO_WORDS or (ours and ours == _digits(sender)):
        return None
    referral = inner(update, "referral")
    page = normal.clean_line(referral.get("source_url") or "", 1000)
    phone = _phone(sender) or _phone(normal.identifier(contact.get("wa_id")))
    told = _told(update, phone, region)
    return lead.common_lead(
        **{
            "external_id": f"whatsapp:{message_id}",
            "kind": "message",
            "channel": "whatsapp",
            "name": normal.clean_line(inner(contact, "profile").get("name") or "", normal.LONGEST_NAME),
            "phone": phone,
            "to": _phone(ours),
            "message": _words(update),
            "handles": {"whatsapp": sender or user_id, "whatsapp_user": user_id},
            "campaign": {
                "ad_id": normal.identifier(referral.get("source_id")),
                "headline": normal.clean_line(referral.get("headline") or ""),
            },
            **lead.tracking({"ctwa_clid": normal.identifier(referral.get("ctwa_clid"))}, page),
            "submitted_at": normal.instant(update.get("timestamp", "")),
            "attachments": _media(update),
            "is_test": entry.get("id") == SAMPLE_ENTRY,
            **told,
            "extra": {**_about(value, update, contact, page), "user_id": user_id, **_more(told)},
        }
    )


def _about(value: Object, update: Object, contact: Object, page: str) -> dict[str, object]:
    chosen = inner(update, "interactive")
    answered = inner(chosen, "button_reply") or inner(chosen, "list_reply")
    return {
        "phone_number_id": normal.identifier(inner(value, "metadata").get("phone_number_id")),
        "username": normal.clean_line(inner(contact, "profile").get("username") or contact.get("username") or "", 80),
        "payload": normal.clean_line(inner(update, "button").get("payload") or answered.get("id") or ""),
        "reply_to": normal.identifier(inner(update, "context").get("id")),
        "referral_type": normal.clean_line(inner(update, "referral").get("source_type") or "", 40),
        "page_url": page,
    }


def _words(update: Object) -> str:
    """What was said, or what was sent instead of words."""
    kind = str(update.get("type") or "")
    text = inner(update, "text").get("body") or inner(update, "button").get("text")
    caption = next((said for name in _CAPTIONED if (said := inner(update, name).get("caption"))), "")
    return normal.clean_text(text or caption, normal.LONGEST_MESSAGE) or _chosen(update) or _described(kind, update)


def _chosen(update: Object) -> str:
    """A pressed button, a line of a list with what stands under it, or a form filled in."""
    chosen = inner(update, "interactive")
    button, line, form = (inner(chosen, name) for name in ("button_reply", "list_reply", "nfm_reply"))
    parts = [normal.clean_text(each or "") for each in (button.get("title") or line.get("title"), line.get("description"))]
    return " - ".join(part for part in parts if part) or ("Filled in a form." if form else "")


def _described(kind: str, update: Object) -> str:
    if kind in _MEDIA and _media(update):
        return ""
    where, order = inner(update, "location"), inner(update, "order")
    if where:
        return normal.shared_place(where.get("latitude"), where.get("longitude"), where.get("name"), where.get("address"))
    if cards := objects(update.get("contacts")):
        return "; ".join(_card(each) for each in cards[:5])
    if order:
        items = objects(order.get("product_items"))
        ordered = ", ".join(
            f"{each.get('quantity', 1)} x {normal.clean_line(each.get('product_retailer_id') or '', 80)}" for each in items[:20]
        )
        return normal.clean_text(f"{normal.clean_text(order.get('text') or '')}\nOrdered: {ordered}".strip())  # fmt: skip
    return "Sent something that can only be seen in WhatsApp."


def _card(contact: Object) -> str:
    name = normal.clean_line(inner(contact, "name").get("formatted_name") or "", normal.LONGEST_NAME)
    numbers = [normal.clean_line(each.get("phone") or "", 40) for each in objects(contact.get("phones"))[:3]]
    return f"Shared a contact: {', '.join(each for each in (name, *numbers) if each)}"


def _told(update: Object, phone: str | None, region: str) -> lead.Content:
    """The answers of a form inside WhatsApp (a flow), which asks for whatever its owner likes. The number they write from stays theirs."""
    answers = inner(inner(update, "interactive"), "nfm_reply").get("response_json")
    try:
        said = bodies.read_json(answers.encode("utf-8", "replace")) if isinstance(answers, str) else {}
    except Unreadable:
        return {}
    pairs = [(name.rpartition(".")[2], each) for name, each in bodies.pairs_of(said)]
    filled = Fields([(name, each) for name, each in pairs if name not in _OF_THE_FORM], {}).content(region)
    if phone and (other := filled.pop("phone", None)) not in (None, phone):
        filled["extra"] = {**_more(filled), "phone_as_typed": other}
    return filled


def _more(told: lead.Content) -> Mapping[str, object]:
    found = told.get("extra")
    return found if isinstance(found, dict) else {}


def _media(update: Object) -> list[dict[str, str]]:
    """What was sent along, by its id: it is fetched from the Graph API by whoever wants to see it."""
    kind = str(update.get("type") or "")
    media = inner(update, kind)
    if kind not in _MEDIA or not media.get("id"):
        return []
    told = {"url": media.get("url"), "media_id": media.get("id"), "mime": media.get("mime_type"), "name": media.get("filename")}
    return [{"type": kind, **{key: normal.clean_line(each, 1000) for key, each in told.items() if each}}]


def _contact(value: Object, sender: str) -> Object:
    known = objects(value.get("contacts"))
    named = (each for each in known if sender and normal.identifier(each.get("wa_id")) == sender)
    return next(named, known[0] if len(known) == 1 else {})


def _phone(digits: str) -> str | None:
    """WhatsApp's numbers are E.164 without the plus; an id with letters is none."""
    bare = _digits(digits)
    return normal.phone(f"+{bare}", "ZZ") if bare else None


def _digits(number: str) -> str:
    bare = "".join(char for char in number if char not in "+ -()")
    return bare if bare.isascii() and bare.isdigit() else ""
