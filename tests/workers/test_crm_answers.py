"""What CRMs answer besides yes, as their descriptions and pages say, and what then becomes of the event."""

import pytest

from routing.events import HumanResponded, NoteAdded, OfferAccepted, OutcomeReported
from store import notices, policies
from tests.receiver import Manner, Post
from tests.synced import DANA, FIELD, a_synced
from tests.vendor_crms import faults


@pytest.fixture(params=["hubspot", "salesforce", "pipedrive"])
def synced(request, database, tmp_path):
    with a_synced(request.param, database, tmp_path) as made:
        yield made


def only(vendor: str):
    return pytest.mark.parametrize("synced", [vendor], indirect=True)


def answers(synced, *said: Manner, to: str = "") -> None:
    """The next requests (to a path that holds `to`) are answered so, later ones as ever."""
    right, left = synced.crm.manner, list(said)

    def manner(post: Post) -> Manner:
        return left.pop(0) if left and to in f"{post.method} {post.path}" and not synced.crm.is_door(post) else right(post)

    synced.crm.manner = manner


# --- HubSpot --------------------------------------------------------------------------------------------------------------


@only("hubspot")
def test_a_contact_is_found_by_its_address_in_one_call(synced):
    synced.crm.records["7"] = {"email": "dana@example.com", "phone": "512-555-0143", "jobtitle": "CFO"}
    synced.firm.arrive(**DANA)
    synced.tell()
    assert len(synced.crm.posts) == 1 and list(synced.crm.records) == ["7"]
    assert synced.crm.records["7"]["jobtitle"] == "CFO"


@only("hubspot")
def test_an_address_that_is_a_contacts_second_one_finds_it_and_does_not_become_its_first(synced):
    synced.crm.records["7"] = {"email": "dana@work.example"}
    synced.crm.second_addresses["dana@example.com"] = "7"
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.is_told() and list(synced.crm.records) == ["7"]
    assert synced.crm.records["7"]["email"] == "dana@work.example"
    assert synced.crm.records["7"]["company"] == "Acme Co"


@only("hubspot")
@pytest.mark.parametrize("written", ["(512) 555-0143", "+1 512 555 0143", "+15125550143"])
def test_a_contact_is_found_by_its_number_however_it_was_typed(synced, written):
    synced.crm.records["7"] = {"phone": written}
    synced.firm.arrive(name="Dana Cole", phone="+15125550143")
    synced.tell()
    assert list(synced.crm.records) == ["7"]


@only("hubspot")
@pytest.mark.parametrize("there", [{"phone": "+445125550143"}, {"phone": "+15125550143", "email": "omar@example.com"}])
def test_a_number_of_another_country_or_of_somebody_with_another_address_is_nobody(synced, there):
    synced.crm.records["7"] = dict(there)
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.is_told() and len(synced.crm.records) == 2
    assert synced.crm.records["7"] == there


@only("hubspot")
def test_a_new_contact_as_the_description_has_it_is_remembered_too(synced):
    """CreatedResponseSimplePublicObject: `createdResourceId` and `entity`; the API in use answers as for any object."""
    answers(synced, Manner(201, said={"createdResourceId": "77", "entity": {"id": "77"}}), to="POST /crm/v3/objects/contacts")
    synced.firm.arrive(email="a@example.com", phone=None)
    synced.tell()
    [row] = synced.firm.rows("SELECT kind, record FROM crm_records")
    assert tuple(row) == ("contact", "77")


@only("hubspot")
@pytest.mark.parametrize(
    ("status", "said", "headers", "seconds"),
    [
        (429, {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}, {}, 10),
        (429, {"policyName": "DAILY", "errorType": "RATE_LIMIT"}, {}, 3600),
        (429, {"category": "RATE_LIMITS"}, {"Retry-After": "7"}, 7),
        (429, {}, {}, 30),
        (423, {}, {}, 2),
        (477, {}, {"Retry-After": "7200"}, 7200),
    ],
)
def test_hubspot_says_how_long_to_wait(synced, status, said, headers, seconds):
    answers(synced, Manner(status, headers, said=said))
    synced.firm.arrive(**DANA)
    synced.tell()
    [row] = synced.firm.rows("SELECT d.not_before - d.queued_at AS wait, e.failures FROM dispatches d, endpoints e")
    assert (row.wait.total_seconds(), row.failures) == (seconds, 0)
    synced.time_goes_by(seconds=seconds + 1)
    assert synced.is_told()


@only("hubspot")
def test_a_property_that_does_not_exist_holds_the_endpoint_and_says_so(synced):
    wrong = {"category": "VALIDATION_ERROR", "errors": [{"message": "no", "code": "PROPERTY_DOESNT_EXIST"}]}
    answers(synced, Manner(400, said=wrong))
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.states() == ["pending"]
    [held] = synced.firm.rows("SELECT text FROM notices WHERE key = 'endpoint:crm'")
    assert "PROPERTY_DOESNT_EXIST" in held.text and "Mapped properties must exist there" in held.text


