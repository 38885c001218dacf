"""Messenger's and Instagram's messages as common leads. None: says nothing new."""

from collections.abc import Mapping

from config import lead, normal

DUMMY = "<test lead: dummy data"
SAMPLE_ENTRY, SAMPLE_SENDER = "0", "12334"  # of what the app dashboard's test buttons send
MOST_ATTACHMENTS = 10

Object = Mapping[str, object]


def direct(kind: str, entry: Object, update: Object) -> lead.Content | None:
    """A message or a pressed button. Our own echoes, receipts, reactions, edits and deletions are nothing; nor is what has no sender."""
    message, postback = inner(update, "message"), inner(update, "postback")
    sender, recipient = (normal.identifier(inner(update, name).get("id")) for name in ("sender", "recipient"))
    own = normal.identifier(entry.get("id")) or recipient
    if not sender or sender == own or not (message or postback) or message.get("is_echo") or message.get("is_deleted"):
        return None
    attachments = _attachments(message)
    text = normal.clean_text(message.get("text") or postback.get("title") or "", normal.LONGEST_MESSAGE) or _in_words(message)
    if not text and not attachments:
        return None
    channel = "instagram" if kind == "instagram" else "messenger"
    mid = normal.identifier((message or postback).get("mid")) or f"{sender}:{normal.identifier(update.get('timestamp'))}"
    referral = next((found for where in (message, postback, update) if (found := inner(where, "referral"))), {})
    page = normal.clean_line(referral.get("referer_uri") or "", 1000)
    return lead.common_lead(
        external_id=f"{channel}:{mid}",
        kind="message",
        channel=channel,
        message=text,
        handles={channel: sender},
        campaign=_campaign(referral),
        **lead.tracking({}, page),
        submitted_at=normal.instant(update.get("timestamp", "")),
        attachments=attachments,
        is_test=DUMMY in text or entry.get("id") == SAMPLE_ENTRY or sender == SAMPLE_SENDER,
        extra={
            **_ids(channel, sender, own if own != SAMPLE_ENTRY else recipient),
            **_answers_to(message),
            "payload": normal.clean_line(postback.get("payload") or inner(message, "quick_reply").get("payload") or ""),
            "referral_source": normal.clean_line(referral.get("source") or "", 80),
            "page_url": page,
        },
    )


def inner(value: Object, key: str) -> Object:
    """The object under a key; empty where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def objects(value: object) -> list[dict[str, object]]:
    """The objects of a list; what is none is left out."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _in_words(message: Object) -> str:
    """What cannot be shown as an address: a place, a link without one, what the platform does not hand over."""
    if message.get("is_unsupported"):
        return "Sent something that can only be seen in their app."
    return next((said for each in objects(message.get("attachments")) if not _url(each) and (said := _described(each))), "")


def _described(attachment: Object) -> str:
    where = inner(inner(attachment, "payload"), "coordinates")
    title = normal.clean_line(attachment.get("title") or inner(attachment, "payload").get("title") or "", 200)
    place = normal.shared_place(where.get("lat"), where.get("long"))
    kind = normal.clean_line(attachment.get("type") or "", 40).replace("_", " ")
    return place or title or (f"Sent: {kind}" if kind else "")


def _attachments(message: Object) -> list[dict[str, str]]:
    found = []
    for each in objects(message.get("attachments")):
        title = normal.clean_line(each.get("title") or inner(each, "payload").get("title") or "", 200)
        if url := _url(each):
            found.append(
                {"url": url, "type": normal.clean_line(each.get("type") or "", 40), **({"name": title} if title else {})}
            )
    return found[:MOST_ATTACHMENTS]


def _url(attachment: Object) -> str:
    """Shared links have theirs beside the payload."""
    return normal.clean_line(inner(attachment, "payload").get("url") or attachment.get("url") or "", 1000)


def _answers_to(message: Object) -> dict[str, str]:
    """The message or the story of ours that this one answers."""
    answered = inner(message, "reply_to")
    return {
        "reply_to": normal.identifier(answered.get("mid")),
        "story_url": normal.clean_line(inner(answered, "story").get("url") or "", 1000),
    }


def _ids(channel: str, sender: str, own: str) -> dict[str, str]:
    return {"igsid": sender, "ig_account": own} if channel == "instagram" else {"psid": sender, "page_id": own}


def _campaign(referral: Object) -> dict[str, str]:
    title = normal.clean_line(inner(referral, "ads_context_data").get("ad_title") or "")
    return {"ad_id": normal.identifier(referral.get("ad_id")), "ref": normal.identifier(referral.get("ref")), "headline": title}
