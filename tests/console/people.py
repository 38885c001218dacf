"""Accounts for the tests of the console, and browsers that have signed in."""

from flask.testing import FlaskClient

from config import clock
from store import accounts
from store.accounts import Account, Role
from tests.console.conftest import House, csrf

PASSWORD = "correct horse battery"
EMAILS = {
    Role.VIEWER: "vera@cole.example",
    Role.REP: "ann@cole.example",
    Role.MANAGER: "kim@cole.example",
    Role.ADMIN: "ada@cole.example",
}


def an_account(house: House, role: Role, email: str | None = None, password: str = PASSWORD) -> Account:
    """Somebody who can sign in."""
    made = accounts.add(house.engine, email or EMAILS[role], role, clock.now())
    assert accounts.set_password(house.engine, made, password)
    found = accounts.find(house.engine, made.email)
    assert found
    return found


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, onward: str = ""):
    """Through the form, as a person does."""
    return client.post("/sign-in", data={"csrf": csrf(client, "/sign-in"), "email": email, "password": password, "next": onward})


def signed_in(house: House, role: Role) -> FlaskClient:
    """A browser of somebody in this role; the account is made if it is missing."""
    if accounts.find(house.engine, EMAILS[role]) is None:
        an_account(house, role)
    client = house.client()
    assert sign_in(client, EMAILS[role]).status_code == 303
    return client
