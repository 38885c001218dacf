"""Faults mixed at random for as long as you like: `make soak MINUTES=10 SEED=1`.

The plan is a function of seed and minutes alone, and every fault is logged as it is injected. A failure is replayed by the same seed,
or by `--replay LOG`: the very lines of a log, from which lines may be struck out until the shortest that breaks is left.
"""

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos import faults
from tests.chaos.promises import hold
from tests.chaos.trial import Trial
from tests.fakes import FAIL_AFTER_ACCEPT, RESET_AFTER_ACCEPT, hang, throttle

PER_SECOND = 5
PAUSE = (2.0, 8.0)  # seconds between two faults
LONGEST = 6.0  # seconds something is frozen or away
TOLD_WITHIN = 60.0  # faults overlap: the text may fail, the mail may wait for its provider


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the plan: at so many seconds, what, for how long."""

    at: float
    name: str
    seconds: float


def plan(seed: int, minutes: float) -> list[Fault]:
    """The same for the same seed."""
    rng, at, found = random.Random(seed), 3.0, []
    while at < minutes * 60:
        found.append(Fault(round(at, 2), rng.choice(sorted(KINDS)), round(rng.uniform(0.5, LONGEST), 2)))
        at += found[-1].seconds + rng.uniform(*PAUSE)
    return found


def run(trial: Trial, faults_to_come: list[Fault], log: Path) -> None:
    """Inject them while people write; then let everything settle and see what was promised."""
    began = time.monotonic()
    with log.open("a") as lines, trial.writing(PER_SECOND, urgent_every=40):
        for fault in faults_to_come:
            time.sleep(max(0.0, began + fault.at - time.monotonic()))
            lines.write(json.dumps({**asdict(fault), "really_at": round(time.monotonic() - began, 2)}) + "\n")
            lines.flush()
            KINDS[fault.name](trial, fault.seconds)
            trial.is_rude()
    trial.saw |= {"faults": len(faults_to_come), "tried_again": trial.all_try_again(120), "answers": trial.answers()}
    trial.saw["all_answered_after_s"] = trial.everybody_is_answered(330)
    hold(trial, told_within=TOLD_WITHIN, alive_within=30)


def _kill(role: str) -> Callable[[Trial, float], None]:
    return lambda trial, _: faults.kill(trial, role) and None


def _freeze(role: str) -> Callable[[Trial, float], None]:
    def freeze(trial: Trial, seconds: float) -> None:
        faults.kill(trial, role, signal.SIGSTOP)
        time.sleep(seconds)
        faults.kill(trial, role, signal.SIGCONT)

    return freeze


def _freeze_redis(trial: Trial, seconds: float) -> None:
    faults.signal_redis(trial, signal.SIGSTOP)
    time.sleep(seconds)
    faults.signal_redis(trial, signal.SIGCONT)


def _kill_redis(trial: Trial, seconds: float) -> None:
    faults.signal_redis(trial, signal.SIGKILL)
    time.sleep(seconds)
    trial.redis.restart()


def _postgres(*, hard: bool) -> Callable[[Trial, float], None]:
    def away(trial: Trial, seconds: float) -> None:
        faults.stop_postgres(trial, hard=hard)
        time.sleep(seconds)
        faults.start_postgres(trial)

    return away


def _twilio_away(trial: Trial, seconds: float) -> None:
    trial.texts.cut()
    time.sleep(seconds)
    trial.texts.mend()


KINDS: dict[str, Callable[[Trial, float], None]] = {
    "web_killed": _kill("web"),
    "worker_killed": _kill("worker"),
    "clock_killed": _kill("clock"),
    "web_frozen": _freeze("web"),
    "worker_frozen": _freeze("worker"),
    "clock_frozen": _freeze("clock"),
    "redis_wiped": lambda trial, _: faults.flush_redis(trial),
    "redis_frozen": _freeze_redis,
    "redis_killed": _kill_redis,
    "postgres_restarted": _postgres(hard=False),
    "postgres_killed": _postgres(hard=True),
    "twilio_away": _twilio_away,
    "twilio_hangs": lambda trial, seconds: trial.texts.once("twilio", *[hang(seconds)] * 4),
    "twilio_breaks_off": lambda trial, _: trial.texts.once("twilio", *[RESET_AFTER_ACCEPT] * 4),
    "twilio_fails_after_accept": lambda trial, _: trial.texts.once("twilio", *[FAIL_AFTER_ACCEPT] * 4),
    "twilio_throttles": lambda trial, seconds: trial.texts.once("twilio", *[throttle(max(1, int(seconds)))] * 2),
    "sendgrid_breaks_off": lambda trial, _: trial.mails.once("sendgrid", *[RESET_AFTER_ACCEPT] * 2),
}


def main() -> int:
    """0 when every promise held."""
    options = argparse.ArgumentParser(description="Faults at random, with a seed.")
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options.add_argument("--log", type=Path, default=Path("soak.log"))
    options.add_argument("--replay", type=Path, help="a log, or a part of one, to inject instead")
    chosen = options.parse_args()
    to_come = plan(chosen.seed, chosen.minutes)
    if chosen.replay:
        to_come = [
            Fault(said["at"], said["name"], said["seconds"]) for said in map(json.loads, chosen.replay.read_text().splitlines())
        ]
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes, {len(to_come)} faults, log in {chosen.log}", flush=True)
    chosen.log.write_text("")
    with Trial(seed=chosen.seed) as trial:
        try:
            run(trial, to_come, chosen.log)
        except AssertionError as broken:
            trial.keep_logs(chosen.log.with_suffix(".processes"))
            print(f"BROKEN with seed {chosen.seed}:\n{broken}\n{json.dumps(trial.saw)}", file=sys.stderr)
            return 1
        print(json.dumps(trial.saw))
    return 0


if __name__ == "__main__":
    sys.exit(main())
