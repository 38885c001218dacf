"""Signing in with e-mail and password; while there is no account, with the API token. And signing out."""

from flask import Response, g, request

from console import answers, doors, forms, sessions
from console.desk import Desk
from store import accounts, tries
from store.accounts import Account


def show(desk: Desk) -> Response:
    """GET /sign-in."""
    return _page(desk, request.args.get("next", ""))


def act(desk: Desk) -> Response:
    """POST /sign-in. A wrong try is counted for the address it came from and for the account."""
    email = request.form.get("email", "").strip().lower()[:254]
    by = {"address": doors.address(desk.settings)} | ({"account": email} if email else {})
    try_ = tries.begin(desk.engine, by, g.now)
    if try_ is None:
        answer = answers.fault(429, what="Too many wrong tries", mend="Wait a minute, then try again.")
        answer.headers["Retry-After"] = "60"
        return answer
    any_account, _ = accounts.look(desk.engine, None)
    account = accounts.check(desk.engine, email, request.form.get("password", "")) if any_account else None
    if account is None and (any_account or not doors.is_api_token(desk.settings, request.form.get("token", "").strip())):
        return _page(desk, request.form.get("next", ""), status=403, email=email, wrong=True)
    tries.take_back(desk.engine, try_)
    return let_in(desk, account, onward(request.form.get("next", "")))


def let_in(desk: Desk, account: Account | None, where: str) -> Response:
    """A new session and new form tokens: nothing that was in the browser before counts any more."""
    forms.start_anew()
    return sessions.open_for(desk.settings, answers.see(where), account)


def end(desk: Desk) -> Response:
    """POST /sign-out."""
    forms.start_anew()
    return sessions.end(answers.see("/sign-in"))


def onward(where: str) -> str:
    """Where to go after signing in: only ever a path of our own."""
    is_ours = where.startswith("/") and not where.startswith("//") and where.isprintable() and "\\" not in where
    return where if is_ours else "/"


def _page(desk: Desk, where: str, *, status: int = 200, email: str = "", wrong: bool = False) -> Response:
    any_account, _ = accounts.look(desk.engine, None)
    return answers.page(
        desk, "sign_in.html", status=status, wrong=wrong, email=email, onward=onward(where), any_account=any_account,
        has_token=desk.settings.api_token is not None, now=g.now,
    )  # fmt: skip
