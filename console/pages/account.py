"""Accounts: the first admin, setting a password behind a link, and the admin's list of who may sign in."""

import hmac

from flask import Response, g, request

from config import normal
from config.links import LinkExpired, LinkForged, check_first_admin_token, make_password_link, read_password_token
from console import answers
from console.desk import Desk
from console.pages import session
from store import accounts
from store.accounts import Account, Refused, Role


def first(desk: Desk, token: str) -> Response:
    """GET /first-admin/<token>: shows the form; nothing is used up by looking."""
    return _first_opened(desk, token) or _form(desk, email=None)


def make_first(desk: Desk, token: str) -> Response:
    """POST /first-admin/<token>: the account that makes all others. Works once."""
    closed = _first_opened(desk, token)
    if closed:
        return closed
    said = request.form.get("email", "")
    email = normal.email(said)
    try:
        if email is None:
            raise Refused("That is no e-mail address.")
        made = accounts.add_first(desk.engine, email, _password(), g.now)
    except Refused as refused:
        return _form(desk, email=None, said=said, problem=str(refused), status=400)
    return session.let_in(desk, made, "/")


def password(desk: Desk, token: str) -> Response:
    """GET /password/<token>: shows the form."""
    found = _opened(desk, token)
    return found if isinstance(found, Response) else _form(desk, email=found.email)


def set_password(desk: Desk, token: str) -> Response:
    """POST /password/<token>: set it, once, and sign in."""
    found = _opened(desk, token)
    if isinstance(found, Response):
        return found
    try:
        if not accounts.set_password(desk.engine, found, _password()):
            return _used()
    except Refused as refused:
        return _form(desk, email=found.email, problem=str(refused), status=400)
    _, account = accounts.look(desk.engine, found.id)
    return session.let_in(desk, account, "/")


def show(desk: Desk) -> Response:
    """GET /accounts: who may sign in, in which role."""
    return _list(desk)


def act(desk: Desk) -> Response:
    """POST /accounts: add somebody, change a role, disable, enable, or make a link to a new password."""
    try:
        link_for = _do(desk, request.form.get("do", ""))
    except Refused as refused:
        return _list(desk, problem=str(refused), status=400)
    if link_for is None:
        return answers.see("/accounts")
    return _list(desk, link_for=link_for, link=make_password_link(desk.settings, link_for.id, link_for.proof))


def _do(desk: Desk, done: str) -> Account | None:
    """What the button says; returns the account a link is wanted for. Raises Refused."""
    engine, role = desk.engine, request.form.get("role", "")
    if done == "add":
        email = normal.email(request.form.get("email", ""))
        if email is None or role not in set(Role):
            raise Refused("An account needs an e-mail address and a role.")
        return accounts.add(engine, email, Role(role), g.now)
    account = accounts.find(engine, request.form.get("email", "")[:254])
    match done:
        case "role" if account and role in set(Role):
            accounts.set_role(engine, account.id, Role(role))
        case "disable" | "enable" if account:
            accounts.set_disabled(engine, account.id, g.now if done == "disable" else None)
        case "link" if account and account.disabled_at is None:
            return account
        case _:
            raise Refused("Nothing was asked for. Press one of the buttons beside an account.")
    return None


def _password() -> str:
    """The new password; raises Refused when it was not typed the same way twice."""
    said = request.form.get("password", "")
    if said != request.form.get("again", ""):
        raise Refused("The two passwords are not the same.")
    return said


def _first_opened(desk: Desk, token: str) -> Response | None:
    """A page that says why the link does not open; None: it does."""
    try:
        check_first_admin_token(desk.settings, token)
    except LinkExpired:
        return _expired("Start the service again for a new one, or run `headroom user add --admin EMAIL`.")
    except LinkForged:
        return _forged()
    any_account, _ = accounts.look(desk.engine, None)
    return _used() if any_account else None


def _opened(desk: Desk, token: str) -> Account | Response:
    try:
        account_id, proof = read_password_token(desk.settings, token)
    except LinkExpired:
        return _expired("Ask an admin for a new one, or run `headroom user link EMAIL`.")
    except LinkForged:
        return _forged()
    _, account = accounts.look(desk.engine, account_id)
    return account if account and hmac.compare_digest(account.proof, proof) else _used()


def _expired(mend: str) -> Response:
    return answers.fault(410, what="This link has had its day", mend=f"It works for 15 minutes. {mend}")


def _forged() -> Response:
    return answers.fault(403, what="This link is not complete", mend="Open it again, whole, from where you got it.")


def _used() -> Response:
    return answers.fault(410, what="This link has done its work", mend="It works once. Sign in, or ask an admin for a new one.")


def _form(desk: Desk, *, email: str | None, said: str = "", problem: str = "", status: int = 200) -> Response:
    return answers.page(desk, "password.html", status=status, email=email, said=said, problem=problem, shortest=accounts.SHORTEST)


def _list(desk: Desk, *, problem: str = "", status: int = 200, link_for: Account | None = None, link: str = "") -> Response:
    return answers.page(
        desk, "accounts.html", status=status, accounts=accounts.everyone(desk.engine), roles=list(Role)[::-1], problem=problem,
        link_for=link_for, link=link,
    )  # fmt: skip
