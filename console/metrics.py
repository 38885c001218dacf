"""GET /metrics, in Prometheus' text format: queues and ages from the database, requests of this process."""

from collections.abc import Iterator

from flask import Response, g, request
from prometheus_client import CollectorRegistry, Counter, Metric, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from console.desk import Desk
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
}
LABELLED = {
    "leads": ("headroom_leads_open", "Open leads by status", "status"),
    "queued": ("headroom_outbox", "Messages on their way, by state", "state"),
    "beats": ("headroom_beat_age_seconds", "Seconds since a process gave a sign of life", "process"),
    "breakers": ("headroom_breaker", "A provider's breaker: 0 closed, 1 half open, 2 open", "provider"),
}
_process = CollectorRegistry()
ProcessCollector(registry=_process)
_requests = Counter(
    "headroom_http_requests", "Requests answered by this process", ["endpoint", "method", "status"], registry=_process
)

_robots = Counter(
    "headroom_robots_dropped", "Posts of robots that this process answered and dropped", ["source", "sign"], registry=_process
)


class Reading:
    """One reading of the database as Prometheus collects it."""

    def __init__(self, desk: Desk) -> None:
        self.single = reports_gauges.single(desk.engine, g.now)
        self.labelled = reports_gauges.by_label(desk.engine, g.now)
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
        yield self._pairs("sends", "headroom_messages", "All messages by channel and what became of them", ["channel", "outcome"])
        yield self._pairs("events", "headroom_events", "Events on their way to endpoints, and dead ones", ["endpoint", "state"])

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


def count(answer: Response) -> Response:
    """Count a request by endpoint, never by path: paths hold codes and tokens."""
    _requests.labels(request.endpoint or "none", request.method, str(answer.status_code)).inc()
    return answer
