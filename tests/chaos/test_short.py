"""The short form of the fault rows, in one installation and within a minute: it runs with all other tests. The long form: `make chaos`."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos import faults
from tests.chaos.promises import hold, is_up
from tests.chaos.trial import Trial
from tests.fakes import RESET_AFTER_ACCEPT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc to find what is left running")


def test_nothing_is_lost_or_doubled_while_everything_is_killed_once(trial: Trial):
    again = trial.somebody()
    with trial.writing(8, urgent_every=10):
        faults.kill(trial, "worker")
        trial.texts.once("twilio", RESET_AFTER_ACCEPT)
        with ThreadPoolExecutor(8) as hands:
            answers = list(hands.map(lambda _: trial.writes(again), range(20)))
        trial.is_rude()
        faults.flush_redis(trial)
        faults.kill(trial, "clock")
        faults.kill(trial, "web")
        trial.until(lambda: is_up(trial, "/readyz"), 30, "web is back")
        time.sleep(2)
    trial.all_try_again()
    trial.everybody_is_answered(60)
    a_forged_report_is_refused(trial)
    hold(trial, told_within=15, alive_within=30, settled_within=0)
    assert answers.count(202) <= 1
    assert set(answers) <= {0, 200, 202}


def a_forged_report_is_refused(trial: Trial) -> None:
    """And changes nothing."""
    sent = trial.texts.sent[0]
    assert trial.report(sent, "failed", token="not the token") == 403
    assert trial.count("SELECT count(*) FROM outbox WHERE id = :id AND state = 'failed'", id=int(sent.message_id)) == 0
