"""A fresh installation for every row; what the rows saw is printed at the end, a line each."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.trial import Trial


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    """Started, with everything well. A row says `@pytest.mark.parametrize("trial", [{...}], indirect=True)` for another one."""
    with Trial(**{"seed": int(os.environ.get("SEED", "1")), **getattr(request, "param", {})}) as made:
        request.node.user_properties.append(("saw", made.saw))
        yield made
        if keep := os.environ.get("CHAOS_LOGS"):  # a folder: what the processes of each row have said
            made.keep_logs(Path(keep) / request.node.name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each row saw."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            saw = dict(getattr(report, "user_properties", [])).get("saw")
            if saw is not None:
                terminalreporter.write_line(f"{outcome} {report.nodeid.rpartition('::')[2]} {json.dumps(saw)}")
