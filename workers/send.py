"""Sending: claim -> gate and words -> attempt on disk -> call -> result on disk. No transaction is open during a call.

The results of one round and the attempts of the next are one commit. Calls run in a few threads over kept-alive connections, so
a provider that hangs holds only its own lane.
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config.clock import monotonic
from config.settings import Settings
from routing.contact import Allowed
from routing.sending import Fault, Tried, after_failure
from routing.team import Team
from store import notices, outbox, policies, receipts
from store.engine import Engine
from store.outbox import Begun, Claimed, Result
from workers.channels import Parcel, carriers
from workers.forms import in_form
from workers.gate import at_the_gate
from workers.lanes import Lane, Lanes
from workers.outcomes import NotAccepted, Receipt
from workers.paced import paced
from workers.render import Rendered
from workers.wire import Deadline, Wire

log = structlog.get_logger(__name__)

THREADS = 16  # a provider that takes 100 ms for a text is given 160 a second by each process
BEGIN_WITHIN = 10.0  # seconds between the attempt on disk and the write: with 13 s of call still inside the lease of 30 s
GATHER = 0.02  # seconds to wait for a whole round, so that its results are one commit
OUR_OWN_STOP = frozenset({"late", "stopped"})  # codes of Deadline: the provider is not to blame
AGAIN_SOON = timedelta(seconds=1)

Ready = list[tuple[Claimed, Rendered]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call under way."""

    message: Claimed
    lane: Lane


