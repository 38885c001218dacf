"""Who may be written to now: their words, their opt-outs, and the hours of their night."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.contact import STOP_WORDS, Allowed, Held, Suppressed, Writing, closes_calls, may_write, reads_as, words
from routing.team import QuietHours

QUIET = QuietHours()  # 21:00-08:00
TEXT = Writing("ack", "sms", quiet=QUIET, zone="America/Chicago")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = utc("2026-11-24T04:30:15")  # 22:30 on Monday in Chicago
NOON = utc("2026-11-23T18:00:00")


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
    assert reads_as(text) == "stop"


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
    assert reads_as(text) == "stop_review"


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
    assert reads_as(text) == expected


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
    assert reads_as(text) in ("stop", "start", "help", "stop_review", None)


@given(
    word=st.sampled_from(sorted(STOP_WORDS)),
    before=st.text(" !.,-🙏*", max_size=3),
    after=st.text(" !.,-🙏*\n", max_size=3),
    up=st.booleans(),
)
def test_a_stop_word_is_heard_through_any_punctuation(word, before, after, up):
    assert reads_as(before + (word.upper() if up else word) + after) == "stop"


@pytest.mark.parametrize(
    ("channel", "opted_out", "expected"),
    [
        ("sms", {"sms"}, "sms"),
        ("sms", {"whatsapp"}, "whatsapp"),
        ("whatsapp", {"sms"}, "sms"),
        ("email", {"all"}, "everything"),
        ("email", {"email", "sms"}, "email"),
        ("email", {"sms"}, None),
        ("sms", {"email"}, None),
        ("messenger", {"sms"}, None),
        ("sms", set(), None),
    ],
)
def test_a_stop_covers_its_channel_and_all_that_rings_on_that_phone(channel, opted_out, expected):
    answer = may_write(replace(TEXT, channel=channel, opted_out=frozenset(opted_out)), NOON)
    assert answer == Suppressed(f"the person has opted out of {expected}") if expected else isinstance(answer, Allowed)


def test_a_stop_wins_over_everything():
    stopped = replace(TEXT, opted_out=frozenset({"sms"}), wrote_at=NIGHT)
    assert isinstance(may_write(stopped, NIGHT), Suppressed)
    assert isinstance(may_write(replace(stopped, purpose="reply"), NOON), Suppressed)
    assert isinstance(may_write(replace(stopped, purpose="alarm", to_staff=True), NOON), Suppressed)


@pytest.mark.parametrize(
    ("writing", "allowed"),
    [
        (TEXT, False),
        (replace(TEXT, purpose="reply"), False),
        (replace(TEXT, channel="email"), True),
        (replace(TEXT, channel="whatsapp"), True),
        (replace(TEXT, channel="messenger"), True),
        (replace(TEXT, quiet=None), True),
        (replace(TEXT, purpose="offer", to_staff=True), True),
        (replace(TEXT, purpose="alarm", to_staff=True), True),
        (replace(TEXT, wrote_at=NIGHT - timedelta(minutes=15)), True),
        (replace(TEXT, purpose="reply", wrote_at=NIGHT - timedelta(minutes=2)), True),
        (replace(TEXT, purpose="notice", wrote_at=NIGHT - timedelta(minutes=2)), False),
        (replace(TEXT, wrote_at=NIGHT - timedelta(minutes=15, seconds=1)), False),
        (replace(TEXT, wrote_at=NIGHT + timedelta(days=1)), False),
        (replace(TEXT, zone="Asia/Tokyo"), True),  # 13:30 there
        (replace(TEXT, zone=None), False),
    ],
)
def test_a_text_to_a_lead_waits_for_their_morning(writing, allowed):
    answer = may_write(writing, NIGHT)
    assert isinstance(answer, Allowed if allowed else Held)


@pytest.mark.parametrize(
    ("zone", "quiet", "now", "until"),
    [
        ("America/Chicago", QUIET, "2026-11-24T04:30:15", "2026-11-24T14:00:00"),
        ("America/Chicago", QUIET, "2026-11-24T03:00:00", "2026-11-24T14:00:00"),
        ("America/Chicago", QUIET, "2026-11-24T13:59:59", "2026-11-24T14:00:00"),
        ("America/Chicago", QuietHours(12 * 60, 14 * 60), "2026-11-23T18:30:00", "2026-11-23T20:00:00"),
        ("Asia/Kolkata", QUIET, "2026-11-23T16:00:00", "2026-11-24T02:30:00"),
        # clocks go forward at 02:00 on 8 March, back at 02:00 on 1 November: the night is an hour shorter, longer
        ("America/New_York", QUIET, "2026-03-08T04:00:00", "2026-03-08T12:00:00"),
        ("America/New_York", QUIET, "2026-11-01T04:00:00", "2026-11-01T13:00:00"),
        # a window that opens at 02:30 in the hour that does not exist opens when the clock jumps over it
        ("America/New_York", QuietHours(21 * 60, 150), "2026-03-08T04:00:00", "2026-03-08T07:00:00"),
        ("Australia/Lord_Howe", QUIET, "2026-10-03T12:00:00", "2026-10-03T21:00:00"),
        # unknown: 11:00-20:00 in New York
        (None, QUIET, "2026-11-23T15:59:00", "2026-11-23T16:00:00"),
        (None, QUIET, "2026-11-24T01:00:00", "2026-11-24T16:00:00"),
        ("Mars/Olympus", QUIET, "2026-11-24T01:00:00", "2026-11-24T16:00:00"),
        ("../etc/passwd", QUIET, "2026-11-24T01:00:00", "2026-11-24T16:00:00"),
        ("America", QUIET, "2026-11-24T01:00:00", "2026-11-24T16:00:00"),
    ],
)
def test_a_held_text_goes_out_the_minute_the_window_opens(zone, quiet, now, until):
    answer = may_write(replace(TEXT, zone=zone, quiet=quiet), utc(now))
    assert isinstance(answer, Held)
    assert answer.until == utc(until)


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("America/Chicago", "2026-11-24T02:59:59"),
        ("America/Chicago", "2026-11-24T14:00:00"),
        (None, "2026-11-23T16:00:00"),
        (None, "2026-11-24T00:59:59"),
    ],
)
def test_the_edges_of_the_window_are_inside_it(zone, now):
    assert isinstance(may_write(replace(TEXT, zone=zone), utc(now)), Allowed)


def test_the_reason_names_the_hours_and_the_place():
    assert may_write(TEXT, NIGHT).why == "quiet hours 21:00-08:00 in America/Chicago"
    assert may_write(replace(TEXT, zone=None), NIGHT).why == (
        "quiet hours 20:00-11:00 in America/New_York, since the person's zone is unknown"
    )


ZONES = st.sampled_from(
    [None, "America/New_York", "America/Havana", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "Asia/Tokyo"]
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(zone=ZONES, now=INSTANTS, starts=st.integers(0, 1439), ends=st.integers(0, 1439))
def test_the_window_is_open_when_a_held_text_is_asked_about_again_and_was_shut_before(zone, now, starts, ends):
    writing = replace(TEXT, zone=zone, quiet=QuietHours(starts, ends))
    first, last = (starts, ends) if zone else (20 * 60, 11 * 60)
    quiet_minutes = {*range(first, last)} if first <= last else {*range(first, 1440), *range(last)}
    local = now.astimezone(ZoneInfo(zone or "America/New_York"))
    answer = may_write(writing, now)
    assert isinstance(answer, Held) == (local.hour * 60 + local.minute in quiet_minutes)
    if isinstance(answer, Held):
        assert now < answer.until <= now + timedelta(hours=26)
        assert isinstance(may_write(writing, answer.until), Allowed)
        assert isinstance(may_write(writing, answer.until - timedelta(seconds=1)), Held)


def test_a_day_that_is_quiet_all_through_is_asked_about_again_later():
    always = replace(TEXT, zone="America/New_York", quiet=QuietHours(0, 1440))
    for night in ("2026-03-08T04:00:00", "2026-11-24T04:00:00"):
        assert may_write(always, utc(night)).until > utc(night)


# --- calls by hand -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opted_out", [set(), {"sms"}, {"whatsapp", "sms"}, {"email"}])
def test_a_reps_own_call_is_closed_by_no_word_about_texts_and_by_no_hour(opted_out):
    for hour in range(24):
        at = datetime(2026, 11, 24, hour, tzinfo=UTC)
        call = Writing("call", "call", opted_out=frozenset(opted_out), quiet=QuietHours(), zone="America/Chicago")
        assert isinstance(may_write(call, at), Allowed)


@pytest.mark.parametrize("opted_out", ["call", "voice", "all"])
def test_who_wants_no_calls_gets_none_by_hand_either(opted_out):
    call = Writing("call", "call", opted_out=frozenset({opted_out, "sms"}))
    assert isinstance(may_write(call, datetime(2026, 11, 24, 15, tzinfo=UTC)), Suppressed)


def test_the_rep_who_calls_at_night_can_read_the_hour_there():
    call = Writing("call", "call", zone="America/Chicago")
    assert "it is 23:10 there" in may_write(call, datetime(2026, 11, 25, 5, 10, tzinfo=UTC)).why


@pytest.mark.parametrize(
    "said", ["Please stop calling me", "leave me alone!", "wrong number", "Don't contact me", "REMOVE MY NUMBER"]
)
def test_words_that_close_calls_by_hand_too(said):
    assert closes_calls(said)


@pytest.mark.parametrize(
    "said", ["STOP", "stop texting me", "unsubscribe me", "no more messages", "cancel please", "call me back", "parar"]
)
def test_words_that_close_texts_only_or_nothing(said):
    assert not closes_calls(said)
