"""One lane per provider: how much may be under way, and whether anything may be sent at all."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from store import breakers, doubts, notices, outbox
from store.breakers import Breaker
from store.engine import Engine
from workers.channels import Carrier

WIDEST = 96  # calls handed to the threads at once, begun in one commit: two messages for each of a batch of leads, and some
LOOK_EVERY = timedelta(seconds=1)  # at the breakers that other processes may have moved
IDLE = timedelta(seconds=5)  # after that, feel the way again: keys may have been withdrawn meanwhile
GIVE_UP_AFTER = timedelta(seconds=30)


class Lane:
    """A provider's lane in this process.

    It starts with one message at a time and doubles with every success, so that a provider that refuses all is asked once or
    twice and not thirty times. The breaker is shared with the other processes through its table.
    """

    def __init__(self, carrier: Carrier) -> None:
        self.carrier, self.provider = carrier, carrier.provider
        self.channels: tuple[str, ...] = tuple(carrier.channels)
        self.is_local = carrier.provider == "outbox"
        self.width, self.flying, self.is_probing = 1, 0, False
        self.breaker = Breaker(carrier.provider)
        self.used_at: datetime | None = None

    def room(self, now: datetime) -> int:
        """How many more messages may be taken."""
        if self.is_local:
            return WIDEST * 2
        if self.breaker.state != "closed" and (self.breaker.blocks(now) or self.breaker.state != "throttled"):
            return 1 if self.is_probing and not self.flying else 0
        if not self.flying and self.used_at is not None and now - self.used_at > IDLE:
            self.width = 1
        return max(0, self.width - self.flying)

    def is_stopped(self) -> bool:
        """Has the provider refused us since this call was handed out? Asked by the threads right before the write."""
        return self.breaker.state in ("open", "configuration") and not self.is_probing

    def took(self, now: datetime) -> None:
        """The provider took a message."""
        self.width, self.used_at = min(WIDEST, self.width * 2), now


class Lanes:
    """All lanes of this process."""

    def __init__(self, engine: Engine, carriers: Mapping[str, Carrier]) -> None:
        self._engine = engine
        self._looked_at: datetime | None = None
        unique = {carrier.provider: carrier for carrier in carriers.values()}
        assert len(unique) == len({id(carrier) for carrier in carriers.values()}), "two carriers with the name of one provider"
        self.all = [Lane(carrier) for carrier in unique.values()]
        for lane in self.all:
            lane.channels = tuple(c for c, carrier in carriers.items() if carrier.provider == lane.provider)
        self.by_channel = {channel: lane for lane in self.all for channel in lane.channels}

    def open(self, now: datetime) -> list[outbox.Lane]:
        """What can be claimed now."""
        return [outbox.Lane(lane.channels, room) for lane in self.look(now) if (room := lane.room(now)) > 0]

    def look(self, now: datetime) -> Sequence[Lane]:
        """All lanes, with what other processes have found out about their providers in the last second."""
        self._look(now)
        return self.all

    def stranded(self, channels: Iterable[str]) -> bool:
        """Does nobody carry one of these channels?"""
        return not set(channels) <= set(self.by_channel)

    def _look(self, now: datetime) -> None:
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        known = breakers.states(self._engine)
        for lane in self.all:
            if lane.is_local:
                continue
            if not lane.is_probing:
                lane.breaker = known.get(lane.provider, Breaker(lane.provider))
            self._probe_or_park(lane, now)

    def _probe_or_park(self, lane: Lane, now: datetime) -> None:
        if lane.breaker.wants_probe(now) and not lane.is_probing:
            lane.is_probing = breakers.take_probe(self._engine, lane.provider, now)
        elif lane.breaker.blocks(now) and lane.breaker.until:
            doubts.park(self._engine, now, channels=lane.channels, until=lane.breaker.until, give_up_before=now - GIVE_UP_AFTER)

    # --- what the calls found out -----------------------------------------------------------------------------------

    def well(self, lane: Lane, now: datetime) -> None:
        """A call was accepted."""
        lane.took(now)
        if lane.breaker.state != "closed" or lane.is_probing:
            lane.breaker, lane.is_probing = breakers.closed(self._engine, lane.provider, now), False
            notices.end_notice(self._engine, f"provider:{lane.provider}", now)

    def failed(self, lane: Lane, now: datetime, *, count: int, why: str) -> None:
        """Calls could not be made, or nobody knows what became of them."""
        lane.breaker = breakers.failed(self._engine, lane.provider, now, count=count, why=why)
        lane.width, lane.is_probing = 1, False
        if lane.breaker.state == "open":
            words = f"{lane.provider} cannot be reached ({why}). Messages wait or go by another channel; it is tried every 15 s."
            notices.raise_notice(self._engine, f"provider:{lane.provider}", words, now)

    def refused(self, lane: Lane, now: datetime, *, why: str) -> None:
        """Our keys or our sender are refused: stop, and tell the operator."""
        lane.breaker = breakers.stopped(self._engine, lane.provider, now, why=why)
        lane.width, lane.is_probing = 1, False
        words = f"{lane.provider} refuses us ({why}). Check its keys and sender in the environment; messages wait meanwhile."
        notices.raise_notice(self._engine, f"provider:{lane.provider}", words, now)

    def throttled(self, lane: Lane, now: datetime, *, wait: timedelta) -> None:
        """The provider asked us to slow down."""
        lane.breaker = breakers.throttled(self._engine, lane.provider, now, until=now + wait)
        lane.width, lane.is_probing = 1, False
