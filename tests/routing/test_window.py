"""The window of the platforms, and how many acknowledgements a person gets in a day."""

from datetime import timedelta

import pytest

from config.teamfile.rules import rulebook
from routing.contact import Allowed, Suppressed, Writing, may_write
from tests.builders import NOW

BOOK, WINDOW, ACKS_A_DAY = rulebook(), timedelta(hours=24), 5


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "instagram"])
@pytest.mark.parametrize("purpose", ["ack", "reply"])
def test_a_platform_is_open_for_a_day_after_their_last_words(channel, purpose):
    late = Writing(purpose, channel, heard_at=NOW - WINDOW - timedelta(seconds=1))
    verdict = may_write(late, BOOK, NOW)
    assert isinstance(verdict, Suppressed)
    assert verdict.code == "window"
    assert channel in verdict.why
    assert isinstance(may_write(Writing(purpose, channel, heard_at=NOW - WINDOW), BOOK, NOW), Allowed)
    assert isinstance(may_write(Writing(purpose, channel), BOOK, NOW), Allowed), "the platform itself will say no"


def test_other_channels_have_no_window():
    for channel in ("sms", "email", "telegram"):
        assert isinstance(may_write(Writing("reply", channel, heard_at=NOW - timedelta(days=9)), BOOK, NOW), Allowed)


def test_a_person_gets_so_many_acknowledgements_a_day_and_a_reps_words_always():
    verdict = may_write(Writing("ack", "email", acked_today=ACKS_A_DAY), BOOK, NOW)
    assert isinstance(verdict, Suppressed)
    assert verdict.code == "cap"
    assert isinstance(may_write(Writing("ack", "email", acked_today=ACKS_A_DAY - 1), BOOK, NOW), Allowed)
    assert isinstance(may_write(Writing("reply", "email", acked_today=99), BOOK, NOW), Allowed)


def test_a_stop_is_said_as_a_stop():
    verdict = may_write(Writing("reply", "whatsapp", opted_out=frozenset({"sms"}), heard_at=NOW - timedelta(days=2)), BOOK, NOW)
    assert isinstance(verdict, Suppressed)
    assert verdict.code == "opted_out"


@pytest.mark.parametrize(
    ("phone", "state", "most"),
    [
        ("+13055550143", "", 3),
        ("+14055550143", "", 3),
        ("+12125550143", "", 5),
        ("+12125550143", "Florida", 3),
        ("+491711234567", "", 5),
        (None, "", 5),
    ],
)
def test_florida_and_oklahoma_allow_three_in_a_day(phone, state, most):
    for acked in range(8):
        verdict = may_write(Writing("ack", "email", phone=phone, state=state, acked_today=acked), BOOK, NOW)
        assert isinstance(verdict, Suppressed) == (acked >= most)
