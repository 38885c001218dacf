"""A rep and a lead who talk through Headroom: no private number is seen, only what arrived counts, and a STOP ends it."""

from datetime import UTC, datetime, timedelta

from routing.codes import number_of
from routing.events import LeadAssigned, OutcomeReported
from tests.story import SMALL_TEAM

NIGHT = datetime(2026, 11, 25, 5, 10, tzinfo=UTC)  # Tuesday, 23:10 in Chicago
QUIET = SMALL_TEAM.replace("quiet_hours: none", 'quiet_hours: "21:00-08:00"')
ALWAYS = (
    QUIET.replace("first_response_within: 15m", "first_response_within: 12h")
    .replace("at: 1", "at: 9")
    .replace("at: 20m", "at: 99m")
    .replace('{mon-fri: "08:00-18:00"}', '{daily: "00:00-24:00"}')
)


def state(story, code: str) -> dict:
    return story.lead(code)["state"]


def test_a_rep_and_a_lead_who_text_each_other_through_headroom(story):
    priya, kim = story.people("priya", "kim")
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_sms("thanks for writing")
    story.after(minutes=1)
    priya.has_read_all().replies("1")
    priya.gets_sms("Yours: A1")
    story.after(minutes=1)
    priya.replies("A1 Shall I come at four?")
    assert dana.gets_sms("Shall I come at four?").find(priya.phone) < 0
    priya.gets_sms("A1: sent")
    assert story.status("A1") == ("responded", "priya")
    responded_at = story.lead("A1")["responded_at"]
    assert responded_at - story.lead("A1")["arrived_at"] == timedelta(minutes=2)
    assert "contacted_at" not in state(story, "A1"), "nobody has answered the rep yet"
    story.after(minutes=3)
    dana.replies("Four is fine")
    assert dana.phone not in priya.gets_sms("Four is fine")
    assert state(story, "A1")["contacted_at"] == story.now.isoformat()
    priya.replies("A1 See you then")
    dana.gets_sms("See you then")
    assert story.lead("A1")["responded_at"] == responded_at, "the first answer is the one that is measured"
    why = story.why("A1")
    assert why.index("Priya Shah answered by text: the first response") < why.index("the lead wrote by sms")
    story.after(hours=1)
    kim.gets_nothing()


def test_two_conversations_of_one_rep_are_told_apart_by_code(story):
    (priya,) = story.people("priya")
    dana, rob = story.a_lead_arrives(name="Dana Cole"), story.a_lead_arrives(name="Rob Diaz")
    for lead in (dana, rob):
        story.happens(lead.code, LeadAssigned("priya", by="Kim Ortega"))
    priya.has_read_all()
    dana.has_read_all()
    rob.has_read_all()
    priya.replies(f"{rob.code} Hello Rob")
    rob.gets_sms("Hello Rob")
    dana.gets_nothing()
    dana.replies("Is anybody there?")
    priya.gets_sms(dana.code, "Is anybody there?")


def test_a_text_that_quiet_hours_hold_back_counts_when_it_goes_out_and_the_rep_is_told(tell):
    story = tell(ALWAYS, at=NIGHT)
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    story.after(minutes=1)
    priya.replies("1")
    story.after(minutes=20)  # she is asleep by now: this is no answer on the spot
    priya.has_read_all()
    priya.replies("A1 Good evening, shall I call you?")
    priya.gets_sms("A1", "Your text goes out", "counts then")
    priya.gets_nothing()
    assert story.status("A1") == ("accepted", "priya")
    assert story.lead("A1")["responded_at"] is None
    story.after(hours=10)
    dana.gets_sms("shall I call you?")
    priya.gets_sms("A1: your text has gone out now")
    sent = story.one("SELECT sent_at FROM outbox WHERE purpose = 'reply'").sent_at
    assert story.lead("A1")["responded_at"] == sent
    assert sent.hour == 15, "9:00 in Texas, where her number is: later than the firm's own 8:00"
    assert "It counts when it is sent" in story.why("A1")


def test_a_held_text_that_a_stop_overtakes_never_counts(tell):
    story = tell(ALWAYS, at=NIGHT)
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole", email=None)
    priya.replies("1")
    story.after(minutes=20)
    priya.replies("A1 Good evening")
    story.after(minutes=1)
    dana.says_stop()
    priya.has_read_all()
    story.after(hours=10)
    dana.has_read_all()
    assert story.lead("A1")["responded_at"] is None
    assert story.one("SELECT state FROM outbox WHERE purpose = 'reply'").state == "suppressed"


