"""What a text costs, how it is spelled in the cheap alphabet, and how times are said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.words import GSM_BASIC, GSM_EXTENDED, Segments, ago, clean, due_text, gsm, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("€" * 81, Segments("GSM-7", 162, 2)),
        ("€" * 153, Segments("GSM-7", 306, 3)),  # 153 is odd: one septet of each segment stays empty
        ("a" * 152 + "{" + "a" * 152, Segments("GSM-7", 306, 3)),
        ("@£$¥èéùìòÇØøÅåΔ_ÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r", Segments("GSM-7", 35, 1)),
        ("ç", Segments("UCS-2", 1, 1)),  # the table has the capital only
        ("`", Segments("UCS-2", 1, 1)),
        ("’" + "a" * 69, Segments("UCS-2", 70, 1)),
        ("’" + "a" * 70, Segments("UCS-2", 71, 2)),
        ("é’" + "a" * 132, Segments("UCS-2", 134, 2)),
        ("é’" + "a" * 133, Segments("UCS-2", 135, 3)),
        ("😀" * 35, Segments("UCS-2", 70, 1)),
        ("😀" * 67, Segments("UCS-2", 134, 3)),  # a pair is not cut, so 66 of 67 are used
    ],
)
def test_segments_are_counted_as_carriers_bill_them(text, expected):
    assert segments(text) == expected


def test_the_alphabet_has_the_size_of_the_standard():
    assert len(GSM_BASIC) == 127  # 128 places less the escape
    assert len(GSM_EXTENDED) == 10
    assert not GSM_BASIC & GSM_EXTENDED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Dana’s” plan – now…", '"Dana\'s" plan - now...'),
        ("é à ñ ü Ä ß Ç stay", "é à ñ ü Ä ß Ç stay"),
        ("e\u0301", "é"),
        ("Zoë Dvořák, François, Łukasz Żak", "Zoe Dvorak, Francois, Lukasz Zak"),
        ("Þór Œuvre ½ ™", "Thor OEuvre ½ (TM)"),
        ("no\u00a0break\tand tab", "no break and tab"),
        ("ﬁne ①", "fine 1"),
        ("€5 [ok] {a|b} ~^\\", "€5 [ok] {a|b} ~^\\"),
        ("王小明 😀", "王小明 😀"),
    ],
)
def test_what_has_a_plain_twin_is_spelled_plainly(text, expected):
    assert gsm(text) == expected


@given(text=st.text())
def test_spelling_plainly_is_done_once_and_costs_no_more_kinds_of_sign(text):
    once = gsm(text)
    assert gsm(once) == once
    if segments(text).encoding == "GSM-7":
        assert once == text


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Dana  Cole\r\n\tAcme", 40, "Dana Cole Acme"),
        ("a\x00b\x1bc\x7f", 40, "abc"),
        ("pay \u202e001$\u202c now\u2066", 40, "pay 001$ now"),
        ("zero\u200bwidth\ufeff", 40, "zerowidth"),
        ("half \ud800 pair", 40, "half pair"),
        ("👨\u200d👩", 40, "👨\u200d👩"),
        ("1234567890", 10, "1234567890"),
        ("12345678901", 10, "1234567..."),
        ("123456 8901", 10, "123456..."),
        ("12345", 3, "123"),
        ("12345", 0, ""),
        ("", 10, ""),
    ],
)
def test_a_strangers_text_becomes_one_harmless_line(text, limit, expected):
    assert clean(text, limit) == expected


@given(text=st.text(st.characters()), limit=st.integers(0, 60))
def test_a_clean_line_can_be_stored_sent_and_cleaned_again(text, limit):
    line = clean(text, limit)
    assert len(line) <= limit
    assert clean(line, limit) == line
    assert line.encode() == line.encode("utf-8", "strict")
    assert all(char.isprintable() or char in "\u200c\u200d" or ord(char) > 0x7F for char in line)


NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # Monday 10:00 in Chicago


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW + timedelta(minutes=4, seconds=59), "10:04 am"),
        (NOW + timedelta(hours=2), "12:00 pm"),
        (NOW + timedelta(hours=14, minutes=5), "tomorrow 12:05 am"),
        (NOW + timedelta(hours=22, minutes=30), "tomorrow 8:30 am"),
        (NOW + timedelta(days=2), "Wed 10:00 am"),
        (NOW + timedelta(days=6), "Sun 10:00 am"),
        (NOW + timedelta(days=7), "Nov 30 10:00 am"),
        (NOW - timedelta(minutes=1), "9:59 am"),
        (NOW - timedelta(days=1), "yesterday 10:00 am"),
        (NOW - timedelta(days=2), "Nov 21 10:00 am"),
    ],
)
def test_a_time_is_said_as_people_say_it(at, expected):
    assert due_text(at, "America/Chicago", NOW) == expected


def test_a_time_is_said_by_the_clock_of_the_place():
    late = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
    assert due_text(late, "America/Chicago", NOW) == "10:30 pm"
    assert due_text(late, "America/New_York", NOW) == "11:30 pm"
    assert due_text(late, "Asia/Tokyo", NOW) == "1:30 pm"  # there it is already the 24th at 16:00 UTC
    spring_forward = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
    assert due_text(spring_forward, "America/New_York", spring_forward - timedelta(minutes=1)) == "3:00 am"


@pytest.mark.parametrize(
    ("seconds", "expected", "short"),
    [
        (20, "20s", "20s"),
        (220, "3m 40s", "3m"),
        (180, "3m", "3m"),
        (7_500, "2h 5m", "2h"),
        (7_205, "2h", "2h"),
        (3_600, "1h", "1h"),
        (273_600, "3d 4h", "3d"),
        (0.9, "0s", "0s"),
        (-5, "0s", "0s"),
    ],
)
def test_a_length_of_time_in_its_greatest_units(seconds, expected, short):
    assert ago(timedelta(seconds=seconds)) == expected
    assert ago(timedelta(seconds=seconds), parts=1) == short
