"""Telling the endpoints: claim -> call -> record. No transaction is open during a call, and none waits for another endpoint.

At least once: who dies between the call and the record leaves a lease that ends, and the event goes out again under its id.
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from config.outgoing_hosts import guard_of
from config.settings import Settings
from routing import announcing
from routing.sending import Fault
from routing.team import Team
from store import announcements, dead_letters, notices, policies
from store.announcements import Claimed, Lane, Result
from store.engine import Engine
from workers.endpoints import KINDS, EndpointKind, Parcel, Sent
from workers.endpoints.line import Gone, Line
from workers.outcomes import NotAccepted

log = structlog.get_logger(__name__)

AT_ONCE, OF_A_CRM = 4, 1  # calls under way to one endpoint, of one process; one keeps a CRM in the order of things
PURGE_EVERY = timedelta(minutes=10)
SILENT_FOR = timedelta(hours=1)  # then the operator hears of it
THROTTLED_FOR = timedelta(seconds=30)  # 429 without a Retry-After
REFUSED_FOR = timedelta(
    minutes=5
)  # our keys are refused: nothing changes by asking more often, and nobody waits longer once they are mended


class Announcer:
    """Delivers what is due. One per process, used from one thread."""

    def __init__(self, engine: Engine, settings: Settings, *, line: Line | None = None) -> None:
        self._engine, self._settings = engine, settings
        self._line = line or Line(guard_of(settings))
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._under_way: dict[Future[Sent], Claimed] = {}
        self._results: list[Result] = []
        self._purged_at: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """Is a call under way, or a result not yet on disk?"""
        return bool(self._under_way or self._results)

    def step(self, now: datetime, *, claim: bool = True, patience: float = 0.05) -> int:
        """One round; waits at most `patience` seconds. Returns how many events moved."""
        team = policies.current(self._engine, self._settings)
        claimed = announcements.claim(self._engine, now, self._lanes(team)) if claim else []
        for event in claimed:
            self._call(event, team)
        moved = len(claimed) + self._gather(patience, team, now)
        self._purge(now)
        return moved

    def finish(self, now: datetime) -> None:
        """Wait for what is under way (20 s a call at most) and put it on disk; take on nothing new."""
        team = policies.current(self._engine, self._settings)
        while self.is_busy:
            self._gather(0.5, team, now)

    def close(self) -> None:
        """Let go of the threads. Call `finish` first."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)

    def _lanes(self, team: Team) -> list[Lane]:
        flying: dict[str, int] = {}
        for event in self._under_way.values():
            flying[event.endpoint] = flying.get(event.endpoint, 0) + 1
        lanes = []
        for endpoint in team.endpoints.values():
            latest = KINDS[endpoint.type].latest
            if endpoint.enabled:
                lanes.append(Lane(endpoint.id, (OF_A_CRM if latest else AT_ONCE) - flying.get(endpoint.id, 0), latest))
        return lanes

    def _call(self, event: Claimed, team: Team) -> None:
        endpoint = team.endpoints[event.endpoint]
        threads = self._threads.setdefault(endpoint.id, ThreadPoolExecutor(AT_ONCE, f"tell-{endpoint.id}"))
        parcel = Parcel(event, endpoint, team, self._settings)
        self._under_way[threads.submit(KINDS[endpoint.type].send, parcel, self._line)] = event

    def _gather(self, patience: float, team: Team, now: datetime) -> int:
        if self._under_way:
            done, _ = wait(self._under_way, timeout=patience, return_when=FIRST_COMPLETED)
            self._results += [self._result(self._under_way.pop(future), future, now) for future in done]
        results, self._results = self._results, []
        try:
            announcements.finish(self._engine, results, now)
        except Exception:
            self._results = results  # the calls were made: what came of them must still get to disk
            raise
        self._tell_operator(results, team, now)
        return len(results)

    def _result(self, event: Claimed, future: Future[Sent], now: datetime) -> Result:
        error = future.exception()
        result = Result(event.id, event.fence, event.endpoint, event.lead_id, "delivered", queued_at=event.queued_at)
        if error is None:
            sent = future.result()
            log.info("event_delivered", id=event.key, type=event.type, endpoint=event.endpoint, tries=event.attempts)
            return replace(result, status=sent.status, records=sent.records)
        if not isinstance(error, NotAccepted):
            log.error("endpoint_broke", endpoint=event.endpoint, id=event.key, exc_info=error)
            error = NotAccepted(f"unexpected {type(error).__name__}", code="unexpected")
        log.warning("event_not_delivered", id=event.key, endpoint=event.endpoint, tries=event.attempts, code=error.code)
        return after_failure(replace(result, status=error.status, error=error.reason), event, error, now)

    def _tell_operator(self, results: list[Result], team: Team, now: datetime) -> None:
        """What cannot go on without a person. Over when one gets through again."""
        for name in sorted({result.endpoint for result in results}):
            mine = [result for result in results if result.endpoint == name]
            kind = KINDS[team.endpoints[name].type] if name in team.endpoints else None
            if words := in_words(name, mine, kind) or self._of_silence(name, mine, now):
                notices.raise_notice(self._engine, f"endpoint:{name}", words, now)
            elif any(result.state == "delivered" for result in mine):
                notices.end_notice(self._engine, f"endpoint:{name}", now)

    def _of_silence(self, name: str, results: Sequence[Result], now: datetime) -> str:
        """Words for the operator of an endpoint that has taken nothing for an hour, although there was something to take."""
        error = next((r.error for r in results if r.failed and r.queued_at and now - r.queued_at >= SILENT_FOR), None)
        if error is None:
            return ""
        [row] = [row for row in dead_letters.known(self._engine) if row["id"] == name]
        last = row["delivered_at"]
        if last is not None and now - last < SILENT_FOR:
            return ""
        since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "so far"
        return (
            f"The endpoint {name} has taken nothing {since}: {error}. {row['waiting']} events wait; each is tried for three days, then it"
            " is a dead letter. Leads go on as ever. See whether it runs; `headroom doctor` tries to reach it."
        )

    def _purge(self, now: datetime) -> None:
        if self._purged_at is None or now - self._purged_at >= PURGE_EVERY:
            self._purged_at = now
            thrown = dead_letters.purge(self._engine, now)
            if thrown:
                log.info("events_purged", count=thrown)


