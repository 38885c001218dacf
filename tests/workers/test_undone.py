"""Whether anybody is at work on what is due: what stays is left alone, what changes is only long."""

from datetime import UTC, datetime, timedelta

from store.due import Due
from workers.undone import Undone

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_what_waits_alone_for_two_seconds_is_undone():
    undone = Undone()
    assert not undone.look(Due(inbox=at(0)), at(0.5))
    assert not undone.look(Due(inbox=at(0)), at(1.9))
    assert undone.look(Due(inbox=at(0)), at(2))


def test_what_was_due_long_before_the_first_look_is_undone_at_once():
    assert Undone().look(Due(alarms=at(-600)), at(0))


def test_a_long_queue_that_moves_is_not_undone_however_late_it_is():
    undone = Undone()
    assert not undone.look(Due(inbox=at(0)), at(1))
    for second in range(2, 30):
        assert not undone.look(Due(inbox=at(second / 2)), at(second))


def test_when_those_who_were_at_work_stop_it_is_undone_two_seconds_later():
    undone = Undone()
    undone.look(Due(inbox=at(0)), at(1))
    undone.look(Due(inbox=at(1)), at(10))
    assert not undone.look(Due(inbox=at(1)), at(11.9))
    assert undone.look(Due(inbox=at(1)), at(12))


def test_a_queue_that_moves_does_not_hide_one_that_does_not():
    undone = Undone()
    assert not undone.look(Due(inbox=at(0), alarms=at(0)), at(1))
    assert undone.look(Due(inbox=at(1), alarms=at(0)), at(2))


def test_what_is_not_due_yet_is_nobodys_fault():
    undone = Undone()
    assert not undone.look(Due(alarms=at(100)), at(50))
    assert not undone.look(Due(alarms=at(100)), at(101))
    assert undone.look(Due(alarms=at(100)), at(102))


def test_a_queue_that_was_empty_meanwhile_begins_anew():
    undone = Undone()
    undone.look(Due(inbox=at(0)), at(1))
    undone.look(Due(), at(3))
    assert not undone.look(Due(inbox=at(4)), at(5))
