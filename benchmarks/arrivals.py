"""Leads put straight into the inbox, and decided the way workers do it: for the benchmarks of what stands behind the door."""

from datetime import datetime
from itertools import count

from benchmarks.team import FORM
from store import advance, inbox
from store.engine import Engine
from store.inbox import Received

AT_ONCE = 100
_numbers = count(1)


def received(number: int, at: datetime) -> Received:
    """One form of a person nobody knows yet."""
    content = {
        "external_id": f"form:{number}", "name": "Dana Cole", "first_name": "Dana", "phone": f"+1737{2_000_000 + number}",
        "email": f"dana{number}@example.com", "message": "Need a demo this week", "channel": "form", "kind": "form", "is_test": False,
        "locale": "en", "extra": {"employees": "12", "page_url": "https://www.example.com/demo", "user_agent": "benchmark"},
    }  # fmt: skip
    return Received(FORM, f"form:{number}", "form", content, b"{}", {"content-type": "application/json"}, at)


def wait_in_line(engine: Engine, number: int, now: datetime) -> None:
    """So many leads in the inbox, not yet decided."""
    for start in range(0, number, AT_ONCE):
        batch = [received(next(_numbers), now) for _ in range(min(AT_ONCE, number - start))]
        inbox.record(engine, batch, now)


def decide(engine: Engine, number: int, now: datetime) -> None:
    """So many leads, decided: routed and offered."""
    wait_in_line(engine, number, now)
    while advance.drain_inbox(engine, now):
        pass
