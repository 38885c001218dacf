"""What people's words say about writing to them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.teamfile.rules import rulebook
from routing import commands
from routing.wishes import closes_calls, is_the_carriers, lexicon, reads_as, words

KNOWN = lexicon(rulebook(), datetime(2026, 11, 26, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "STOP",
            "stop",
            " Stop. ",
            "stop!!",
            "STOP 🛑",
            "S T O P",
            "S.T.O.P.",
            "ＳＴＯＰ",
            "st\u200bop",
            "«stop»",
            "STOP\n",
            "Stop️",
        ),
        *(
            "STOPALL",
            "STOP ALL",
            "stop-all",
            "UNSUBSCRIBE",
            "cancel",
            "End",
            "QUIT",
            "revoke",
            "OPTOUT",
            "opt out",
            "OPT-OUT",
            "Opt–out",
        ),
        *(
            "REMOVE",
            "ARRET",
            "ARRÊT",
            "arre\u0302t",
            "TD",
            "stop please",
            "Please stop",
            "please, STOP now!",
            "ok stop thanks",
            "stop it",
        ),
        *("unsubscribe please", "Hi, please remove"),
    ],
)
def test_these_words_are_a_stop(text):
    assert reads_as(text, KNOWN) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "stop texting me",
            "Please STOP TEXTING ME!!",
            "Wrong number",
            "you have the wrong number, sorry",
            "no mas",
            "No más.",
            "¡No más!",
        ),
        *(
            "take me off your list",
            "Don't text me",
            "don’t contact me again",
            "do not text me",
            "no more texts",
            "lose my number",
        ),
        *(
            "Stop. Who is this?",
            "STOP I never asked for this",
            "opt out of this list",
            "unsubscribe from everything",
            "basta",
            "ALTO!",
        ),
        *(
            "please cancel",
            "cancel thanks",
            "thank you, end",
            "I filled in your form last week and since then: stop texting me, all of you",
        ),
    ],
)
def test_what_means_stop_is_obeyed_and_looked_at_by_a_person(text):
    assert reads_as(text, KNOWN) == "stop_review"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, "start") for text in ("START", "start.", "Unstop", "start please")),
        *((text, "help") for text in ("HELP", "help!", "Info", "H E L P")),
        *((text, None) for text in ("YES", "yes please", "ok", "hi", "thanks", "", "   ", "🛑", "1", "?", "\u202e", "no")),
        *(
            (text, None)
            for text in ("Can you stop by tomorrow at 5?", "Stop by at 5", "stop in any time", "We start in May", "end of May?")
        ),
        *(
            (text, None)
            for text in ("I need help with my roof", "more info please", "cancel my appointment", "I am in Palo Alto")
        ),
        *(
            (text, None)
            for text in ("Please do not call me before 5, text me", "nonstop service?", "the bus stop is here", "quite right")
        ),
        ("I first called the wrong number and then found you, please tell me what a new roof costs", None),
    ],
)
def test_everything_else_is_not_a_stop(text, expected):
    assert reads_as(text, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello,\tWorld!  ", "hello world"),
        ("Don't", "dont"),
        ("OPT-OUT", "opt out"),
        ("İ️É\u200d", "ie"),
        ("① ½", "1 1 2"),
        ("...", ""),
    ],
)
def test_words_are_bare(text, expected):
    assert words(text) == expected


@given(text=st.text(max_size=200))
def test_no_text_makes_it_raise(text):
    assert words(words(text)) == words(text)
    assert reads_as(text, KNOWN) in ("stop", "start", "help", "stop_review", None)


@given(
    word=st.sampled_from(sorted(KNOWN["stop"])),
    before=st.text(" !.,-🙏*", max_size=3),
    after=st.text(" !.,-🙏*\n", max_size=3),
    up=st.booleans(),
)
def test_a_stop_word_is_heard_through_any_punctuation(word, before, after, up):
    assert reads_as(before + (word.upper() if up else word) + after, KNOWN) == "stop"


@pytest.mark.parametrize(
    "said", ["Please stop calling me", "leave me alone!", "wrong number", "Don't contact me", "REMOVE MY NUMBER"]
)
def test_words_that_close_calls_by_hand_too(said):
    assert closes_calls(said, KNOWN)


@pytest.mark.parametrize(
    "said", ["STOP", "stop texting me", "unsubscribe me", "no more messages", "cancel please", "call me back", "parar"]
)
def test_words_that_close_texts_only_or_nothing(said):
    assert not closes_calls(said, KNOWN)


# --- hard cases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STOP!!!", "stop"),
        ("ＳＴＯＰ", "stop"),
        ("Stop please", "stop"),
        ("stop by tomorrow", None),
        ("Please stop by at 5", None),
        ("please don't stop", None),
        ("cancel my appointment", None),
        ("END", "stop"),
        ("Arrêt", "stop"),
        ("no más", "stop_review"),
        ("STOP\n\nSent from my iPhone", "stop"),
        ("Stop\r\n--\r\nDana Cole, Cole & Sons", "stop"),
        ("STOP\nEnviado desde mi iPhone", "stop"),
        ("Unsubscribe.", "stop"),
        ("S.T.O.P", "stop"),
        ("stop🛑", "stop"),
        ("🛑STOP🛑", "stop"),
        ("opt-out", "stop"),
        ("STOPALL now", "stop"),
        ("STOP STOP STOP", "stop"),
        ("Stop, stop!", "stop"),
        ("Quit texting me", "stop_review"),
        ("I quit my job can you help", None),
        ("remove", "stop"),
        ("remove the old roof", None),
        ("td", "stop"),
        ("revoke", "stop"),
        ("I revoke my consent to be texted by your company, effective today, in writing", "stop_review"),
        ("stop thanks", "stop"),
        ("please stop bothering me", "stop_review"),
        ("Not interested. Stop.", "stop_review"),
        ("no thanks, stop", "stop_review"),
        ("I want to opt out", "stop_review"),
        ("how do I unsubscribe?", "stop_review"),
        ("START", "start"),
        ("unstop", "start"),
        ("yes", None),
        ("help", "help"),
        ("HELP me with my roof", None),
        ("Liked “Acme: thanks for writing. We will call you by 10:04 am. Reply STOP to opt out.”", None),
        ("Does the bus stop near you?", None),
        ("We start at the end of May", None),
        ("I will stop at your office today", None),
        ("Where do I go, do I stop, or drive on to the second gate behind the barn and ring?", None),
        ("the weekend", None),
        ("Sent from my iPhone", None),
        ("How many stops?", None),
        ("stopwatch", None),
        ("İSTOP", None),
    ],
)
def test_hard_cases(text, expected):
    assert reads_as(text, KNOWN) == expected


@pytest.mark.parametrize("text", ["stop", " STOP ", "Unsubscribe\n", "QUIT", "OptOut", "stopall"])
def test_what_the_carrier_answers_itself(text):
    assert is_the_carriers(text, KNOWN)


@pytest.mark.parametrize(
    "text", ["STOP PLEASE", "opt out", "remove", "arret", "no más", "Stop!", "td", "stop it", "Stop texting me", ""]
)
def test_what_the_carrier_does_not_answer(text):
    assert not is_the_carriers(text, KNOWN)


def test_whatever_the_carrier_blocks_is_a_stop_to_us_too():
    assert len(KNOWN["carrier"]) == 8
    assert {reads_as(word.upper(), KNOWN) for word in KNOWN["carrier"]} == {"stop"}
    assert KNOWN["carrier"] | KNOWN["start"] | KNOWN["help"] <= commands.RESERVED, "no rep's command is one of them"


def test_without_any_words_nothing_is_a_wish():
    assert reads_as("STOP", {}) is None
    assert not closes_calls("leave me alone", {})


@given(
    word=st.sampled_from(sorted(KNOWN["stop"] - KNOWN["doubtful"])),
    polite=st.lists(st.sampled_from(sorted(KNOWN["polite"])), max_size=3),
    after=st.booleans(),
    signed=st.sampled_from(["", "\nSent from my iPhone", "\n\nGet Outlook for Android", "\n--\nDana"]),
)
def test_politeness_and_signatures_change_no_stop(word, polite, after, signed):
    said = " ".join([word, *polite] if after else [*polite, word]) + signed
    assert reads_as(said.title(), KNOWN) == "stop"
