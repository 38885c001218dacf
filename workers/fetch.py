"""Fetching what a notification only named: the sender posts the id of a lead, its words are in the sender's API."""

from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from routing.sending import Fault
from routing.team import Team
from store import fetches, notices, policies
from store.engine import Engine
from store.fetches import ToFetch
from workers.backfill import is_backfill, turn_page
from workers.fetching import Vendor, vendor_of
from workers.outcomes import NotAccepted
from workers.wire import Wire

log = structlog.get_logger(__name__)

BACKOFF = tuple(timedelta(seconds=s) for s in (2, 5, 15, 60, 300))
REFUSED_FOR = timedelta(minutes=5)  # a dead token does not come back by itself; Meta keeps leads for 90 days


def fetch_due(engine: Engine, settings: Settings, wire: Wire, now: datetime) -> int:
    """Fetch what is due. No transaction is open during a call; a row is never dropped. Returns how many were tried."""
    due = fetches.fetchable(engine, now)
    if not due:
        return 0
    team = policies.current(engine, settings)
    for row in due:
        vendor = None
        try:
            vendor = vendor_of(row.content)
            if is_backfill(row):
                turn_page(engine, settings, wire, row, vendor=vendor, now=now)
                continue
            answer = vendor.ask(row.content, settings, wire)
            content = vendor.common_lead(row.content, answer, region=_region(team, row.source))
        except NotAccepted as failure:
            _later(engine, row, failure, vendor=vendor, now=now)
        except Exception as error:  # an answer nobody foresaw must not lose the lead, nor hold up the next one
            log.exception("fetch_broke", inbox=row.id)
            _later(engine, row, NotAccepted(f"unexpected {type(error).__name__}"), vendor=vendor, now=now)
        else:
            fetches.fetched(engine, row.id, {**content, "heard_as": "fetch_required"}, now)
            notices.end_notice(engine, _notice(vendor), now)
    return len(due)


def _later(engine: Engine, row: ToFetch, failure: NotAccepted, *, vendor: Vendor | None, now: datetime) -> None:
    refused = failure.fault in (Fault.CONFIGURATION, Fault.PERMANENT)
    wait = REFUSED_FOR if refused else failure.retry_after or BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
    log.warning("fetch_failed", inbox=row.id, vendor=vendor.name if vendor else None, attempts=row.attempts, code=failure.code)
    fetches.postpone(engine, row.id, failure.reason, now + wait)
    if refused or row.attempts >= len(BACKOFF):
        whom, mend = (vendor.name, vendor.mend) if vendor else ("its vendor", "Update Headroom.")
        words = f"Leads of {row.source} cannot be fetched from {whom} ({failure.reason}). They are kept and tried again. {mend}"
        notices.raise_notice(engine, _notice(vendor), words, now)


def _notice(vendor: Vendor | None) -> str:
    return f"{vendor.name if vendor else 'unknown'}:fetch"


def _region(team: Team, source: str) -> str:
    known = team.sources.get(source)
    return (known.region if known else None) or team.site.region
