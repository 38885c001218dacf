"""Callers in the ways they really call: who has said STOP, who calls twice, several at once, and calls of which only the end is heard."""

from tests.story import SMALL_TEAM, Phone

ONE_REP = SMALL_TEAM.replace("members: [priya, tom, ana]", "members: [priya]")


def told_of(story, sid, *, key, event="missed_call", **said):
    """What the door writes down of a call whose beginning never reached us."""
    content = {"kind": "call", "channel": "call", "ended_call": sid, "phone": "+15125550777", "zone": "America/Chicago", "reason": "the caller hung up", **said}  # fmt: skip
    recorded = story.receive("calls", key, event, content)
    story.settle()
    return recorded


def test_who_has_said_stop_may_call_us_and_is_rung_through_but_not_texted_back(story):
    caller = Phone(story, "lead", "+15125550777")
    caller.says_stop()
    call = story.a_call_comes_in(from_="+15125550777")
    assert call.rings == "priya"
    call.hangs_up_while_it_rings()
    caller.gets_nothing()
    story.person("tom").gets_sms("A1")
    assert story.rows("SELECT id FROM outbox WHERE recipient = 'lead' AND state = 'sent'") == []


def test_who_hangs_up_and_calls_again_at_once_keeps_ringing_the_same_phone_and_is_one_lead(story):
    first = story.a_call_comes_in()
    second = story.a_call_comes_in()
    assert (first.rings, second.rings) == ("priya", "priya")
    first.hangs_up_while_it_rings()  # the first call's end comes after the second began
    second.is_taken()
    assert story.status("A1") == ("responded", "priya")
    assert story.codes() == ["A1"]
    Phone(story, "lead", first.from_).gets_nothing()


def test_two_callers_at_once_ring_two_reps(story):
    one, other = story.a_call_comes_in("+15125550777"), story.a_call_comes_in("+15125550778")
    assert {one.rings, other.rings} == {"priya", "tom"}
    one.is_taken()
    other.is_taken()
    assert [story.status(code)[0] for code in story.codes()] == ["responded", "responded"]


def test_two_callers_at_once_for_one_rep_are_both_leads_and_neither_is_lost(tell):
    story = tell(ONE_REP)
    one, other = story.a_call_comes_in("+15125550777"), story.a_call_comes_in("+15125550778")
    one.is_taken()
    if other.rings:
        other.is_not_taken("busy")
    assert other.rings is None, "the second caller is asked for a message"
    Phone(story, "lead", "+15125550778").gets_sms("missed your call")
    first, second = story.codes()
    assert (story.status(first), story.status(second)) == (("responded", "priya"), ("offered", None))
    story.person("priya").gets_sms(second)


def test_with_nobody_on_duty_the_caller_is_asked_for_a_message_and_the_lead_waits(story):
    for rep in story.people("priya", "tom", "ana"):
        rep.replies("OFF")
    call = story.a_call_comes_in()
    assert call.rings is None
    call.leaves_a_voicemail(9)
    assert [story.status(code)[0] for code in story.codes()] == ["waiting"]
    Phone(story, "lead", call.from_).gets_sms("missed your call")


def test_a_call_of_which_only_the_end_is_heard_is_texted_back_and_routed(story):
    told_of(story, "CA900", key="twilio_call:CA900")
    Phone(story, "lead", "+15125550777").gets_sms("missed your call")
    story.person("priya").gets_sms("A1")
    later = {"kind": "call", "channel": "call", "call_sid": "CA900"}
    story.receive("calls", "recording", "voicemail", {**later, "url": "https://api.example/rec", "seconds": 12})
    story.settle()
    assert "left a voicemail of 12s" in story.why("A1")
    story.receive("calls", "words", "voicemail_text", {**later, "message": "My roof leaks"})
    story.settle()
    assert "the lead wrote by call" in story.why("A1")
    assert story.codes() == ["A1"]


def test_the_end_of_a_call_of_somebody_whose_lead_is_open_is_told_to_who_has_it(story):
    dana = story.a_lead_arrives(name="Dana Cole", phone="+15125550777")
    (priya,) = story.people("priya")
    priya.replies("1")
    priya.has_read_all()
    told_of(story, "CA901", key="twilio_call:CA901")
    priya.gets_sms(dana.code, "Called again")
    story.receive(
        "calls", "rec", "voicemail", {"kind": "call", "channel": "call", "call_sid": "CA901", "url": "https://x", "seconds": 8}
    )
    story.settle()
    priya.gets_sms("Voicemail, 8s")
    assert story.codes() == [dana.code]


def test_a_rep_who_writes_by_rcs_gives_a_command_and_is_no_lead(story):
    dana = story.a_lead_arrives(name="Dana Cole")
    content = {"kind": "message", "channel": "rcs", "message": "1", "phone": "+15125550111"}
    story.receive("texts", "rcs:1", "message", content)
    story.settle()
    assert story.status(dana.code) == ("accepted", "priya")
    assert story.codes() == [dana.code]


def test_what_machines_write_is_kept_and_begins_nothing(story):
    story.receive("texts", "twilio_message:SM9", "auto_reply", {"kind": "message", "channel": "sms", "why": "a short code"})
    story.settle()
    assert story.codes() == []
    assert story.one("SELECT done_at FROM inbox WHERE event = 'auto_reply'").done_at is not None
