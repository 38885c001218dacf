"""Signed links: who may open which page without signing in, and for how long.

A link says only who, which lead and which turn; what it allows is decided when it is used. Opening one shows, posting acts.
A text has 160 characters, so those that go by text are short (33 characters instead of 58), and end in a digit: what makes
links of the words of a text leaves a hyphen at the end out. All links die when SECRET_KEY changes, unless the key before is named in SECRET_KEY_OLD.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData, BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.signer import HMACAlgorithm

from config.settings import Settings

OFFER_LIVES = timedelta(hours=24)
MANAGER_LIVES = timedelta(hours=24)
TEST_LIVES = timedelta(minutes=5)
UNSUBSCRIBE_LIVES = timedelta(days=400)  # the law asks for 30 days after the mail; people look into old ones
ACCOUNT_LIVES = timedelta(minutes=15)


class LinkExpired(Exception):
    """The link was genuine, but its time is over."""


class LinkForged(Exception):
    """The link was not made by this installation, or was changed on the way."""


@dataclass(frozen=True, slots=True)
class OfferLink:
    """What an offer's link stands for: this rep, this lead, in this turn."""

    lead_id: int
    rep: str
    turn: int


@dataclass(frozen=True, slots=True)
class ManagerLink:
    """What a breach's link stands for."""

    lead_id: int
    manager: str


def offer_token(settings: Settings, lead_id: int, rep: str, turn: int) -> str:
    """The part of an offer's link that is signed."""
    return _short(settings, "offer", f"{rep_in_url(rep)}.{turn}.{lead_id}")


def make_offer_link(settings: Settings, lead_id: int, rep: str, turn: int) -> str:
    """The full address of the page on which `rep` accepts or passes."""
    return f"{settings.public_url}/offers/{offer_token(settings, lead_id, rep, turn)}"


def read_offer_token(settings: Settings, token: str) -> OfferLink:
    """Raises LinkExpired after 24 h, LinkForged when the signature does not hold."""
    match _read_short(settings, "offer", token, OFFER_LIVES):
        case [str(rep), str(turn), str(lead_id)]:
            return OfferLink(int(lead_id), rep_from_url(rep), int(turn))
        case [int(lead_id), str(rep), int(turn)]:
            return OfferLink(lead_id, rep, turn)
        case _:
            raise LinkForged


def manager_token(settings: Settings, lead_id: int, manager: str) -> str:
    """The part of a manager's link that is signed."""
    return _short(settings, "manager", f"{rep_in_url(manager)}.{lead_id}")


def make_manager_link(settings: Settings, lead_id: int, manager: str) -> str:
    """The full address of the page on which `manager` acknowledges or assigns."""
    return f"{settings.public_url}/manage/{manager_token(settings, lead_id, manager)}"


def read_manager_token(settings: Settings, token: str) -> ManagerLink:
    """Raises LinkExpired after 24 h, LinkForged when the signature does not hold."""
    match _read_short(settings, "manager", token, MANAGER_LIVES):
        case [str(manager), str(lead_id)]:
            return ManagerLink(int(lead_id), rep_from_url(manager))
        case [int(lead_id), str(manager)]:
            return ManagerLink(lead_id, manager)
        case _:
            raise LinkForged


def make_unsubscribe_link(settings: Settings, lead_id: int) -> str:
    """The full address that ends all mail to the person of this lead."""
    return f"{settings.public_url}/unsubscribe/{_signer(settings, 'unsubscribe').dumps(lead_id)}"


def read_unsubscribe_token(settings: Settings, token: str) -> int:
    """Raises LinkExpired after 400 days, LinkForged when the signature does not hold."""
    match _read(settings, "unsubscribe", token, UNSUBSCRIBE_LIVES):
        case int(lead_id):
            return lead_id
        case _:
            raise LinkForged


def make_first_admin_link(settings: Settings) -> str:
    """The full address of the page that makes the first admin. It works until there is an account, 15 min at most."""
    return f"{settings.public_url}/first-admin/{_signer(settings, 'first-admin').dumps('first admin')}"


def check_first_admin_token(settings: Settings, token: str) -> None:
    """Raises LinkExpired after 15 min, LinkForged when the signature does not hold."""
    if _read(settings, "first-admin", token, ACCOUNT_LIVES) != "first admin":
        raise LinkForged


def make_password_link(settings: Settings, account_id: int, proof: str) -> str:
    """The full address of the page that sets a password. `proof` changes with the password, so it works once, within 15 min."""
    return f"{settings.public_url}/password/{_signer(settings, 'password').dumps([account_id, proof])}"


