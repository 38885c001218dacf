"""GET /metrics, in Prometheus' text format: queues and ages from the database, requests of this process."""

from collections.abc import Iterator

from flask import Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from config import clock
from console.desk import Desk
from routing.model import Cause
from store import reports_gauges
from store.spool import Spool

SINGLE = {
    "waiting_age": ("headroom_waiting_age_seconds", "Age of the oldest lead without a human response"),
    "late_leads": ("headroom_leads_late", "Open leads past their response deadline"),
    "outbox_age": ("headroom_outbox_age_seconds", "How long the oldest due message has waited to be sent"),
    "alarms_armed": ("headroom_alarms_armed", "Alarms that will ring"),
    "alarms_late": ("headroom_alarms_late", "Alarms more than 2 s past due"),
    "inbox_waiting": ("headroom_inbox_waiting", "Received and not yet decided"),
    "inbox_age": ("headroom_inbox_age_seconds", "Age of the oldest of these"),
    "spool": ("headroom_spool_bytes", "Deliveries of this machine that wait for the database"),
    "notices": ("headroom_notices", "Things an operator should look at"),
    "reps_on_duty": ("headroom_reps_on_duty", "Reps on duty now"),
    "alarm_lateness": ("headroom_alarm_lateness_seconds", "The most that an alarm of the last 5 min rang after it was due"),
}
LABELLED = {
    "leads": ("headroom_leads_open", "Open leads by status", "status"),
    "queued": ("headroom_outbox", "Messages on their way, by state", "state"),
    "beats": ("headroom_beat_age_seconds", "Seconds since a process gave a sign of life", "process"),
    "breaches": ("headroom_breaches", "Leads of the last 24 h whose promise was broken, by cause", "cause"),
    "breakers": (
        "headroom_breaker",
        "A provider's breaker: 0 closed, 1 asked us to slow down, 2 open or our keys refused",
        "provider",
    ),
}
_process = CollectorRegistry()
ProcessCollector(registry=_process)
_requests = Counter(
    "headroom_http_requests", "Requests answered by this process", ["route", "method", "status"], registry=_process
)
_seconds = Histogram(
    "headroom_http_seconds",
    "How long this process took to answer",
    ["route", "method"],
    registry=_process,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the text and nobody reads them

_robots = Counter(
    "headroom_robots_dropped", "Posts of robots that this process answered and dropped", ["source", "sign"], registry=_process
)


class Reading:
    """One reading of the database as Prometheus collects it."""

    def __init__(self, desk: Desk) -> None:
        self.single = reports_gauges.single(desk.engine, g.now)
        self.labelled = reports_gauges.by_label(desk.engine, g.now)
        self.acknowledged = reports_gauges.acknowledged(desk.engine, g.now)
        self.labelled["breaches"] = dict.fromkeys(Cause, 0.0) | self.labelled["breaches"]  # an alert needs the 0 before the first
        self.labelled["breakers"] = dict.fromkeys(_providers(desk), 0.0) | self.labelled["breakers"]
        self.single["spool"] = float(Spool.of(desk.settings).waiting().size)

    def collect(self) -> Iterator[Metric]:
        """Each gauge with its values."""
        for key, (name, about) in SINGLE.items():
            yield GaugeMetricFamily(name, about, value=self.single[key])
        for key, (name, about, label) in LABELLED.items():
            gauge = GaugeMetricFamily(name, about, labels=[label])
            for value, number in sorted(self.labelled[key].items()):
                gauge.add_metric([value], number)
            yield gauge
        yield from self._acknowledgement()
        about = "Messages about leads of the last 24 h, by channel and what became of them"
        yield self._pairs("sends", "headroom_messages", about, ["channel", "outcome"])
        yield self._pairs("events", "headroom_events", "Events on their way to endpoints, and dead ones", ["endpoint", "state"])

    def _acknowledgement(self) -> Iterator[Metric]:
        """A reading of the last 15 minutes: a summary would have to count from the beginning of time."""
        seconds = GaugeMetricFamily(
            "headroom_acknowledgement_seconds", "From arrival to acknowledgement, leads of the last 15 min", labels=["quantile"]
        )
        for share, value in self.acknowledged["seconds"].items():
            if value is not None:
                seconds.add_metric([str(share)], float(value))
        yield seconds
        waiting = self.acknowledged["arrived"] - self.acknowledged["acknowledged"]
        yield GaugeMetricFamily("headroom_leads_recent", "Leads of the last 15 min", value=self.acknowledged["arrived"])
        yield GaugeMetricFamily("headroom_leads_unacknowledged", "Of these, not acknowledged (yet)", value=waiting)

    def _pairs(self, key: str, name: str, about: str, labels: list[str]) -> Metric:
        gauge = GaugeMetricFamily(name, about, labels=labels)
        for value, number in sorted(self.labelled[key].items()):
            gauge.add_metric(value.split("/", 1), number)
        return gauge


def show(desk: Desk) -> Response:
    """The text of both."""
    registry = CollectorRegistry()
    registry.register(Reading(desk))
    return Response(generate_latest(registry) + generate_latest(_process), content_type=CONTENT_TYPE_LATEST)


def count_robot(source: str, sign: str) -> None:
    """A robot gave itself away: by the honeypot, too_fast, or links."""
    _robots.labels(source, sign).inc()


def begin() -> None:
    """A request comes in."""
    g.begun = clock.monotonic()


def count(answer: Response) -> Response:
    """Count a request by its route, never by its path: paths hold codes and tokens."""
    route = request.url_rule.rule if request.url_rule else "none"
    _requests.labels(route, request.method, str(answer.status_code)).inc()
    if "begun" in g:
        _seconds.labels(route, request.method).observe(clock.monotonic() - g.begun)
    return answer


def _providers(desk: Desk) -> list[str]:
    """Those that are set up: each has a breaker, also before it ever moved."""
    settings = desk.settings
    found = {"twilio": settings.has_twilio, "sendgrid": settings.has_sendgrid, "meta": settings.has_meta}
    return [name for name, is_set_up in found.items() if is_set_up]
