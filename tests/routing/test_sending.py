"""What becomes of a message: the table of outcomes, a row a sentence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.sending import BACKOFF, After, Fault, Tried, after_absence, after_failure, after_silence, backoff, once_more, rank

S = timedelta(seconds=1)


def tried(*, ack: bool = True, attempts: int = 1, age: float = 1) -> Tried:
    return Tried(7, "lead" if ack else "rep:priya", "ack" if ack else "offer", attempts, age * S)


OUTCOMES = [
    # why it failed, an acknowledgement?, age in s -> state, another channel?, suppress?, stop the lane?
    (Fault.NOT_SENT, True, 1, After.PENDING, False, False, False),
    (Fault.NOT_SENT, True, 30, After.FAILED, True, False, False),
    (Fault.NOT_SENT, False, 1, After.PENDING, False, False, False),
    (Fault.NOT_SENT, False, 30, After.PENDING, True, False, False),
    (Fault.THROTTLED, True, 1, After.PENDING, False, False, False),
    (Fault.CONFIGURATION, True, 1, After.PENDING, False, False, True),
    (Fault.CONFIGURATION, False, 60, After.PENDING, False, False, True),
    (Fault.PERMANENT, True, 1, After.FAILED, True, False, False),
    (Fault.PERMANENT, False, 1, After.FAILED, True, False, False),
    (Fault.OPTED_OUT, True, 1, After.FAILED, True, True, False),
    (Fault.UNREACHABLE, True, 1, After.FAILED, True, False, False),
    (Fault.FILTERED, True, 1, After.FAILED, True, False, False),
    (Fault.AMBIGUOUS, True, 1, After.AMBIGUOUS, False, False, False),
    (Fault.AMBIGUOUS, False, 1, After.AMBIGUOUS, False, False, False),
]


@pytest.mark.parametrize(("fault", "ack", "age", "state", "other", "suppress", "stop"), OUTCOMES)
def test_after_a_failure(fault, ack, age, state, other, suppress, stop):
    what = after_failure(fault, tried(ack=ack, age=age))
    assert (what.state, what.other_channel, what.suppress, what.stop_lane) == (state, other, suppress, stop)


def test_the_wait_the_provider_asks_for_is_kept():
    assert after_failure(Fault.THROTTLED, tried(), retry_after=42 * S).wait == 42 * S


@pytest.mark.parametrize(("attempts", "base"), [(1, 1), (2, 5), (3, 15), (4, 60), (9, 60), (0, 1)])
def test_backoff_grows_and_stays_within_a_fifth(attempts, base):
    waits = [backoff(message, attempts) for message in range(200)]
    assert all(base * 0.8 * S <= wait <= base * 1.2 * S for wait in waits)
    assert max(waits) - min(waits) > base * 0.3 * S  # spread, not all in the same second


@given(st.integers(1, 10**9), st.integers(0, 50))
def test_backoff_is_the_same_each_time_it_is_asked(message, attempts):
    assert backoff(message, attempts) == backoff(message, attempts) <= BACKOFF[-1] * 1.2


LOOKUPS = [
    # clean look-ups, seconds since the attempt -> state, wait
    (1, 15, After.AMBIGUOUS, 30),
    (2, 45, After.AMBIGUOUS, 45),
    (3, 90, After.PENDING, 0),
    (2, 60, After.PENDING, 0),
    (2, 59, After.AMBIGUOUS, 31),
    (1, 95, After.AMBIGUOUS, 15),
]


@pytest.mark.parametrize(("clean", "since", "state", "wait"), LOOKUPS)
def test_absence_needs_two_clean_look_ups_the_last_a_minute_later(clean, since, state, wait):
    what = after_absence(tried(), clean=clean, since_attempt=since * S)
    assert (what.state, what.wait) == (state, wait * S)


@pytest.mark.parametrize(
    ("ack", "since", "state", "other"),
    [(True, 119, After.AMBIGUOUS, False), (True, 120, After.UNCERTAIN, True), (False, 120, After.PENDING, False)],
)
def test_silence_keeps_acknowledgements_to_once_and_staff_to_at_least_once(ack, since, state, other):
    what = after_silence(tried(ack=ack), since_attempt=since * S)
    assert (what.state, what.other_channel) == (state, other)


def test_ranks_rise_along_a_delivery():
    way = ["queued", "sending", "sent", "delivered", "read"]
    assert [rank(word) for word in way] == sorted(rank(word) for word in way)
    assert rank("undelivered") == rank("failed") == rank("delivered")
    assert rank("a word of tomorrow") == 0


SECOND_TRIES = [
    # what the report means, what the text was for, the second already? -> minutes until once more
    (Fault.UNREACHABLE, "ack", False, 10),
    (Fault.UNREACHABLE, "alarm", False, 10),
    (Fault.UNREACHABLE, "ack", True, None),
    (Fault.UNREACHABLE, "offer", False, None),
    (Fault.UNREACHABLE, "notice", False, None),
    (Fault.UNREACHABLE, "reply", False, None),
    (Fault.FILTERED, "ack", False, None),
    (Fault.FILTERED, "alarm", False, None),
    (Fault.PERMANENT, "ack", False, None),
    (Fault.OPTED_OUT, "ack", False, None),
]


@pytest.mark.parametrize(("meaning", "purpose", "is_second", "minutes"), SECOND_TRIES)
def test_only_what_may_still_be_true_is_tried_once_more(meaning, purpose, is_second, minutes):
    assert once_more(meaning, purpose, is_second=is_second) == (minutes * 60 * S if minutes else None)
