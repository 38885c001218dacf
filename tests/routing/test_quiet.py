"""Where a person may be, and when a text may go out in all these places: the states' own hours, their Sundays and their holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.teamfile.rules import rulebook
from routing.contact import Allowed, Held, Writing, may_write
from routing.quiet import Place, places, stated_state
from routing.rulebook import states_on
from routing.team import QuietHours

BOOK, TODAY = rulebook(), date(2026, 11, 26)
NEARLY_ALWAYS = QuietHours(starts=180, ends=181)  # the firm's own hours forbid nothing here: only the law is seen
NUMBERS = {
    "US-FL": "+13055550143", "US-OK": "+14055550143", "US-MD": "+13015550143", "US-WA": "+12065550143", "US-CT": "+12035550143",
    "US-TX": "+15125550143", "US-AL": "+12055550143", "US-LA": "+15045550143", "US-MS": "+16015550143", "US-RI": "+14015550143",
    "US-KY": "+15025550143", "US-MI": "+13135550143", "US-MN": "+16125550143", "US-NM": "+15055550143", "US-MA": "+16175550143",
    "US-NV": "+17025550143", "US-NJ": "+19735550143", "US-NY": "+12125550143", "US-CA": "+14155550143", "US-HI": "+18085550143",
}  # fmt: skip
ZONES = {
    "US-OK": "America/Chicago", "US-WA": "America/Los_Angeles", "US-TX": "America/Chicago", "US-AL": "America/Chicago",
    "US-LA": "America/Chicago", "US-MS": "America/Chicago", "US-MN": "America/Chicago", "US-NM": "America/Denver",
    "US-NV": "America/Los_Angeles", "US-CA": "America/Los_Angeles", "US-HI": "Pacific/Honolulu",
}  # fmt: skip
# From when to when on Monday 30 November, on Sunday the 29th, and on Thanksgiving (Thursday the 26th); None: not at all.
HOURS = {
    "US-FL": ((8, 20), (8, 20), (8, 20)),
    "US-OK": ((8, 20), (8, 20), (8, 20)),
    "US-MD": ((8, 20), (8, 20), (8, 20)),
    "US-WA": ((8, 20), (8, 20), (8, 20)),
    "US-CT": ((9, 20), (9, 20), (9, 20)),
    "US-TX": ((9, 21), (12, 21), (9, 21)),
    "US-AL": ((8, 20), None, None),
    "US-LA": ((8, 20), None, None),
    "US-MS": ((8, 20), None, (8, 20)),
    "US-RI": ((9, 18), (10, 17), (9, 18)),
    "US-KY": ((10, 21), (10, 21), (10, 21)),
    "US-MI": ((9, 21), (9, 21), (9, 21)),
    "US-MN": ((9, 21), (9, 21), (9, 21)),
    "US-NM": ((9, 21), (9, 21), (9, 21)),
    "US-MA": ((8, 20), (8, 20), (8, 20)),
    "US-NV": ((9, 20), (9, 20), (9, 20)),
    "US-NJ": ((8, 20), (8, 20), (8, 20)),
    "US-NY": ((8, 21), (8, 21), (8, 21)),
    "US-CA": ((8, 21), (8, 21), (8, 21)),
    "US-HI": ((8, 21), (8, 21), (8, 21)),
}
DAYS = (date(2026, 11, 30), date(2026, 11, 29), date(2026, 11, 26))


def judged(phone, day, hour, minute=0, *, zone="America/New_York", of=None, state="", quiet=NEARLY_ALWAYS):
    """May a text go to this number at that wall-clock time in `zone`? `of`: the zone we know of the person."""
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return may_write(Writing("notice", "sms", quiet=quiet, phone=phone, zone=of, state=state), BOOK, at)


@pytest.mark.parametrize("region", sorted(HOURS))
def test_each_states_hours_by_the_area_code_alone(region):
    zone = ZONES.get(region, "America/New_York")
    for day, allowed in zip(DAYS, HOURS[region], strict=True):
        opens, closes = allowed or (0, 0)
        for hour in range(24):
            expected = Allowed if opens <= hour < closes else Held
            assert isinstance(judged(NUMBERS[region], day, hour, zone=zone), expected), (day, hour)
        if allowed:
            assert isinstance(judged(NUMBERS[region], day, closes - 1, 59, zone=zone), Allowed)
            assert isinstance(judged(NUMBERS[region], day, opens - 1, 59, zone=zone), Held)


def test_every_state_of_the_rules_is_in_the_table_above():
    assert {rule.region for rule in BOOK.hours if rule.region.startswith("US-")} <= HOURS.keys()


def test_over_a_sunday_a_text_to_alabama_waits_for_monday_and_says_why():
    verdict = judged(NUMBERS["US-AL"], date(2026, 11, 28), 20, 30, zone="America/Chicago")
    assert isinstance(verdict, Held)
    assert verdict.until == datetime(2026, 11, 30, 14, tzinfo=UTC)
    assert verdict.why == "quiet hours of US-AL: texts 08:00-20:00 that day in America/Chicago"
    sunday = judged(NUMBERS["US-AL"], date(2026, 11, 29), 12, zone="America/Chicago")
    assert sunday.why == "quiet hours of US-AL: texts not at all that day in America/Chicago"


def test_the_firms_own_hours_only_make_it_stricter():
    own = QuietHours(starts=18 * 60, ends=10 * 60)
    for hour in range(24):
        expected = Allowed if 10 <= hour < 18 else Held
        assert isinstance(judged(NUMBERS["US-FL"], DAYS[0], hour, quiet=own), expected)
    loose = QuietHours(starts=23 * 60, ends=6 * 60)
    assert isinstance(judged(NUMBERS["US-FL"], DAYS[0], 20, quiet=loose), Held)


# --- where somebody may be ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "zone", "state", "expected"),
    [
        ("+15125550143", None, "", [("America/Chicago", "US-TX")]),
        ("+19155550143", None, "", [("America/Denver", "US-TX")]),  # El Paso is in Texas and keeps mountain time
        ("+18505550143", None, "", [("America/Chicago", "US-FL"), ("America/New_York", "US-FL")]),
        ("+18505550143", "America/Chicago", "", [("America/Chicago", "US-FL")]),  # the zone we know tells which half
        ("+15125550143", "America/New_York", "", [("America/Chicago", "US-TX"), ("America/New_York", "")]),
        ("+15125550143", None, "Florida", [("America/Chicago", "US-TX"), ("America/Chicago", "US-FL"), ("America/New_York", "US-FL")]),
        ("+15125550143", None, "tx", [("America/Chicago", "US-TX")]),
        ("+12025550143", None, "D.C.", [("America/New_York", "US-DC")]),
        ("+18005550143", None, "us-wa", [("America/Los_Angeles", "US-WA")]),
        ("+18005550143", None, "Bavaria", []),
        ("+18005550143", None, "", []),  # toll-free: anywhere
        ("+18005550143", "America/Denver", "", [("America/Denver", "")]),
        ("+14165550143", "America/Toronto", "", [("America/Toronto", "")]),
        ("+491711234567", "Europe/Berlin", "WA", [("Europe/Berlin", "")]),  # a German number in no Washington
        (None, "Mars/Olympus", "TX", []),
        (None, None, "", []),
    ],
)  # fmt: skip
def test_every_plausible_place_counts(phone, zone, state, expected):
    found = places(BOOK, phone, zone=zone, state=state, day=TODAY)
    assert [(place.zone, place.region) for place in found] == expected


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"state": "TX"}, "TX"),
        ({"State/Province": "Texas"}, "Texas"),
        ({"state_province": " Texas "}, "Texas"),
        ({"Region": "Florida"}, "Florida"),
        ({"address": "100 Main St, Austin, TX 78701"}, "TX"),
        ({"address": "100 Main St, Austin, TX, 78701-1234"}, "TX"),
        ({"city": "Miami, FL"}, "FL"),
        ({"address": "Unter den Linden 1, 10117 Berlin"}, ""),
        ({"address": "Austin, TX 78701", "state": "FL"}, "FL"),
        ({"state": "  "}, ""),
        ({"message": "state"}, ""),
        ({}, ""),
    ],
)
def test_the_state_somebody_gave(fields, state):
    assert stated_state(fields) == state


def test_a_number_of_texas_and_an_address_in_florida_is_texted_when_both_allow_it():
    both = [hour for hour in range(24) if isinstance(judged("+15125550143", DAYS[0], hour, state="Florida"), Allowed)]
    assert both == list(range(10, 20)), "from 9:00 in Texas, which is 10:00 there, until 20:00 in Florida"


ALL = sorted(states_on(BOOK, TODAY).areas)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(area=st.sampled_from(ALL), other=st.sampled_from(ALL), now=INSTANTS)
def test_what_is_allowed_in_two_places_is_allowed_in_each_and_the_window_opens_when_it_says(area, other, now):
    atlas = states_on(BOOK, TODAY)
    state = atlas.areas[other][0].partition("-")[2]
    text = Writing("notice", "sms", quiet=QuietHours(), phone=f"+1{area}5550143", state=state)
    verdict = may_write(text, BOOK, now)
    if isinstance(verdict, Allowed):
        for place in places(BOOK, text.phone, zone=None, state=state, day=TODAY):
            local = now.astimezone(ZoneInfo(place.zone))
            assert 8 <= local.hour < 21, "the federal rule holds at every place"
    else:
        assert now < verdict.until <= now + timedelta(days=5)
        assert isinstance(may_write(text, BOOK, verdict.until), Allowed)
        assert isinstance(may_write(text, BOOK, verdict.until - timedelta(seconds=1)), Held)


def test_places_half_a_world_apart_still_meet():
    """Guam and Puerto Rico: 14 hours apart, so one's morning is the other's evening."""
    text = Writing("notice", "sms", quiet=QuietHours(), phone="+16715550143", state="Puerto Rico")
    held = may_write(text, BOOK, datetime(2026, 11, 30, 6, tzinfo=UTC))
    assert isinstance(held, Held)
    local = [held.until.astimezone(ZoneInfo(zone)).hour for zone in ("Pacific/Guam", "America/Puerto_Rico")]
    assert local == [8, 18]
    assert Place("Pacific/Guam", "US-GU") in places(BOOK, "+16715550143", zone=None, state="", day=TODAY)
