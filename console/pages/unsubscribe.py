"""The link in the head of every mail to a lead: a mail program posts to it with one click (RFC 8058), a person presses a button."""

from flask import Response, g

from config.links import LinkExpired, LinkForged, read_unsubscribe_token
from console import answers
from console.desk import Desk
from store import stops


def show(desk: Desk, token: str) -> Response:
    """GET /unsubscribe/<token>: asks; mail scanners open links, so opening one changes nothing."""
    lead = opened(desk, token)
    return lead if isinstance(lead, Response) else answers.page(desk, "unsubscribe.html", done=False)


def act(desk: Desk, token: str) -> Response:
    """POST /unsubscribe/<token>: no more mail to this person, at once."""
    lead = opened(desk, token)
    if isinstance(lead, Response):
        return lead
    stops.unsubscribe(desk.engine, lead, g.now)
    return answers.page(desk, "unsubscribe.html", done=True)


def opened(desk: Desk, token: str) -> int | Response:
    """The number of the lead, or a page that says why the link does not open."""
    try:
        return read_unsubscribe_token(desk.settings, token)
    except (LinkExpired, LinkForged):
        mend = "Open it again from the mail, whole; or answer the mail with STOP."
        return answers.fault(403, what="This link is not complete", mend=mend)
