"""Texts and WhatsApp through Twilio's own SDK, over the kept-alive connections of this process.

Twilio has no idempotency key for messages: a 429 was never processed, a 5xx may have been. So what is in doubt is looked up.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.util import make_headers

from config.settings import Settings
from routing.sending import ACK, Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.outcomes import Ambiguous, Receipt, SendFailed
from workers.wire import Answer, Deadline, Wire, judge

log = structlog.get_logger(__name__)

HOST = "https://api.twilio.com"
ACK_VALID_SECONDS, STAFF_VALID_SECONDS = 300, 600  # Twilio's own default is 10 h: a text queued that long would be untrue
LIST_AT_MOST = 50
PREFIX = {"whatsapp": "whatsapp:"}
CLOCKS_MAY_DIFFER = timedelta(seconds=5)

# https://www.twilio.com/docs/api/errors
# of our number: not valid, not bought, not verified for calls, not able to text, another account's, not on WhatsApp
NO_SENDER_OF_OURS = frozenset({"21210", "21212", "21603", "21606", "21659", "21660", "63007"})
OPTED_OUT = frozenset({"21610"})
TAKES_NO_TEXTS = frozenset({"30005", "30006"})  # an unknown number, a landline
OUT_OF_REACH = frozenset({"30001", "30003", "30008"})  # queue overflow, unreachable handset, unknown: later it may arrive
FILTERED = frozenset({"30004", "30007"})
OUR_CONFIGURATION = frozenset({"20003", "20005", "21606", "21603", "21660", "21703", "30002", "30034", "63007"})


class _Call(HttpClient):  # type: ignore[misc]
    """What the SDK sends one request through: our pool and time-outs, our base address, and a last look at the clock."""

    def __init__(self, wire: Wire, base: str | None, deadline: Deadline | None) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False, None)
        self._wire, self._base, self._deadline = wire, base, deadline

    def request(self, method: str, url: str, **named: Any) -> Response:
        """One request, never retried. Raises workers.outcomes.NotAccepted for everything but a 2xx."""
        headers = {**(named.get("headers") or {}), **make_headers(basic_auth=":".join(named["auth"]))}
        body = urlencode(named.get("data") or {}, doseq=True).encode() if method == "POST" else None
        address = self._address(url, named.get("params"))
        answer = self._wire.request(method, address, body=body, headers=headers, deadline=self._deadline)
        _judge(answer)
        return Response(answer.status, answer.body.decode("utf-8", "replace"), dict(answer.headers))

    def _address(self, url: str, params: Mapping[str, object] | None) -> str:
        address = url.replace(HOST, self._base.rstrip("/"), 1) if self._base else url
        return f"{address}?{urlencode(params, doseq=True)}" if params else address


class Twilio:
    """Carries texts and WhatsApp messages."""

    provider = "twilio"
    channels: Sequence[str] = ("sms", "whatsapp")

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        _ = client(settings, wire, None).messages  # the SDK loads a module at first use: not while the first lead waits

    def send(self, parcel: Parcel) -> Receipt:
        """POST Messages.json; the message id rides along in the address of the delivery report."""
        return from_its_number(parcel.message, self._settings, lambda sender: self._create(parcel, sender))

    def _create(self, parcel: Parcel, sender: str) -> Receipt:
        message, by_service = parcel.message, sender.startswith("MG")
        try:
            made = client(self._settings, self._wire, parcel.deadline).messages.create(
                to=_to(message),
                **_content(parcel),
                status_callback=f"{self._settings.public_url}/receipts/twilio/{message.id}",
                validity_period=ACK_VALID_SECONDS if message.purpose == ACK else STAFF_VALID_SECONDS,
                **({"messaging_service_sid": sender} if by_service else {"from_": PREFIX.get(message.channel, "") + sender}),
            )
        except (TwilioException, ValueError, KeyError) as error:  # taken, but the answer cannot be read
            raise Ambiguous("the provider's answer cannot be read", code="unreadable", status=200) from error
        if not made.sid:
            raise Ambiguous("the provider's answer has no id", code="unreadable", status=200)
        return Receipt(self.provider, made.sid, 201)

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """The message with exactly these words to this number, made no earlier than the attempt. Of an approved template only the
        platform knows the words: the one that was made since then is taken for it.

        Asked by number only, newest first: a filter by DateSent could hide one that is still queued and has none yet.
        """
        listed = client(self._settings, self._wire, None).messages.list(
            to=_to(message), limit=LIST_AT_MOST, page_size=LIST_AT_MOST
        )
        for found in listed:
            is_it = is_template(message) or found.body == message.body
            if is_it and found.date_created and found.date_created >= since - CLOCKS_MAY_DIFFER:
                return Receipt(self.provider, found.sid)
        return None

    def meaning(self, code: str | None) -> Fault:
        """What the error code of a delivery report means for the next step."""
        if code in OPTED_OUT:
            return Fault.OPTED_OUT
        if code in TAKES_NO_TEXTS:
            return Fault.NO_TEXTS
        if code in OUT_OF_REACH:
            return Fault.UNREACHABLE
        if code in FILTERED:
            return Fault.FILTERED
        return Fault.CONFIGURATION if code in OUR_CONFIGURATION else Fault.PERMANENT

    def status_of(self, provider_id: str) -> tuple[str, str | None]:
        """What has become of a text by now, and the error code. Raises workers.outcomes.NotAccepted when it cannot be asked."""
        try:
            found = client(self._settings, self._wire, None).messages(provider_id).fetch()
        except (TwilioException, ValueError, KeyError) as error:
            raise Ambiguous("the provider's answer cannot be read", code="unreadable", status=200) from error
        return str(found.status).lower(), str(found.error_code) if found.error_code else None


def client(settings: Settings, wire: Wire, deadline: Deadline | None) -> Client:
    """Twilio's SDK on our own connections."""
    return Client(
        settings.twilio_account_sid,
        settings.twilio_tokens[0],
        http_client=_Call(wire, settings.twilio_api_url, deadline),
    )


