"""Nobody answers: who hears of it, what they can do, and how it ends."""

from tests.story import SMALL_TEAM

BROADCAST = SMALL_TEAM.replace("hours: office, managers: [kim]", "hours: office, managers: [kim], offer_for: 15m")
GENEROUS = BROADCAST.replace("open: 5, unanswered: 3", "open: 50, unanswered: 50")


def test_a_manager_s_ok_stops_the_climb_for_a_while_but_not_the_clock(tell):
    story = tell(BROADCAST)
    kim, lou = story.people("kim", "lou")
    dana = story.a_lead_arrives()
    story.after(minutes=15)
    kim.gets_sms("SLA BREACH", dana.code, "Reply OK, or T and a name")
    kim.replies("OK")
    kim.gets_sms(f"You are on it: {dana.code}", "The clock goes on")
    assert "Kim Ortega is on it: the climb stops for 15m, the clock does not" in story.why(dana.code)
    story.after(minutes=14)
    lou.gets_nothing()
    assert story.lead(dana.code)["breached_at"] is not None
    story.after(minutes=2)
    assert "Kim Ortega was on it, but still no response: the climb goes on" in story.why(dana.code)
    lou.gets_sms("breach", dana.code)


def test_a_manager_s_list_is_of_what_waits_for_them_and_help_is_theirs(tell):
    story = tell(BROADCAST)
    kim = story.person("kim")
    kim.replies("L")
    kim.gets_sms("Nothing is waiting for your answer.")
    dana = story.a_lead_arrives(name="Dana Cole")
    story.after(minutes=15)
    kim.has_read_all().replies("L")
    kim.gets_sms(f"You have 1: {dana.code} Dana Cole asked 15m.")
    kim.replies("what now")
    kim.gets_sms("Sorry, not understood. OK = I am on it. T Priya A7")
    kim.replies("OK")
    kim.has_read_all().replies("L")
    kim.gets_sms("Nothing is waiting for your answer.")


def test_a_manager_is_told_what_became_of_a_lead_that_is_done(tell):
    story = tell(BROADCAST)
    tom, kim = story.people("tom", "kim")
    dana = story.a_lead_arrives()
    story.after(minutes=15)
    tom.replies(f"1 {dana.code}")
    tom.replies("C")
    kim.has_read_all().replies(f"OK {dana.code}")
    kim.gets_sms(f"{dana.code} is answered by Tom Becker already, so nothing to do.")
    kim.replies(f"T Priya {dana.code}")
    kim.gets_sms(f"{dana.code} is answered by Tom Becker already, so nothing to do.")
    assert story.status(dana.code) == ("closed", "tom")


def test_a_manager_asks_why_and_leaves_a_note(tell):
    story = tell(BROADCAST)
    kim = story.person("kim")
    dana, omar = story.a_lead_arrives(), story.a_lead_arrives(name="Omar Reyes")
    kim.replies(f"why {dana.code}")
    kim.gets_sms(f"{dana.code}: new lead: offered to Priya Shah", "Tom Becker: could take it")
    kim.replies(f"N {dana.code} an old friend")
    kim.gets_sms(f"{dana.code}: noted.")
    assert "Kim Ortega noted: an old friend" in story.why(dana.code)
    kim.replies("WHY Z99")
    kim.gets_sms("There is no such lead.")
    story.after(minutes=15)
    kim.has_read_all().replies("why")
    kim.gets_sms("Say which lead: WHY and its code.")
    assert dana.code != omar.code


def test_a_manager_gives_the_lead_to_a_rep_who_then_has_time_to_answer(tell):
    story = tell(BROADCAST)
    tom, kim, lou = story.people("tom", "kim", "lou")
    dana = story.a_lead_arrives()
    story.after(minutes=15)
    kim.gets_sms("SLA BREACH")
    kim.replies(f"T Tom {dana.code}")
    kim.gets_sms(f"{dana.code} is with Tom Becker now")
    tom.gets_sms(f"Yours: {dana.code} Dana Cole", dana.phone)
    assert story.status(dana.code) == ("accepted", "tom")
    tom.replies("C")
    story.after(hours=1)
    lou.gets_nothing()
    assert "late" in story.why(dana.code)


def test_many_breaches_at_once_are_told_in_two_messages_and_none_is_left_out(tell):
    story = tell(GENEROUS)
    kim, lou = story.people("kim", "lou")
    leads = [story.a_lead_arrives(name=f"Person {n}") for n in range(10)]
    story.after(minutes=15)
    first = kim.gets_sms("SLA BREACH")
    kim.gets_nothing()
    story.after(minutes=1)
    rest = kim.gets_sms("9 leads are late")
    kim.gets_nothing()
    assert all(lead.code in first + rest for lead in leads)
    kim.replies("OK")
    assert all("Kim Ortega is on it" in story.why(lead.code) for lead in leads)
    story.after(minutes=6)
    lou.gets_nothing()


def test_two_silences_in_a_row_set_a_rep_away_and_the_manager_hears_of_it(story):
    priya, tom, kim = story.people("priya", "tom", "kim")
    story.a_lead_arrives()
    story.after(minutes=2)
    priya.gets_sms("A1", "1 accept")
    priya.gets_sms("A1 moved to Tom Becker", "no reply in 2m")
    assert story.rep("priya")["absence"] == "backing off"
    tom.replies("1")
    story.after(minutes=2)
    assert story.rep("priya")["absence"] is None
    for other in ("tom", "ana"):
        story.person(other).replies("OFF 1h")
    second = story.a_lead_arrives(name="Omar Reyes")
    story.after(minutes=2)
    priya.gets_sms(second.code, "1 accept")
    priya.has_read_all()
    assert story.rep("priya")["absence"] == "away"
    kim.gets_sms("Priya Shah let 2 offers lapse and is set Away")
    assert story.status(second.code) == ("waiting", None)
    priya.replies("ON")
    assert story.lead(second.code)["holders"] == ["priya"]


