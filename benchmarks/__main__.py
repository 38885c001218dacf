"""`python -m benchmarks [NAME ...] [--quick]`: run the benchmarks, print their tables, keep them as JSON.

Each starts what it needs on loopback in temporary folders and stops it again. On two cores all together take under 10
minutes, with --quick under 2.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import accept, clock, latency, routing, served
from benchmarks.figures import RESULTS, Report, machine
from benchmarks.ground import postgres, version_of

ALL: dict[str, Callable[..., Report]] = {
    "routing": routing.measure,
    "clock": clock.measure,
    "accept": accept.measure,
    "latency": latency.measure,
    "served": served.measure,
}


def main() -> int:
    """0 when every goal that was looked at is met, 1 when one is missed."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Headroom on this machine.")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(ALL)}; all without a name")
    options.add_argument("--quick", action="store_true", help="short runs: to see that it works, not to quote")
    options.add_argument("--into", type=Path, default=RESULTS, help="folder for the JSON files")
    given = options.parse_args()
    unknown = sorted(set(given.names) - set(ALL))
    if unknown:
        options.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(ALL)}")
    reports = [run(name, quick=given.quick, into=given.into) for name in given.names or ALL]
    missed = [goal for report in reports for goal in report.goals if not goal["met"]]
    print(f"\n{sum(len(report.goals) for report in reports) - len(missed)} goals met, {len(missed)} missed")
    return 1 if missed else 0


def run(name: str, *, quick: bool, into: Path) -> Report:
    """One benchmark on a fresh server."""
    began = time.monotonic()
    with postgres() as server:
        report = ALL[name](server, quick=quick)
        about = machine(version_of(server))
    report.facts["quick"] = quick
    report.facts["took_s"] = round(time.monotonic() - began, 1)
    report.show()
    path = report.write(about, into)
    print(
        f"- {about['cpu']}, {about['cores']} cores, {about['ram_gib']} GiB, PostgreSQL {about['postgresql']}: {path}", flush=True
    )
    return report


if __name__ == "__main__":
    sys.exit(main())
