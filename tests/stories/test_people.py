"""One person behind all channels: one lead, one acknowledgement, one owner, one timeline."""

import itertools
from datetime import timedelta

import pytest

from store import merging
from tests.story import SMALL_TEAM, Phone


def acks(story) -> list[str]:
    return [row.channel for row in story.rows("SELECT channel FROM outbox WHERE purpose = 'ack' AND recipient = 'lead'")]


def test_one_person_by_form_call_and_text_within_two_minutes_is_one_lead(story):
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives(name="Dana Cole", message="Need a demo")
    dana.gets_sms("thanks for writing")
    story.after(minutes=1)
    call = story.a_call_comes_in(from_=dana.phone)
    assert call.rings == "priya", "she was asked already"
    call.is_not_taken()
    assert call.rings == "tom"
    call.hangs_up_while_it_rings()
    story.after(seconds=30)
    dana.replies("are you there?")
    priya.has_read_all()
    tom.has_read_all()
    assert story.codes() == [dana.code]
    assert acks(story) == ["sms"]
    dana.gets_nothing()
    asked = story.lead(dana.code)["holders"][0]
    rep = story.person(asked)
    rep.replies(f"1 {dana.code}")
    rep.gets_sms("Yours", "are you there?")
    assert story.status(dana.code) == ("accepted", asked)
    why = story.why(dana.code)
    assert why.index("offered to Priya") < why.index("they call while nobody has it") < why.index("the lead wrote by sms")
    assert story.one("SELECT count(*) AS n FROM people").n == 1


def test_a_caller_whose_lead_a_rep_has_reaches_that_rep(story):
    (tom,) = story.people("tom")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya = story.person("priya")
    priya.replies("1")
    call = story.a_call_comes_in(from_=dana.phone)
    assert call.rings == "priya"
    call.is_taken()
    assert story.status(dana.code) == ("responded", "priya")
    assert story.codes() == [dana.code]
    tom.gets_nothing()
    story.after(hours=1)
    story.person("kim").gets_nothing()


def test_a_call_that_the_owner_misses_is_told_to_them_and_is_no_second_lead(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    (priya,) = story.people("priya")
    priya.replies("1")
    priya.has_read_all()
    call = story.a_call_comes_in(from_=dana.phone)
    call.is_not_taken()
    assert call.rings is None
    priya.gets_sms(dana.code, "called just now", "call back")
    call.leaves_a_voicemail(12)
    priya.gets_sms("Voicemail, 12s")
    assert story.codes() == [dana.code]
    assert acks(story) == ["sms"]
    assert story.status(dana.code) == ("accepted", "priya")


def test_a_later_inquiry_is_a_new_lead_of_the_same_person_for_the_same_rep(tell):
    story = tell(SMALL_TEAM.replace("{name: Sales,", "{name: Sales, strategy: owner_first,"))
    dana = story.a_lead_arrives(name="Dana Cole", phone="+15125550143")
    code = dana.code
    story.person("priya").replies("2")
    holder = story.lead(code)["holders"][0]
    assert holder != "priya"
    story.person(holder).replies("1")
    story.person(holder).replies("C")
    assert story.lead(code)["status"] == "closed"
    story.after(hours=2)
    again = story.a_lead_arrives(name="Dana Cole", phone="+15125550143", message="one more thing")
    assert again.code != code
    assert story.lead(again.code)["person_id"] == story.lead(code)["person_id"]
    assert story.lead(again.code)["holders"] == [holder], "who knows them is asked first"
    again.gets_sms("thanks for writing")


def test_a_returning_person_is_held_for_their_rep_and_goes_to_them_when_they_are_back(tell):
    story = tell()
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives()
    priya.replies("1")
    priya.replies("C")
    story.after(hours=1)
    priya.replies("OFF 3m")
    again = story.a_lead_arrives(phone=dana.phone, email=dana.email)
    assert story.status(again.code) == ("waiting", None)
    assert "held for Priya Shah" in story.why(again.code)
    story.after(minutes=3)
    assert story.lead(again.code)["holders"] == ["priya"]
    tom.gets_nothing()


def test_two_at_one_number_are_kept_apart_and_only_a_person_makes_them_one(story):
    maria = story.a_lead_arrives(name="Maria Cole", phone="+15125550143", email=None)
    john = story.a_lead_arrives(name="John Cole", phone="+15125550143", email="john@example.com")
    ids = [story.lead(each.code)["person_id"] for each in (maria, john)]
    assert ids[0] != ids[1]
    merging.merge(story.engine, *ids, by="Kim Ortega", now=story.now)
    story.settle()
    assert story.status(john.code)[0] == "closed"
    story.after(minutes=1)
    Phone(story, "lead", "+15125550143").replies("hello from both")
    assert story.codes() == [maria.code, john.code]
    assert "hello" not in story.why(john.code)
    assert story.now - story.lead(maria.code)["arrived_at"] >= timedelta(minutes=1)


@pytest.mark.parametrize("order", list(itertools.permutations(("form", "call", "text"))), ids="-".join)
def test_in_whatever_order_a_form_a_call_and_a_text_come_they_are_one_lead(story, order):
    dana = Phone(story, "lead", "+15125550143", "dana@example.com")

    def form():
        story.a_lead_arrives(name="Dana Cole", phone=dana.phone, email=dana.email, message="Need a demo")

    def call():
        story.a_call_comes_in(from_=dana.phone).hangs_up_while_it_rings()

    def writes():
        dana.replies("are you there?")

    for kind in order:
        {"form": form, "call": call, "text": writes}[kind]()
        story.after(seconds=50)
    (code,) = story.codes()
    assert len(acks(story)) == 1
    assert story.one("SELECT count(*) AS n FROM people").n == 1
    (holder,) = story.lead(code)["holders"]
    rep = story.person(holder)
    rep.replies(f"1 {code}")
    assert story.status(code) == ("accepted", holder)
    why, lead = story.why(code), story.lead(code)
    for kind, trace in (("call", "call"), ("text", "wrote by sms")):
        assert trace in why or lead["channel"] == {"call": "call", "text": "sms"}[kind]
    assert "Need a demo" in f"{lead['message']} {lead['state'].get('said')}", "what the form said is not lost"


def test_family_names_from_every_keyboard_are_one_person(story):
    for name in ("Işık Yılmaz", "ISIK YILMAZ", "ışık yılmaz", "Is\u0327\u0131k Y\u0131lmaz"):
        story.a_lead_arrives(name=name, phone="+15125550143", email=None, key=f"name:{name}")
    assert story.one("SELECT count(*) AS n FROM people").n == 1
    assert len(story.codes()) == 1
