"""How long from a lead's arrival until the provider has its acknowledgement, at a few rates, with everything running."""

from collections.abc import Mapping, Sequence

from benchmarks import house, load
from benchmarks.figures import Report, p50_p99
from benchmarks.load import Run, Sent
from benchmarks.team import team_file

RATES = (5.0, 20.0, 50.0)
COLUMNS = [
    "leads/s",
    "what",
    "leads",
    "provider has it p50 ms",
    "p99 ms",
    "answered p50 ms",
    "p99 ms ",
    "p50 x bare",
    "p99 x bare",
]


def measure(server: str, *, quick: bool) -> Report:
    """The product and the bare handler on the same provider, at the same rates."""
    seconds = {5.0: 8.0, 20.0: 8.0, 50.0: 6.0} if quick else {5.0: 40.0, 20.0: 40.0, 50.0: 30.0}
    report = Report("latency", "From the webhook's arrival until the provider has the acknowledgement", COLUMNS)
    with house.provider() as (provider, _):
        address = {"BARE_PROVIDER": f"http://127.0.0.1:{provider}"}
        with house.web("postgresql://nobody@127.0.0.1:1/none", processes=1, environ=address, app="benchmarks.bare:app") as bare:
            bare_runs = {rate: at_rate(bare.port, provider, rate, seconds[rate]) for rate in RATES}
        with house.whole_house(team_file(400), provider) as product:
            load.on_schedule(product.port, rate=20.0, seconds=3.0)
            runs = {rate: at_rate(product.port, provider, rate, seconds[rate]) for rate in RATES}
    for rate in RATES:
        add(report, rate, bare_runs[rate], runs[rate])
    report.notes.append(
        "Latencies count from the scheduled instant of a fixed timetable; generator and provider share the machine."
    )
    return report


Measured = tuple[Run, Sequence[float]]


def at_rate(port: int, provider: int, rate: float, seconds: float) -> Measured:
    """One run, and the milliseconds until the provider had each acknowledgement."""
    house.ask(provider, "/forget")
    run = load.on_schedule(port, rate=rate, seconds=seconds)
    house.wait_until(lambda: not missing(run.accepted, arrivals(provider)), 15.0)
    came = arrivals(provider)
    lost = missing(run.accepted, came)
    if lost or len(run.accepted) < len(run.sent):
        raise RuntimeError(
            f"{len(lost)} acknowledgements never came, {len(run.sent) - len(run.accepted)} leads were not accepted"
        )
    return run, [(came[sent.phone][0] - sent.due) / 1e6 for sent in run.accepted]


def arrivals(provider: int) -> Mapping[str, list[int]]:
    """When texts to each number came."""
    came: dict[str, list[int]] = {}
    for line in house.ask(provider, "/log").splitlines():
        at, to, *_ = line.split(" ")
        came.setdefault(to, []).append(int(at))
    return came


def missing(sent: Sequence[Sent], came: Mapping[str, list[int]]) -> list[str]:
    """Leads nobody acknowledged."""
    return [each.phone for each in sent if each.phone not in came]


def add(report: Report, rate: float, bare: Measured, ours: Measured) -> None:
    """Two rows, and the goals that count at this rate."""
    floor, figures = row(*bare), row(*ours)
    report.rows.append([rate, "bare Flask handler, no storage", *floor, 1.0, 1.0])
    report.rows.append([rate, "Headroom", *figures, figures[1] / floor[1], figures[2] / floor[2]])
    if rate == 20.0:
        report.goal("provider called, median ms at 20/s", figures[1], 30.0)
        report.goal("provider called, p99 ms at 20/s", figures[2], 150.0)
    if rate == 50.0:
        report.goal("provider called, p50 at 50/s, times the bare handler", figures[1] / floor[1], 5.0)
        report.goal("provider called, p99 at 50/s, times the bare handler", figures[2] / floor[2], 8.0)
        report.goal("answered, p99 at 50/s, times the bare handler", figures[4] / floor[4], 4.0)


def row(run: Run, came_ms: Sequence[float]) -> tuple[int, float, float, float, float]:
    """(leads, p50 and p99 until the provider, p50 and p99 until the answer)."""
    return len(run.accepted), *p50_p99(came_ms), *p50_p99([sent.took_ms for sent in run.accepted])
