"""The seven promises of the README, one after the other."""

import threading
from datetime import timedelta

from routing.codes import number_of
from routing.events import HumanResponded, OfferAccepted
from store import advance, policies
from store.engine import connect
from tests import invariants
from tests.story import SETTINGS, SMALL_TEAM, TUESDAY_NINE, Phone, Story

ONE_OF_EACH = SMALL_TEAM.replace("open: 5, unanswered: 3", "open: 1, unanswered: 1")


# 1. A 2xx answer means that the lead is on disk: it is never lost after that, whatever dies.


def test_1_what_was_answered_is_served_by_whoever_comes_back(story, database):
    content = {"kind": "form", "channel": "form", "name": "Dana Cole", "phone": "+15125550143"}
    answered = story.receive("website", "form:dana", "form", content)
    story.close()  # everything dies before anything was decided
    again = Story(database, at=story.now)
    again.settle()
    assert again.status(answered.lead) == ("offered", None)
    Phone(again, "lead", "+15125550143").gets_sms("Dana")
    again.close()


def test_1_what_dies_half_way_has_not_happened_and_happens_again(story, monkeypatch):
    story.receive("website", "form:dana", "form", {"kind": "form", "channel": "form", "name": "Dana", "phone": "+15125550143"})
    with monkeypatch.context() as dying:
        dying.setattr("store.messages.write", dies)  # the power goes after the lead is written, before the commit
        advance.drain_inbox(story.engine, story.now)
    assert story.codes() == []
    assert story.rows("SELECT 1 FROM outbox") == []
    story.after(seconds=3)
    assert story.codes() == ["A1"]
    Phone(story, "lead", "+15125550143").gets_sms("Dana")


def dies(*_: object) -> None:
    raise ConnectionError("the power is gone")


# 2. The lead hears from us within seconds, once per channel, on another one if the first fails, never against a STOP.


def test_2_one_acknowledgement_for_a_form_sent_five_times(story):
    for _ in range(5):
        dana = story.a_lead_arrives(phone="+15125550143", email="dana@example.com", key="form:same")
    dana.gets_sms("Hi Dana")
    dana.gets_nothing()
    dana.gets_nothing("email")


def test_2_a_text_that_cannot_be_delivered_becomes_a_mail(story):
    dana = story.a_lead_arrives()
    dana.gets_sms("Hi Dana")
    dana.is_unreachable("30005")
    dana.gets_email("Dana", "9:15 am")
    dana.gets_nothing()
    assert "the acknowledgement by sms failed" in story.why("A1")


