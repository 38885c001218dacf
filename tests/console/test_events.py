"""The page, the commands and the API of events that could not be delivered."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from click.testing import CliRunner
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from werkzeug.wrappers import Request

from config import clock
from config.settings import Settings
from config.teamfile.endpoints import is_signing_secret
from console.commands import events as commands
from console.commands.team import looked_at
from console.openapi import DESCRIPTION
from console.visit import Visit
from store import announcements, api_tokens, audits, policies
from store.announcements import Lane, Result
from tests.console.conftest import API_TOKEN, TEAM, csrf

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def dead(house, tmp_path):
    """An event of a lead that died on its way to the desk; its id."""
    (tmp_path / "secret").write_text(SECRET)
    more = f"endpoints: {{desk: {{url: https://hooks.example.com/in, secret: 'file:{tmp_path / 'secret'}'}}}}\n"
    policies.apply(house.engine, TEAM + more, house.settings, clock.now(), "the tests")
    house.lead()
    [taken] = announcements.claim(house.engine, clock.now(), [Lane("desk", 4)])
    result = Result(taken.id, taken.fence, "desk", taken.lead_id, "dead", status=500, error="answered 500", failed=True)
    announcements.finish(house.engine, [result], clock.now())
    return f"evt_{taken.key}"


def states(house) -> list[str]:
    return [row["state"] for row in house.rows("SELECT state FROM dispatches ORDER BY id")]


def test_the_page_shows_what_died_and_why_and_delivers_it_again(house, client, dead):
    page = client.get("/events").text
    assert dead in page and "answered 500" in page and "failing" in page
    answer = client.post("/events", data={"csrf": csrf(client, "/events"), "do": "replay", "event": dead, "endpoint": "desk"})
    assert answer.status_code == 303 and states(house) == ["pending"]
    assert house.rung, "the workers hear of it"
    assert dead not in client.get("/events").text


def test_one_that_refuses_our_keys_is_not_well(house, client, run, dead):
    house.rows("UPDATE endpoints SET failures = 0, open_until = NULL, why = 'answered 401'")
    assert "failing" in client.get("/events").text and "answered 401" in client.get("/events").text
    assert "failing" in run("list").output
    house.rows("UPDATE endpoints SET why = NULL")
    assert "failing" not in run("list").output


def test_the_auditor_finds_events_that_nobody_delivers(house, dead):
    house.rows("UPDATE dispatches SET state = 'pending', not_before = :at", at=clock.now() - timedelta(minutes=6))
    named = [finding["check"] for finding in audits.findings(house.engine, clock.now())["findings"]]
    assert "events" in named
    house.rows("UPDATE endpoints SET open_until = :at", at=clock.now() + timedelta(minutes=6))
    assert "events" not in [finding["check"] for finding in audits.findings(house.engine, clock.now())["findings"]]


def test_check_warns_of_an_address_that_leads_inside(tmp_path):
    secret, file = tmp_path / "secret", tmp_path / "team.yaml"
    secret.write_text(SECRET)
    file.write_text(f"{TEAM}endpoints: {{desk: {{url: 'https://localhost:8443/in', secret: 'file:{secret}'}}}}\n")
    told = [str(problem) for problem in looked_at(file, Settings()).warnings]
    assert any("endpoints.desk.url: would not be called now" in problem and "private" in problem for problem in told)
    assert not any("desk" in str(problem) for problem in looked_at(file, Settings(private_urls=("localhost",))).warnings)


def test_metrics_count_what_is_dead(client, dead):
    assert 'headroom_events{endpoint="desk",state="dead"} 1.0' in client.get("/metrics").text


def test_all_of_an_endpoint_are_delivered_again_with_one_button(house, client, dead):
    client.post("/events", data={"csrf": csrf(client, "/events"), "do": "all", "endpoint": "desk"})
    assert states(house) == ["pending"]


@pytest.mark.parametrize("form", [{}, {"do": "replay", "event": "evt_x"}, {"do": "all"}, {"do": "drop", "endpoint": "desk"}])
def test_a_form_that_asks_for_nothing_changes_nothing(house, client, dead, form):
    assert client.post("/events", data={"csrf": csrf(client, "/events"), **form}).status_code == 400
    assert states(house) == ["dead"]


def test_the_api_lists_and_replays_as_it_is_described(house, dead):
    api = house.client(authorization=f"Bearer {API_TOKEN}")
    described = OpenAPI.from_dict({**DESCRIPTION, "servers": [{"url": house.settings.public_url}]})
    base = house.settings.public_url
    answers = [api.get("/api/events/dead", base_url=base)]
    for said in ({"event": dead}, {"endpoint": "desk"}):
        answers.append(api.post("/api/events/replay", json=said, base_url=base))
        answers[-1].request.environ["wsgi.input"] = BytesIO(json.dumps(said).encode())
    for answer in answers:
        asked = WerkzeugOpenAPIRequest(Request(answer.request.environ))
        assert described.unmarshal_response(asked, WerkzeugOpenAPIResponse(answer)).errors == []
    assert [answer.status_code for answer in answers] == [200, 202, 400]
    [letter] = answers[0].json["events"]
    assert (letter["id"], letter["type"], letter["lead"], letter["status"]) == (dead, "lead.arrived", "A1", 500)
    assert states(house) == ["pending"]


def test_a_reading_token_may_not_replay(house, dead):
    bearer = {"Authorization": f"Bearer {api_tokens.add(house.engine, 'reader', 'viewer', clock.now())}"}
    assert house.client().post("/api/events/replay", json={"event": dead}, headers=bearer).status_code == 403
    assert states(house) == ["dead"]


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(house, monkeypatch):
    class Here:
        def __enter__(self) -> Visit:
            return Visit(house.settings, house.engine, "")

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(commands, "visit", Here)
    return lambda *words: CliRunner().invoke(commands.events, words, standalone_mode=False)


def test_the_commands_list_what_is_dead_and_deliver_it_again(house, run, dead):
    assert "failing" in run("list").output
    listed = run("dead", "--json")
    assert listed.return_value == 1
    assert json.loads(listed.output)[0]["event"] == dead
    assert "1 on their way again" in run("replay", dead).output
    assert states(house) == ["pending"]
    assert run("dead").return_value == 0


def test_replaying_since_an_instant_needs_an_endpoint_of_the_team(house, run, dead):
    assert "1 on their way again" in run("replay", "--endpoint", "desk", "--since", "2h", "--dead").output
    assert "no endpoint 'nobody'" in str(run("replay", "--endpoint", "nobody", "--since", "2h").exception)
    assert "Name one EVENT" in str(run("replay", "--since", "2h").exception)
    assert "no event's id" in str(run("replay", "evt_7").exception)
    assert "not understood" in str(run("replay", "--endpoint", "desk", "--since", "tuesday").exception)


def test_a_made_secret_is_one_that_the_team_file_takes(run):
    assert is_signing_secret(run("secret").output.strip())


def test_an_endpoint_is_called_again(house, run, dead):
    assert "desk is called again" in run("enable", "desk").output
    assert house.rows("SELECT failures FROM endpoints")[0]["failures"] == 0
    assert "no endpoint" in str(run("enable", "nobody").exception)
    assert Settings().private_urls == ()
