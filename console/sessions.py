"""The signed cookie of a browser that has signed in. It ends 12 h after the last page, and with the password it was opened with."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from flask import Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from config.settings import Settings
from store.accounts import Account

COOKIE = "headroom_session"
LIVES = timedelta(hours=12)
RENEW_AFTER = timedelta(minutes=5)  # a page that polls must not send a new cookie every 3 s


@dataclass(frozen=True, slots=True)
class Session:
    """What a genuine cookie says: which account, or None for HEADROOM_API_TOKEN, and a seal of the password it was opened with."""

    account_id: int | None
    seal: str
    opened_at: datetime


def read(settings: Settings) -> Session | None:
    """The session of this browser's cookie; None when there is none, it is not ours, or it is over."""
    try:
        said, opened_at = _signer(settings).loads(
            request.cookies.get(COOKIE, ""), max_age=int(LIVES.total_seconds()), return_timestamp=True
        )
    except BadData:
        return None
    match said:
        case [int() | None as account_id, str(seal)]:
            return Session(account_id, seal, opened_at.replace(tzinfo=UTC))
    return None


def belongs_to(settings: Settings, session: Session, account: Account) -> bool:
    """Was it opened with the password that is in force?"""
    return _fits(settings, session, account.proof)


def is_of_the_token(settings: Settings, session: Session) -> bool:
    """Was it opened with the HEADROOM_API_TOKEN that is in force?"""
    if settings.api_token is None or session.account_id is not None:
        return False
    return _fits(settings, session, settings.api_token)


def open_for(settings: Settings, answer: Response, account: Account | None) -> Response:
    """A fresh session, whatever cookie the browser brought; None: for the holder of HEADROOM_API_TOKEN."""
    key = settings.secret_key
    said = [account.id, _seal(key, account.proof)] if account else [None, _seal(key, settings.api_token or "")]
    _set(settings, answer, str(_signer(settings).dumps(said)))
    return answer


def renew(settings: Settings, answer: Response) -> None:
    """Twelve hours from now on, if this browser's session was used and is not brand new."""
    session: Session | None = g.get("session")
    if session is None or g.now - session.opened_at < RENEW_AFTER or COOKIE in answer.headers.get("Set-Cookie", ""):
        return
    _set(settings, answer, str(_signer(settings).dumps([session.account_id, session.seal])))


def end(answer: Response) -> Response:
    """The browser forgets its session."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
    g.pop("session", None)
    return answer


def _set(settings: Settings, answer: Response, value: str) -> None:
    secure = settings.public_url.startswith("https://")
    answer.set_cookie(COOKIE, value, max_age=int(LIVES.total_seconds()), httponly=True, samesite="Lax", secure=secure)


def _fits(settings: Settings, session: Session, secret: str) -> bool:
    return any(hmac.compare_digest(session.seal, _seal(key, secret)) for key in settings.secret_keys)


def _seal(key: str, secret: str) -> str:
    """Changes with the secret and tells nothing of it: the browser can read what it carries."""
    return hmac.new(key.encode(), b"session\0" + secret.encode(), sha256).hexdigest()


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_keys[::-1], salt="session")  # it signs with the last one
