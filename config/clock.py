"""The only line that reads the time.

Call `now()` once at the edge of a piece of work and hand the value down: two readings can disagree, and that
disagreement is a bug one meets at midnight. `routing` and `store` take the instant as an argument.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC. Tests freeze it with freezegun."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never jumps, for measuring how long something took. Its zero means nothing."""
    return time.monotonic()
