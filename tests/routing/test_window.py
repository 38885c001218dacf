"""The window of the platforms, and how many acknowledgements a person gets in a day."""

from datetime import timedelta

import pytest

from routing.contact import ACKS_A_DAY, WINDOW, Allowed, Suppressed, Writing, may_write
from tests.builders import NOW


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "instagram"])
@pytest.mark.parametrize("purpose", ["ack", "reply"])
def test_a_platform_is_open_for_a_day_after_their_last_words(channel, purpose):
    late = Writing(purpose, channel, heard_at=NOW - WINDOW - timedelta(seconds=1))
    verdict = may_write(late, NOW)
    assert isinstance(verdict, Suppressed)
    assert verdict.code == "window"
    assert channel in verdict.why
    assert isinstance(may_write(Writing(purpose, channel, heard_at=NOW - WINDOW), NOW), Allowed)
    assert isinstance(may_write(Writing(purpose, channel), NOW), Allowed), "the platform itself will say no"


def test_other_channels_have_no_window():
    for channel in ("sms", "email", "telegram"):
        assert isinstance(may_write(Writing("reply", channel, heard_at=NOW - timedelta(days=9)), NOW), Allowed)


def test_a_person_gets_so_many_acknowledgements_a_day_and_a_reps_words_always():
    verdict = may_write(Writing("ack", "email", acked_today=ACKS_A_DAY), NOW)
    assert isinstance(verdict, Suppressed)
    assert verdict.code == "cap"
    assert isinstance(may_write(Writing("ack", "email", acked_today=ACKS_A_DAY - 1), NOW), Allowed)
    assert isinstance(may_write(Writing("reply", "email", acked_today=99), NOW), Allowed)


def test_a_stop_is_said_as_a_stop():
    verdict = may_write(Writing("reply", "whatsapp", opted_out=frozenset({"sms"}), heard_at=NOW - timedelta(days=2)), NOW)
    assert isinstance(verdict, Suppressed)
    assert verdict.code == "opted_out"