def test_a_team_that_answers_nothing_is_set_away_once_each_and_no_manager_is_flooded(tell):
    story = tell(GENEROUS)
    kim = story.person("kim")
    for number in range(30):
        story.a_lead_arrives(name=f"Person {number}")
        story.after(minutes=1)
    story.after(hours=1)
    told = [seen.body for seen in kim.unread("sms").values() if "set Away" in seen.body]
    assert sorted(name for body in told for name in ("Ana", "Priya", "Tom") if name in body) == ["Ana", "Priya", "Tom"]
    assert len(kim.unread("sms")) <= 2 * 6, "no more than six an hour, whatever they tell"


def test_who_says_busy_is_not_set_away_for_what_they_were_asked_before(story):
    priya, tom, ana, kim = story.people("priya", "tom", "ana", "kim")
    for other in (tom, ana):
        other.replies("OFF 4h")
    leads = [story.a_lead_arrives(name=f"Person {number}") for number in range(2)]
    assert [story.lead(lead.code)["holders"] for lead in leads] == [["priya"], ["priya"]]
    priya.replies("BUSY 30m")
    story.after(minutes=10)
    assert story.rep("priya")["presence"] == "busy"
    assert not [seen.body for seen in kim.unread("sms").values() if seen.template == "away"]
    story.after(minutes=21)
    assert story.rep("priya")["presence"] == "on"


def test_an_accepted_lead_that_is_not_answered_is_taken_back_and_asked_of_others(story):
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives()
    priya.replies("1")
    story.after(minutes=12)
    assert story.lead(dana.code)["holders"] == ["tom", "ana"], "with a fifth of the time left, everybody is asked"
    assert "taken back from Priya Shah" in story.why(dana.code)
    tom.replies("1")
    tom.gets_sms("Yours: A1", "3m left")


def test_the_cause_of_a_breach_is_told(tell):
    nobody = SMALL_TEAM.replace("hours: office}", "hours: nights}").replace('office: {mon-fri: "08:00-18:00"}', 'office: {mon-fri: "08:00-18:00"}\n  nights: {mon-fri: "20:00-22:00"}')  # fmt: skip
    story = tell(nobody)
    dana = story.a_lead_arrives()
    story.person("kim").gets_sms("waits, nobody is on shift")
    story.after(minutes=15)
    assert story.lead(dana.code)["state"]["cause"] == "nobody on shift"
    assert "no human response within 15m: nobody on shift" in story.why(dana.code)


def test_offers_widen_as_time_runs_down(story):
    priya, tom, ana = story.people("priya", "tom", "ana")
    dana = story.a_lead_arrives()
    assert story.lead(dana.code)["holders"] == ["priya"], "one at a time while there is time"
    priya.replies("1")
    story.after(minutes=8)
    priya.replies("OFF")
    assert story.lead(dana.code)["holders"] == ["tom", "ana"], "a ring when half of it is gone"
    tom.gets_sms(dana.code, "1 accept")
    ana.gets_sms(dana.code, "1 accept")
    ana.replies("1")
    tom.gets_sms(f"{dana.code} Dana Cole went to Ana Ruiz, so nothing to do")


def test_in_the_last_quarter_all_who_are_left_are_asked_at_once(tell):
    names = [f"rep{n}" for n in range(12)]
    lines = [f"  - {{id: {name}, phone: '+151255502{n:02}', cap: {{open: 5}}, hours: office}}\n" for n, name in enumerate(names)]
    team = SMALL_TEAM.replace("pools:", "".join(lines) + "pools:")
    story = tell(team.replace("[priya, tom, ana]", f"[{', '.join(names)}], offer_for: 1m, away_after: 5"))
    lead = story.a_lead_arrives()
    asked = []
    for _ in range(15):
        asked.append(len(story.lead(lead.code)["holders"]))
        story.after(minutes=1)
    assert asked[:7] == [1] * 7, "one at a time while there is time"
    assert max(asked[8:11]) == 3, asked
    assert asked[12] == 6, "all of the second round who have not been asked"


def test_a_lead_out_of_hours_is_told_when_we_open_and_not_late_before(tell):
    story = tell()
    story.after(hours=9, minutes=30)  # 18:30
    dana = story.a_lead_arrives(name="Dana Cole")
    dana.gets_sms("Hi Dana", "We open tomorrow 8:00 am", "will call you by tomorrow 8:15 am")
    assert story.status(dana.code) == ("waiting", None)
    story.after(minutes=45)
    assert story.lead(dana.code)["breached_at"] is None


def test_a_returning_person_goes_to_the_rep_they_know(tell):
    story = tell(SMALL_TEAM.replace("hours: office, managers: [kim]", "hours: office, managers: [kim], strategy: owner_first"))
    priya, tom = story.people("priya", "tom")
    dana = story.a_lead_arrives()
    priya.replies("2")
    tom.has_read_all().replies("1")
    tom.replies("C")
    story.after(hours=2)
    again = story.a_lead_arrives(phone=dana.phone, email=dana.email, message="Another roof")
    assert story.lead(again.code)["holders"] == ["tom"]
    assert "knows this person" in story.why(again.code)
