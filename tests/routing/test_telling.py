"""What the lead, the reps and the managers are told: which words, by which way, and never twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from routing.events import (
    AcknowledgementFailed,
    HumanResponded,
    LeadArrived,
    MessageArrived,
    OfferAccepted,
    OfferLapsed,
    RungReached,
)  # fmt: skip
from routing.journey import step
from routing.model import Kind
from routing.naming import name_of, names
from routing.team import OfferStyle, QuietHours, Source, Words
from tests.builders import (
    DANA,
    EVERYBODY,
    MINUTE,
    NOBODY,
    NOW,
    OFFICE,
    POOL,
    REPS,
    SLA,
    STATES,
    a_lead,
    a_team,
    accepted,
    after,
    facts,
    message,
    offered,
    responded,
    told,
    waiting,
)

NIGHT = NOW - timedelta(hours=10)  # Sunday 23:00 in Austin
SUNDAY = NOW - timedelta(hours=20)  # Sunday 13:00 in Austin: texts are allowed there from noon on


def ack(lead=None, now=NOW, **how):
    """The acknowledgement of a new lead, None when there is none."""
    decided = step(facts(lead=lead or a_lead(), **how), LeadArrived(), now)
    found = [m for m in decided.messages if m.purpose == "ack"]
    assert len(found) <= 1
    assert decided.state.acked_on == tuple(m.channel for m in found)
    return found[0] if found else None


def dana(**how):
    return a_lead(person=replace(DANA, **how))


# --- the acknowledgement -----------------------------------------------------------------------------------------

HANDLES = {"whatsapp": "+15125550143", "messenger": "6200"}


@pytest.mark.parametrize(
    ("channel", "person", "way"),
    [
        ("form", DANA, ("sms", DANA.phone)),
        ("call", DANA, ("sms", DANA.phone)),
        ("email", DANA, ("email", DANA.email)),
        ("form", replace(DANA, phone=None), ("email", DANA.email)),
        ("email", replace(DANA, email=None), ("sms", DANA.phone)),
        ("whatsapp", replace(DANA, handles=HANDLES), ("whatsapp", "+15125550143")),
        ("messenger", replace(DANA, handles=HANDLES), ("messenger", "6200")),
        ("messenger", DANA, ("sms", DANA.phone)),
        ("form", replace(DANA, handles=HANDLES), ("sms", DANA.phone)),
        ("form", replace(DANA, opted_out=frozenset({"sms"})), ("email", DANA.email)),
        ("form", replace(DANA, opted_out=frozenset({"email"})), ("sms", DANA.phone)),
    ],
)
def test_the_answer_goes_the_way_they_came(channel, person, way):
    said = ack(a_lead(channel=channel, person=person))
    assert (said.channel, said.address) == way
    assert said.key == f"ack:7:{way[0]}"


@pytest.mark.parametrize("stopped", [{"sms", "email"}, {"all"}])
def test_never_against_a_stop(stopped):
    assert ack(dana(opted_out=frozenset(stopped))) is None


def test_a_source_that_wants_no_acknowledgement_gets_none():
    assert ack(source=Source("website", "form", acknowledge=False)) is None


def test_it_names_a_time_in_the_leads_own_zone_and_nobody_who_may_still_pass():
    said = ack(dana(zone="America/New_York"))
    assert said.fields["due_text"] == "10:20 am"
    assert said.fields["rep"] == ""
    assert (said.fields["first_name"], said.fields["firm"]) == ("Dana", "Acme")
    assert ack(dana(zone=None)).fields["due_text"] == "9:20 am"


def test_it_is_worth_sending_until_ten_minutes_after_the_time_it_names():
    assert ack().expires_at == NOW + 30 * MINUTE


def test_who_is_acknowledged_after_the_due_time_is_told_a_time_still_to_come():
    decided = step(facts(accepted()), AcknowledgementFailed("sms", "30003"), NOW + 25 * MINUTE)
    said = message(decided, "ack", "lead")
    assert said.fields["due_text"] == "9:45 am"
    assert said.expires_at == NOW + 55 * MINUTE
    assert decided.state.response_due_at == NOW + 20 * MINUTE


def test_the_first_name_may_come_from_the_form():
    assert ack(a_lead(fields={"first_name": "Day"})).fields["first_name"] == "Day"
    assert ack(dana(name=None)).fields["first_name"] == ""


OWN = Words(sms="Hi!", email="<p>Hi!</p>", email_subject="Hello", closed_sms="We sleep.")


@pytest.mark.parametrize(
    ("person", "now", "words", "template", "opens"),
    [
        (DANA, NOW, "Hi!", "ack", ""),
        (DANA, SUNDAY, "We sleep.", "ack_closed", "tomorrow 8:30 am"),
        (replace(DANA, phone=None), NOW, "<p>Hi!</p>", "ack", ""),
        (replace(DANA, phone=None), SUNDAY, "<p>Hi!</p>", "ack_closed", "tomorrow 8:30 am"),
    ],
)
def test_the_sources_own_words_and_the_closed_ones_out_of_hours(person, now, words, template, opens):
    office = {"sla": replace(SLA, calendar=OFFICE), "source": Source("website", "form", words=OWN)}
    said = ack(a_lead(person=person, arrived_at=now), now, bench=NOBODY, **office)
    assert (said.words, said.template, said.fields["opens_text"]) == (words, template, opens)
    assert said.fields.get("subject_words") == ("Hello" if said.channel == "email" else None)
    assert said.fields["due_text"] == ("9:20 am" if now == NOW else "tomorrow 8:50 am")


def test_without_closed_words_the_open_ones_name_the_true_time():
    office = {"sla": replace(SLA, calendar=OFFICE), "source": Source("website", "form", words=Words(sms="By {{ due_text }}"))}
    assert ack(a_lead(arrived_at=SUNDAY), SUNDAY, bench=NOBODY, **office).words == "By {{ due_text }}"


def test_house_words_are_used_where_the_source_has_none():
    assert ack().words is None
    assert ack(dana(phone=None)).words is None


# --- quiet hours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "channel", "now", "way"),
    [
        (DANA, "form", NIGHT, "email"),
        (DANA, "form", NOW, "sms"),
        (replace(DANA, email=None), "form", NIGHT, "sms"),
        (replace(DANA, wrote_at=NIGHT), "call", NIGHT, "sms"),
        (replace(DANA, wrote_at=NIGHT - timedelta(hours=1)), "form", NIGHT, "email"),
        (replace(DANA, zone="Asia/Tokyo", phone="+81312345678"), "form", NIGHT, "sms"),
        (replace(DANA, zone="Asia/Tokyo"), "form", NIGHT, "email"),  # with a number of Texas: she may be there
        (replace(DANA, zone=None), "form", NOW, "sms"),  # her area code tells it
        (replace(DANA, zone=None, phone="+18005550143"), "form", NOW, "email"),
        (replace(DANA, opted_out=frozenset({"email"})), "form", NIGHT, "sms"),
        (replace(DANA, handles=HANDLES), "whatsapp", NIGHT, "whatsapp"),
    ],
)
def test_a_text_that_the_night_would_hold_goes_by_email_at_once(person, channel, now, way):
    assert ack(a_lead(person=person, channel=channel, arrived_at=now), now).channel == way


def test_without_quiet_hours_a_text_goes_at_night():
    assert ack(a_lead(arrived_at=NIGHT), NIGHT, team=a_team(quiet_hours=None)).channel == "sms"
    noon = a_team(quiet_hours=QuietHours(starts=540, ends=660))
    assert ack(team=noon).channel == "email"


def test_after_a_failed_email_the_held_text_is_the_other_way():
    given, decided = after(facts(lead=a_lead(arrived_at=NIGHT)), LeadArrived(), minutes=-600)
    assert given.state.acked_on == ("email",)
    _, decided = after(given, AcknowledgementFailed("email", "bounced"), minutes=-599)
    assert told(decided) == ["lead sms"]


# --- once, and on another channel if it fails --------------------------------------------------------------------


def test_the_other_channel_once_and_then_whoever_has_it_hears():
    given, _ = after(facts(), LeadArrived(), OfferAccepted("priya", "sms"))
    given, decided = after(given, AcknowledgementFailed("sms", "30003"))
    assert told(decided) == ["lead email"]
    assert decided.state.acked_on == ("sms", "email")
    assert message(decided, "ack").fields["rep"] == "Priya"
    again, decided = after(given, AcknowledgementFailed("sms", "30003 again"))
    assert not decided.changed
    _, decided = after(again, AcknowledgementFailed("email", "bounced"))
    assert told(decided) == ["rep:priya sms"]
    assert message(decided, "not_acked").fields["reason"] == "bounced"
    assert "no other channel is left" in decided.why


@pytest.mark.parametrize(("state", "to"), [(offered("priya", "tom"), ["rep:priya sms", "rep:tom sms"]), (waiting(), [])])
def test_an_offer_without_an_acknowledgement_is_said_to_be_one(state, to):
    only_phone = facts(state, lead=dana(email=None))
    assert told(step(only_phone, AcknowledgementFailed("sms", "30003"), NOW)) == to


def test_after_the_response_or_the_end_no_acknowledgement_is_sent():
    for state in (responded(), STATES["closed"]):
        assert step(facts(state), AcknowledgementFailed("sms", "30003"), NOW).messages == ()


# --- a rep's own words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "person", "now", "way"),
    [
        ("text", DANA, NOW, "sms"),
        ("email", DANA, NOW, "email"),
        ("sms", DANA, NOW, "sms"),
        ("text", replace(DANA, phone=None), NOW, "email"),
        ("text", DANA, NIGHT, "email"),
        ("text", replace(DANA, opted_out=frozenset({"sms"})), NOW, "email"),
    ],
)
def test_a_reps_words_are_passed_on_in_their_name(how, person, now, way):
    decided = step(facts(accepted(), lead=a_lead(person=person)), HumanResponded("priya", how, text="On my way"), now)
    said = message(decided, "relay", "lead")
    assert (said.channel, said.fields["text"], said.fields["rep"], said.purpose) == (way, "On my way", "Priya Shah", "reply")


def test_a_call_has_no_words_to_pass_on():
    assert step(facts(accepted()), HumanResponded("priya", "call"), NOW).messages == ()


def test_words_by_a_way_that_the_lead_does_not_have_are_not_sent():
    decided = step(facts(accepted(), lead=dana(email=None)), HumanResponded("priya", "email", text="Hi"), NOW)
    assert decided.state.responded_at is None
    assert told(decided, "relay") == []


# --- to reps and managers ----------------------------------------------------------------------------------------


def test_an_offer_holds_the_facts_and_the_due_time_and_not_the_number():
    lead = a_lead(fields={"company": "Cole & Co", "city": "Austin", "state": "TX"}, is_test=True)
    said = message(step(facts(lead=lead), LeadArrived(), NOW), "offer", "rep:priya")
    wanted = {
        "code": "G1", "name": "Dana Cole", "company": "Cole & Co", "place": "Austin, TX", "about": "Two quotes, please",
        "due_text": "9:20 am", "remaining": "20m", "pool": "Sales", "rep_name": "Priya Shah", "test": "yes", "turn": "1", "ring": "",
        "lead": "7", "rep": "priya",
    }  # fmt: skip
    assert {name: said.fields[name] for name in wanted} == wanted
    assert not {DANA.phone, DANA.email} & set(said.fields.values())
    assert said.key == "offer:7:1:priya:sms"


def test_an_offer_to_several_says_so():
    ring = facts(bench=EVERYBODY, pool=replace(POOL, offer=OfferStyle.RING, ring=2))
    assert message(step(ring, LeadArrived(), NOW), "offer").fields["ring"] == "yes"


@pytest.mark.parametrize(("kind", "name"), [("call", "a caller"), ("message", "a new contact"), ("form", "somebody")])
def test_who_gave_no_name_is_called_by_how_they_came(kind, name):
    lead = replace(dana(name=None), kind=Kind(kind))
    assert message(step(facts(lead=lead), LeadArrived(), NOW), "offer").fields["name"] == name


@pytest.mark.parametrize(
    ("change", "ways"),
    [({}, ["sms", "email"]), ({"phone": None}, ["email"]), ({"email": None}, ["sms"]), ({"phone": None, "email": None}, [])],
)
def test_a_rep_is_told_by_every_way_there_is(change, ways):
    team = replace(a_team(), reps={**REPS, "priya": replace(REPS["priya"], **change)})
    decided = step(facts(team=team), LeadArrived(), NOW)
    assert [m.channel for m in decided.messages if m.to == "rep:priya"] == ways


def test_what_is_only_texted_goes_by_email_to_a_rep_without_a_phone():
    team = replace(a_team(), reps={**REPS, "tom": replace(REPS["tom"], phone=None)})
    decided = step(facts(offered("priya", "tom"), team=team), OfferAccepted("priya", "sms"), NOW)
    assert told(decided, "withdrawn") == ["rep:tom email"]


def test_a_rep_who_has_left_the_team_is_not_told():
    decided = step(facts(offered("priya", "zoe")), OfferAccepted("priya", "sms"), NOW)
    assert told(decided, "withdrawn") == []


def test_alarms_go_to_managers_only_and_are_alarms():
    decided = step(facts(waiting()), RungReached(2), NOW + 15 * MINUTE)
    assert {m.purpose for m in decided.messages} == {"alarm"}
    assert {m.fields["manager"] for m in decided.messages} == {"kim"}


def test_the_lead_writes_to_nobody_in_particular():
    assert step(facts(offered("priya")), MessageArrived("sms", "hello?"), NOW).messages == ()


def test_a_silent_rep_hears_where_it_went_or_that_it_moved_on():
    decided = step(facts(offered("priya"), NOBODY), OfferLapsed(1), NOW + 2 * MINUTE)
    assert message(decided, "moved_on").fields["winner"] == ""
    assert message(decided, "moved_on").fields["ago"] == "2m"


def test_names():
    given = facts()
    assert names(given, ["priya", "zoe"]) == "Priya Shah, zoe"
    assert names(given, ["priya", "tom", "ana", "joe"]) == "4 reps"
    assert name_of(given, None) == "nobody"