def in_words(name: str, results: Sequence[Result], kind: EndpointKind | None) -> str:
    """What an operator must know of one endpoint's results: it said 410, it refuses us, or events died. "" when all is well."""
    if any(result.disable for result in results):
        return f"The endpoint {name} answered 410 Gone and gets no more events. `headroom events enable {name}` calls it again."
    if refused := next((result for result in results if result.refused), None):
        minutes = int(REFUSED_FOR.total_seconds()) // 60
        return (
            f"The endpoint {name} takes nothing: {refused.error}. Its events wait and are tried every {minutes} min; leads go on as ever."
            f" {kind.mend if kind else ''} `headroom events enable {name}` then tries at once."
        )
    if dead := next((result for result in results if result.state == "dead"), None):
        return f"Events could not be delivered to the endpoint {name} ({dead.error}). See them on the page Events or by `headroom events dead`."
    return ""


def after_failure(result: Result, event: Claimed, failure: NotAccepted, now: datetime) -> Result:
    """When it is tried again, whether that counts against the endpoint, or that it is dead."""
    if isinstance(failure, Gone):
        return replace(result, state="dead", disable=True)
    if failure.fault is Fault.PERMANENT:
        return replace(result, state="dead")
    asked = failure.retry_after
    if now - event.queued_at >= announcing.GIVE_UP_AFTER:
        return replace(result, state="dead", failed=True)
    if failure.fault is Fault.THROTTLED:
        asked = asked or THROTTLED_FOR
        return replace(result, state="pending", not_before=now + asked, rest=asked)
    if failure.fault is Fault.CONFIGURATION:
        return replace(result, state="pending", not_before=now + REFUSED_FOR, rest=REFUSED_FOR, refused=True)
    wait_for = max(announcing.wait_after(event.key, event.attempts), asked or timedelta(0))
    return replace(result, state="pending", not_before=now + wait_for, failed=True, rest=asked)


def tell_due(announcer: Announcer, now: datetime) -> int:
    """Everything that is due at `now`, until it is told or put off. Returns how many events moved."""
    total = 0
    while (moved := announcer.step(now, patience=1.0)) or announcer.is_busy:
        total += moved
    return total
