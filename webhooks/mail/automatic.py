"""Did a person write this? Auto-replies, bounces, newsletters and our own mails coming back never become leads, nor get an answer:
an answer to a machine is how two of them begin to talk with each other.

The marks are those of RFC 3834 (Auto-Submitted, empty return path), of Exchange (X-Auto-Response-Suppress) and of lists (RFC 2919, 2369).
"""

import re

from webhooks.mail.letters import Letter

_NOBODY = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|no-?_?reply|do-?_?not-?_?reply|donotreply|no-?_?responder|nepasrepondre|bounces?|auto-?reply|"
    r"auto-?confirm|notifications?|listserv|majordomo)(?:[+._=-].*)?$",
    re.IGNORECASE,
)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_MARKS = (
    "x-autoreply", "x-autorespond", "x-auto-reply", "x-auto-response-suppress", "x-failed-recipients", "list-id", "list-unsubscribe",
    "list-post", "feedback-id", "x-loop", "x-mailman-version",
)  # fmt: skip
_SUBJECTS = re.compile(
    r"^(?:automatic reply|auto[- ]?reply|out of office|automatische antwort|abwesenheitsnotiz|réponse automatique|respuesta automática|"
    r"risposta automatica|undeliverable|undelivered mail|delivery status notification|mail delivery failed|returned mail|failure notice)\b\s*[:(]",
    re.IGNORECASE,
)


def why_automatic(letter: Letter, own: frozenset[str]) -> str:
    """Why no person wrote it to us, "" when one did. `own` are our own addresses: a mail from them is a loop."""
    headers = letter.headers
    submitted = headers.get("auto-submitted", "").partition(";")[0].strip().lower()
    if letter.sender.lower() in own:
        return "from our own address"
    if submitted and submitted != "no":
        return "Auto-Submitted"
    if _NOBODY.match(letter.sender.partition("@")[0]):
        return "a sender that takes no answers"
    if headers.get("precedence", "").strip().lower() in _BULK:
        return "Precedence"
    if headers.get("return-path", "").strip() == "<>" or letter.bounce_to in ("", "<>"):
        return "an empty return path"
    if headers.get("content-type", "").lower().startswith("multipart/report"):
        return "a delivery report"
    if mark := next((name for name in _MARKS if headers.get(name) and headers[name].strip().lower() != "none"), ""):
        return mark
    return "its subject" if _SUBJECTS.match(letter.subject.strip()) else ""
