"""Slack: offers with Accept and Pass, alarms with a button to acknowledge, changed in place when they are over.

A message carries our id as metadata, so one in doubt is found again in the channel's history, where the app may read it. What a
stranger wrote is plain text there: no markup, no mention, no unfurled link. Buttons come back through webhooks/sources/slack.py.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from config import clock
from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.outcomes import Ambiguous, NotProcessed, NotSent, Receipt, SendFailed
from workers.render import link_of
from workers.wire import Answer, Deadline, Wire, judge, retry_after

HOST, HOOKS = "https://slack.com", "https://hooks.slack.com"
LONGEST = 2_900  # characters of a section; Slack takes 3,000
CLOCKS_MAY_DIFFER = timedelta(seconds=5)
REPLACES = frozenset({"accepted", "withdrawn", "moved_on", "too_late", "on_it", "gone"})  # stand where the offer or alarm stood
ONLY_IN_PLACE = frozenset({"on_it", "gone"})  # where there is nothing to change, there is nothing to say
OURS = "headroom_message"

# https://docs.slack.dev/reference/methods/chat.postMessage and the errors of all methods
OUR_CONFIGURATION = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "org_login_required",
     "not_allowed_token_type", "no_permission", "ekm_access_denied", "team_access_not_granted", "access_denied"}
)  # fmt: skip
TRY_LATER = frozenset({"ratelimited", "rate_limited"})
WHO_KNOWS = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
CANNOT_READ = frozenset({"missing_scope", "channel_not_found", "not_in_channel", "not_allowed_token_type"})


class Slack:
    """Carries messages to staff."""

    provider = "slack"
    channels: Sequence[str] = ("slack",)

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings, self._wire = settings, wire

    def send(self, parcel: Parcel) -> Receipt:
        """Post it, change the offer it is about, or answer whoever pressed a button where Slack said to."""
        message, said = parcel.message, content(parcel, self._settings)
        if message.address.startswith(f"{HOOKS}/"):
            return self._answer(parcel)
        place = place_of(message)
        if waits(message):
            raise NotSent("the offer that it takes the place of is still on its way", code="late")  # again in a second
        if message.template in ONLY_IN_PLACE and not place:
            return Receipt(self.provider, None)
        if place:
            channel, _, ts = place.partition(":")
            answer = self._call("chat.update", {"channel": channel, "ts": ts, **said}, parcel.deadline)
        else:
            about = {
                "metadata": {"event_type": OURS, "event_payload": {"id": message.id}},
                "unfurl_links": False,
                "unfurl_media": False,
            }
            answer = self._call("chat.postMessage", {"channel": message.address, **said, **about}, parcel.deadline)
        if not answer.get("ts"):
            raise Ambiguous("Slack's answer has no ts", code="unreadable", status=200)
        return Receipt(self.provider, f"{answer.get('channel')}:{answer['ts']}")

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """The message with our id in the channel's history. Changing one twice is harmless, so that is not looked up."""
        if message.address.startswith(HOOKS) or place_of(message):
            return None
        try:
            channel = self._channel_of(message.address)
            oldest = str((since - CLOCKS_MAY_DIFFER).timestamp())
            asked = {"channel": channel, "oldest": oldest, "limit": "100", "include_all_metadata": "true"}
            listed = self._call("conversations.history", asked, None, as_form=True).get("messages")
        except SendFailed as refused:
            if refused.code in CANNOT_READ:
                raise LookupError("this app may not read the channel's history") from refused
            raise
        for found in listed if isinstance(listed, list) else ():
            about = found.get("metadata") or {}
            if about.get("event_type") == OURS and about.get("event_payload", {}).get("id") == message.id:
                return Receipt(self.provider, f"{channel}:{found.get('ts')}")
        return None

    def meaning(self, code: str | None) -> Fault:
        """It sends no reports."""
        return Fault.PERMANENT

    def _channel_of(self, address: str) -> str:
        """A member's id stands for the conversation with them."""
        if address[:1] not in "UW":
            return address
        opened = self._call("conversations.open", {"users": address}, None).get("channel")
        return str(opened.get("id")) if isinstance(opened, dict) else address

    def _answer(self, parcel: Parcel) -> Receipt:
        """To a response_url: 30 minutes, five times; a secret of its own, so no token goes along."""
        replaces = parcel.message.fields.get("replace") == "yes"
        said = {"replace_original": replaces, "text": escaped(parcel.words.body)}
        body = json.dumps(said if replaces else {"response_type": "ephemeral", **said}).encode()
        url = parcel.message.address.replace(HOOKS, (self._settings.slack_api_url or HOOKS).rstrip("/"), 1)
        answer = self._wire.request(
            "POST", url, body=body, headers={"Content-Type": "application/json"}, deadline=parcel.deadline
        )
        judge(answer, code=str(answer.status), reason=f"Slack error {answer.status}", configuration=frozenset())
        return Receipt(self.provider, None, answer.status)

    def _call(
        self, method: str, said: Mapping[str, object], deadline: Deadline | None, *, as_form: bool = False
    ) -> dict[str, Any]:
        """One call of the Web API. What reads takes no JSON."""
        kind = "application/x-www-form-urlencoded" if as_form else "application/json; charset=utf-8"
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self._settings.slack_bot_token}"}
        body = (urlencode(said) if as_form else json.dumps(said)).encode()
        url = f"{(self._settings.slack_api_url or HOST).rstrip('/')}/api/{method}"
        answer = self._wire.request("POST", url, body=body, headers=headers, deadline=deadline)
        return _judged(answer)