def from_its_number(message: Claimed, settings: Settings, send: Callable[[str], Receipt]) -> Receipt:
    """Send from the number that the message names, else from the usual one. Raises workers.outcomes.NotAccepted.

    A number that Twilio does not let us send from (sold since, another account's) must neither stop the lane nor keep the person
    waiting: the usual one is used instead, and the operator hears of it.
    """
    number, usual = number_of(message), usual_of(message, settings)
    if not number or number == usual:
        return send(usual)
    try:
        return send(number)
    except SendFailed as refused:
        if refused.code not in NO_SENDER_OF_OURS:
            raise
        log.warning("number_refused", message=message.id, code=refused.code)
        problem = (
            f"Twilio does not let us write or call from {number} (error {refused.code}), so the usual number was used. Buy this one in "
            "the account of TWILIO_ACCOUNT_SID, or take it out of the team file and point its webhook elsewhere."
        )
        return replace(send(usual), problem=problem)


def number_of(message: Claimed) -> str:
    """Our number that the message is to come from, "" for the usual one; what is no number (another provider's account) is none."""
    named = message.fields.get("number" if message.channel == "call" else "from", "")
    return named if named.startswith("+") else ""


def usual_of(message: Claimed, settings: Settings) -> str:
    """The number (or messaging service) for everything that names none: a source of calls may have one of its own."""
    return message.fields.get("usual") or settings.twilio_from


def _to(message: Claimed) -> str:
    """WhatsApp's own ids are numbers without the plus that Twilio wants."""
    address = message.address
    if message.channel == "whatsapp" and address.isdigit():
        address = f"+{address}"
    return PREFIX.get(message.channel, "") + address


def _content(parcel: Parcel) -> dict[str, str]:
    """The words, or the approved template with its variables. Raises SendFailed for a template of another provider."""
    template = parcel.words.template
    if template is None:
        return {"body": parcel.words.body}
    if not template.sid:
        raise SendFailed("the template has no ContentSid: give its `sid` in the team file", code="template")
    values = json.dumps(dict(parcel.words.values), ensure_ascii=False)
    return {"content_sid": template.sid, **({"content_variables": values} if parcel.words.values else {})}


def is_template(message: Claimed) -> bool:
    """Did it go as an approved template? Then its name stands where a mail has its subject."""
    return message.channel == "whatsapp" and bool(message.subject)


def _judge(answer: Answer) -> None:
    """Raises for everything but a 2xx."""
    if 200 <= answer.status < 300:
        return
    said = answer.json()
    code = str(said["code"]) if "code" in said else None
    reason = f"Twilio error {code or answer.status}"
    if code in OPTED_OUT:
        raise SendFailed(reason, code=code, status=answer.status, opted_out=True)
    if code in OUR_CONFIGURATION:
        raise SendFailed(reason, code=code, status=answer.status, configuration=True)
    judge(answer, code=code, reason=reason)


def make(settings: Settings, wire: Wire) -> Twilio | None:
    """Only with an account."""
    return Twilio(settings, wire) if settings.has_twilio else None
