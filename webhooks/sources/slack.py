"""Slack buttons of reps and managers: Accept, Pass, Acknowledge under a message about a lead. Decided while Slack waits (3 s).

Who pressed is known by `users` of the source: Slack's member id to the id of a rep or manager of the team file.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote_plus

from config import lead, normal
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import bodies, signatures
from webhooks.answers import Answer, as_json
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable
from webhooks.example import Example


def _sign(_url: str, body: bytes, secret: str, now: datetime) -> Mapping[str, str]:
    return signatures.sign_slack(body, secret, now)


_PRESSED = (
    '{"type": "block_actions", "user": {"id": "U2CERLKJA", "username": "priya"}, "channel": {"id": "G8PSS9T3V"}, '
    '"message": {"ts": "1726000000.000100"}, "response_url": "https://hooks.slack.com/actions/T1/14/x", '
    '"actions": [{"action_id": "accept", "type": "button", "value": "A7", "action_ts": "1726000000.514"}]}'
)
EXAMPLE = Example(
    headers={"content-type": "application/x-www-form-urlencoded"},
    body=f"payload={quote_plus(_PRESSED)}".encode(),
    secret="a signing secret of the example",
    sign=_sign,
)
CONTENT_TYPES = frozenset({"application/x-www-form-urlencoded", "application/json"})
DECIDES_NOW = frozenset({""})  # the person looks at the button: Slack gives up after 3 s
DOCS = SourceDocs(
    vendor="Slack buttons (reps and managers)",
    verified_by="X-Slack-Signature (v0, HMAC-SHA256 with the signing secret) over timestamp and raw body, at most 300 s old",
    answers="200 within 3 s; the Events API's challenge is answered",
    retries="None for buttons",
    key="action_ts and action_id",
    mapped="Accept, Pass and Acknowledge to what a rep or manager does with the lead whose code the button carries",
    at_vendor=(
        "api.slack.com, your app, Interactivity & Shortcuts: enter `https://<your Headroom>/webhooks/<source id>`",
        "Basic Information: copy the signing secret into the source's `secret`",
        "Give your people `slack: <member id>` in the team file (profile, Copy member ID), or name them under `users` of the source",
        "For messages with buttons: OAuth & Permissions, bot scopes `chat:write` and `im:write` (and `im:history`, `channels:history`"
        " to look up what is in doubt); the bot token into `SLACK_BOT_TOKEN`; invite the app into the channels that it posts to",
    ),
    options={"users": "Slack member id: id of a rep or manager, for example {U2CERLKJA: priya}"},
)
VERBS_OF = {
    "accept": "accept", "claim": "accept", "take": "accept", "pass": "pass", "decline": "pass", "acknowledge": "acknowledge",
    "ack": "acknowledge", "on_it": "acknowledge",
}  # fmt: skip
ANSWERS_AT = "https://hooks.slack.com/"
MOST_ACTIONS = 10
Object = Mapping[str, object]


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    where = "the X-Slack-Signature header"
    if "x-slack-signature" not in delivery.headers:
        raise NotSigned("The signature is missing", where=where, mend="Only Slack may call this address.")
    if not signatures.is_slacks(delivery.body, delivery.headers, secrets, delivery.received_at):
        mend = "Set the source's secret to the app's signing secret, and check your clock (300 s)."
        raise NotGenuine("The signature is wrong or too old", where=where, mend=mend)


def parse(delivery: Delivery) -> list[Received]:
    """One record for each pressed button. Other interactions and events give none. Raises Unreadable."""
    said = _said(delivery)
    actions = said.get("actions")
    if said.get("type") not in ("block_actions", "interactive_message") or not isinstance(actions, list):
        return []
    pressed = [each for each in actions[:MOST_ACTIONS] if isinstance(each, dict)]
    return [heard for each in pressed if (heard := _heard(delivery, said, each))]


def answer(delivery: Delivery, _recorded: Sequence[Recorded], after: After | None) -> Answer:
    """The challenge of the Events API, or 200 with what came of it."""
    said = _said(delivery)
    if said.get("type") == "url_verification":
        return Answer(200, normal.clean_line(said.get("challenge") or "", 200))
    if after is None:
        return Answer(200)
    return as_json(200, {"response_type": "ephemeral", "replace_original": False, "text": f"{after.lead.code}: {after.why}"})


def _said(delivery: Delivery) -> Object:
    """The JSON in the form field `payload`, or the body of an event."""
    if delivery.mimetype == "application/json":
        return delivery.json_object
    payload = delivery.form.get("payload", "")
    if not payload and delivery.form.get("command"):
        return _typed(delivery)
    if not payload and delivery.form.get("ssl_check"):
        return {}  # Slack looks whether our certificate is good
    if not payload:
        raise Unreadable(
            "There is no payload", where="the form", mend="Enter this address under Interactivity of your Slack app."
        )
    value = bodies.read_json(payload.encode("utf-8", "replace"))
    if isinstance(value, dict):
        return value
    raise Unreadable("The payload is no object", where="payload", mend="Only Slack may call this address.")


def _typed(delivery: Delivery) -> Object:
    """A slash command such as `/headroom accept A7`, as if its button had been pressed."""
    form = delivery.form
    verb, _, code = form.get("text", "").strip().partition(" ")
    pressed = {"action_id": verb, "value": code.strip(), "action_ts": form.get("trigger_id", "")}
    about = {"user": {"id": form.get("user_id", "")}, "channel": {"id": form.get("channel_id", "")}}
    return {"type": "block_actions", **about, "response_url": form.get("response_url", ""), "actions": [pressed]}


def _heard(delivery: Delivery, said: Object, action: Object) -> Received | None:
    action_id = normal.identifier(action.get("action_id") or action.get("name"))
    at = normal.identifier(action.get("action_ts") or said.get("action_ts") or said.get("trigger_id"))
    value = normal.identifier(action.get("value") or _chosen(action))
    if not action_id or not at or action_id == "open" or action.get("url"):  # a link button only opens a page
        return None
    user = normal.identifier(_object(said, "user").get("id"))
    reply_to = normal.clean_line(said.get("response_url") or "", 500)
    key = f"slack:{at}:{action_id}"
    content = lead.common_lead(
        external_id=key,
        kind="message",
        channel="slack",
        action=VERBS_OF.get(action_id.partition(":")[0].lower(), ""),
        code=value.partition(":")[0].upper(),
        by=_known_as(delivery, user),
        reply_to=reply_to if reply_to.startswith(ANSWERS_AT) else "",
        is_test=False,
        extra={
            "action": action_id,
            "lead_id": value,
            "slack_user": user,
            "slack_channel": normal.identifier(_object(said, "channel").get("id")),
            "message_ts": normal.identifier(_object(said, "message").get("ts") or said.get("message_ts")),
        },
    )
    body = json.dumps(action, sort_keys=True).encode()
    return Received(delivery.source.id, key, "agent_action", content, body, delivery.kept_headers, delivery.received_at)


def _chosen(action: Object) -> object:
    """The value of a menu's line, in its present and its older shape."""
    several = action.get("selected_options")
    older = several[0] if isinstance(several, list) and several and isinstance(several[0], dict) else {}
    return (_object(action, "selected_option") or older).get("value")


def _known_as(delivery: Delivery, user: str) -> str:
    """The person's id in the team file, "" for somebody nobody named."""
    users = delivery.source.options.get("users")
    return normal.identifier(users.get(user)) if isinstance(users, Mapping) else ""


def _object(value: Object, key: str) -> Object:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
