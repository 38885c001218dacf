"""Which of the firm's numbers a rep's next lead gets."""

from hypothesis import given
from hypothesis import strategies as st

from routing.lines import pick

NUMBERS = ("+15125550100", "+15125550101", "+15125550102")


def test_the_first_that_is_free():
    assert pick(NUMBERS, []) == NUMBERS[0]
    assert pick(NUMBERS, [NUMBERS[0], NUMBERS[2]]) == NUMBERS[1]


def test_when_all_are_in_use_the_one_used_least():
    assert pick(NUMBERS, [*NUMBERS, NUMBERS[0]]) == NUMBERS[1]


@given(st.integers(1, 12))
def test_as_many_leads_as_there_are_numbers_never_share_one(leads):
    used: list[str] = []
    for _ in range(leads):
        used.append(pick(NUMBERS, used))
    assert len(set(used)) == min(leads, len(NUMBERS))
