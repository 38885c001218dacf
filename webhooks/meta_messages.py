"""Meta's messages as common leads: Messenger and Instagram (`direct`), WhatsApp Cloud (`whatsapp`). None: says nothing new."""

from collections.abc import Mapping

from config import lead, normal

_DUMMY = "<test lead: dummy data"
_WHATSAPP_TEXTS = (("text", "body"), ("button", "text"), ("image", "caption"), ("video", "caption"), ("document", "caption"))

Object = Mapping[str, object]


def direct(kind: str, entry: Object, update: Object) -> lead.Content | None:
    """A message or a pressed button. Our own echoes, receipts and reactions are nothing; so is what has no sender."""
    message, postback = _object(update, "message"), _object(update, "postback")
    sender = normal.identifier(_object(update, "sender").get("id"))
    if not sender or not (message or postback) or message.get("is_echo"):
        return None
    channel = "instagram" if kind == "instagram" else "messenger"
    own = normal.identifier(entry.get("id")) or normal.identifier(_object(update, "recipient").get("id"))
    text = normal.clean_text(message.get("text") or postback.get("title") or "")
    attachments = _attachments(message)
    if not text and not attachments:
        return None
    mid = normal.identifier((message or postback).get("mid")) or f"{sender}:{normal.identifier(update.get('timestamp'))}"
    return lead.common_lead(
        external_id=f"{channel}:{mid}",
        kind="message",
        channel=channel,
        message=text,
        handles={channel: sender},
        campaign=_campaign(_object(message, "referral") or _object(postback, "referral") or _object(update, "referral")),
        submitted_at=normal.instant(update.get("timestamp", "")),
        attachments=attachments,
        is_test=_DUMMY in text,
        extra={**_ids(channel, sender, own), "payload": normal.clean_line(postback.get("payload") or "")},
    )


def status(update: Object) -> lead.Content | None:
    """What became of a message of ours by WhatsApp: sent, delivered, read or failed, with the first error."""
    message_id, said = normal.identifier(update.get("id")), normal.identifier(update.get("status")).lower()
    if not message_id or said not in ("sent", "delivered", "read", "failed"):
        return None
    errors = update.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return lead.common_lead(
        external_id=f"whatsapp_status:{message_id}:{said}",
        provider="whatsapp",
        provider_id=message_id,
        status=said,
        code=normal.identifier(first.get("code")),
        reason=normal.clean_line(first.get("title") or ""),
        submitted_at=normal.instant(update.get("timestamp", "")),
        is_test=False,
    )


def whatsapp(value: Object, message: Object) -> lead.Content | None:
    """A message through the WhatsApp Cloud API. Newer senders may have a `user_id` and no number."""
    message_id, sender = normal.identifier(message.get("id")), normal.identifier(message.get("from"))
    contact = _contact(value, sender)
    user_id = normal.identifier(contact.get("user_id") or message.get("from_user_id"))
    if not message_id or not (sender or user_id) or message.get("type") == "reaction":
        return None
    metadata, referral = _object(value, "metadata"), _object(message, "referral")
    return lead.common_lead(
        external_id=f"whatsapp:{message_id}",
        kind="message",
        channel="whatsapp",
        name=normal.clean_line(_object(contact, "profile").get("name") or "", normal.LONGEST_NAME),
        phone=_plus(sender),
        to=_plus(normal.identifier(metadata.get("display_phone_number"))),
        message=_whatsapp_text(message),
        handles={"whatsapp": sender or user_id},
        campaign={
            "ad_id": normal.identifier(referral.get("source_id")),
            "headline": normal.clean_line(referral.get("headline") or ""),
        },
        click_ids={"ctwa_clid": normal.identifier(referral.get("ctwa_clid"))},
        submitted_at=normal.instant(message.get("timestamp", "")),
        attachments=_whatsapp_media(message),
        is_test=False,
        extra={"phone_number_id": normal.identifier(metadata.get("phone_number_id")), "user_id": user_id},
    )


def _plus(digits: str) -> str | None:
    """WhatsApp's numbers are E.164 without the plus."""
    bare = "".join(char for char in digits if char.isdigit())
    return normal.phone(f"+{bare}", "ZZ") if bare else None


def _whatsapp_text(message: Object) -> str:
    for kind, key in _WHATSAPP_TEXTS:
        text = _object(message, kind).get(key)
        if isinstance(text, str):
            return normal.clean_text(text)
    chosen = _object(message, "interactive")
    title = (_object(chosen, "button_reply") or _object(chosen, "list_reply")).get("title")
    return normal.clean_text(title or "")


def _whatsapp_media(message: Object) -> list[dict[str, str]]:
    """What was sent along, by its id: it is fetched from the Graph API by whoever wants to see it."""
    kind = str(message.get("type") or "")
    media = _object(message, kind)
    if kind not in ("image", "audio", "video", "document", "sticker") or not media.get("id"):
        return []
    told = {"media_id": media.get("id"), "mime": media.get("mime_type"), "name": media.get("filename")}
    return [{"type": kind, **{key: normal.clean_line(value, 200) for key, value in told.items() if value}}]


def _contact(value: Object, sender: str) -> Object:
    contacts = value.get("contacts")
    known = [each for each in contacts if isinstance(each, dict)] if isinstance(contacts, list) else []
    return next((each for each in known if normal.identifier(each.get("wa_id")) == sender), known[0] if len(known) == 1 else {})


def _ids(channel: str, sender: str, own: str) -> dict[str, str]:
    return {"igsid": sender, "ig_account": own} if channel == "instagram" else {"psid": sender, "page_id": own}


def _campaign(referral: Object) -> dict[str, str]:
    title = normal.clean_line(_object(referral, "ads_context_data").get("ad_title") or "")
    return {"ad_id": normal.identifier(referral.get("ad_id")), "ref": normal.identifier(referral.get("ref")), "headline": title}


def _attachments(message: Object) -> list[dict[str, str]]:
    found = message.get("attachments")
    each = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    pairs = [
        (normal.clean_line(_object(item, "payload").get("url") or "", 1000), normal.clean_line(item.get("type") or "", 40))
        for item in each
    ]
    return [{"url": url, "type": kind} for url, kind in pairs[:10] if url]


def _object(value: Object, key: str) -> Object:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