def test_2_with_no_channel_left_whoever_has_the_lead_is_told(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(email=None)
    dana.is_unreachable("30005")
    priya.gets_sms("A1 Dana Cole", "1 accept")
    priya.gets_sms("A1 Dana Cole could not be sent an answer")


def test_2_never_against_a_stop(story):
    (priya,) = story.people("priya")
    omar = story.somebody_writes("Do you install heat pumps?").has_read_all()
    omar.says_stop()
    assert "STOP: no more texts" in story.why("A1")
    priya.replies("1")
    priya.replies("A1 We do, when shall I call?")
    omar.gets_nothing()
    story.a_lead_arrives(name="Omar Reyes", phone=omar.phone, email="omar@example.com")
    omar.gets_nothing()
    omar.replies("START")
    eve = story.a_lead_arrives(name="Omar Reyes", phone=omar.phone, email=None)
    assert eve.phone == omar.phone


def test_2_a_stop_in_the_lead_s_own_words_and_on_messenger_counts_too(story):
    (priya,) = story.people("priya")
    omar = story.somebody_writes("Do you install heat pumps?").has_read_all()
    omar.replies("please stop texting me")
    eve = story.somebody_writes("Hello?", channel="messenger")
    eve.gets("messenger", "thanks")
    eve.replies("stop")
    assert len(story.codes()) == 2, "a STOP is never a lead"
    for code, words in zip(story.codes(), ("We do", "Hi Eve"), strict=True):
        story.happens(code, HumanResponded("priya", "text", text=words))
    omar.gets_sms("you get no more texts from us")  # the one confirmation: the carrier knows single words only
    omar.gets_nothing()
    eve.gets_nothing("messenger")


def test_2_no_text_at_night_but_a_mail(tell):
    story = tell(SMALL_TEAM.replace("channels: {sms: {quiet_hours: none}}\n", ""))
    story.after(hours=13)  # 22:00
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_nothing()
    dana.gets_email("We open tomorrow 8:00 am")
    omar = story.somebody_writes("Are you there?")
    omar.gets_sms("We open tomorrow 8:00 am")  # who has just written is awake


# 3. Offered to who is on duty and has room; nobody above their cap; no lead waits while somebody has room.


def test_3_leads_go_round_fill_everybody_and_wait_then_move_in_the_same_instant(tell):
    story = tell(ONE_OF_EACH)
    (priya,) = story.people("priya")
    leads = [story.a_lead_arrives(name=f"Lead {n}") for n in range(5)]
    assert [story.lead(each.code)["holders"] for each in leads] == [["priya"], ["tom"], ["ana"], [], []]
    assert "waits, all who are on shift are full" in story.why(leads[3].code)
    priya.has_read_all().replies(f"1 {leads[0].code}")
    priya.replies(f"C {leads[0].code}")
    assert story.lead(leads[3].code)["holders"] == ["priya"], "no retry, no clock: the same transaction"
    assert "RoomOpened: room opened: offered to Priya Shah" in story.why(leads[3].code)
    assert story.lead(leads[4].code)["status"] == "waiting"


def test_2_who_comes_when_all_have_had_their_leads_of_the_day_is_promised_the_next_day(tell):
    story = tell(SMALL_TEAM.replace("cap: {open: 5, unanswered: 3}", "cap: {open: 5, per_day: 1}"))
    for _ in range(3):
        story.a_lead_arrives()
    omar = story.a_lead_arrives(name="Omar Reyes")
    assert "all who are on shift are full" in story.why(omar.code)
    omar.gets_sms("We will call you by tomorrow 8:15 am")


def test_3_nobody_off_shift_is_asked_and_the_shift_that_begins_takes_what_waits(tell):
    story = tell(SMALL_TEAM.replace('office: {mon-fri: "08:00-18:00"}', 'office: {mon-fri: "08:00-18:00"}\n  late: {mon-fri: "10:00-18:00"}').replace(
        "unanswered: 3}, hours: office", "unanswered: 3}, hours: late"
    ))  # fmt: skip
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    assert story.status(dana.code) == ("waiting", None)
    assert "nobody is on shift; the next is back 10:00 am" in story.why(dana.code)
    story.person("kim").gets_sms("A1 Dana Cole waits", "nobody is on shift")
    story.after(minutes=59, seconds=59)
    priya.gets_nothing()
    story.after(seconds=1)
    priya.gets_sms("A1 Dana Cole")


def test_3_a_shift_that_ends_gives_back_what_was_not_answered(story):
    story.after(hours=8, minutes=58)  # 17:58
    dana = story.a_lead_arrives()
    story.person("priya").replies("1")
    story.after(minutes=2)
    assert story.status(dana.code) == ("waiting", None)
    assert "Priya Shah has gone off shift" in story.why(dana.code)
    assert story.lead(dana.code)["response_due_at"] == TUESDAY_NINE + timedelta(hours=23, minutes=13), "with its first clock"


# 4. One owner at a time: of two who accept at once one wins, the other is told who.


def test_4_two_accept_at_once_and_one_wins(tell, database):
    story = tell(SMALL_TEAM.replace("hours: office, managers: [kim]", "hours: office, managers: [kim], offer: {ring: 2}"))
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives()
    assert story.lead(dana.code)["holders"] == ["priya", "tom"]
    engines, ready, owners = [connect(database, role="rival", size=2) for _ in range(2)], threading.Barrier(2), []

    def accepts(engine, rep):
        policies.open_book(engine, SETTINGS)
        ready.wait()
        owners.append(advance.happen(engine, number_of(dana.code), OfferAccepted(rep, "page"), story.now).state.owner)

    rivals = [threading.Thread(target=accepts, args=pair) for pair in zip(engines, ("priya", "tom"), strict=True)]
    [rival.start() for rival in rivals]
    [rival.join() for rival in rivals]
    [engine.dispose() for engine in engines]
    story.settle()
    assert len(set(owners)) == 1
    winner, loser = (priya, tom) if owners[0] == "priya" else (tom, priya)
    winner.gets_sms("Yours: A1")
    loser.gets_sms("A1 Dana Cole", "1 accept")
    loser.gets_sms("A1", "went to", "so nothing to do")
    assert invariants.broken(story.engine) == []


# 5. Only a human response stops the clock.


def test_5_neither_the_acknowledgement_nor_an_accept_nor_an_attempt_stops_the_clock(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    dana.gets_sms("Hi Dana")
    priya.replies("1")
    priya.replies("V")
    story.after(minutes=15)
    assert story.lead(dana.code)["breached_at"] == story.now
    story.person("kim").gets_sms("breach")


def test_5_a_rep_s_own_text_stops_it(story):
    dana = story.a_lead_arrives()
    story.person("priya").replies("1")
    story.after(minutes=9)
    story.person("priya").replies("A1 Hello Dana, Priya here")
    assert "the first response after 9m, in time" in story.why(dana.code)
    story.after(hours=3)
    assert story.lead(dana.code)["breached_at"] is None
    story.person("kim").gets_nothing()


# 6. It climbs until a human acts (tests/stories/test_escalation.py tells the rest).


def test_6_remind_take_back_manager_director_again_until_somebody_answers(story):
    priya, tom, kim, lou = story.people("priya", "tom", "kim", "lou")
    dana = story.a_lead_arrives()
    priya.has_read_all().replies("1")
    priya.gets_sms("Yours")
    story.after(minutes=10)
    priya.gets_sms("A1 Dana Cole: 5m left to call")
    tom.gets_nothing()
    story.after(minutes=2)
    priya.gets_sms("A1 Dana Cole went to", "so nothing to do")
    tom.gets_sms("A1 Dana Cole")
    story.after(minutes=3)
    kim.gets_sms("breach", "A1", "15m")
    lou.gets_nothing()
    story.after(minutes=5)
    lou.gets_sms("breach", "A1", "20m now")
    story.after(minutes=10)
    lou.gets_sms("breach", "A1", "30m now")
    story.after(minutes=10)
    lou.gets_sms("breach", "A1", "40m now")
    story.happens(dana.code, HumanResponded("tom", "call"))
    story.after(hours=2)
    lou.gets_nothing()


# 7. Late, doubled, crossed input is normal (tests/store/test_advance.py has the broken kind).


def test_7_late_and_crossed_words_are_recorded_and_answered(story):
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives()
    priya.replies("2")
    priya.replies("1 A1")
    priya.gets_sms("A1", "nothing to do")
    assert "Priya Shah said yes too late" in story.why(dana.code)
    tom.replies("1")
    tom.replies("C")
    tom.replies("C A1")
    assert story.status(dana.code) == ("closed", "tom")
    dana.replies("One more thing")
    assert len(story.codes()) == 2, "words after the end begin a new lead"
