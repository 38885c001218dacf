"""Delivery reports of the providers: verified, written down by their own key, applied by rank where messages are known."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from flask import Blueprint, Response, request

from config import clock, normal
from config.settings import Settings
from store.receipts import Report
from webhooks import receiving, signatures
from webhooks.answers import Answer
from webhooks.bodies import LARGEST_BATCH, read_form, read_json
from webhooks.errors import NotGenuine, NotRecorded, NotSigned, Refused, Unknown, Unreadable, WrongMethod
from webhooks.receiving import METHODS, RETRY

log = structlog.get_logger("webhooks")
_SENDGRID_STATUS = {  # in the words of routing.sending; opens and clicks say nothing: privacy proxies open every mail
    "processed": "sending", "deferred": "deferred", "delivered": "delivered", "bounce": "undelivered", "dropped": "failed",
    "spamreport": "opted_out", "unsubscribe": "opted_out", "group_unsubscribe": "opted_out", "group_resubscribe": "opted_in",
}  # fmt: skip
_DROPPED = {"unsubscribed address": "unsubscribe", "spam reporting address": "spamreport"}  # why SendGrid itself held a mail back
Receive = Callable[[Sequence[Report], datetime], object]


def add_routes(made: Blueprint, settings: Settings, receive: Receive, ring: Callable[[], None]) -> None:
    """POST /receipts/twilio/<message id> and /receipts/sendgrid."""

    def twilio_receipt(message_id: str) -> Response:
        return _take(lambda: _twilio(settings, message_id), receive, ring)

    def sendgrid_receipts() -> Response:
        return _take(lambda: _sendgrid(settings), receive, ring)

    for rule, view in (("/receipts/twilio/<message_id>", twilio_receipt), ("/receipts/sendgrid", sendgrid_receipts)):
        made.add_url_rule(rule, view_func=view, methods=METHODS, provide_automatic_options=False)


def _take(read: Callable[[], list[Report]], receive: Receive, ring: Callable[[], None]) -> Response:
    try:
        if request.method != "POST":
            raise WrongMethod("Receipts are posted", where="the method", mend="Use POST.", headers=(("Allow", "POST"),))
        _keep(read(), receive)
    except Refused as refused:
        log.info("receipt_refused", status=refused.status, what=refused.what)
        return receiving.response(receiving.refusal(refused))
    ring()
    return receiving.response(Answer(204))


def _keep(reports: list[Report], receive: Receive) -> None:
    try:
        receive(reports, clock.now())
    except Exception as error:
        log.error("receipts_not_recorded", reports=len(reports), exc_info=error)
        raise NotRecorded("It could not be written down", where="our database", mend="Send it again.", headers=RETRY) from error


def _twilio(settings: Settings, message_id: str) -> list[Report]:
    body = receiving.raw_body(request)
    form = read_form(body, request.content_type or "")
    url, signature = receiving.public_url(request, settings.public_url), request.headers.get("X-Twilio-Signature", "")
    if not signature:
        mend = "Only Twilio may call this address."
        raise NotSigned("The signature is missing", where="the X-Twilio-Signature header", mend=mend)
    if not signatures.is_twilios(url, form, signature, settings.twilio_tokens):
        raise NotGenuine(
            "The signature is wrong", where="the X-Twilio-Signature header", mend="Check TWILIO_AUTH_TOKEN and PUBLIC_URL."
        )
    if settings.given_twilio_sid and form.get("AccountSid", settings.given_twilio_sid) != settings.given_twilio_sid:
        raise NotGenuine("This is another account's message", where="AccountSid", mend="Check TWILIO_ACCOUNT_SID.")
    number = _message_number(message_id)
    if number is None:
        raise Unknown("There is no such message", where="the address")
    sid = normal.identifier(form.get("MessageSid", "") or form.get("SmsSid", ""))
    status = normal.identifier(form.get("MessageStatus", "") or form.get("SmsStatus", "")).lower()
    if not sid or not status:
        raise Unreadable("MessageSid or MessageStatus is missing", where="the form")
    code = normal.identifier(form.get("ErrorCode", "")) or None
    return [Report("twilio", f"{sid}:{status}", status, number, sid, code, _kept(form))]


def _sendgrid(settings: Settings) -> list[Report]:
    body, headers = receiving.raw_body(request, LARGEST_BATCH), request.headers
    signature = headers.get("X-Twilio-Email-Event-Webhook-Signature", "")
    timestamp, key = headers.get("X-Twilio-Email-Event-Webhook-Timestamp", ""), settings.sendgrid_webhook_key
    if not signature or not timestamp:
        raise NotSigned("The signature is missing", where="the headers", mend="Turn on the signed event webhook in SendGrid.")
    if not any(signatures.is_sendgrids(body, signature, timestamp, each.strip()) for each in (key or "").split(",")):
        raise NotGenuine(
            "The signature is wrong", where="the headers", mend="Set SENDGRID_WEBHOOK_KEY to the webhook's public key."
        )
    events = read_json(body)
    if not isinstance(events, list):
        raise Unreadable("The JSON is not a list of events", where="the body")
    return [report for event in events if isinstance(event, dict) and (report := _sendgrid_report(event))]


def _sendgrid_report(event: Mapping[str, object]) -> Report | None:
    """One event; None for what says nothing of a mail's arrival. Joined by the id we sent along, not by SendGrid's own."""
    key, name = normal.identifier(event.get("sg_event_id")), normal.identifier(event.get("event"))
    status = _SENDGRID_STATUS.get(name)
    if not key or not status:
        return None
    provider_id = normal.identifier(event.get("sg_message_id")).partition(".")[0] or None
    message_id = _message_number(normal.identifier(event.get("headroom_message_id") or event.get("message_id")))
    code = _sendgrid_code(event, name) if status in ("undelivered", "failed", "opted_out", "opted_in") else None
    return Report("sendgrid", key, status, message_id, provider_id, code, _kept(event))


def _sendgrid_code(event: Mapping[str, object], name: str) -> str:
    """What kind of failure or wish it was: a bounce's type, the list a dropped mail's address is on, else the event's name."""
    if name == "dropped":
        return _DROPPED.get(normal.clean_line(event.get("reason")).lower(), name)
    return normal.identifier(event.get("type")) or name if name == "bounce" else name


def _kept(said: Mapping[str, object]) -> dict[str, object]:
    return {normal.clean_line(name, 80): normal.clean_line(value) for name, value in list(said.items())[:60]}


def _message_number(text: str) -> int | None:
    """The outbox row's id; what is none of ours is None."""
    digits = text.removeprefix("out_")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None
