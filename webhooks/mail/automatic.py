"""Did a person write this? Auto-replies, bounces, newsletters and our own mails coming back never become leads, nor get an answer:
an answer to a machine is how two of them begin to talk with each other.

The marks are those of RFC 3834 (Auto-Submitted, empty return path), of Exchange (X-Auto-Response-Suppress) and of lists (RFC 2919, 2369).
"""

import re

from webhooks.mail.letters import Letter

_NOBODY = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|no-?_?reply|do-?_?not-?_?reply|donotreply|no-?_?responder|nepasrepondre|bounces?|auto-?reply|"
    r"auto-?confirm|notifications?|listserv|majordomo)\d{0,4}(?:[+._=-].*)?$",
    re.IGNORECASE,
)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_MARKS = (
    "x-autoreply", "x-autorespond", "x-auto-reply", "x-auto-response-suppress", "x-failed-recipients", "list-id", "list-unsubscribe",
    "list-post", "x-loop", "x-mailman-version",
)  # fmt: skip
_SUBJECTS = re.compile(
    r"^(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out[- ]of[- ](?:the )?office|automatische (?:antwort|antwoord)|automatisch antwoord|"
    r"abwesen(?:d|heit)\w*|afwezig\w*|réponse automatique|respuesta automática|resposta automática|risposta automatica|automatiskt svar|autosvar|"
    r"automaattinen vastaus|automatyczna odpowiedź|automatická odpověď|автоответ|автоматический ответ|自动回复|自動返信|自動回覆|자동 회신|"
    r"undeliver(?:able|ed)(?: (?:mail|message))?(?: returned to sender)?|delivery (?:status notification|failure|has failed)|mail delivery (?:failed|subsystem|system)|returned mail|failure notice|"
    r"unzustellbar|nicht zustellbar|non remis|no entregado)\s*(?:[:：(]|[-–—] |re:|$)",
    re.IGNORECASE,
)


def why_automatic(letter: Letter, own: frozenset[str]) -> str:
    """Why no person wrote it to us, "" when one did. `own` are our own addresses: a mail from them is a loop."""
    headers = letter.headers
    submitted = headers.get("auto-submitted", "").partition(";")[0].partition("(")[0].strip().lower()
    if _bare(letter.sender) in own:
        return "from our own address"
    if submitted and submitted != "no":
        return "Auto-Submitted"
    if takes_no_answers(letter.sender) and not speaks_for(letter, own):
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


def takes_no_answers(address: str) -> bool:
    """Is it noreply@, a mailer daemon or the like?"""
    return bool(_NOBODY.match(address.partition("@")[0]))


def speaks_for(letter: Letter, own: frozenset[str]) -> str:
    """Whom a program wrote for: a form's page mails from noreply@, and whoever filled it in stands in Reply-To. "" for nobody."""
    wanted = letter.reply_to[1]
    is_somebody = "@" in wanted and _bare(wanted) not in own and not takes_no_answers(wanted)
    return wanted if takes_no_answers(letter.sender) and is_somebody and wanted.lower() != letter.sender.lower() else ""


def _bare(address: str) -> str:
    """Without its plus-tag: every tag of our address for answers is ours."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
