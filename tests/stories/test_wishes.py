"""STOP, START and HELP: obeyed at once, answered once where the carrier is silent, and known to who has the lead."""

from datetime import UTC, datetime

import pytest

from routing.events import HumanResponded, LeadAssigned, OutcomeReported
from tests.story import SMALL_TEAM

NIGHT = datetime(2026, 11, 25, 5, 10, tzinfo=UTC)  # Tuesday, 23:10 in Chicago
WAITS = SMALL_TEAM.replace("quiet_hours: none", 'quiet_hours: "21:00-08:00", acknowledge_at_night: wait')
LONG = (
    WAITS.replace("first_response_within: 15m", "first_response_within: 12h")
    .replace("at: 1", "at: 9")
    .replace("at: 20m", "at: 99m")
)
WITH_HELP = SMALL_TEAM.replace("site: {name: Acme,", "site: {name: Acme, contact: call 512-555-0100,")


def sent_to(story, address: str) -> list[str]:
    """The texts of a number, oldest first."""
    rows = story.rows("SELECT body FROM outbox WHERE address = :a AND state = 'sent' ORDER BY id", a=address)
    return [row.body for row in rows]


# --- the one confirmation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["STOP please", "opt out", "remove", "no más", "please stop texting me", "Arrêt", "Not interested. Stop."]
)
def test_a_stop_that_the_carrier_does_not_answer_is_confirmed_once(story, words):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.has_read_all()
    dana.replies(words)
    assert (
        dana.gets_sms("Acme", "no more texts", "START")
        == "Acme: you get no more texts from us. Reply START if you want them again."
    )
    story.after(minutes=1)
    dana.replies(words)
    dana.replies("stop it!!")
    dana.gets_nothing()
    assert story.codes() == ["A1"], "and none of it is a lead"


@pytest.mark.parametrize("words", ["STOP", "stop", "Unsubscribe", "QUIT", "cancel", "END", "revoke", "optout", "StopAll"])
def test_a_word_that_the_carrier_answers_itself_gets_no_second_confirmation(story, words):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.has_read_all()
    dana.replies(words)
    dana.gets_nothing()
    assert "STOP: no more texts" in story.why("A1")
    dana.replies("please stop")
    dana.gets_nothing()


