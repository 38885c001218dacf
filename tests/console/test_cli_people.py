"""Accounts, tokens, erasure and export on the command line."""

import csv
import io
import json

import pytest

from config import clock
from console import cli
from console.welcome import welcome
from store.inbox import Received
from store.safekeeping import Entry, packed
from store.spool import Spool
from tests.console.conftest import House


@pytest.fixture
def headroom(house: House, monkeypatch, tmp_path, capsys):
    """Runs a command on the house's database; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("DATABASE_URL", house.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", "a-key-for-tests-of-32-characters")
    monkeypatch.setenv("HEADROOM_DATA", str(tmp_path))
    monkeypatch.delenv("PUBLIC_URL", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        return code, *capsys.readouterr()

    return run


def test_accounts_are_added_listed_changed_and_disabled(headroom):
    code, out, _ = headroom("user", "list")
    assert code == 0 and "No accounts" in out
    code, out, _ = headroom("user", "add", "--admin", "Ada@Cole.example")
    assert code == 0 and "ada@cole.example is an admin" in out and "http://127.0.0.1:8000/password/" in out
    assert headroom("user", "add", "ada@cole.example")[0] == 1
    assert headroom("user", "add", "no address")[0] == 2
    headroom("user", "add", "vera@cole.example", "--role", "viewer")
    assert headroom("user", "role", "vera@cole.example", "manager")[0] == 0
    assert headroom("user", "disable", "vera@cole.example")[0] == 0
    found = json.loads(headroom("user", "list", "--json")[1])
    assert [(a["email"], a["role"], a["state"]) for a in found] == [
        ("ada@cole.example", "admin", "waits for a password"),
        ("vera@cole.example", "manager", "disabled"),
    ]
    code, _, err = headroom("user", "link", "vera@cole.example")
    assert code == 1 and "user enable" in err
    assert headroom("user", "enable", "vera@cole.example")[0] == 0 and headroom("user", "link", "vera@cole.example")[0] == 0
    code, _, err = headroom("user", "role", "nobody@cole.example", "admin")
    assert code == 1 and "There is no account" in err
    code, _, err = headroom("user", "disable", "ada@cole.example")
    assert code == 1 and "the last admin" in err


def test_a_token_is_told_once_and_listed_without_its_secret(headroom, house):
    code, out, err = headroom("token", "add", "crm", "--role", "manager")
    secret = out.strip()
    assert code == 0 and secret.startswith("hr_") and "shown only now" in err
    assert house.client().get("/api/leads", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    listed = headroom("token", "list", "--json")[1] + headroom("token", "list")[1]
    assert "crm" in listed and secret not in listed
    other = json.loads(headroom("token", "add", "erp", "--json")[1])
    assert (other["name"], other["role"], other["token"][:3]) == ("erp", "viewer", "hr_")
    assert headroom("token", "add", "crm")[0] == 1 and headroom("token", "add", "a/b")[0] == 1
    assert headroom("token", "revoke", "crm")[0] == 0 and headroom("token", "revoke", "crm")[0] == 1


@pytest.mark.parametrize("person", ["the code", "+1 (512) 555-0143", "512-555-0143", "DANA@acme.example", "m-620"])
def test_a_person_is_exported_and_erased_by_whatever_names_them(headroom, house, person):
    code = house.lead(email="dana@acme.example", handles={"messenger": "m-620"})
    asked = code if person == "the code" else person
    exit_code, out, _ = headroom("export-person", asked)
    assert exit_code == 0 and json.loads(out)["people"][0]["name"] == "Dana Cole"
    exit_code, out, _ = headroom("erase", asked, "--yes", "--json")
    assert exit_code == 0 and json.loads(out)["leads"] == [code] and json.loads(out)["addresses"] == 3
    assert house.rows("SELECT name, phone, email FROM people") == [{"name": None, "phone": None, "email": None}]
    if person != "the code":
        exit_code, _, err = headroom("erase", asked, "--yes")
        assert exit_code == 1 and "Nobody is known by that" in err
        assert headroom("export-person", asked)[0] == 1


def test_an_erasure_asks_first_and_says_what_it_did(headroom, house, monkeypatch):
    code = house.lead()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert headroom("erase", code)[0] == 130
    assert house.rows("SELECT name FROM people") == [{"name": "Dana Cole"}]
    code_of_exit, out, _ = headroom("erase", code, "--yes")
    assert code_of_exit == 0 and f"1 leads ({code})" in out and "article 19" in out


def test_what_waits_on_the_spool_is_erased_too_and_damaged_files_are_named(headroom, house, tmp_path):
    code = house.lead(email="dana@acme.example")
    spool, later = Spool(tmp_path / "spool", 1_000_000), clock.now()
    said = {"kind": "message", "channel": "sms", "phone": "+15125550143", "message": "I have a giraffe"}
    spool.append(packed(Entry(later, (Received("texts", "SM1", "message", said, b"Body=I have a giraffe", {}, later),))))
    spool.set_aside(b'{"phone": "+15125550143", "message": "torn')
    out = headroom("erase", code, "--yes", "--json")[1]
    answered = json.loads(out[out.index("\n{") :])  # behind the log, which the console script sends to stderr
    house.work()
    assert "giraffe" not in str(house.rows("SELECT content, convert_from(body, 'UTF8') AS body FROM inbox")) + str(
        house.rows("SELECT * FROM steps")
    )
    assert [path.suffix for path in (tmp_path / "spool").iterdir() if path.suffix] == [".damaged"]
    assert answered["damaged"] == [str(path) for path in (tmp_path / "spool").glob("*.damaged")]


def test_an_erased_lead_still_has_a_page_that_says_so(headroom, house, client):
    code = house.lead(company="Acme", email="dana@acme.example")
    house.send()
    headroom("erase", code, "--yes")
    for path in ("/", "/leads", f"/leads/{code}", "/outbox", house.offer(code, "ann"), house.breach(code)):
        answer = client.get(path)
        assert answer.status_code == 200 and "Dana" not in answer.text and "Acme" not in answer.text, path
    assert "Erased" in client.get(f"/leads/{code}").text
    bearer = {"Authorization": f"Bearer {house.settings.api_token}"}
    assert client.get(f"/api/leads/{code}", headers=bearer).json["name"] is None


def test_leads_are_printed_as_csv(headroom, house):
    code = house.lead("=cmd()")
    exit_code, out, _ = headroom("leads", "--csv")
    [row] = csv.DictReader(io.StringIO(out, newline=""))
    assert exit_code == 0 and row["code"] == code and row["name"] == "'=cmd()"


def test_the_start_names_the_link_to_the_first_account_only_while_there_is_none(house):
    said = "\n".join(welcome(house.settings, "http://x", form_source=None, first_admin="http://x/first-admin/abc"))
    assert "http://x/first-admin/abc" in said and "15 minutes" in said
    assert "first admin" not in "\n".join(welcome(house.settings, "http://x", form_source=None))
