"""How much from whom: a bucket of requests per source and per sender's address, in this process' memory.

With several processes each has its own buckets, so the limit is that many times higher: it is a fence against floods, not a bill.
"""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from config import clock
from routing.team import Source

MOST_BUCKETS = 20_000  # addresses remembered; the longest unseen is forgotten first
ADDRESS_SHARE = 5  # where the team file does not say it, one address may send a fifth of what the source may
LEAST_PER_ADDRESS = 30  # a minute; an office behind one address


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """Token buckets: each holds a minute's worth and refills evenly. Safe for threads."""

    def __init__(self, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, key: str, per_minute: int) -> float:
        """0 and one token taken, or the seconds until there is one."""
        now = self._monotonic()
        with self._lock:
            bucket = self._buckets.pop(key, None) or _Bucket(float(per_minute), now)
            self._buckets[key] = bucket
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
            bucket.left = min(float(per_minute), bucket.left + (now - bucket.at) * per_minute / 60)
            bucket.at = now
            if bucket.left >= 1:
                bucket.left -= 1
                return 0.0
            return (1 - bucket.left) * 60 / max(per_minute, 1)


def household(address: str) -> str:
    """What counts as one address: of IPv6 a whole /64, since that is what a single customer is given."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))


def per_address(source: Source) -> int:
    """How many a minute one address may send."""
    return source.per_address or max(LEAST_PER_ADDRESS, source.per_minute // ADDRESS_SHARE)
