"""HubSpot, Salesforce and Pipedrive are told of a lead, its owner and its outcome: once, and as they like it."""

from itertools import groupby

import pytest

from routing.events import HumanResponded, OfferAccepted, OutcomeReported
from store.inbox import Received
from tests.receiver import Manner
from tests.synced import DANA, FIELD, a_synced


@pytest.fixture(params=["hubspot", "salesforce", "pipedrive"])
def synced(request, database, tmp_path):
    with a_synced(request.param, database, tmp_path) as made:
        yield made


def test_a_lead_its_owner_and_its_outcome_are_one_record_brought_up_to_date(synced):
    firm, crm = synced.firm, synced.crm
    [code] = firm.arrive(**DANA)
    synced.tell()
    owner = synced.owner(code)
    firm.happen(code, OfferAccepted(owner, "sms"))
    synced.tell()
    firm.happen(code, HumanResponded(owner, "call"))
    firm.happen(code, OutcomeReported(owner, "talked"))
    synced.tell()
    assert crm.violations() == []
    assert set(synced.states()) <= {"delivered", "superseded"}
    assert len(crm.records) == 1 and len(crm.leads) <= 1
    user = {"priya": "71", "tom": "72"}[owner]
    [record] = crm.records.values()
    match crm.vendor:
        case "hubspot":
            assert (record["email"], record["phone"], record["hubspot_owner_id"]) == ("dana@example.com", "+15125550143", user)
            assert (record["hs_lead_status"], record["headroom_code"]) == ("CONNECTED", code)
        case "salesforce":
            assert (record["LastName"], record["Company"], record["OwnerId"], record["LeadSource"]) == (
                "Dana Cole",
                "Acme Co",
                user,
                "website",
            )
            assert record["Status"] == "Working - Contacted"
        case "pipedrive":
            [lead] = crm.leads.values()
            assert (lead["title"], lead["owner_id"], lead["is_archived"]) == (f"Dana Cole · {code}", int(user), False)
            assert lead[FIELD] == f"https://leads.example.com/leads/{code}"


