"""Who may be written to now: their opt-outs, and the hours of their night."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.teamfile.rules import rulebook
from routing.contact import Allowed, Held, Suppressed, Writing, may_write
from routing.team import QuietHours

BOOK = rulebook()
QUIET = QuietHours()  # 21:00-08:00
TEXT = Writing("ack", "sms", quiet=QUIET, zone="America/Chicago")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = utc("2026-11-24T04:30:15")  # 22:30 on Monday in Chicago
NOON = utc("2026-11-23T18:00:00")


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
    answer = may_write(replace(TEXT, channel=channel, opted_out=frozenset(opted_out)), BOOK, NOON)
    assert answer == Suppressed(f"the person has opted out of {expected}") if expected else isinstance(answer, Allowed)


def test_a_stop_wins_over_everything():
    stopped = replace(TEXT, opted_out=frozenset({"sms"}), wrote_at=NIGHT)
    assert isinstance(may_write(stopped, BOOK, NIGHT), Suppressed)
    assert isinstance(may_write(replace(stopped, purpose="reply"), BOOK, NOON), Suppressed)
    assert isinstance(may_write(replace(stopped, purpose="alarm", to_staff=True), BOOK, NOON), Suppressed)


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
    answer = may_write(writing, BOOK, NIGHT)
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
        ("America/Toronto", QuietHours(21 * 60, 150), "2026-03-08T04:00:00", "2026-03-08T07:00:00"),
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
    answer = may_write(replace(TEXT, zone=zone, quiet=quiet), BOOK, utc(now))
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
    assert isinstance(may_write(replace(TEXT, zone=zone), BOOK, utc(now)), Allowed)


def test_the_reason_names_the_hours_and_the_place():
    assert may_write(TEXT, BOOK, NIGHT).why == "quiet hours 21:00-08:00 in America/Chicago"
    assert may_write(replace(TEXT, zone=None), BOOK, NIGHT).why == (
        "quiet hours 20:00-11:00 in America/New_York, since the person's zone is unknown"
    )


ZONES = st.sampled_from(
    [None, "America/New_York", "America/Havana", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "Asia/Tokyo"]
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(zone=ZONES, now=INSTANTS, starts=st.integers(0, 1439), ends=st.integers(0, 1439))
def test_the_window_is_open_when_a_held_text_is_asked_about_again_and_was_shut_before(zone, now, starts, ends):
    writing = replace(TEXT, zone=zone, quiet=QuietHours(starts, ends))
    quiet_minutes = {*range(starts, ends)} if starts <= ends else {*range(starts, 1440), *range(ends)}
    law = (11 * 60, 20 * 60) if zone is None else (8 * 60, 21 * 60) if zone == "America/New_York" else (0, 1440)
    quiet_minutes |= {*range(law[0]), *range(law[1], 1440)}
    local = now.astimezone(ZoneInfo(zone or "America/New_York"))
    answer = may_write(writing, BOOK, now)
    assert isinstance(answer, Held) == (local.hour * 60 + local.minute in quiet_minutes)
    if isinstance(answer, Held) and len(quiet_minutes) == 1440:
        assert answer.until == now.replace(second=0, microsecond=0) + timedelta(days=1), "hours that never meet: asked again"
    elif isinstance(answer, Held):
        assert now < answer.until <= now + timedelta(hours=26)
        for minute in range(0, int((answer.until - now) / timedelta(minutes=1)), 7):
            between = (now + timedelta(minutes=minute)).astimezone(local.tzinfo)
            assert between.hour * 60 + between.minute in quiet_minutes, "not a minute later than it must be"
        assert isinstance(may_write(writing, BOOK, answer.until), Allowed)
        assert isinstance(may_write(writing, BOOK, answer.until - timedelta(seconds=1)), Held)


def test_a_day_that_is_quiet_all_through_is_asked_about_again_later():
    always = replace(TEXT, zone="America/New_York", quiet=QuietHours(0, 1440))
    for night in ("2026-03-08T04:00:00", "2026-11-24T04:00:00"):
        assert may_write(always, BOOK, utc(night)).until > utc(night)


# --- calls by hand -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opted_out", [set(), {"sms"}, {"whatsapp", "sms"}, {"email"}])
def test_a_reps_own_call_is_closed_by_no_word_about_texts_and_by_no_hour(opted_out):
    for hour in range(24):
        at = datetime(2026, 11, 24, hour, tzinfo=UTC)
        call = Writing("call", "call", opted_out=frozenset(opted_out), quiet=QuietHours(), zone="America/Chicago")
        assert isinstance(may_write(call, BOOK, at), Allowed)


@pytest.mark.parametrize("opted_out", ["call", "voice", "all"])
def test_who_wants_no_calls_gets_none_by_hand_either(opted_out):
    call = Writing("call", "call", opted_out=frozenset({opted_out, "sms"}))
    assert isinstance(may_write(call, BOOK, datetime(2026, 11, 24, 15, tzinfo=UTC)), Suppressed)


def test_the_rep_who_calls_at_night_can_read_the_hour_there():
    call = Writing("call", "call", zone="America/Chicago")
    assert "it is 23:10 there" in may_write(call, BOOK, datetime(2026, 11, 25, 5, 10, tzinfo=UTC)).why
