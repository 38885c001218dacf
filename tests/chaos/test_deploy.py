"""F65: a new version takes over from the one before, role by role, while leads come in. Two real versions, and both schemas."""

import time
from pathlib import Path

import pytest

from store import schema
from tests.chaos import version_before
from tests.chaos.fleet import Fleet
from tests.chaos.promises import hold
from tests.chaos.trial import Trial

pytestmark = pytest.mark.chaos
A_WHILE = 5  # seconds that each mixture of old and new is at work
ACKNOWLEDGED = "SELECT count(*) FROM leads WHERE arrived_at > to_timestamp(:since) AND acked_at IS NOT NULL"


@pytest.fixture
def before(tmp_path: Path) -> tuple[version_before.Earlier, Path]:
    """The version before, ready to run."""
    try:
        earlier = version_before.find()
    except version_before.NoHistory as why:
        pytest.skip(str(why))
    return earlier, version_before.unpack(earlier, tmp_path / "before")


@pytest.mark.parametrize("trial", [{"by_hand": True}], indirect=True)
@pytest.mark.parametrize("order", [("web", "worker", "clock"), ("clock", "worker", "web")], ids=["web_first", "clock_first"])
def test_f65_a_new_version_takes_over_role_by_role(
    trial: Trial, before: tuple[version_before.Earlier, Path], order: tuple[str, ...]
):
    earlier, old = before
    gone, exits = dict[str, float](), dict[str, float]()
    with Fleet(trial) as fleet:
        fleet.release(old)
        for role in order:
            fleet.start(role, old)
        old_schema = schema.version(trial.database_url)
        with trial.writing(10, urgent_every=20):
            time.sleep(A_WHILE)
            released = fleet.release(version_before.HOUSE)
            since = time.time()
            time.sleep(A_WHILE)
            served = trial.count(ACKNOWLEDGED, since=since)  # nobody else is there: the old code did it on the new schema
            for role in order:
                gone[role] = fleet.stop(role)
                fleet.start(role, version_before.HOUSE)
                time.sleep(A_WHILE)
            for role in order:  # as the next deployment will meet this version
                exits[role] = fleet.stop(role)
                fleet.start(role, version_before.HOUSE)
        trial.saw |= {
            "before": earlier.commit[:7], "schemas": [old_schema, schema.version(trial.database_url)], "release_s": released,
            "served_by_old_on_new_schema": served, "old_gone_after_s": gone, "exit_s": exits, "answers": trial.answers(), "tried_again": trial.all_try_again(),
        }  # fmt: skip
        trial.everybody_is_answered(30)
        hold(trial)
    assert old_schema == earlier.migrations[-1][:4]
    assert served > 0
    assert max(exits.values()) <= 20
    assert all(len(writer.answers) <= 2 for writer in trial.writers), (
        "a post that met a stopped web process was not taken at its second try"
    )
    assert set(trial.answers()) <= {"0", "200", "202"}
