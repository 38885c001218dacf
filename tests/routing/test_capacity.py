"""Who is on duty, how much they may take, and when that changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.capacity import Absence, absence, can_take, caps, has_room, load, next_duty_change, room, why_not
from routing.hours import ALWAYS, Calendar
from routing.model import Seat
from routing.team import Cap, Leave, Ramp, Rep

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
OFFICE = Calendar("America/Chicago", dict.fromkeys(range(5), ((540, 1020),)))  # 14:00-22:00 UTC in summer
NEVER = Calendar("America/Chicago", {})
TUESDAY = datetime(2025, 6, 3, 15, 0, tzinfo=UTC)  # 10:00 in Chicago
TONIGHT = datetime(2025, 6, 4, 3, 0, tzinfo=UTC)
WEDNESDAY_MORNING = datetime(2025, 6, 4, 14, 0, tzinfo=UTC)
THURSDAY_MORNING = datetime(2025, 6, 5, 14, 0, tzinfo=UTC)

ANN = Rep("ann", "Ann", calendar=OFFICE)
ANN_AWAY_WEDNESDAY = replace(ANN, leave=(Leave(date(2025, 6, 4), date(2025, 6, 4)),))
BOB_WITHOUT_HOURS = Rep("bob", "Bob", calendar=NEVER)
TOM = Rep("tom", "Tom", cap=Cap(open=8, unanswered=3, per_day=20), ramp=Ramp(date(2025, 6, 2), weeks=4, start=0.25))


@pytest.mark.parametrize(
    ("rep", "live", "now", "expected"),
    [
        pytest.param(ANN, {}, TUESDAY, None, id="on duty"),
        pytest.param(ANN, {}, TONIGHT, Absence("off shift", WEDNESDAY_MORNING), id="off shift until the morning"),
        pytest.param(
            ANN_AWAY_WEDNESDAY, {}, TONIGHT, Absence("off shift", THURSDAY_MORNING), id="the next shift falls into a day of leave"
        ),
        pytest.param(
            ANN_AWAY_WEDNESDAY, {}, WEDNESDAY_MORNING, Absence("on leave", THURSDAY_MORNING), id="on leave until the next shift"
        ),
        pytest.param(ANN_AWAY_WEDNESDAY, {}, TUESDAY, None, id="the day before a leave"),
        pytest.param(BOB_WITHOUT_HOURS, {}, TUESDAY, Absence("off shift", None), id="no hours at all"),
        pytest.param(ANN, {"presence": "off"}, TUESDAY, Absence("off", None), id="off for good"),
        pytest.param(ANN, {"presence": "off"}, TONIGHT, Absence("off shift", None), id="off for good hides the next shift"),
        pytest.param(
            ANN,
            {"presence": "off", "until": TUESDAY + 2 * DAY},
            TUESDAY,
            Absence("off", TUESDAY + 2 * DAY),
            id="off for two days",
        ),
        pytest.param(
            ANN, {"presence": "off", "until": TONIGHT}, TUESDAY, Absence("off", WEDNESDAY_MORNING), id="off until after the shift"
        ),
        pytest.param(
            ANN, {"presence": "busy", "until": TUESDAY + 30 * MINUTE}, TUESDAY, Absence("busy", TUESDAY + 30 * MINUTE), id="busy"
        ),
        pytest.param(ANN, {"presence": "busy", "until": TUESDAY}, TUESDAY, None, id="busy is over"),
        pytest.param(ANN, {"presence": "away"}, TUESDAY, Absence("away", None), id="away until a sign of life"),
        pytest.param(ANN, {"presence": "on", "until": TUESDAY + DAY}, TUESDAY, None, id="on is on"),
        pytest.param(
            ANN, {"backoff": TUESDAY + 5 * MINUTE}, TUESDAY, Absence("backing off", TUESDAY + 5 * MINUTE), id="backing off"
        ),
        pytest.param(ANN, {"backoff": TUESDAY}, TUESDAY, None, id="the back-off is over"),
        pytest.param(
            ANN,
            {"presence": "busy", "until": TUESDAY + 5 * MINUTE, "backoff": TUESDAY + 9 * MINUTE},
            TUESDAY,
            Absence("busy", TUESDAY + 9 * MINUTE),
            id="busy and backing off",
        ),
        pytest.param(
            replace(ANN, leave=(Leave(date(2025, 1, 1), date.max),)), {}, TUESDAY, Absence("on leave", None), id="left for good"
        ),
        pytest.param(
            Rep(
                "sina",
                "Sina",
                calendar=replace(ALWAYS, zone="Pacific/Apia"),
                leave=(Leave(date(2011, 12, 29), date(2011, 12, 29)),),
            ),
            {},
            datetime(2011, 12, 29, 12, tzinfo=UTC),
            Absence("on leave", datetime(2011, 12, 30, 10, tzinfo=UTC)),
            id="a leave up to a date the zone skips",
        ),
    ],
)
def test_a_rep_is_absent(rep, live, now, expected):
    assert absence(rep, live.get("presence", "on"), live.get("until"), live.get("backoff"), now) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, Cap(8, 3, 20)),
        (0, Cap(2, 1, 5)),
        (7, Cap(3, 1, 8)),
        (14, Cap(5, 1, 12)),
        (27, Cap(7, 2, 19)),
        (28, Cap(8, 3, 20)),
        (400, Cap(8, 3, 20)),
    ],
)
def test_a_ramp_grows_day_by_day(days, expected):
    assert caps(TOM, datetime(2025, 6, 2, 12, tzinfo=UTC) + days * DAY) == expected


@pytest.mark.parametrize(
    ("cap", "start", "expected"),
    [
        pytest.param(Cap(0, None, 100), 0.29, Cap(0, None, 29), id="nothing stays nothing, no cap stays no cap"),
        pytest.param(Cap(5, 1, 1), 0.0, Cap(1, 1, 1), id="never below one"),
    ],
)
def test_the_first_day_of_a_ramp(cap, start, expected):
    rep = replace(TOM, cap=cap, ramp=Ramp(date(2025, 6, 2), weeks=4, start=start))
    assert caps(rep, datetime(2025, 6, 2, 12, tzinfo=UTC)) == expected


def test_a_ramp_begins_on_the_local_day():
    tom = replace(TOM, calendar=OFFICE)
    assert caps(tom, datetime(2025, 6, 2, 4, 59, tzinfo=UTC)) == tom.cap
    assert caps(tom, datetime(2025, 6, 2, 5, 0, tzinfo=UTC)) == Cap(2, 1, 5)


SEAT = Seat("ann", "Ann", 0, open=2, unanswered=1, today=7, cap_open=5, cap_unanswered=2, cap_today=20)


@pytest.mark.parametrize(
    ("change", "left", "why"),
    [
        pytest.param({}, 1, "", id="room for one"),
        pytest.param({"open": 5}, 0, "full: 5 of 5 open", id="full"),
        pytest.param({"open": 6}, 0, "full: 6 of 5 open", id="above a cap that was lowered"),
        pytest.param({"unanswered": 2}, 0, "2 of 2 unanswered", id="two wait for an answer"),
        pytest.param({"today": 20}, 0, "20 of 20 today", id="enough for today"),
        pytest.param({"open": 5, "absence": "off shift"}, 0, "off shift", id="the absence is named first"),
        pytest.param({"absence": "backing off"}, 1, "backing off", id="room, but not on duty"),
        pytest.param({"cap_open": 0, "open": 0}, 0, "full: 0 of 0 open", id="a cap of zero"),
        pytest.param({"cap_open": None, "cap_unanswered": None, "cap_today": None}, None, "", id="no caps"),
    ],
)
def test_a_seat_has_room_or_says_why_not(change, left, why):
    seat = replace(SEAT, **change)
    assert room(seat) == left
    assert why_not(seat) == why
    assert can_take(seat) is (why == "")


@pytest.mark.parametrize(
    ("open_leads", "cap", "expected"),
    [(0, 5, 0.0), (2, 5, 0.4), (5, 5, 1.0), (6, 5, 1.2), (0, None, 0.0), (10, None, 0.5), (0, 0, 1.0)],
)
def test_the_load_is_the_part_of_the_cap_in_use(open_leads, cap, expected):
    assert load(replace(SEAT, open=open_leads, cap_open=cap)) == expected


@pytest.mark.parametrize(
    ("rep", "live", "now", "expected"),
    [
        pytest.param(ANN, {}, TUESDAY, TUESDAY.replace(hour=22), id="the shift ends"),
        pytest.param(ANN, {"presence": "busy", "until": TUESDAY + MINUTE}, TUESDAY, TUESDAY + MINUTE, id="no longer busy"),
        pytest.param(ANN, {"presence": "on", "until": TUESDAY + MINUTE}, TUESDAY, TUESDAY.replace(hour=22), id="on does not end"),
        pytest.param(ANN, {"backoff": TUESDAY + MINUTE}, TUESDAY, TUESDAY + MINUTE, id="no longer backing off"),
        pytest.param(ANN, {"backoff": TUESDAY}, TUESDAY, TUESDAY.replace(hour=22), id="what is past does not change"),
        pytest.param(ANN_AWAY_WEDNESDAY, {}, TONIGHT, TONIGHT.replace(hour=5), id="a leave begins at local midnight"),
        pytest.param(TOM, {}, TUESDAY, datetime(2025, 6, 4, tzinfo=UTC), id="the ramp and the count of today"),
        pytest.param(replace(TOM, ramp=None, cap=Cap()), {}, TUESDAY, None, id="nothing ever changes"),
        pytest.param(
            replace(TOM, cap=Cap()), {}, TUESDAY - 9 * DAY, datetime(2025, 6, 2, tzinfo=UTC), id="the ramp begins next week"
        ),
        pytest.param(
            replace(ANN, leave=(Leave(date(2025, 1, 1), date.max),), calendar=ALWAYS), {}, TUESDAY, None, id="left for good"
        ),
    ],
)
def test_the_next_change_of_duty(rep, live, now, expected):
    assert next_duty_change(rep, live.get("presence", "on"), live.get("until"), live.get("backoff"), now) == expected


# --- properties --------------------------------------------------------------------------------------------------

counts = st.integers(0, 12)
caps_or_none = st.none() | st.integers(0, 10)
seats = st.builds(
    Seat,
    rep=st.just("ann"),
    name=st.just("Ann"),
    rank=st.just(0),
    open=counts,
    unanswered=counts,
    today=counts,
    cap_open=caps_or_none,
    cap_unanswered=caps_or_none,
    cap_today=caps_or_none,
    absence=st.none() | st.sampled_from(["off shift", "away"]),
)


@given(seats)
def test_nobody_is_given_a_lead_above_a_cap(seat):
    pairs = [(seat.open, seat.cap_open), (seat.unanswered, seat.cap_unanswered), (seat.today, seat.cap_today)]
    assert has_room(seat) is all(cap is None or count + 1 <= cap for count, cap in pairs)
    assert can_take(seat) is (why_not(seat) == "")
    left = room(seat)
    if left:
        filled = replace(seat, open=seat.open + left, unanswered=seat.unanswered + left, today=seat.today + left)
        assert room(filled) == 0


@given(seats, st.integers(1, 5))
def test_more_open_leads_are_never_less_load(seat, more):
    assert load(replace(seat, open=seat.open + more)) >= load(seat)


@given(st.integers(0, 60), st.integers(0, 12), st.floats(0, 1), st.integers(0, 120))
def test_a_ramp_never_falls_and_never_passes_the_cap(cap, weeks, start, days):
    rep = replace(TOM, cap=Cap(cap, cap, cap), ramp=Ramp(date(2025, 6, 2), weeks, start))
    today = datetime(2025, 6, 2, tzinfo=UTC) + days * DAY
    one, next_one = caps(rep, today).open, caps(rep, today + DAY).open
    assert min(cap, 1) <= one <= next_one <= cap
    if days >= weeks * 7:
        assert one == cap


days_near = st.integers(-3, 6).map(lambda days: date(2025, 3, 9) + timedelta(days=days))
instants = st.integers(-4000, 6000).map(lambda minutes: datetime(2025, 3, 9, tzinfo=UTC) + minutes * MINUTE)


@st.composite
def duties(draw):
    """A rep around the night on which the clocks go forward, and what is known of their presence."""
    zone = draw(st.sampled_from(["America/Chicago", "America/Havana", "UTC"]))
    hours = draw(st.sampled_from([((0, 1440),), ((540, 720), (780, 1020)), ((1320, 360),), ()]))
    leaves = draw(st.lists(st.tuples(days_near, days_near).map(lambda pair: Leave(*sorted(pair))), max_size=2))
    ramp = draw(st.none() | st.builds(Ramp, begins_on=days_near, weeks=st.integers(0, 1), start=st.just(0.2)))
    rep = Rep("ann", "Ann", calendar=Calendar(zone, dict.fromkeys(range(6), hours)), leave=tuple(leaves), ramp=ramp)
    presence = draw(st.sampled_from(["on", "on", "off", "busy", "away"]))
    return rep, presence, draw(st.none() | instants), draw(st.none() | instants)


@settings(max_examples=150, deadline=None)
@given(duties(), instants, st.floats(0, 1, exclude_max=True))
def test_nothing_changes_before_the_next_change_of_duty(duty, now, part):
    rep, *live = duty
    found = next_duty_change(rep, *live, now)
    changes_at = found or now + 30 * DAY
    assert changes_at > now
    between = now + (changes_at - now) * part
    assert absence(rep, *live, between) == absence(rep, *live, now) or between == changes_at
    assert caps(rep, between) == caps(rep, now) or between == changes_at


@settings(max_examples=150, deadline=None)
@given(duties(), instants, st.floats(0, 1, exclude_max=True))
def test_an_absent_rep_is_back_when_it_says_and_not_before(duty, now, part):
    rep, *live = duty
    absent = absence(rep, *live, now)
    assume(absent is not None and absent.back_at is not None)
    assert absent.back_at > now
    assert absence(rep, *live, absent.back_at) is None
    assert absence(rep, *live, now + (absent.back_at - now) * part) is not None or part > 0.999