def content(parcel: Parcel, settings: Settings) -> dict[str, object]:
    """The text for notifications, and the blocks: the words, then the buttons that fit them."""
    text = parcel.words.body[:LONGEST]
    blocks: list[dict[str, object]] = [{"type": "section", "text": {"type": "plain_text", "text": text or "-", "emoji": False}}]
    found = buttons(parcel.message, settings)
    return {"text": escaped(text), "blocks": [*blocks, {"type": "actions", "elements": found}] if found else blocks}


def place_of(message: Claimed) -> str:
    """Where on Slack the message stands that this one takes the place of, "" when it is posted anew."""
    return (message.fields.get("place") or message.earlier or "") if message.template in REPLACES else ""


def waits(message: Claimed) -> bool:
    """Would it overtake the offer it takes the place of? Then that would stand there with its buttons for ever."""
    return message.template in REPLACES and not message.fields.get("place") and message.earlier == ""


def buttons(message: Claimed, settings: Settings) -> list[dict[str, object]]:
    """Accept and Pass while it is asked (not under a reminder too: the offer is there), Acknowledge for an alarm, and the page."""
    fields, found = message.fields, []
    code, count = fields.get("code") or message.code or "", fields.get("count", "1")
    if message.template == "offer" and code:
        found += [_button("accept", "Accept", code, style="primary"), _button("pass", "Pass", code)]
    if message.purpose == "alarm" and code and count == "1":
        found.append(_button("acknowledge", "I am on it", code, style="primary"))
    elif count != "1" and (message.purpose == "alarm" or fields.get("left")):
        found.append(_button("acknowledge", "I am on all of them", f"#{fields.get('alarm') or message.id}", style="primary"))
    if link := link_of(message, settings):
        found.append({**_button("open", "Open", code or "-"), "url": link})
    return found


def escaped(text: str) -> str:
    """The three characters with which Slack's markup begins."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _button(action: str, words: str, value: str, **more: str) -> dict[str, object]:
    return {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": words}, "value": value, **more}


def _judged(answer: Answer) -> dict[str, Any]:
    """The answer's content. Slack says 200 also when it says no. Raises workers.outcomes.NotAccepted."""
    if answer.status == 429:
        raise NotProcessed("asked to slow down", code="429", status=429, retry_after=retry_after(answer, clock.now()))
    if not 200 <= answer.status < 300:
        judge(answer, code=str(answer.status), reason=f"Slack error {answer.status}")
    said = answer.json()
    if said.get("ok") is True:
        return said
    error = str(said.get("error") or "")
    if error in TRY_LATER:
        raise NotProcessed("asked to slow down", code=error, status=answer.status, retry_after=retry_after(answer, clock.now()))
    if error in WHO_KNOWS or not error:
        raise Ambiguous("Slack's own fault", code=error or "unreadable", status=answer.status)
    raise SendFailed(f"Slack error {error}", code=error, status=answer.status, configuration=error in OUR_CONFIGURATION)


def make(settings: Settings, wire: Wire) -> Slack | None:
    """Only with the app's token."""
    return Slack(settings, wire) if settings.slack_bot_token else None
