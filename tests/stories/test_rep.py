"""The rep's whole dialogue, by text."""

import pytest

from routing.events import OfferAccepted


def test_a_rep_is_offered_a_lead_accepts_it_and_says_how_it_went(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_sms("Hi Dana", "will call you by 9:15 am")
    offer = priya.gets_sms("A1 Dana Cole", "Call by 9:15 am", "1 accept, 2 pass")
    assert dana.phone not in offer, "the number is sent after accepting only"
    priya.replies("1")
    priya.gets_sms("Yours: A1 Dana Cole", dana.phone)
    assert story.status("A1") == ("accepted", "priya")
    story.after(minutes=3)
    priya.replies("C")
    priya.gets_sms("A1: noted, talked")
    assert story.status("A1") == ("closed", "priya")
    assert story.lead("A1")["responded_at"] == story.now
    assert story.rep("priya")["open"] == 0


def test_a_late_yes_is_told_who_has_it(story):
    priya, tom = story.people("priya", "tom")
    story.a_lead_arrives()
    story.after(minutes=2)
    priya.gets_sms("A1 moved to Tom Becker", "no reply")
    tom.gets_sms("A1 Dana Cole")
    tom.replies("1")
    story.after(seconds=20)
    priya.replies("1")
    priya.gets_sms("A1 went to Tom Becker 20s ago, so nothing to do")
    assert story.status("A1") == ("accepted", "tom")


def test_a_late_yes_to_a_lead_that_nobody_has_takes_it(tell):
    story = tell(ONLY_PRIYA)
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    story.after(minutes=2, seconds=5)
    assert story.status("A1") == ("waiting", None)
    priya.has_read_all().replies("1")
    priya.gets_sms("A1")
    priya.replies("1 A1")
    assert story.status("A1") == ("accepted", "priya")


def test_a_yes_said_twice_changes_nothing(story):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    priya.replies("1")
    priya.has_read_all().replies("1 A1")
    priya.gets_sms("A1 is yours already")
    assert story.status("A1") == ("accepted", "priya")
    assert "has it already" in story.why("A1")


def test_with_two_open_offers_a_bare_yes_is_asked_which(tell):
    story = tell(ONLY_PRIYA)
    (priya,) = story.people("priya")
    story.a_lead_arrives(name="Dana Cole")
    story.after(seconds=60)
    story.a_lead_arrives(name="Omar Reyes")
    priya.has_read_all().replies("1")
    priya.gets_sms("You have 2 open", "A1 Dana Cole 1m", "B1 Omar Reyes", "Reply 1 A1 or 1 B1")
    assert story.status("A1")[0] == story.status("B1")[0] == "offered"
    priya.replies("1 B1")
    priya.gets_sms("Yours: B1 Omar Reyes")
    assert story.status("A1")[0] == "offered"


def test_a_pass_goes_on_at_once_and_never_comes_back(story):
    priya, tom, ana = story.people("priya", "tom", "ana")
    story.a_lead_arrives()
    priya.replies("2")
    priya.gets_sms("A1")
    priya.gets_sms("A1: passed")
    tom.gets_sms("A1 Dana Cole")
    tom.replies("2")
    ana.gets_sms("A1 Dana Cole")
    story.after(minutes=3)
    assert "priya" not in story.lead("A1")["holders"]
    assert "Priya Shah passed by sms" in story.why("A1")


def test_a_voicemail_is_an_attempt_and_no_answer(story):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    priya.replies("1")
    priya.replies("V")
    priya.gets_sms("A1: noted, voicemail", "clock goes on")
    assert story.status("A1") == ("accepted", "priya")
    assert story.lead("A1")["responded_at"] is None
    assert story.lead("A1")["attempted_at"] == story.now


def test_words_behind_the_code_are_a_text_to_the_lead_and_stop_the_clock(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    priya.replies("1")
    priya.replies("A1 On my way, 20 minutes")
    dana.gets_sms("Hi Dana")
    dana.gets_sms("On my way, 20 minutes")
    assert story.status("A1") == ("responded", "priya")
    dana.replies("Great, see you")
    priya.gets_sms("A1 Dana Cole wrote", "Great, see you")


def test_off_gives_the_leads_back_and_on_takes_the_rep_in_again(story):
    priya, tom = story.people("priya", "tom")
    story.a_lead_arrives()
    priya.replies("1")
    priya.replies("OFF 2h")
    priya.gets_sms("You are off until 11:00 am", "goes to others", "Reply ON when back")
    tom.gets_sms("A1 Dana Cole")
    assert story.status("A1")[0] == "offered"
    assert "Priya Shah has gone off" in story.why("A1")
    omar = story.a_lead_arrives(name="Omar Reyes")
    assert story.lead(omar.code)["holders"] == ["ana"]
    priya.replies("ON")
    priya.gets_sms("You are on")
    eve = story.a_lead_arrives(name="Eve Lind")
    assert story.lead(eve.code)["holders"] == ["priya"]


@pytest.mark.parametrize("stop", ["STOP", "the carrier's word"])
def test_a_rep_who_says_stop_gets_no_more_texts_and_the_managers_hear_of_it_once(story, stop):
    priya, kim = story.people("priya", "kim")
    for _ in range(2):
        priya.replies(stop) if stop == "STOP" else priya.says_stop()
    priya.gets_nothing()
    kim.gets_sms("Priya Shah has texted STOP: no text of ours reaches them")
    kim.gets_nothing()
    assert story.codes() == []
    dana = story.a_lead_arrives()
    priya.gets_nothing()
    priya.gets_email(f"{dana.code} Dana Cole")
    assert story.rows("SELECT 1 FROM notices WHERE key = 'stopped:rep:priya' AND over_at IS NULL")
    priya.replies("START")
    assert not story.rows("SELECT 1 FROM notices WHERE key = 'stopped:rep:priya' AND over_at IS NULL")
    priya.replies("L")
    priya.gets_sms(f"You have 1: {dana.code}")


def test_off_for_two_hours_ends_by_itself(story):
    (priya,) = story.people("priya")
    priya.replies("OFF 2h")
    story.after(hours=1, minutes=59)
    assert story.rep("priya")["absence"] == "off"
    story.after(minutes=1)
    assert story.rep("priya")["absence"] is None


def test_busy_keeps_what_one_has(story):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    priya.replies("1")
    priya.replies("BUSY")
    priya.gets_sms("You are busy until 9:30 am", "You keep what you have")
    assert story.status("A1") == ("accepted", "priya")
    omar = story.a_lead_arrives(name="Omar Reyes")
    assert story.lead(omar.code)["holders"] == ["tom"]


def test_a_list_a_why_and_a_help(story):
    priya, tom = story.people("priya", "tom")
    story.a_lead_arrives()
    priya.replies("1")
    priya.replies("L")
    priya.gets_sms("You have 1: A1 Dana Cole to call")
    tom.replies("why a1")
    tom.gets_sms("A1: new lead: offered to Priya Shah", "Tom Becker: could take it")
    tom.replies("?")
    tom.gets_sms("1 accept, 2 pass")
    tom.replies("L")
    tom.gets_sms("nothing open")


def test_what_is_not_understood_says_what_would_be(story):
    (priya,) = story.people("priya")
    priya.replies("whatever you like")
    priya.gets_sms("Sorry, not understood. Try 1, 2, C, V, B, L, ON, OFF 2h, WHY A7, ?")
    priya.replies("C")
    priya.gets_sms("Nothing open that C could be about")
    priya.replies("C Z99")
    priya.gets_sms("no lead Z99")
    assert story.codes() == [], "a rep's words are never a lead"


def test_a_pass_on_what_somebody_else_has_is_not_praised(story):
    priya, tom = story.people("priya", "tom")
    story.a_lead_arrives()
    priya.replies("1")
    tom.replies("2 A1")
    tom.gets_sms("A1: noted, but you were not asked any more.")
    assert story.status("A1") == ("accepted", "priya")


def test_a_note_is_kept_and_a_bad_number_frees_the_room(story):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    priya.replies("1")
    priya.replies("N wants the flat roof done")
    priya.replies("B")
    assert "Priya Shah noted: wants the flat roof done" in story.why("A1")
    assert story.status("A1") == ("closed", "priya")
    assert story.lead("A1")["responded_at"] is None, "a wrong number is no answer"
    assert story.rep("priya")["unanswered"] == 0


def test_the_number_is_not_told_to_who_has_not_accepted(story):
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives()
    priya.replies("CALL A1")
    assert dana.phone not in priya.gets_sms("not yours yet")
    priya.replies("1")
    priya.replies("CALL A1")
    priya.gets_sms("A1: call", dana.phone)
    tom.replies("C A1")
    tom.gets_sms("A1 is not yours")
    assert story.status("A1") == ("accepted", "priya")


def test_a_yes_on_the_page_is_answered_like_one_by_text(story):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    after = story.happens("A1", OfferAccepted("priya", "page"))
    assert after.state.owner == "priya"
    priya.gets_sms("A1 Dana Cole", "2 pass")
    priya.gets_sms("Yours: A1 Dana Cole")
    assert "accepted by page" in story.why("A1")


def test_the_room_of_an_answered_lead_is_free_after_a_day(story):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    priya.replies("1")
    priya.replies("A1 I am calling you")
    assert story.rep("priya")["open"] == 1
    story.after(hours=24)
    assert story.status("A1") == ("closed", "priya")
    assert story.rep("priya")["open"] == 0


ONLY_PRIYA = """
version: 1
site: {name: Acme, time_zone: America/Chicago}
channels: {sms: {quiet_hours: none}}
managers: [{id: kim, phone: "+15125550190"}]
reps: [{id: priya, name: Priya Shah, phone: "+15125550111", cap: 5}]
pools: {sales: {members: [priya], managers: [kim]}}
slas: {hot: {accept_within: 5m, first_response_within: 15m}}
sources: {website: {type: form}, texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}}
rules: [{id: all, send_to: sales, sla: hot}]
"""
