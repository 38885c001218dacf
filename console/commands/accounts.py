"""`headroom user` and `headroom token`: who may sign in, and which programs may ask the API."""

from collections.abc import Callable
from typing import TypeVar

import click

from config import clock, normal
from config.links import make_password_link
from config.settings import Settings
from console.output import BAD_USE, Trouble, as_json, show, table
from console.visit import Visit, visit
from store import accounts, api_tokens
from store.accounts import Account, Refused, Role

T = TypeVar("T")
ROLES = [role.value for role in Role]
role_option = click.option("--role", type=click.Choice(ROLES), help="viewer, rep, manager or admin.")
ONE_EMAIL = click.argument("email")


@click.group(help="Who may sign in to the pages, and in which role.")
def user() -> None:
    """The commands hang below this one."""


@user.command(name="add", help="Make an account for EMAIL and print a link with which its password is set.")
@ONE_EMAIL
@role_option
@click.option("--admin", is_flag=True, help="The same as --role admin.")
def add_user(email: str, role: str | None, admin: bool) -> None:
    """The link works once, within 15 minutes."""
    wanted = Role.ADMIN if admin else Role(role or Role.VIEWER)
    address = normal.email(email)
    if address is None:
        raise Trouble(f"{email!r} is no e-mail address.", code=BAD_USE)
    with visit() as at:
        made = _or_trouble(lambda: accounts.add(at.engine, address, wanted, clock.now()))
        click.echo(f"{made.email} is {_a(made.role)} from now on.")
        _tell_link(at.settings, made)


@user.command(name="link", help="Print a link with which EMAIL sets a new password. It works once, within 15 minutes.")
@ONE_EMAIL
def link(email: str) -> None:
    """Sessions end when the password is set, not before."""
    with visit() as at:
        account = _account(at, email)
        if account.disabled_at:
            raise Trouble(f"{account.email} is disabled. `headroom user enable {account.email}` first.")
        _tell_link(at.settings, account)


@user.command(name="list", help="Everybody who has an account.")
@as_json
def list_users(as_json: bool) -> None:
    """Without any secret."""
    with visit() as at:
        found = accounts.everyone(at.engine)
    data = [
        {"email": a.email, "role": a.role, "state": _state(a), "created_at": a.created_at, "disabled_at": a.disabled_at} for a in found
    ]  # fmt: skip
    cells = [[a.email, a.role, _state(a), f"{a.created_at:%Y-%m-%d %H:%M}"] for a in found]
    nobody = ["No accounts: the pages open to whoever sits at this machine, and elsewhere to the holder of HEADROOM_API_TOKEN."]
    show(data, as_json=as_json, words=lambda: table(["e-mail", "role", "state", "since (UTC)"], cells) if cells else nobody)


@user.command(name="role", help="Give EMAIL another ROLE.")
@ONE_EMAIL
@click.argument("role", type=click.Choice(ROLES))
def set_role(email: str, role: str) -> None:
    """In force with the next page."""
    with visit() as at:
        account = _account(at, email)
        _or_trouble(lambda: accounts.set_role(at.engine, account.id, Role(role)))
    click.echo(f"{account.email} is {_a(Role(role))} from now on.")


@user.command(name="disable", help="EMAIL can no longer sign in; open sessions end at once.")
@ONE_EMAIL
def disable(email: str) -> None:
    """The account is kept: what it did stays signed."""
    with visit() as at:
        account = _account(at, email)
        _or_trouble(lambda: accounts.set_disabled(at.engine, account.id, clock.now()))
    click.echo(f"{account.email} is disabled.")


@user.command(name="enable", help="EMAIL can sign in again.")
@ONE_EMAIL
def enable(email: str) -> None:
    """With the password they had."""
    with visit() as at:
        account = _account(at, email)
        accounts.set_disabled(at.engine, account.id, None)
    click.echo(f"{account.email} can sign in again.")


@click.group(help="Tokens with which programs ask the API.")
def token() -> None:
    """The commands hang below this one."""


@token.command(name="add", help="Make a token for NAME and print it, this once.")
@click.argument("name")
@role_option
@as_json
def add_token(name: str, role: str | None, as_json: bool) -> None:
    """On its own line on stdout, so that a script can take it; kept only as a hash."""
    with visit() as at:
        given = Role(role or Role.VIEWER)
        secret = _or_trouble(lambda: api_tokens.add(at.engine, name, given, clock.now()))
    click.echo("Send it as `Authorization: Bearer ...`. It is shown only now:", err=True)
    show({"name": name, "role": given.value, "token": secret}, as_json=as_json, words=lambda: [secret])


@token.command(name="list", help="All tokens, without their secrets.")
@as_json
def list_tokens(as_json: bool) -> None:
    """When each was last used."""
    with visit() as at:
        found = api_tokens.everything(at.engine)
    names = ("name", "role", "created_at", "last_used_at", "revoked_at")
    cells = [
        [t.name, t.role, f"{t.last_used_at:%Y-%m-%d %H:%M}" if t.last_used_at else "never", "revoked" if t.revoked_at else ""] for t in found
    ]  # fmt: skip
    show(
        [{name: getattr(t, name) for name in names} for t in found],
        as_json=as_json,
        words=lambda: table(["name", "role", "last used (UTC)", ""], cells) if cells else ["No tokens."],
    )


@token.command(name="revoke", help="The token NAME opens nothing from now on.")
@click.argument("name")
def revoke(name: str) -> None:
    """At once, in every process."""
    with visit() as at:
        if not api_tokens.revoke(at.engine, name, clock.now()):
            raise Trouble(f"No token named {name!r} is in use. `headroom token list` shows all.")
    click.echo(f"{name} is revoked.")


def _account(at: Visit, email: str) -> Account:
    found = accounts.find(at.engine, email)
    if found is None:
        raise Trouble(f"There is no account for {email}. `headroom user list` shows all.")
    return found


def _or_trouble(work: Callable[[], T]) -> T:
    try:
        return work()
    except Refused as refused:
        raise Trouble(str(refused)) from refused


def _tell_link(settings: Settings, account: Account) -> None:
    click.echo("The password is set here, once, within 15 minutes:")
    click.echo(make_password_link(settings, account.id, account.proof))


def _state(account: Account) -> str:
    if account.disabled_at:
        return "disabled"
    return "may sign in" if account.has_password else "waits for a password"


def _a(role: Role) -> str:
    return f"an {role}" if role is Role.ADMIN else f"a {role}"