def read_password_token(settings: Settings, token: str) -> tuple[int, str]:
    """The account and its proof. Raises LinkExpired after 15 min, LinkForged when the signature does not hold."""
    match _read(settings, "password", token, ACCOUNT_LIVES):
        case [int(account_id), str(proof)]:
            return account_id, proof
        case _:
            raise LinkForged


def make_test_token(settings: Settings) -> str:
    """Goes along as the form field `_headroom_test`: only whoever may press the button may mark a lead as a test."""
    return _signer(settings, "test-lead").dumps("test")


def is_test_token(settings: Settings, token: str) -> bool:
    """Did this installation make the mark, within the last 5 minutes?"""
    try:
        return bool(_read(settings, "test-lead", token, TEST_LIVES) == "test")
    except (LinkExpired, LinkForged):
        return False


def thread_tag(settings: Settings, code: str) -> str:
    """What stands behind the plus of an address (sales+a7-...@): whoever has it was written to about that lead."""
    return f"{code.lower()}-{_thread_mark(settings.secret_key, code)}"


def make_message_id(settings: Settings, code: str, number: int, domain: str) -> str:
    """The Message-ID of our mail `number` about a lead: an answer that names it belongs to that lead."""
    return f"<{thread_tag(settings, code)}.{number}@{domain}>"


def read_message_id(settings: Settings, message_id: str) -> str | None:
    """The code of the lead of a mail of ours; None for any other mail's id."""
    tag, dot, _ = message_id.strip("<> ").partition("@")[0].partition(".")
    return read_thread_tag(settings, tag) if dot and "-" in tag else None


def read_thread_tag(settings: Settings, tag: str) -> str | None:
    """The lead's code; None for a tag that this installation did not make."""
    code, _, mark = tag.strip().upper().partition("-")
    given = mark.lower().encode("utf-8", "replace")
    fits = [hmac.compare_digest(given, _thread_mark(key, code).encode()) for key in settings.secret_keys]
    return code if any(fits) else None


def rep_in_url(rep: str) -> str:
    """A rep's id in characters no one escapes: the phone company signs addresses as written."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", rep) and not rep.startswith("x-"):
        return rep
    return "x-" + base64.urlsafe_b64encode(rep.encode()).decode().rstrip("=")


def rep_from_url(text: str) -> str:
    """The same back; "" for what nobody of ours has written."""
    if not text.startswith("x-"):
        return text
    try:
        return base64.urlsafe_b64decode(text[2:] + "=" * (-len(text[2:]) % 4)).decode()
    except ValueError:
        return ""


def _thread_mark(key: str, code: str) -> str:
    """48 bits: an address must stay short, and guessing one takes a mail per try."""
    return hmac.new(key.encode(), f"thread:{code.upper()}".encode(), hashlib.sha256).hexdigest()[:12]


class _SeventyTwoBits(HMACAlgorithm):
    """A link is guessed over the network, one request a try, within its day: 72 bits are plenty, and 12 characters."""

    default_digest_method = staticmethod(hashlib.sha256)

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:9]


def _short(settings: Settings, salt: str, value: str) -> str:
    """Signature, instant and value, which holds no dots but its own and ends in a number."""
    said, at, signature = _short_signer(settings, salt).sign(value).decode().rsplit(".", 2)
    return f"{signature}.{at}.{said}"


def _read_short(settings: Settings, salt: str, token: str, lives: timedelta) -> list[object]:
    """The parts of the value; or the values of a link as they were made until this version, for the day they live."""
    if token.count(".") < 3:
        found = _read(settings, salt, token, lives)
        return found if isinstance(found, list) else []
    signature, at, value = token.split(".", 2)
    try:
        _short_signer(settings, salt).unsign(f"{value}.{at}.{signature}", max_age=int(lives.total_seconds()))
    except SignatureExpired as late:
        raise LinkExpired from late
    except (BadSignature, BadData) as forged:
        raise LinkForged from forged
    return [*value.split(".")]


def _short_signer(settings: Settings, salt: str) -> TimestampSigner:
    return TimestampSigner(settings.secret_keys[::-1], salt=salt, algorithm=_SeventyTwoBits())


def _signer(settings: Settings, salt: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_keys[::-1], salt=salt)  # it signs with the last one


def _read(settings: Settings, salt: str, token: str, lives: timedelta) -> object:
    try:
        return _signer(settings, salt).loads(token, max_age=int(lives.total_seconds()))
    except SignatureExpired as late:
        raise LinkExpired from late
    except (BadSignature, BadData) as forged:
        raise LinkForged from forged
