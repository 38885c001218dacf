"""One person or two: on the page of a lead, at the API and on the command line, and who may decide it."""

import pytest

from console import cli
from routing.codes import number_of
from store import api_tokens
from store.accounts import Role
from store.inbox import Received, record
from tests.console.conftest import API_TOKEN, NOW, csrf
from tests.console.people import signed_in

PHONE = "+15125550143"


@pytest.fixture
def api(house):
    return house.client(authorization=f"Bearer {API_TOKEN}")


@pytest.fixture
def family(house) -> tuple[str, str]:
    """Two people at one number."""
    return house.lead("Maria Cole"), house.lead("John Cole")


def test_a_suggestion_is_shown_with_buttons_and_a_press_makes_them_one(house, client, family):
    maria, john = family
    page = client.get(f"/leads/{john}").text
    assert "May be Maria Cole" in page
    assert "the same number, another name" in page
    other = house.one(maria)["person_id"]
    pressed = client.post(f"/leads/{john}", data={"do": "merge", "other": other, "csrf": csrf(client, f"/leads/{john}")})
    assert pressed.status_code == 303
    assert house.one(maria)["person_id"] == house.one(john)["person_id"]
    assert house.one(john)["state"]["outcome"] == "merged"
    assert "it goes on here" in client.get(f"/leads/{maria}").text
    assert "May be" not in client.get(f"/leads/{maria}").text


def test_a_merge_is_undone_by_a_button(house, client, family):
    maria, john = family
    token = csrf(client, f"/leads/{john}")
    client.post(f"/leads/{maria}", data={"do": "merge", "code": john, "csrf": token})
    assert "is somebody else" in client.get(f"/leads/{john}").text
    assert client.post(f"/leads/{john}", data={"do": "split", "csrf": token}).status_code == 303
    assert house.one(maria)["person_id"] != house.one(john)["person_id"]
    assert house.one(john)["status"] == "offered"
    again = client.post(f"/leads/{john}", data={"do": "split", "csrf": token})
    assert again.status_code == 409
    assert "nothing to take apart" in again.text


def test_somebody_else_is_not_asked_about_again(house, client, family):
    maria, john = family
    data = {"do": "different", "other": house.one(maria)["person_id"], "csrf": csrf(client, f"/leads/{john}")}
    assert client.post(f"/leads/{john}", data=data).status_code == 303
    assert "May be" not in client.get(f"/leads/{john}").text


def test_a_merge_with_nobody_is_refused_in_words(house, client, family):
    data = {"do": "merge", "code": "Z9", "csrf": csrf(client, f"/leads/{family[0]}")}
    assert client.post(f"/leads/{family[0]}", data=data).status_code == 409


def test_the_api_merges_and_splits(house, api, family):
    maria, john = family
    done = api.post(f"/api/leads/{maria}/merge", json={"with": john})
    assert done.status_code == 200
    assert (done.json["into"], done.json["folded"]) == (maria, [john])
    assert api.post(f"/api/leads/{maria}/merge", json={"with": john}).status_code == 409
    apart = api.post(f"/api/leads/{john}/split")
    assert apart.json["leads"] == [john]
    assert api.post(f"/api/leads/{maria}/merge", json={}).status_code == 400
    assert api.post("/api/leads/Z9/split").status_code == 404
    assert number_of(john) is not None


def test_a_token_that_may_only_read_changes_nothing(house, family):
    token = api_tokens.add(house.engine, "reader", Role.VIEWER, NOW)
    reader = house.client(authorization=f"Bearer {token}")
    assert reader.post(f"/api/leads/{family[0]}/merge", json={"with": family[1]}).status_code == 403
    assert reader.post(f"/api/leads/{family[0]}/split").status_code == 403
    assert house.one(family[0])["person_id"] != house.one(family[1])["person_id"]


def test_merge_and_split_on_the_command_line(house, family, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("DATABASE_URL", house.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", "a-key-for-tests-of-32-characters")
    monkeypatch.setenv("HEADROOM_DATA", str(tmp_path))
    maria, john = family
    assert cli.run(["merge", maria, john]) == 0
    assert f"{john} goes on in {maria}" in capsys.readouterr().out
    assert cli.run(["merge", maria, john]) == 1
    assert "one person already" in capsys.readouterr().err
    assert cli.run(["split", john, "--json"]) == 0
    assert f'"{john}"' in capsys.readouterr().out
    assert cli.run(["split", "Z9"]) == 1


def a_wish_to_be_forgotten(house, code: str) -> None:
    [row] = house.rows("SELECT external_id FROM inbox WHERE lead_id = :lead", lead=number_of(code))
    wish = Received("website", "wish", "erase_request", {"external_id": row["external_id"]}, b"", {}, NOW)
    record(house.engine, [wish], NOW)
    house.work()


def test_a_vendors_wish_to_forget_is_one_button_for_an_admin(house, client):
    code = house.lead("Dana Cole", email="dana@acme.example")
    assert "Forget this person" not in client.get(f"/leads/{code}").text
    a_wish_to_be_forgotten(house, code)
    assert len(house.rows("SELECT 1 FROM notices WHERE key LIKE 'erase:%' AND over_at IS NULL")) == 1
    page = client.get(f"/leads/{code}").text
    assert "Forget this person" in page
    assert client.post(f"/leads/{code}", data={"do": "forget", "csrf": csrf(client, f"/leads/{code}")}).status_code == 303
    assert house.rows("SELECT name, email FROM people WHERE name IS NOT NULL OR email IS NOT NULL") == []
    assert house.rows("SELECT 1 FROM notices WHERE key LIKE 'erase:%' AND over_at IS NULL") == []
    assert "Forget this person" not in client.get(f"/leads/{code}").text


def test_a_manager_cannot_forget_a_person(house):
    code = house.lead("Dana Cole", email="dana@acme.example")
    a_wish_to_be_forgotten(house, code)
    kim = signed_in(house, Role.MANAGER)
    assert "Forget this person" not in kim.get(f"/leads/{code}").text
    assert kim.post(f"/leads/{code}", data={"do": "forget", "csrf": csrf(kim, f"/leads/{code}")}).status_code == 403
    assert house.rows("SELECT email FROM people") == [{"email": "dana@acme.example"}]
