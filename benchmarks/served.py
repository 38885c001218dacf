"""How many leads a second are fully served for as long as one likes: accepted, acknowledged, routed, offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from benchmarks import house, load
from benchmarks.figures import Report, p50_p99
from benchmarks.house import House
from benchmarks.load import Run
from benchmarks.team import team_file

STEPS = (100.0, 150.0, 200.0, 250.0, 300.0, 350.0, 400.0, 500.0)
TRIES = 3  # slower rates held when the one that looked good does not last
BEHIND = 1.0  # seconds' worth of leads that may be under way at the end of a step
COLUMNS = [
    "leads/s",
    "for s",
    "backlog at 1/3",
    "at 2/3",
    "at the end",
    "keeps up",
    "ack p50 ms",
    "p99 ms",
    "offer p50 ms",
    "p99 ms ",
]


@dataclass(frozen=True, slots=True)
class Held:
    """What a run at one rate showed. Instants are ns of the steady clock, by the lead's number."""

    run: Run
    acked: Mapping[str, int]
    offered: Mapping[str, int]
    cpu_ms: Mapping[str, float]

    def backlog(self, share: float) -> int:
        """Leads that were due by then and not yet fully served."""
        at = self.run.began + int((self.run.ended - self.run.began) * share)
        return sum(1 for sent in self.run.sent if sent.due <= at and self.served_at(sent.phone) > at)

    def served_at(self, phone: str) -> float:
        """When both messages were with the provider."""
        return max(self.acked.get(phone, float("inf")), self.offered.get(phone, float("inf")))

    def keeps_up(self, rate: float) -> bool:
        """Everything accepted, and what is under way at the end is no more than at a third of the way, give or take a second."""
        whole = len(self.run.accepted) == len(self.run.sent)
        return whole and self.backlog(1.0) <= min(self.backlog(1 / 3), rate * BEHIND) + rate * BEHIND


def measure(server: str, *, quick: bool) -> Report:
    """Steps until it no longer keeps up, then the best rate held for long."""
    report = Report("served", "Leads fully served: accepted, routed, acknowledged and offered by text", COLUMNS)
    step, hold = (5.0, 15.0) if quick else (10.0, 180.0)
    with house.provider() as (provider, provider_pid), house.whole_house(team_file(400), provider) as product:
        product.pids["provider"] = provider_pid
        load.on_schedule(product.port, rate=20.0, seconds=2.0)
        rate = climb(report, product, provider, step)
        held = at_rate(product, provider, rate, hold)
        note(report, rate, hold, held)
        for _ in range(TRIES):
            if held.keeps_up(rate):
                break
            rate = round(rate * 0.85)
            held = at_rate(product, provider, rate, hold)
            note(report, rate, hold, held)
    conclude(report, rate, held)
    return report


def climb(report: Report, product: House, provider: int, seconds: float) -> float:
    """Faster and faster; returns the last rate that was kept up with."""
    best = STEPS[0]
    for rate in STEPS:
        held = at_rate(product, provider, rate, seconds)
        note(report, rate, seconds, held)
        if not held.keeps_up(rate):
            break
        best = rate
    return best


def at_rate(product: House, provider: int, rate: float, seconds: float) -> Held:
    """One run; waits until everything is served, so that the next one begins with nothing left over."""
    house.ask(provider, "/forget")
    before = product.cpu_ms()
    run = load.on_schedule(product.port, rate=rate, seconds=seconds)
    expected = 2 * len(run.accepted)
    house.wait_until(lambda: int(house.ask(provider, "/count")) >= expected, 60.0)
    after = product.cpu_ms()
    acked, offered = when(product.url, house.ask(provider, "/log"))
    return Held(run, acked, offered, {role: after[role] - before[role] for role in after})


def when(url: str, log: str) -> tuple[dict[str, int], dict[str, int]]:
    """When each lead's acknowledgement and offer came, by the lead's number. Raises RuntimeError if anything came twice."""
    came: dict[int, int] = {}
    for line in log.splitlines():
        at, _, message = line.split(" ")
        if int(message) in came:
            raise RuntimeError(f"message {message} was sent twice")
        came[int(message)] = int(at)
    found: dict[str, dict[str, int]] = {"ack": {}, "offer": {}}
    for message, purpose, phone in about(url, list(came)):
        found.setdefault(purpose, {})[phone] = came[message]
    return found["ack"], found["offer"]


def about(url: str, messages: Sequence[int]) -> Sequence[tuple[int, str, str]]:
    """(message, purpose, the lead's number) of these messages."""
    with psycopg.connect(url) as db:
        return db.execute(
            "SELECT o.id, o.purpose, p.phone FROM outbox o JOIN leads l ON l.id = o.lead_id JOIN people p ON p.id = l.person_id"
            " WHERE o.id = ANY(%s)",
            [list(messages)],
        ).fetchall()


def note(report: Report, rate: float, seconds: float, held: Held) -> None:
    """A row of the table."""
    acks = [(held.acked[s.phone] - s.due) / 1e6 for s in held.run.sent if s.phone in held.acked]
    offers = [(held.offered[s.phone] - s.due) / 1e6 for s in held.run.sent if s.phone in held.offered]
    backlog = [held.backlog(share) for share in (1 / 3, 2 / 3, 1.0)]
    report.rows.append([rate, seconds, *backlog, held.keeps_up(rate), *p50_p99(acks), *p50_p99(offers)])


def conclude(report: Report, rate: float, held: Held) -> None:
    """The goal, and what a lead costs."""
    leads = max(len(held.run.accepted), 1)
    cost = {role: round(ms / leads, 3) for role, ms in sorted(held.cpu_ms.items())}
    ours = sum(ms for role, ms in cost.items() if role not in ("provider",))
    report.facts |= {"sustained_leads_per_s": rate, "cpu_ms_per_lead": cost, "kept_up": held.keeps_up(rate)}
    report.goal("leads fully served a second", rate if held.keeps_up(rate) else 0.0, 300.0, at_least=True)
    report.goal("CPU of the product per lead, ms", ours, 2.3)
    report.notes.append("CPU ms per lead by process: " + ", ".join(f"{role} {ms:.2f}" for role, ms in cost.items()))
    report.notes.append("The load generator and the provider run on the same machine; delivery reports are not simulated.")