@only("hubspot")
def test_a_conflict_that_names_nobody_is_tried_again(synced):
    answers(
        synced,
        Manner(409, said={"category": "CONFLICT", "message": "Property values were not valid"}),
        to="POST /crm/v3/objects/contacts",
    )
    synced.firm.arrive(email="a@example.com", phone=None)
    synced.tell()
    assert synced.states() == ["pending"]
    synced.time_goes_by(minutes=1)
    assert synced.is_told()


# --- Salesforce -----------------------------------------------------------------------------------------------------------


@only("salesforce")
def test_no_assignment_rule_takes_the_lead_from_its_owner(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.crm.records[code]["OwnerId"] == "whom the rule takes", "nobody has it yet: the firm's own rule may say who"
    owner = synced.owner(code)
    synced.firm.happen(code, OfferAccepted(owner, "sms"))
    synced.tell()
    synced.firm.happen(code, HumanResponded(owner, "call"))
    synced.tell()
    assert synced.crm.records[code]["OwnerId"] == {"priya": "71", "tom": "72"}[owner]


@only("salesforce")
@pytest.mark.parametrize("code", ["NOT_FOUND", "INVALID_FIELD"])
def test_a_missing_field_holds_the_endpoint_and_says_so(synced, code):
    answers(
        synced,
        Manner(
            404 if code == "NOT_FOUND" else 400, said=[{"errorCode": code, "message": "The requested resource does not exist"}]
        ),
    )
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.states() == ["pending"]
    [held] = synced.firm.rows("SELECT text FROM notices WHERE key = 'endpoint:crm'")
    assert code in held.text and "`external_id` and mapped fields must exist" in held.text


@only("salesforce")
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (300, ["/services/data/v62.0/sobjects/Lead/00Q1", "/services/data/v62.0/sobjects/Lead/00Q2"]),
        (400, [{"errorCode": "DUPLICATES_DETECTED", "message": "You're creating a duplicate record"}]),
        (400, [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}]),
    ],
)
def test_what_a_person_must_look_at_is_a_dead_letter_and_others_go_on(synced, status, said):
    answers(synced, Manner(status, said=said))
    synced.firm.arrive(email="a@example.com")
    synced.firm.arrive(email="b@example.com")
    synced.tell()
    assert sorted(synced.states()) == ["dead", "delivered"]


@only("salesforce")
@pytest.mark.parametrize(("code", "status"), [("UNABLE_TO_LOCK_ROW", 400), ("SERVER_UNAVAILABLE", 503), ("x", 500)])
def test_a_busy_row_is_tried_again(synced, code, status):
    answers(synced, Manner(status, said=[{"errorCode": code}]))
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.states() == ["pending"]
    synced.time_goes_by(minutes=1)
    assert synced.is_told()


@only("salesforce")
@pytest.mark.parametrize(("outcome", "status"), [("bad_number", "Closed - Not Converted"), ("talked", "Working - Contacted")])
def test_an_outcome_is_a_status_there(synced, outcome, status):
    [code] = synced.firm.arrive(**DANA)
    owner = synced.owner(code)
    synced.firm.happen(code, OfferAccepted(owner, "sms"))
    synced.firm.happen(code, OutcomeReported(owner, outcome))
    synced.tell()
    assert synced.crm.records[code]["Status"] == status


@only("salesforce")
def test_long_words_are_cut_to_what_fits_and_an_address_is_not_cut(synced):
    synced.firm.arrive(name="N" * 300, company="C" * 300, email=f"{'a' * 60}@{'b' * 60}.example", message="M" * 5_000)
    synced.tell()
    [lead] = synced.crm.records.values()
    assert (len(lead["LastName"]), len(lead["Company"]), "Email" in lead) == (80, 255, False)


# --- Pipedrive ------------------------------------------------------------------------------------------------------------


