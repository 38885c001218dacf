"""A Telegram bot: what people write to it. Their phone number is known only when they share their own contact."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from config import lead, normal
from store.advance import After
from store.inbox import Received, Recorded
from webhooks.answers import Answer
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable
from webhooks.example import Example

TOKEN_HEADER = "x-telegram-bot-api-secret-token"


def _sign(_url: str, _body: bytes, secret: str, _now: datetime) -> Mapping[str, str]:
    return {TOKEN_HEADER: secret}


EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"update_id": 824000014, "message": {"message_id": 11, "from": {"id": 987654321, "is_bot": false, "first_name": "Olga", '
    b'"last_name": "K", "username": "olgak", "language_code": "uk"}, "chat": {"id": 987654321, "first_name": "Olga", '
    b'"type": "private"}, "date": 1697043223, "text": "Do you install heat pumps?"}}',
    secret="a_token-of-the-example",
    sign=_sign,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json"})
DOCS = SourceDocs(
    vendor="Telegram bot",
    verified_by="X-Telegram-Bot-Api-Secret-Token, the token given to setWebhook",
    answers="200 at once",
    retries="Repeated until it is answered 2xx, for about a day",
    key="update_id",
    mapped="Text or caption to message; name, language and chat; a shared contact's number to phone when it is the sender's own; "
    "`/start <ref>` to the campaign's ref; photos and files as attachments by their file id",
    at_vendor=(
        "Talk to @BotFather, /newbot, and keep the bot's token: set it as TELEGRAM_TOKEN, so that Headroom can answer",
        "Make up a token of letters, digits, _ and - and set it as the source's `secret`",
        "Call https://api.telegram.org/bot<token>/setWebhook with url=`https://<your Headroom>/webhooks/<source id>` and "
        "secret_token=that token (ports 443, 80, 88 or 8443)",
    ),
)
KEEPS_UNREADABLE = True  # a refused update is repeated for a day and holds back those behind it
_FILES = ("photo", "document", "video", "voice", "audio", "video_note", "animation", "sticker")


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    where, given = "the X-Telegram-Bot-Api-Secret-Token header", delivery.headers.get(TOKEN_HEADER, "")
    if not given:
        raise NotSigned("The token is missing", where=where, mend="Give setWebhook a secret_token.")
    token = given.encode("utf-8", "replace")
    if not any(hmac.compare_digest(token, secret.encode()) for secret in secrets):
        raise NotGenuine("The token is wrong", where=where, mend="Set the source's secret to setWebhook's secret_token.")


def parse(delivery: Delivery) -> list[Received]:
    """One message of a person. Edits, channel posts, groups, other bots and membership changes give none. Raises Unreadable."""
    update = delivery.json_object
    update_id = normal.identifier(update.get("update_id"))
    if not update_id:
        raise Unreadable("There is no update_id", where="the body", mend="Only Telegram may call this address.")
    message = _message(update)
    content = _content(delivery, update_id, message) if message else None
    if not content:
        return []
    kept = (delivery.body, delivery.kept_headers, delivery.received_at)
    return [Received(delivery.source.id, f"telegram:{update_id}", "message", content, *kept)]


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """An empty 200: a body would be taken as a call of the bot's own."""
    return Answer(200)


def _message(update: Mapping[str, object]) -> Mapping[str, object]:
    """What was said: a message, or a pressed button as one."""
    pressed = _object(update, "callback_query")
    if pressed:
        said = _object(pressed, "message")
        return {"from": pressed.get("from"), "chat": said.get("chat"), "date": "", "text": pressed.get("data")}
    return _object(update, "message")


def _content(delivery: Delivery, update_id: str, message: Mapping[str, object]) -> lead.Content | None:
    sender, chat, contact = (_object(message, key) for key in ("from", "chat", "contact"))
    user_id, chat_id = normal.identifier(sender.get("id")), normal.identifier(chat.get("id"))
    if not user_id or not chat_id or sender.get("is_bot") or chat.get("type", "private") != "private":
        return None
    text = normal.clean_text(message.get("text") or message.get("caption") or "", normal.LONGEST_MESSAGE)
    phone = _own_phone(delivery, contact, user_id)
    attachments, words = _attachments(message), text or _in_words(contact, phone, message)
    if not (words or attachments):
        return None
    first, last = (normal.clean_line(sender.get(key) or "", normal.LONGEST_NAME) for key in ("first_name", "last_name"))
    return lead.common_lead(
        external_id=f"telegram:{update_id}",
        kind="message",
        channel="telegram",
        name=lead.full_name("", first, last),
        first_name=first,
        last_name=last,
        phone=phone,
        message=words,
        handles={"telegram": chat_id},
        campaign={"ref": _start(text)},
        locale=normal.clean_line(sender.get("language_code") or "", 35),
        submitted_at=normal.instant(message.get("date", "")),
        attachments=attachments,
        is_test=False,
        extra={
            "chat_id": chat.get("id"),
            "username": normal.clean_line(sender.get("username") or "", 64),
            **_shared(contact, phone),
        },
    )


def _own_phone(delivery: Delivery, contact: Mapping[str, object], user_id: str) -> str | None:
    """The sender's number, if it is their own card that they share. Telegram writes numbers with and without the plus."""
    if not contact or normal.identifier(contact.get("user_id")) != user_id:
        return None
    bare = normal.identifier(contact.get("phone_number"))
    return normal.phone(bare if bare.startswith("+") else f"+{bare}", delivery.region) or normal.phone(bare, delivery.region)


def _shared(contact: Mapping[str, object], phone: str | None) -> dict[str, str]:
    """Somebody else's card is not the sender's number, but a rep may want to see it."""
    return {"shared_contact": normal.identifier(contact.get("phone_number"))} if contact and not phone else {}


def _in_words(contact: Mapping[str, object], phone: str | None, message: Mapping[str, object]) -> str:
    """What was sent instead of words; "" for what Telegram itself tells of the chat."""
    if contact:
        return "Shared their phone number." if phone else "Shared somebody's contact."
    venue, place = _object(message, "venue"), _object(message, "location")
    said = normal.shared_place(place.get("latitude"), place.get("longitude"), venue.get("title"), venue.get("address"))
    told = (
        _object(message, "dice").get("emoji")
        or _object(message, "web_app_data").get("data")
        or _object(message, "poll").get("question")
    )
    return said or normal.clean_text(told or "") or ("Sent a story." if message.get("story") else "")


def _start(text: str) -> str:
    """`/start <ref>`: what the link t.me/<bot>?start=<ref> carried."""
    command, _, ref = text.partition(" ")
    return normal.clean_line(ref, 64) if command.partition("@")[0] == "/start" else ""


def _attachments(message: Mapping[str, object]) -> list[dict[str, str]]:
    found = []
    for kind in _FILES:
        value = message.get(kind)
        largest = value[-1] if isinstance(value, list) and value else value
        if isinstance(largest, dict) and largest.get("file_id"):
            name = normal.clean_line(largest.get("file_name") or "", 200)
            found.append(
                {"type": kind, "file_id": normal.clean_line(largest["file_id"], 200), **({"name": name} if name else {})}
            )
    return found


def _object(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
