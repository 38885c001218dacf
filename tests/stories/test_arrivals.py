"""One story for each way in which a lead can come to us."""

from datetime import datetime

from tests.story import BEFORE_WE_OPEN, Phone


def test_a_web_form_is_answered_by_text_and_offered(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole", message="Need a demo this week", extra={"city": "Austin", "state": "TX"})
    dana.gets_sms("Hi Dana, thanks for writing to Acme", "will call you by 9:15 am", "Reply STOP to opt out")
    dana.gets_nothing("email")
    priya.gets_sms("A1 Dana Cole")
    priya.gets_email("A1 Dana Cole", "Austin", "Need a demo this week")
    assert "offered to Priya Shah (most room: holds 0 of 5)" in story.why("A1")
    assert "Tom Becker: could take it" in story.why("A1")


def test_a_form_without_a_phone_is_answered_by_mail(story):
    dana = story.a_lead_arrives(phone=None)
    dana.gets_email("Dana", "9:15 am")


def test_a_form_that_nobody_could_answer_is_kept_and_a_manager_is_told(story):
    (kim,) = story.people("kim")
    story.a_lead_arrives(phone=None, email=None)
    assert story.status("A1") == ("quarantined", None)
    kim.gets_sms("A1 from website cannot be answered")


def test_a_call_that_is_taken_is_answered_on_the_spot(story):
    call = story.a_call_comes_in(from_="+15125550777")
    assert call.rings == "priya"
    assert story.rep("priya")["open"] == 1, "a ringing phone is room taken"
    call.is_taken()
    assert story.status("A1") == ("responded", "priya")
    call.ends_after_talking("priya")
    assert story.status("A1") == ("responded", "priya")
    assert story.lead("A1")["responded_at"] == story.now
    caller = Phone(story, "lead", "+15125550777")
    caller.gets_nothing()
    assert "Priya Shah took the call after 0s, in time" in story.why("A1")
    story.after(hours=1)
    story.person("kim").gets_nothing()


def test_a_call_rings_on_and_a_missed_one_is_texted_back_and_routed(story):
    priya, kim = story.people("priya", "kim")
    call = story.a_call_comes_in(from_="+15125550777")
    for rep in ("priya", "tom", "ana"):
        assert call.rings == rep
        call.is_not_taken()
    assert call.rings is None, "now the caller is asked for a message"
    Phone(story, "lead", "+15125550777").gets_sms("sorry we missed your call to Acme", "call you back by 9:15 am")
    priya.gets_sms("A1", "a caller")
    assert story.status("A1")[0] == "offered"
    call.leaves_a_voicemail(12)
    priya.replies("1")
    priya.gets_sms("Yours: A1", "+15125550777")
    assert "left a voicemail of 12s" in story.why("A1")
    kim.gets_nothing()


def test_a_caller_who_hangs_up_while_it_rings_is_a_missed_call(story):
    call = story.a_call_comes_in()
    assert call.rings == "priya"
    call.hangs_up_while_it_rings()
    Phone(story, "lead", call.from_).gets_sms("missed your call")
    story.person("tom").gets_sms("A1")  # being rung was Priya's turn
    assert story.status("A1")[0] == "offered"


def test_the_reps_leg_ends_because_the_caller_has_gone_and_nobody_else_is_rung(story):
    call = story.a_call_comes_in()
    call.is_not_taken(reason="the caller hung up", gone=True)
    assert call.rings is None
    Phone(story, "lead", call.from_).gets_sms("missed your call")


def test_a_rep_presses_1_but_the_caller_has_gone_and_the_clock_runs_again(story):
    (priya,) = story.people("priya")
    call = story.a_call_comes_in()
    call.is_taken()
    story.a_step_of(call, "missed_call", "dial:1", rep="priya", reason="not bridged")
    assert story.status("A1") == ("accepted", "priya")
    assert story.lead("A1")["responded_at"] is None
    Phone(story, "lead", call.from_).gets_sms("missed your call", "Priya will call you back by 9:15 am")
    priya.gets_sms("Yours: A1", call.from_)
    story.after(minutes=15)
    story.person("kim").gets_sms("breach", "A1")


def test_a_call_about_which_the_provider_falls_silent_is_missed_after_two_minutes(story):
    call = story.a_call_comes_in()
    story.after(minutes=2)
    Phone(story, "lead", call.from_).gets_sms("missed your call")
    assert story.status("A1")[0] == "offered"


def test_a_call_without_a_number_that_nobody_takes_is_kept_for_a_person(story):
    call = story.a_call_comes_in(from_=None)
    for _ in range(3):
        call.is_not_taken()
    assert story.status("A1") == ("quarantined", None)
    story.person("kim").gets_sms("A1", "cannot be answered")
    assert story.rep("priya")["open"] == 0


def test_a_call_out_of_hours_rings_nobody_and_is_called_back_in_the_morning(tell):
    story = tell(at=BEFORE_WE_OPEN)
    (priya,) = story.people("priya")
    call = story.a_call_comes_in()
    assert call.rings is None
    Phone(story, "lead", call.from_).gets_sms("sorry we missed your call", "We open 8:00 am", "call you by 8:15 am")
    priya.gets_nothing()
    assert story.status("A1") == ("waiting", None)
    story.after(minutes=30)
    priya.gets_sms("A1")
    assert story.lead("A1")["response_due_at"] == datetime.fromisoformat("2026-11-24T14:15:00+00:00")


def test_the_same_step_of_a_call_told_twice_changes_nothing(story):
    call = story.a_call_comes_in()
    call.is_taken()
    before = story.why("A1")
    story.a_step_of(call, "call_answered", "answered:priya", rep="priya")
    assert story.why("A1") == before


def test_a_step_that_overtakes_its_call_is_looked_at_again(story):
    early = {"kind": "call", "channel": "call", "call_sid": "CA9", "phone": "+15125550777", "reason": "the caller hung up"}
    story.receive("calls", "twilio_call:CA9:status", "call_status", early)
    story.settle()
    arrives = {"kind": "call", "channel": "call", "call_sid": "CA9", "phone": "+15125550777"}
    story.receive("calls", "twilio_call:CA9", "call", arrives)
    story.settle()
    assert story.lead(story.codes()[0])["status"] == "ringing"
    story.after(seconds=2)
    assert story.lead(story.codes()[0])["status"] == "offered"
    assert "the caller hung up" in story.why(story.codes()[0])


def test_a_text_from_an_unknown_number_is_a_lead_and_the_next_one_a_word_on_it(story):
    (priya,) = story.people("priya")
    omar = story.somebody_writes("Do you install heat pumps?")
    omar.gets_sms("Thanks for writing to Acme")
    priya.gets_sms("A1", "a new contact")
    priya.replies("1")
    omar.replies("It is for a flat roof")
    priya.gets_sms("A1", "It is for a flat roof")
    omar.gets_nothing()
    assert len(story.codes()) == 1


def test_words_written_before_anybody_has_the_lead_reach_who_takes_it(story):
    (priya,) = story.people("priya")
    omar = story.somebody_writes("Do you install heat pumps?")
    omar.replies("It is urgent")
    assert "the lead wrote by sms" in story.why("A1")
    priya.replies("1")
    assert "Do you install heat pumps?" in priya.gets_email("Yours: A1")


def test_a_whatsapp_message_is_answered_on_whatsapp(story):
    eve = story.somebody_writes("Hola, ¿instalan techos?", channel="whatsapp")
    eve.gets("whatsapp", "thanks for writing to Acme")
    eve.gets_nothing("sms")
    story.person("priya").gets_sms("A1")


def test_a_messenger_message_is_answered_on_messenger_and_has_no_number(story):
    (priya,) = story.people("priya")
    eve = story.somebody_writes("Is this still on?", channel="messenger")
    eve.gets("messenger", "thanks for writing to Acme")
    priya.replies("1")
    priya.replies("A1 Yes it is, shall I call you?")
    eve.gets("messenger", "Yes it is, shall I call you?")
    assert story.status("A1") == ("responded", "priya")


def test_a_test_lead_says_so(story):
    story.a_lead_arrives(is_test=True)
    assert story.lead("A1")["is_test"] is True
    story.person("priya").gets_email("TEST")