@only("pipedrive")
def test_a_lead_that_was_made_a_deal_of_is_history(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    synced.crm.leads.clear()
    synced.firm.happen(code, OfferAccepted(synced.owner(code), "sms"))
    synced.tell()
    assert synced.is_told() and synced.crm.leads == {}


@only("pipedrive")
def test_a_lead_in_the_archive_is_left_there(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    owner = synced.owner(code)
    synced.firm.happen(code, OfferAccepted(owner, "sms"))
    synced.firm.happen(code, OutcomeReported(owner, "not_now"))
    synced.tell()
    assert len(synced.crm.archived) == 1
    synced.firm.happen(code, OfferAccepted("tom", "sms"))  # crossed: another event of a lead that is over
    synced.tell()
    assert synced.is_told()


@only("pipedrive")
def test_a_lead_that_is_lost_before_it_was_told_is_made_and_put_into_the_archive(synced):
    [code] = synced.firm.arrive(**DANA)
    owner = synced.owner(code)
    synced.firm.happen(code, OfferAccepted(owner, "sms"))
    synced.firm.happen(code, OutcomeReported(owner, "bad_number"))
    synced.tell()
    assert synced.is_told() and len(synced.crm.archived) == len(synced.crm.leads) == 1


@only("pipedrive")
def test_a_field_that_is_wrong_is_no_history(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    synced.firm.happen(code, OfferAccepted(synced.owner(code), "sms"))
    answers(synced, Manner(400, said={"success": False, "error": "Validation failed"}), to="PATCH")
    synced.tell()
    assert synced.states() == ["delivered", "dead"]


@only("pipedrive")
def test_the_number_of_somebody_with_another_address_is_another_person(synced):
    synced.firm.arrive(name="Omar Cole", phone=DANA["phone"], email="omar@example.com")
    synced.tell()
    synced.firm.do("UPDATE people SET phone = NULL")
    synced.firm.do("DELETE FROM addresses WHERE kind = 'phone'")
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.is_told() and len(synced.crm.records) == 2


@only("pipedrive")
@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"x-ratelimit-reset": "2", "x-ratelimit-remaining": "0"}, 2),
        (429, {"x-daily-ratelimit-token-remaining": "0"}, 3600),
        (429, {}, 30),
        (403, {"Content-Type": "text/html; charset=UTF-8"}, 600),
    ],
)
def test_pipedrive_says_how_long_to_wait(synced, status, headers, seconds):
    answers(synced, Manner(status, headers, said={"success": False}))
    synced.firm.arrive(**DANA)
    synced.tell()
    [row] = synced.firm.rows("SELECT not_before - queued_at AS wait FROM dispatches")
    assert row.wait.total_seconds() == seconds
    synced.time_goes_by(seconds=seconds + 1)
    assert synced.is_told()


@only("pipedrive")
def test_an_account_that_is_not_paid_holds_the_endpoint(synced):
    answers(synced, Manner(402, said={"success": False}))
    synced.firm.arrive(**DANA)
    synced.tell()
    assert synced.states() == ["pending"]
    assert notices.open_since(synced.firm.engine, "endpoint:crm")


@only("pipedrive")
def test_a_lead_is_not_marked_unseen_where_there_is_nothing_to_say(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    synced.firm.takes(policies.text_of(synced.firm.engine).replace(f"fields: {{{FIELD}: link}}", "fields: {}"))
    before = len(synced.crm.posts)
    synced.firm.happen(code, NoteAdded("Kim", "Friday"))
    synced.tell()
    assert synced.is_told() and synced.crm.posts[before:] == []


# --- keys that are refused ------------------------------------------------------------------------------------------------


def test_the_operator_hears_at_once_that_keys_are_refused_and_what_to_do(synced):
    right = synced.crm.manner
    synced.crm.manner = lambda post: right(post) if synced.crm.is_door(post) else Manner(401, said={})
    codes = synced.firm.arrive(2)
    synced.tell()
    [held] = synced.firm.rows("SELECT text FROM notices WHERE key = 'endpoint:crm' AND over_at IS NULL")
    assert "The endpoint crm takes nothing" in held.text and "restart" in held.text
    assert [synced.firm.lead(code).status for code in codes] == ["offered", "offered"]
    synced.crm.manner = right
    synced.time_goes_by(minutes=6)
    assert synced.is_told() and notices.open_since(synced.firm.engine, "endpoint:crm") is None


# --- the table itself -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "post", "words"),
    [
        ("hubspot", Post("/crm/v3/objects/contact", {}, b"{}"), "no such operation"),
        ("hubspot", Post("/crm/v3/objects/contacts", {"content-type": "application/json"}, b'{"properties": {}}'), "authorization"),
        ("hubspot", Post("/crm/v3/objects/contacts", {"content-type": "application/json"}, b'{"props": {}}'), "'properties' is a required"),
        ("hubspot", Post("/oauth/2026-03/token", {"content-type": "application/x-www-form-urlencoded"}, b"grant_type=password"), "grant_type"),
        ("pipedrive", Post("/api/v2/persons/search?term=a&fields=email", {}, b"", "GET"), "term=a"),
        ("pipedrive", Post("/v1/leads/1", {"content-type": "application/json"}, b'{"archived": true}', "PATCH"), "archived"),
        ("salesforce", Post("/services/data/v62.0/sobjects/Lead/Headroom_Code__c/A7", {"content-type": "application/json"}, b'{"LastName": 1}', "PATCH"), "Company"),
    ],
)  # fmt: skip
def test_the_table_objects_to_what_is_wrong(vendor, post, words):
    assert any(words in fault for fault in faults(vendor, post)), faults(vendor, post)