def test_what_the_carrier_says_it_has_answered_gets_none_either(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.has_read_all()
    story.a_message_arrives(dana, "ya basta", event="opt_out", opt="stop")
    dana.gets_nothing()
    story.a_message_arrives(dana, "AYUDA", event="opt_out", opt="help")
    dana.gets_nothing()


def test_on_whatsapp_nobody_else_answers_so_a_plain_stop_is_confirmed_there(story):
    dana = story.somebody_writes("Do you do roofs?", channel="whatsapp")
    dana.gets("whatsapp", "thanks for writing")
    dana.replies("STOP")
    dana.gets("whatsapp", "no more texts from us")
    dana.replies("STOP")
    dana.gets_nothing("whatsapp")


def test_a_stranger_who_says_stop_is_confirmed_too_and_no_lead(story):
    omar = story.somebody_writes("stop texting me")
    omar.gets_sms("no more texts from us")
    assert story.codes() == []


def test_a_confirmation_that_comes_late_does_not_come(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.has_read_all()
    content = {"kind": "message", "channel": "sms", "message": "please stop texting", "phone": dana.phone}
    story.receive("texts", "late:1", "message", content)
    story.now = story.now.replace(minute=story.now.minute + 6)  # everything was down for six minutes
    story.settle()
    dana.gets_nothing()
    assert story.one("SELECT state FROM outbox WHERE template = 'stopped'").state == "expired"
    assert story.rows("SELECT 1 FROM suppressions WHERE address = :a AND channel = 'sms'", a=dana.phone)


# --- HELP ---------------------------------------------------------------------------------------------------------------


def test_help_names_the_firm_a_contact_and_the_way_out(tell):
    story = tell(WITH_HELP)
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.has_read_all()
    dana.replies("help!")
    assert dana.gets_sms() == "Acme: for help, call 512-555-0100. Msg&data rates may apply. Reply STOP to opt out."
    dana.replies("HELP")
    dana.gets_nothing()
    story.after(minutes=61)
    dana.has_read_all()
    dana.replies("HELP")
    dana.gets_sms("for help, call 512-555-0100")
    assert story.codes() == ["A1"]


def test_help_is_answered_once_also_to_who_has_opted_out(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.replies("STOP")
    dana.has_read_all()
    dana.replies("INFO")
    dana.gets_sms("Acme", "reply here and a person answers", "You have opted out (STOP); START brings our texts back.")
    story.after(hours=2)
    dana.has_read_all()
    dana.replies("HELP")
    dana.gets_nothing()
    assert story.rows("SELECT 1 FROM suppressions WHERE address = :a", a=dana.phone), "and it opts nobody in"


def test_help_with_my_roof_is_a_message(story):
    omar = story.somebody_writes("HELP me with my roof")
    assert omar.code == "A1"


def test_who_was_erased_gets_no_answer_to_anything(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    with story.engine.begin() as db:
        db.exec_driver_sql(
            f"INSERT INTO suppressions (channel, address, reason, since) VALUES ('all', '{dana.phone}', 'erased', now())"
        )
    dana.has_read_all()
    dana.replies("HELP")
    dana.replies("please stop texting")
    dana.gets_nothing()


# --- what is under way --------------------------------------------------------------------------------------------------


def test_a_stop_ends_at_once_what_waits_for_the_morning(tell):
    story = tell(LONG, at=NIGHT)
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    held = story.one("SELECT state, not_before FROM outbox WHERE purpose = 'ack'")
    assert (held.state, held.not_before > story.now) == ("pending", True)
    dana.says_stop()
    row = story.one("SELECT state, error_code, error FROM outbox WHERE purpose = 'ack'")
    assert (row.state, row.error_code, row.error) == ("suppressed", "opted_out", "the person has opted out of sms")
    story.after(hours=12)
    dana.gets_nothing()


def test_a_stop_by_text_lets_a_held_acknowledgement_go_by_mail_at_once(tell):
    story = tell(LONG, at=NIGHT)
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_nothing("email")
    dana.says_stop()
    dana.gets_email("thank")
    dana.gets_nothing()


def test_a_stop_ends_a_second_try(story):
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    dana.has_read_all()
    dana.is_unreachable("30003")
    dana.says_stop()
    story.after(minutes=30)
    dana.gets_nothing()
    assert sent_to(story, dana.phone) == []


def test_a_stop_ends_a_reps_words_that_wait_and_the_rep_is_told(tell):
    story = tell(LONG, at=NIGHT)
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    story.happens("A1", LeadAssigned("priya", by="Kim Ortega"))
    story.after(minutes=20)
    priya.has_read_all()
    priya.replies("A1 Good evening")
    priya.gets_sms("Your text goes out")
    dana.says_stop()
    priya.gets_sms("A1 Dana Cole said STOP: no more texts to them.")
    priya.gets_sms("A1: your text did not reach them", "opted out")
    assert story.lead("A1")["responded_at"] is None


def test_what_only_may_be_a_stop_goes_to_a_person(story):
    (kim,) = story.people("kim")
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.replies("wrong number")
    kim.gets_sms('A1 Dana Cole wrote "wrong number": taken as a STOP, no more texts to them. Please look.')
    assert "asked us to stop: no more texts; please look" in story.why("A1")
    story.happens("A1", LeadAssigned("priya", by="Kim Ortega"))
    (priya,) = story.people("priya")
    priya.has_read_all()
    kim.has_read_all()
    dana.replies("leave me alone")
    priya.gets_sms("leave me alone", "Please look")
    kim.gets_nothing()


def test_the_lead_goes_on_to_a_rep_who_may_call(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.says_stop()
    (priya,) = story.people("priya")
    priya.replies("1")
    assert story.status("A1") == ("accepted", "priya"), "a STOP is about texts, not about the inquiry"


# --- coming back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["START", "unstop", "Yes!"])
def test_who_comes_back_is_texted_again(story, words):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.says_stop()
    dana.has_read_all()
    dana.replies(words)
    assert "START: texts again" in story.why("A1")
    story.happens("A1", HumanResponded("priya", "text", text="Welcome back"))
    dana.gets_sms("Welcome back")


def test_a_yes_of_who_has_stopped_nothing_is_an_answer(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya.replies("1")
    priya.has_read_all()
    dana.replies("Yes")
    priya.gets_sms("A1 Dana Cole wrote", "Yes")


# --- machines -----------------------------------------------------------------------------------------------------------


def test_the_very_same_text_again_and_again_reaches_nobody_after_the_third(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya.replies("1")
    priya.replies("A1 When shall I call you?")
    priya.has_read_all()
    for _ in range(20):
        dana.replies("I am driving and will answer later.")
        story.after(seconds=30)
    assert len(priya.unread("sms")) == 3
    assert "the same words 4 times within an hour: taken for an automatic answer" in story.why("A1")
    story.after(hours=1)
    priya.has_read_all()
    dana.replies("I am driving and will answer later.")
    priya.gets_sms("I am driving")


def test_two_firms_whose_machines_text_each_other_fall_silent(story):
    """Whatever we send comes back: our own words, and once in words of their own."""
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    (ours,) = sent_to(story, dana.phone)
    for _ in range(10):
        dana.replies(ours)
        story.after(minutes=1)
    assert len(sent_to(story, dana.phone)) == 1
    assert "our own words came back: taken for an automatic answer" in story.why("A1")
    assert "contacted_at" not in story.lead("A1")["state"]


def test_a_machine_begins_no_new_leads_after_its_lead_is_closed(story):
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    story.happens("A1", LeadAssigned("priya", by="Kim Ortega"))
    for _ in range(9):
        dana.replies("OUT OF OFFICE")
        for code in story.codes():
            if story.status(code)[0] != "closed":
                story.happens(code, OutcomeReported("priya", "not_now"))
        story.after(minutes=2)
    assert len(story.codes()) <= 4
    assert len(sent_to(story, dana.phone)) <= 4
