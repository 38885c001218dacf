"""What reps and managers text, as they really type it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.teamfile.rules import rulebook
from routing import commands
from routing.commands import Ambiguous, Command, NoneOpen, NotUnderstood, OpenLead, ask_which, parse, which
from routing.wishes import lexicon, reads_as
from routing.words import segments
from tests.builders import NOW

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Command("accept")),
        (" 1. ", Command("accept")),
        ("(1)", Command("accept")),
        ("1!", Command("accept")),
        ("1️⃣", Command("accept")),
        ("１", Command("accept")),
        ("1 please", Command("accept")),
        ("1 thanks!", Command("accept")),
        ("accept", Command("accept")),
        ("1 A7", Command("accept", "A7")),
        ("1 a7.", Command("accept", "A7")),
        ("1a7", Command("accept", "A7")),
        ("1, A 7", Command("accept", "A7")),
        ("1 #A-7", Command("accept", "A7")),
        ("A7 1", Command("accept", "A7")),
        ("a7: 1", Command("accept", "A7")),
        ("A7\n1", Command("accept", "A7")),
        ("Accept Z120", Command("accept", "Z120")),
        ("2", Command("pass")),
        ("2 B2", Command("pass", "B2")),
        ("B2 pass", Command("pass", "B2")),
        ("c", Command("called")),
        ("C C3", Command("called", "C3")),
        ("c3 c", Command("called", "C3")),
        ("V A7", Command("voicemail", "A7")),
        ("b", Command("bad_number")),
        ("b b2", Command("bad_number", "B2")),
        ("Bad number A7", Command("bad_number", "A7")),
        ("A7 bad number", Command("bad_number", "A7")),
        ("N he wants a Quote, by 5!", Command("note", None, "he wants a Quote, by 5!")),
        ("n a7 he wants a Quote", Command("note", "A7", "he wants a Quote")),
        ("A7 n he wants a Quote", Command("note", "A7", "he wants a Quote")),
        ("note: call back", Command("note", None, "call back")),
        ("L", Command("list")),
        ("list.", Command("list")),
        ("ON", Command("on")),
        ("off", Command("off")),
        ("OFF 2h", Command("off", argument=timedelta(hours=2))),
        ("OFF2h", Command("off", argument=timedelta(hours=2))),
        ("busy 30min", Command("busy", argument=HALF_AN_HOUR)),
        ("busy30 min", Command("busy", argument=HALF_AN_HOUR)),
        ("off 30 minutes", Command("off", argument=HALF_AN_HOUR)),
        ("off for 1h30m", Command("off", argument=timedelta(hours=1, minutes=30))),
        ("OFF 2 days", Command("off", argument=timedelta(days=2))),
        ("Off TOMORROW", Command("off", argument="tomorrow")),
        ("off until tomorrow.", Command("off", argument="tomorrow")),
        ("BUSY", Command("busy")),
        ("busy 30m", Command("busy", argument=HALF_AN_HOUR)),
        ("WHY A7", Command("why", "A7")),
        ("why", Command("why")),
        ("A7 why", Command("why", "A7")),
        ("?", Command("help")),
        ("??", Command("help")),
        ("CALL A7", Command("call", "A7")),
        ("A7 call", Command("call", "A7")),
        ("T Priya", Command("assign", None, "Priya")),
        ("t priya a7", Command("assign", "A7", "priya")),
        ("T A7 Maria Lopez.", Command("assign", "A7", "Maria Lopez")),
        ("T Maria Lopez A7", Command("assign", "A7", "Maria Lopez")),
        ("A7 T Priya", Command("assign", "A7", "Priya")),
        ("OK", Command("acknowledge")),
        ("ok, thanks", Command("acknowledge")),
        ("ACK A7", Command("acknowledge", "A7")),
        ("A7 ok", Command("acknowledge", "A7")),
        ("A7 Hi Dana, I can call at 5. OK?", Command("say", "A7", "Hi Dana, I can call at 5. OK?")),
        ("A7: on my way", Command("say", "A7", "on my way")),
        ("A7 1 pm works", Command("say", "A7", "1 pm works")),
        ("A7 yes", Command("say", "A7", "yes")),
        ("r a7 on my way", Command("say", "A7", "on my way")),
        ("A7 r on my way", Command("say", "A7", "on my way")),
    ],
)
def test_a_command_is_understood(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        *(
            (text, "Sorry, not understood")
            for text in ("", "   ", "3", "hello", "1 pm", "yes", "I7", "O7", "A0", "A07", "1 A7 B2", "1 1")
        ),
        *(
            (text, "Sorry, not understood")
            for text in ("on my way", "L A7 B2", "call me", "why not", "🙏", "1?", "A7?", "12", "1 O7")
        ),
        ("A7", "What about A7?"),
        ("A7 off", "What about A7?"),
        ("A7 n", "What about A7?"),
        ("N", "A note needs words"),
        ("N A7", "A note needs words"),
        ("T", "Whom to?"),
        ("T A7", "Whom to?"),
        ("r u there", "To write to a lead"),
        ("R A7", "To write to a lead"),
        ("off 2", "How long? OFF 30m, OFF 2h"),
        ("off 0m", "How long?"),
        ("off 31 days", "How long?"),
        ("off to lunch", "How long?"),
        ("off 2 minutesx", "How long?"),
        ("busy tomorrow", "How long? BUSY 30m"),
    ],
)
def test_what_is_no_command_gets_a_hint(text, hint):
    answer = parse(text)
    assert isinstance(answer, NotUnderstood)
    assert hint in answer.hint
    assert segments(answer.hint).count == 1
    assert segments(answer.hint).encoding == "GSM-7"


@pytest.mark.parametrize("word", sorted(commands.RESERVED))
def test_the_carriers_words_are_never_commands(word):
    assert isinstance(parse(word), NotUnderstood)
    assert isinstance(parse(word.upper() + "!"), NotUnderstood)


def test_no_command_reads_as_a_stop_or_a_start():
    spoken = {*commands._ABOUT_A_LEAD, *commands._ABOUT_ME, *commands._WITH_WORDS}
    assert len(spoken) > 15
    assert [word for word in spoken if reads_as(word, lexicon(rulebook(), NOW))] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Command("acknowledge")),
        ("1 A7", Command("acknowledge", "A7")),
        ("ok A7", Command("acknowledge", "A7")),
        ("T Priya", Command("assign", None, "Priya")),
        ("2", Command("pass")),
    ],
)
def test_a_managers_one_means_i_am_on_it(text, expected):
    assert parse(text, manager=True) == expected


@pytest.mark.parametrize(
    ("command", "codes", "expected"),
    [
        (Command("accept"), ["A7"], "A7"),
        (Command("accept"), [], NoneOpen()),
        (Command("accept"), ["A7", "B2"], Ambiguous(("A7", "B2"))),
        (Command("accept", "B2"), ["A7", "B2"], "B2"),
        (Command("accept", "C3"), ["A7"], "C3"),
        (Command("accept", "C3"), [], "C3"),
    ],
)
def test_a_bare_command_goes_to_the_only_open_lead(command, codes, expected):
    assert which(command, codes) == expected


DANA = OpenLead("A7", "Dana Cole", timedelta(seconds=75))
OMAR = OpenLead("B2", "Omar Reyes", timedelta(minutes=4))


@pytest.mark.parametrize(
    ("verb", "reply"),
    [("accept", "1 A7 or 1 B2"), ("called", "C A7 or C B2"), ("note", "N A7 words or N B2 words"), ("why", "WHY A7 or WHY B2")],
)
def test_with_several_open_it_asks_which(verb, reply):
    assert ask_which(Command(verb), [DANA, OMAR]) == f"You have 2 open: A7 Dana Cole 1m, B2 Omar Reyes 4m. Reply {reply}."


def test_of_many_open_leads_three_are_spelled_out():
    leads = [DANA, OMAR, OpenLead("C3", "Li Wei", timedelta(hours=2)), OpenLead("D4", "Eve", timedelta(days=1))]
    expected = "You have 4 open: A7 Dana Cole 1m, B2 Omar Reyes 4m, C3 Li Wei 2h, ... Reply 1 A7 or 1 B2."
    assert ask_which(Command("accept"), leads) == expected


@given(
    names=st.lists(st.text(st.characters(max_codepoint=126), max_size=60), min_size=2, max_size=30),
    verb=st.sampled_from(["accept", "assign"]),
)
def test_the_question_stays_in_one_segment(names, verb):
    leads = [OpenLead(f"Z{1000 + number}", name, timedelta(days=300)) for number, name in enumerate(names)]
    question = ask_which(Command(verb), leads)
    assert question.startswith(f"You have {len(leads)} open: Z1000")
    assert len(question) <= 160


@given(text=st.text(max_size=100) | st.text("12ACNTRBz 7?:.ofm", max_size=12), manager=st.booleans())
def test_no_text_makes_it_raise_and_every_code_is_one(text, manager):
    found = parse(text, manager=manager)
    if isinstance(found, Command):
        assert found.code is None or (
            found.code[0] in "ABCDEFGHJKLMNPQRSTUVWXYZ" and found.code[1:].isdigit() and found.code[1] != "0"
        )
        assert parse(text.upper(), manager=manager).verb == found.verb or "ı" in text or not text.isascii()
