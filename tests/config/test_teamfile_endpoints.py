"""The section `endpoints` of the team file: what it gives, and what it is told when it is wrong."""

from pathlib import Path

import pytest

from config.settings import Settings
from config.teamfile.file import check
from routing.endpoint import Grant

SAMPLE = (Path(__file__).parents[2] / "config" / "team.yaml").read_text(encoding="utf-8").replace("\nendpoints:", "\n_endpoints:")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRON = {"HOOK": SECRET, "NEXT": f"{SECRET},{SECRET[:-4]}AAAA", "SHORT": "whsec_aGVsbG8=", "PLAIN": "hello", "TOKEN": "pat-1"}


def checked(endpoints: str, **settings: object):
    return check(f"{SAMPLE}\nendpoints:\n{endpoints}\n", Settings(environ=ENVIRON, **settings))


def endpoint(text: str, **settings: object):
    result = checked(f"  desk: {text}", **settings)
    assert result.errors == [], result.errors
    return result.team.endpoints["desk"]


def test_a_webhook_hears_everything_and_knows_nobody_unless_told():
    desk = endpoint("{url: 'https://hooks.example.com/in?x=1', secret: env:HOOK}")
    assert (desk.type, desk.url, desk.secrets) == ("webhook", "https://hooks.example.com/in?x=1", (SECRET,))
    assert (desk.events, desk.contact, desk.enabled) == (frozenset(), False, True)
    assert SECRET not in repr(desk)


def test_it_may_choose_events_and_rotate_its_secret():
    desk = endpoint(
        "{url: 'https://h.example.com/', secret: env:NEXT, events: [lead.accepted, lead.closed], contact: true, enabled: false}"
    )
    assert desk.events == {"lead.accepted", "lead.closed"}
    assert len(desk.secrets) == 2 and desk.contact and not desk.enabled
    assert endpoint("{url: 'https://h.example.com/', secret: env:HOOK, events: all}").events == frozenset()


def test_a_crm_knows_the_person_and_has_owners_fields_and_stages():
    desk = endpoint(
        "{type: hubspot, token: env:TOKEN, owners: {priya: '71', tom: '72', ana: '73', joe: '74'}, fields: {x: code, y: form.city}, stages: {Evangelist: won}}"
    )
    assert desk.contact and desk.secrets == ("pat-1",)
    assert (desk.owners["priya"], desk.fields, desk.options["stages"]) == (
        "71",
        {"x": "code", "y": "form.city"},
        {"evangelist": "won"},
    )


def test_salesforce_has_a_host_and_a_client():
    desk = endpoint("{type: salesforce, url: 'https://acme.my.salesforce.com/', client_id: abc, client_secret: env:TOKEN}")
    assert (desk.url, desk.options["external_id"]) == ("https://acme.my.salesforce.com", "Headroom_Code__c")
    assert (desk.grant, desk.secrets) == (Grant("abc", "env:TOKEN"), ())


def test_a_crm_may_ask_for_its_tokens_by_oauth_and_only_names_of_secrets_are_kept():
    desk = endpoint("{type: hubspot, client_id: env:TOKEN, client_secret: env:TOKEN, refresh_token: env:TOKEN}")
    assert desk.grant == Grant("env:TOKEN", "env:TOKEN", "env:TOKEN")
    assert desk.secrets == ()
    assert endpoint("{type: pipedrive, token: env:TOKEN}").grant is None


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("{secret: env:HOOK}", "url", "is missing"),
        ("{url: 'http://hooks.example.com/', secret: env:HOOK}", "url", "https"),
        ("{url: 'https://user:pw@hooks.example.com/', secret: env:HOOK}", "url", "no user name"),
        ("{url: 'https://hooks.example.com:22/', secret: env:HOOK}", "url", "port 22"),
        ("{url: 'https://0x7f.1/', secret: env:HOOK}", "url", "neither a name nor an address"),
        ("{url: 'https://hooks.example.com/'}", "secret", "is missing"),
        ("{url: 'https://hooks.example.com/', secret: env:NOT_THERE}", "secret", "NOT_THERE is not set"),
        ("{url: 'https://hooks.example.com/', secret: env:PLAIN}", "secret", "whsec_"),
        ("{url: 'https://hooks.example.com/', secret: env:SHORT}", "secret", "24 to 64"),
        ("{url: 'https://hooks.example.com/', secret: whsec_in_the_file}", "secret", "must not stand in the team file"),
        ("{url: 'https://hooks.example.com/', secret: env:HOOK, events: [lead.acepted]}", "events", "lead.acepted"),
        ("{url: 'https://hooks.example.com/', secret: env:HOOK, retries: 3}", "retries", "not known"),
        ("{type: zoho, token: env:TOKEN}", "type", "zoho"),
        ("{type: hubspot}", "token", "is missing"),
        ("{type: hubspot, token: env:TOKEN, fields: {x: shoe_size}}", "fields.x", "shoe_size"),
        ("{type: hubspot, token: env:TOKEN, owners: {nobody: '1'}}", "owners.nobody", "no rep"),
        ("{type: hubspot, token: env:TOKEN, stages: {x: maybe}}", "stages.x", "maybe"),
        ("{type: salesforce, url: 'https://a.example.com/x', client_id: a, client_secret: env:TOKEN}", "url", "host alone"),
        ("{type: salesforce, url: 'https://a.example.com', client_secret: env:TOKEN}", "client_id", "is missing"),
        ("{type: salesforce, url: 'https://a.example.com', client_id: a}", "client_secret", "is missing"),
        ("{type: hubspot, client_id: a, client_secret: env:TOKEN}", "refresh_token", "env:DESK_REFRESH_TOKEN"),
        ("{type: hubspot, refresh_token: env:TOKEN, client_secret: env:TOKEN}", "client_id", "is missing"),
        ("{type: hubspot, client_id: a, client_secret: hello, refresh_token: env:TOKEN}", "client_secret", "must not stand"),
        ("{type: pipedrive, client_id: a, client_secret: env:TOKEN, refresh_token: env:NOT_THERE}", "refresh_token", "NOT_THERE"),
        ("{type: pipedrive, token: env:TOKEN, refresh_token: env:TOKEN}", "token", "beside OAuth"),
        ("{url: 'https://hooks.example.com/', secret: env:HOOK, refresh_token: env:TOKEN}", "refresh_token", "not known"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, key, words):
    problems = checked(f"  desk: {text}").errors
    told = [problem for problem in problems if problem.key == f"endpoints.desk.{key}"]
    assert told and any(words in f"{problem.reason} {problem.hint}" for problem in told), problems
    assert told[0].line == SAMPLE.count("\n") + 3
    assert not any("hello" in str(problem) or SECRET in str(problem) for problem in problems)


def test_a_host_of_the_list_may_be_private():
    desk = endpoint("{url: 'http://crm.internal:8080/in', secret: env:HOOK}", private_urls=("crm.internal",))
    assert desk.url == "http://crm.internal:8080/in"


def test_owners_that_are_left_out_are_warned_of():
    result = checked("  desk: {type: pipedrive, token: env:TOKEN, owners: {priya: '71'}}")
    assert any(problem.key == "endpoints.desk.owners" for problem in result.warnings)