def test_a_reps_text_that_does_not_arrive_is_an_attempt_and_the_clock_runs_again(story):
    priya, kim = story.people("priya", "kim")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya.replies("1")
    story.after(minutes=1)
    priya.replies("A1 Hello Dana")
    assert story.status("A1")[0] == "responded"
    dana.is_unreachable("30005")
    assert story.status("A1") == ("accepted", "priya")
    assert story.lead("A1")["responded_at"] is None
    assert story.lead("A1")["attempted_at"] is not None
    priya.gets_sms("A1: your text did not reach them", "Please call")
    story.after(minutes=20)
    kim.gets_sms("A1")


def test_stop_in_the_middle_ends_the_texts_and_start_begins_them_again(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya.replies("1")
    story.after(minutes=1)
    priya.replies("A1 Hello Dana")
    dana.has_read_all()
    dana.says_stop()
    assert "STOP: no more texts" in story.why("A1")
    priya.has_read_all()
    priya.replies("A1 Are you sure?")
    dana.gets_nothing()
    assert not story.rows("SELECT 1 FROM outbox WHERE purpose = 'reply' AND channel = 'sms' AND body LIKE '%sure%'")
    story.after(minutes=1)
    dana.replies("START")
    story.after(minutes=1)
    priya.replies("A1 Welcome back")
    dana.gets_sms("Welcome back")


def test_an_acknowledgement_at_ten_past_eleven_in_the_leads_zone_goes_by_mail_and_no_text_wakes_them(tell):
    story = tell(QUIET, at=NIGHT)
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_email("thank")
    dana.gets_nothing()
    story.after(hours=10)
    dana.gets_nothing()
    assert [row.channel for row in story.rows("SELECT channel FROM outbox WHERE purpose = 'ack' AND state = 'sent'")] == ["email"]


def test_a_firm_may_let_the_acknowledgement_wait_for_the_morning(tell):
    waits = QUIET.replace('quiet_hours: "21:00-08:00"', 'quiet_hours: "21:00-08:00", acknowledge_at_night: wait')
    story = tell(waits, at=NIGHT)
    dana = story.a_lead_arrives(name="Dana Cole", phone="+13125550143")
    dana.gets_nothing("email")
    dana.gets_nothing()
    story.after(hours=8, minutes=50)
    dana.gets_sms("thanks for writing", "8:15 am")
    dana.gets_nothing("email")


def test_a_text_that_would_come_too_late_to_be_true_becomes_a_mail(tell):
    waits = (
        ALWAYS.replace("first_response_within: 12h", "first_response_within: 30m")
        .replace("at: 9", "at: 2")
        .replace("at: 99m", "at: 30m")
    )
    story = tell(waits.replace('"21:00-08:00"}', '"21:00-08:00", acknowledge_at_night: wait}'), at=NIGHT)
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_email("thank")
    story.after(hours=9)
    dana.gets_nothing()


def test_an_undelivered_text_becomes_an_email(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_sms("thanks for writing")
    dana.is_unreachable("30003")
    dana.gets_email("Dana")
    assert "failed" in story.why("A1")
    assert "sent by email instead" in story.why("A1")
    assert story.lead("A1")["responded_at"] is None, "no acknowledgement is a response"


def test_what_arrived_before_anybody_had_it_is_in_the_message_to_who_takes_it(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    story.after(minutes=1)
    dana.replies("Please ring the back door")
    priya.has_read_all().replies("1")
    priya.gets_sms("Yours: A1", "Please ring the back door")
    priya.gets_email("Since then", "Please ring the back door")


def test_two_texts_decided_at_one_instant_both_reach_the_rep(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya.replies("1")
    priya.has_read_all()
    for words in ("first thing", "second thing"):
        content = {"kind": "message", "channel": "sms", "message": words, "phone": dana.phone}
        story.receive("texts", f"both:{words}", "message", content)
    story.settle()
    priya.gets_sms("first thing")
    priya.gets_sms("second thing")
    assert number_of("A1") == story.lead("A1")["id"]


def test_words_to_a_lead_that_is_closed_are_not_called_sent(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    priya.replies("1")
    priya.replies("C")
    priya.has_read_all()
    dana.has_read_all()
    priya.replies("A1 One more thing")
    priya.gets_sms("A1 is closed: nothing was sent")
    dana.gets_nothing()


def test_after_a_day_messenger_is_closed_and_the_rep_is_told_why(tell):
    story = tell(SMALL_TEAM.replace("{name: Sales,", "{name: Sales, close_after: 72h,"))
    (priya,) = story.people("priya")
    dana = story.somebody_writes("Do you do roofs?", channel="messenger", name="Dana")
    dana.gets("messenger", "thanks")
    priya.replies("1")
    story.after(minutes=1)
    priya.replies("A1 We do")
    dana.gets("messenger", "We do")
    priya.has_read_all()
    story.after(hours=24)
    priya.has_read_all()
    priya.replies("A1 Are you still there?")
    priya.gets_sms("A1: your text did not reach them", "24 hours")
    dana.gets_nothing("messenger")
    assert story.status("A1") == ("responded", "priya"), "the first answer did arrive"


def test_somebody_who_writes_again_and_again_is_not_acknowledged_without_end(story):
    for n in range(8):
        story.a_lead_arrives(name="Dana Cole", phone="+15125550143", email=None, key=f"again {n}")
        story.happens(f"{story.codes()[-1]}", OutcomeReported("priya", "not_now"))
        story.after(minutes=11)
    sent = story.one("SELECT count(*) AS n FROM outbox WHERE purpose = 'ack' AND state = 'sent'").n
    assert (len(story.codes()), sent) == (8, 5)
    assert "acknowledgements in a day already" in story.why(story.codes()[-1])


def test_two_machines_do_not_begin_to_talk_with_each_other(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_sms("thanks for writing")
    for n in range(20):
        dana.replies(f"I am driving and will answer later. ({n})")
        away = {"kind": "message", "channel": "email", "external_id": f"email:<away-{n}@example.com>", "why": "Auto-Submitted"}
        story.receive("website", f"email:<away-{n}@example.com>", "auto_reply", away)
        story.after(seconds=20)
    dana.gets_nothing()
    dana.gets_nothing("email")
    assert story.codes() == ["A1"]
    assert story.one("SELECT count(*) AS n FROM outbox WHERE recipient = 'lead'").n == 1


def three_leads(story):
    """Priya has three, and has read all about them."""
    (priya,) = story.people("priya")
    leads = [story.a_lead_arrives(name=name) for name in ("Dana Cole", "Omar Reyes", "Ivy Lang")]
    for lead in leads:
        story.happens(lead.code, LeadAssigned("priya", by="Kim Ortega"))
        lead.has_read_all()
    return priya.has_read_all(), *leads


def test_words_without_a_code_are_asked_about_and_wait_for_it(story):
    priya, dana, omar, ivy = three_leads(story)
    priya.replies("I am on my way\nand bring the samples 👍")
    question = priya.gets_sms("Reply with the code alone", "A1 Dana Cole", "B1 Omar Reyes", "C1 Ivy Lang")
    assert len(question) <= 160
    story.after(minutes=5)
    priya.replies("and a ladder")
    priya.gets_sms("Reply with the code alone")
    for lead in (dana, omar, ivy):
        lead.gets_nothing()
    priya.replies("b1")
    omar.gets_sms("I am on my way\nand bring the samples 👍\nand a ladder")
    priya.gets_sms("B1: sent")
    assert story.status("B1") == ("responded", "priya")
    dana.gets_nothing()
    ivy.gets_nothing()
    priya.replies("B1")
    priya.gets_sms("What about B1?")
    omar.gets_nothing()


def test_a_code_that_is_not_theirs_leaves_the_words_waiting(story):
    priya, dana, *_ = three_leads(story)
    story.a_lead_arrives(name="Rob Diaz")
    priya.replies("I am on my way")
    for wrong in ("D1", "Z9"):
        priya.has_read_all().replies(wrong)
        priya.gets_sms(wrong)
    priya.replies("A1")
    dana.gets_sms("I am on my way")


def test_a_command_without_a_code_waits_for_it_too(story):
    priya, dana, omar, _ = three_leads(story)
    priya.replies("Thanks for the talk")
    priya.replies("C")
    priya.gets_sms("You have 3 open", "C A1 or C B1")
    priya.replies("B1")
    omar.gets_sms("Thanks for the talk")
    priya.gets_sms("B1: sent")
    priya.gets_sms("B1: noted, talked")
    assert story.status("B1")[0] == "closed"
    dana.gets_nothing()


def test_what_has_waited_for_long_is_not_sent_by_a_stray_code(story):
    priya, dana, *_ = three_leads(story)
    priya.replies("I am on my way")
    story.after(hours=2)
    priya.has_read_all().replies("A1")
    priya.gets_sms("What about A1?")
    dana.gets_nothing()


def test_a_code_alone_on_a_leads_own_number_is_no_word_for_that_lead(tell):
    numbers = '["+15125550100", "+15125550101"]'
    story = tell(SMALL_TEAM.replace("time_zone: America/Chicago}", f"time_zone: America/Chicago, numbers: {numbers}}}"))
    (priya,) = story.people("priya")
    dana, omar = story.a_lead_arrives(name="Dana Cole"), story.a_lead_arrives(name="Omar Reyes")
    for lead in (dana, omar):
        story.happens(lead.code, LeadAssigned("priya", by="Kim Ortega"))
    dana.has_read_all()
    priya.replies("B1", to="+15125550100")
    dana.gets_nothing()
    priya.gets_sms("What about B1?")
    priya.replies("On my way", to="+15125550100")
    dana.gets_sms("On my way")
