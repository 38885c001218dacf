"""Signed events by the Standard Webhooks specification: one POST, signed with every secret of the endpoint while they rotate."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from config import clock
from routing import announcing
from store.announcements import Claimed
from workers.endpoints import Parcel, Sent
from workers.endpoints.line import Gone, Line, judge
from workers.outcomes import Ambiguous

MEND = "Correct its `url`; hosts in a private network are listed in HEADROOM_ALLOW_PRIVATE_URLS."


def send(parcel: Parcel, line: Line) -> Sent:
    """Raises workers.outcomes.NotAccepted, Gone for 410. Any 2xx is a yes; a redirect is followed by nobody and is a no."""
    body = json.dumps(body_of(parcel.event, contact=parcel.endpoint.contact), ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed(f"evt_{parcel.event.key}", clock.now(), body, parcel.endpoint.secrets)
    answer = line.post(parcel.endpoint.url, body, {"Content-Type": "application/json", **headers})
    if answer.status == 410:
        raise Gone("answered 410 Gone", code="410", status=410)
    if 300 <= answer.status < 500 and answer.status not in (408, 429):
        raise Ambiguous(f"answered {answer.status}", code=str(answer.status), status=answer.status)  # it may be mended: try again
    judge(answer)
    return Sent(answer.status)


def body_of(event: Claimed, *, contact: bool) -> dict[str, Any]:
    """The event as it is posted. The same for every try: it is made of what was kept when it happened."""
    data = {"sequence": event.sequence, **event.body}
    if contact and event.contact and "step" in data:
        data |= {"contact": event.contact["contact"], "step": {**data["step"], **event.contact["step"]}}
    return {"type": event.type, "version": announcing.VERSION, "timestamp": announcing.iso(event.at), "data": data}


def signed(event_id: str, at: datetime, body: bytes, secrets: tuple[str, ...]) -> Mapping[str, str]:
    """The three headers; several signatures while a secret is being replaced."""
    signatures = [Webhook(secret).sign(event_id, at, body.decode()) for secret in secrets]
    return {"webhook-id": event_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signatures)}