def test_of_events_that_wait_only_the_newest_of_a_lead_is_told(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.firm.happen(code, OfferAccepted(synced.owner(code), "sms"))
    synced.tell()
    assert synced.states() == ["superseded", "delivered"]


def test_a_crm_that_is_down_for_an_hour_gets_everything_later_once_and_in_order(synced):
    firm, crm = synced.firm, synced.crm
    crm.down = True
    codes = []
    for n in range(6):
        codes += firm.arrive(name=f"Person {n}", email=f"p{n}@example.com")
        synced.time_goes_by(minutes=10)
    firm.happen(codes[0], OfferAccepted(synced.owner(codes[0]), "sms"))
    assert crm.records == {} and len(crm.posts) < 40, "it is not hammered meanwhile"
    crm.down, before = False, len(crm.writes())
    synced.time_goes_by(minutes=20)
    assert set(synced.states()) <= {"delivered", "superseded"}
    assert len(crm.records) == 6
    told = [code for code, _ in groupby(crm_code(crm, post) for post in crm.writes()[before:]) if code]
    assert told == [*codes[1:], codes[0]], "each lead once, the oldest news first"
    assert crm.violations() == []


def crm_code(crm, post):
    """The lead a write is about."""
    if crm.vendor == "salesforce":
        return post.path.rpartition("/")[2]
    event = post.event
    return event["properties"]["headroom_code"] if crm.vendor == "hubspot" else event.get("title", "").rpartition(" ")[2]


def test_a_second_inquiry_of_the_same_person_makes_no_second_person(synced):
    synced.firm.arrive(**DANA)
    synced.tell()
    synced.firm.after(days=1)
    synced.firm.arrive(**DANA)
    synced.tell()
    people = 2 if synced.crm.vendor == "salesforce" else 1  # a Lead of Salesforce is an inquiry, not a person
    assert len(synced.crm.records) == people


def test_killed_after_the_call_the_next_try_makes_nothing_twice(synced):
    synced.firm.arrive(**DANA)
    synced.tell()
    synced.firm.do("DELETE FROM crm_records")
    synced.firm.do("UPDATE dispatches SET state = 'sending', lease_until = :now", now=synced.firm.now)
    synced.tell()
    assert synced.states() == ["delivered"]
    assert len(synced.crm.records) == 1 and len(synced.crm.leads) <= 1


def test_keys_that_are_refused_hold_the_endpoint_and_lose_nothing(synced):
    crm, right = synced.crm, synced.crm.manner
    crm.manner = lambda post: Manner(401, said={})
    synced.firm.arrive(2, email="x@example.com")
    synced.tell()
    asked = len(crm.posts)
    synced.time_goes_by(minutes=4)
    assert len(crm.posts) == asked, "left alone for five minutes"
    crm.manner = right
    synced.time_goes_by(minutes=20)
    assert set(synced.states()) <= {"delivered", "superseded"}


def test_an_event_that_the_crm_cannot_take_is_a_dead_letter_and_others_go_on(synced):
    crm, right = synced.crm, synced.crm.manner
    said = (
        {"category": "VALIDATION_ERROR"}
        if crm.vendor == "hubspot"
        else [{"errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"}]
    )
    crm.manner = lambda post: (
        Manner(400, said=said) if b"bad@example.com" in post.body + post.path.encode().replace(b"%40", b"@") else right(post)
    )
    synced.firm.arrive(email="bad@example.com")
    synced.firm.arrive(email="good@example.com")
    synced.tell()
    assert synced.states() == ["dead", "delivered"]


def the_crm_says(synced, word: str, key: str = "1") -> None:
    """As its webhook brings it."""
    vendor = synced.crm.vendor
    kind = {"hubspot": "contact", "salesforce": "lead", "pipedrive": "person"}[vendor]
    records = [
        {"kind": kind, "record": row.record} for row in synced.firm.rows("SELECT record FROM crm_records WHERE kind = :k", k=kind)
    ]
    content = {"external_id": key, "kind": "message", "channel": "crm", "crm": vendor, "said": word, "records": records}
    synced.firm.record(Received("website", key, "stage_reported", content, key.encode(), {}, synced.firm.now))
    synced.firm.drain()


WORDS = {"hubspot": ("Opportunity", "customer"), "salesforce": ("Qualified", "Closed Won"), "pipedrive": ("open", "won")}


def test_stages_come_back_as_steps_of_the_lead_once_each(synced):
    firm = synced.firm
    [code] = firm.arrive(**DANA)
    synced.tell()
    owner = synced.owner(code)
    firm.happen(code, OfferAccepted(owner, "sms"))
    firm.happen(code, HumanResponded(owner, "call"))
    qualified, won = WORDS[synced.crm.vendor]
    for n, word in enumerate((qualified, qualified, "a word of their own", won, won)):
        firm.after(minutes=1)
        the_crm_says(synced, word, f"stage-{n}")
    told = [line for line in firm.why(code).split("\n") if "says" in line]
    assert [line.partition(" says: ")[2] for line in told] == ["qualified", "won"]
    assert (firm.lead(code).status, firm.lead(code).state["outcome"]) == ("closed", "won")
    assert firm.rows("SELECT count(*) FROM announcements WHERE type IN ('lead.stage_changed', 'lead.closed')")[0][0] == 2
    firm.is_sound()


def test_a_stage_of_somebody_we_never_brought_there_is_nothing(synced):
    synced.firm.arrive(**DANA)
    the_crm_says(synced, WORDS[synced.crm.vendor][1])
    assert synced.firm.count("steps", event="StageReported") == 0
    assert synced.firm.rows("SELECT count(*) FROM inbox WHERE done_at IS NULL")[0][0] == 0


def test_test_leads_and_people_nobody_can_reach_are_not_told(synced):
    synced.firm.arrive(is_test=True, email="t@example.com")
    synced.firm.arrive(phone=None, email=None)
    synced.tell()
    assert synced.crm.writes() == [] and set(synced.states()) == {"delivered"}


@pytest.mark.parametrize("synced", ["salesforce"], indirect=True)
def test_an_expired_token_is_asked_for_anew_once(synced):
    synced.firm.arrive(email="a@example.com")
    synced.tell()
    synced.crm.tokens.append("another")
    synced.firm.arrive(email="b@example.com")
    synced.tell()
    assert len(synced.crm.asked_for_tokens()) == 2
    assert len(synced.crm.records) == 2


@pytest.mark.parametrize("synced", ["salesforce"], indirect=True)
def test_a_converted_lead_is_history_and_a_limit_is_waited_for(synced):
    crm, right = synced.crm, synced.crm.manner
    answers = iter([(403, "REQUEST_LIMIT_EXCEEDED"), (400, "CANNOT_UPDATE_CONVERTED_LEAD")])

    def manner(post):
        if "/sobjects/" not in post.path:
            return right(post)
        status, code = next(answers)
        return Manner(status, said=[{"errorCode": code}])

    crm.manner = manner
    synced.firm.arrive(email="a@example.com")
    synced.tell()
    assert synced.states() == ["pending"]
    synced.time_goes_by(minutes=16)
    assert synced.states() == ["delivered"]


@pytest.mark.parametrize("synced", ["hubspot"], indirect=True)
def test_a_contact_that_was_merged_away_is_made_anew(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    synced.crm.records.clear()
    synced.firm.happen(code, OfferAccepted(synced.owner(code), "sms"))
    synced.tell()
    assert len(synced.crm.records) == 1