class Sender:
    """Sends what is due. One per process, used from one thread."""

    def __init__(self, engine: Engine, settings: Settings, *, wire: Wire | None = None) -> None:
        self._engine, self._settings = engine, settings
        self._wire = wire or Wire()
        self.lanes = Lanes(engine, carriers(settings, self._wire))
        self._threads = {lane.provider: ThreadPoolExecutor(THREADS, f"send-{lane.provider}") for lane in self.lanes.all}
        self._handed: dict[int, tuple[Parcel, Lane]] = {}  # prepared in a transaction that is not yet committed
        self._under_way: dict[Future[Receipt], Call] = {}
        self._results: list[Result] = []

    @property
    def is_busy(self) -> bool:
        """Is a call under way, or a result not yet on disk?"""
        return bool(self._under_way or self._results)

    def step(self, now: datetime, *, claim: bool = True, patience: float = 0.1) -> int:
        """One round. Returns how many messages moved; waits at most `patience` seconds when all it can do is wait.

        `claim`: is there anything to take? Without it only what is under way is brought to an end.
        """
        claimed = outbox.claim(self._engine, now, self.lanes.open(now)) if claim else []
        moved = len(claimed) + len(self._results)
        self._commit_and_call(claimed, now)
        return moved + self._gather(patience, now)

    def finish(self, now: datetime) -> None:
        """Wait for what is under way (13 s at most) and put it on disk; take on nothing new."""
        while self._under_way:
            self._gather(0.5, now)
        self._flush((), (), now)

    def close(self) -> None:
        """Let go of threads and connections. Call `finish` first."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        self._wire.close()

    # --- with the decision (store/outgoing.py) --------------------------------------------------------------------

    def channels(self, now: datetime) -> frozenset[str]:
        """The channels on which a message could go out at once."""
        lanes = (lane for lane in self.lanes.look(now) if not lane.is_local and lane.room(now) > 0)
        return frozenset(channel for lane in lanes for channel in lane.channels)

    def prepare(self, messages: Sequence[Claimed], now: datetime) -> Sequence[Begun]:
        """As many as their lanes have room for, with words; what the gate holds back is left to the usual way."""
        self._handed = {}
        room = {lane.provider: lane.room(now) for lane in self.lanes.all}
        fitting = []
        for message in messages:
            provider = self._lane(message).provider
            if room[provider] > 0:
                room[provider] -= 1
                fitting.append(message)
        ready, _ = self._prepare(fitting, now)
        deadline = monotonic() + BEGIN_WITHIN
        for message, words in ready:
            lane = self._lane(message)
            self._handed[message.id] = (Parcel(message, words, Deadline(deadline, lane.is_stopped)), lane)
        return [_begun(message, words, self._lane(message)) for message, words in ready]

    def go(self, ids: set[int]) -> None:
        """These are on disk with their attempts: call the provider."""
        handed, self._handed = self._handed, {}
        for message_id, (parcel, lane) in handed.items():
            if message_id in ids:
                self._call(parcel, lane)

    # --- out ------------------------------------------------------------------------------------------------------

    def _commit_and_call(self, claimed: Sequence[Claimed], now: datetime) -> None:
        ready, results = self._prepare(claimed, now) if claimed else ([], [])
        deadline = monotonic() + BEGIN_WITHIN
        begun = [_begun(message, words, self._lane(message)) for message, words in ready]
        results += [_done_here(m, self._lane(m).carrier.send(Parcel(m, w))) for m, w in ready if self._lane(m).is_local]
        started = self._flush(begun, results, now)
        for message, words in ready:
            lane = self._lane(message)
            if message.id in started and not lane.is_local:
                self._call(Parcel(message, words, Deadline(deadline, lane.is_stopped)), lane)

    def _prepare(self, claimed: Sequence[Claimed], now: datetime) -> tuple[Ready, list[Result]]:
        """Through the gate, and with words; or with what becomes of it instead."""
        team = policies.current(self._engine, self._settings)
        ready: Ready = []
        results: list[Result] = []
        for message in claimed:
            answer = at_the_gate(message, team, now)
            stopped = answer if isinstance(answer, Result) else self._unwordable(message, answer, team, ready=ready, now=now)
            if stopped:
                results.append(stopped)
        if team.pace is not None:
            ready, waiting = self._at_their_pace(ready, team, now)
            results += waiting
        return ready, results

    def _at_their_pace(self, ready: Ready, team: Team, now: datetime) -> tuple[Ready, list[Result]]:
        """Texts only as fast as the carriers take them from their sender, where the firm has said how fast that is."""
        texts = [(message, words) for message, words in ready if message.channel == "sms" and not self._lane(message).is_local]
        stopped = paced(self._engine, team, texts, sender=self._settings.twilio_from, now=now) if texts else {}
        return [each for each in ready if each[0].id not in stopped], list(stopped.values())

    def _unwordable(self, message: Claimed, answer: Allowed, team: Team, *, ready: Ready, now: datetime) -> Result | None:
        """Adds the message with its words to `ready`; a message we have no words for fails alone, not with its whole batch."""
        try:
            words = in_form(message, answer, team, self._settings)
        except Exception as error:
            log.exception("message_without_words", message=message.id, template=message.template)
            why = f"no words for the template {message.template!r} ({type(error).__name__})"
            return Result(message.id, message.fence, "failed", code="template", error=why, follow=True)
        if words.problem:
            text = f"The source's own words for {message.channel} cannot be used: {words.problem}. Headroom's own were sent."
            notices.raise_notice(self._engine, f"words:{message.template}:{message.channel}", text, now)
        ready.append((message, _frozen(message, words)))
        return None

    def _call(self, parcel: Parcel, lane: Lane) -> None:
        lane.flying += 1
        future = self._threads[lane.provider].submit(lane.carrier.send, parcel)
        self._under_way[future] = Call(parcel.message, lane)

    def _flush(self, begun: Sequence[Begun], results: Sequence[Result], now: datetime) -> set[int]:
        earlier, self._results = self._results, []
        try:
            return outbox.turn(self._engine, now, begun=begun, results=[*earlier, *results])
        except Exception:
            self._results = earlier  # the calls were made: their results must still get to disk
            raise

    # --- back -----------------------------------------------------------------------------------------------------

    def _gather(self, patience: float, now: datetime) -> int:
        """Take in the calls that have ended: a whole round if it ends within 20 ms, else the first within `patience`."""
        if not self._under_way:
            return 0
        done, _ = wait(self._under_way, timeout=GATHER if patience else 0)
        if not done and patience:
            done, _ = wait(self._under_way, timeout=patience, return_when=FIRST_COMPLETED)
        ended = [(self._under_way.pop(future), future) for future in done]
        went, failures = list[Lane](), list[tuple[Call, NotAccepted]]()
        problems: dict[str, str] = {}
        for call, future in ended:  # without the database, which may be gone: what was answered must not be forgotten
            call.lane.flying -= 1
            error = future.exception()
            if error is None:
                receipt = future.result()
                self._results.append(_accepted(call.message, receipt))
                went.append(call.lane)
                problems |= {f"{receipt.provider}:sender": receipt.problem} if receipt.problem else {}
            else:
                failures.append((call, _known(error, call)))
                self._results.append(_failed(call.message, failures[-1][1], now))
        for lane in went:
            self.lanes.well(lane, now)
        self._take_in(failures, now)
        for key, problem in problems.items():
            notices.raise_notice(self._engine, key, problem, now)
        return len(ended)

    def _take_in(self, failures: Sequence[tuple[Call, NotAccepted]], now: datetime) -> None:
        for call, failure in failures:
            if failure.fault is Fault.OPTED_OUT:
                message = call.message
                receipts.stopped(self._engine, message.channel, message.address, reason=failure.code or "opted out", now=now)
            log.warning(
                "message_not_accepted", message=call.message.id, provider=call.lane.provider, fault=failure.fault.value, code=failure.code
            )  # fmt: skip
        for lane in {call.lane for call, _ in failures}:
            self._tell_lane(lane, [failure for call, failure in failures if call.lane is lane], now)

    def _tell_lane(self, lane: Lane, failures: Sequence[NotAccepted], now: datetime) -> None:
        """What the failures of one round mean for the whole lane, the worst first."""
        by_fault = {failure.fault: failure for failure in failures if failure.code not in OUR_OWN_STOP}
        down = [f for f in failures if f.fault in (Fault.NOT_SENT, Fault.AMBIGUOUS) and f.code not in OUR_OWN_STOP]
        if refused := by_fault.get(Fault.CONFIGURATION):
            self.lanes.refused(lane, now, why=refused.reason)
        elif throttled := by_fault.get(Fault.THROTTLED):
            self.lanes.throttled(lane, now, wait=throttled.retry_after or timedelta(seconds=5))
        elif down:
            self.lanes.failed(lane, now, count=len(down), why=down[0].reason)
        elif by_fault:  # a clear answer about one message: the provider is well
            self.lanes.well(lane, now)

    def _lane(self, message: Claimed) -> Lane:
        return self.lanes.by_channel[message.channel]


def send_due(sender: Sender, now: datetime) -> int:
    """Everything that is due at `now`, until it is sent or out of our hands. Returns how many messages moved."""
    total = 0
    while moved := sender.step(now) or sender.is_busy:
        total += moved
    return total


def _frozen(message: Claimed, words: Rendered) -> Rendered:
    """Words once handed out stay: a look-up compares them letter by letter. In another form (a template, or no longer) they are others."""
    if message.channel == "whatsapp" and bool(message.subject) != bool(words.template):
        return words
    return replace(words, body=message.body or words.body, subject=message.subject or words.subject)


def _begun(message: Claimed, words: Rendered, lane: Lane) -> Begun:
    return Begun(message.id, message.fence, lane.provider, words.subject, words.body)


def _done_here(message: Claimed, receipt: Receipt) -> Result:
    return replace(_accepted(message, receipt), status=None)


def _accepted(message: Claimed, receipt: Receipt) -> Result:
    return Result(
        message.id, message.fence, "sent", outcome="accepted", provider=receipt.provider, provider_id=receipt.provider_id,
        status=receipt.status, follow="counts" in message.fields,
    )  # fmt: skip


def _failed(message: Claimed, failure: NotAccepted, now: datetime) -> Result:
    tried = Tried(message.id, message.recipient, message.purpose, message.attempts + 1, now - message.created_at)
    what = after_failure(failure.fault, tried, retry_after=failure.retry_after)
    wait = AGAIN_SOON if failure.code in OUR_OWN_STOP else what.wait
    return Result(
        message.id, message.fence, what.state.value, outcome=failure.fault.value, status=failure.status, code=failure.code,
        error=failure.reason, not_before=now + wait if what.state == "pending" else None,
        look_at=now + wait if what.state == "ambiguous" else None, follow=what.other_channel,
    )  # fmt: skip


def _known(error: BaseException, call: Call) -> NotAccepted:
    """An error no channel foresaw: it may have happened after the write."""
    if isinstance(error, NotAccepted):
        return error
    log.error("channel_broke", message=call.message.id, provider=call.lane.provider, exc_info=error)
    failure = NotAccepted(f"unexpected {type(error).__name__}", code="unexpected")
    failure.fault = Fault.AMBIGUOUS
    return failure
