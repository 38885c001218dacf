"""What a vendor had and never told us: its list since an instant, page by page; each one then is fetched like any other.

A row of the inbox holds how far we are, so that a dead worker's backfill goes on. The vendor's own id is the key: what came before is
not taken again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from config import lead
from config.settings import Settings
from store import fetches, inbox
from store.engine import Engine
from store.fetches import ToFetch
from store.inbox import Received
from workers.fetching import Page, Vendor
from workers.wire import Wire

log = structlog.get_logger(__name__)


def is_backfill(row: ToFetch) -> bool:
    """Is it a list that is asked for, and not one lead?"""
    wanted = row.content.get("fetch")
    return isinstance(wanted, dict) and bool(wanted.get("missed_since"))


def page_of(vendor: Vendor, row: ToFetch, settings: Settings, wire: Wire) -> Page:
    """The page of the vendor's list at which the row stands. Raises workers.outcomes.NotAccepted."""
    if vendor.missed is None:
        raise LookupError(f"{vendor.name} has no list to ask for")
    return vendor.missed(asked_by(row), settings, wire)


def asked_by(row: ToFetch) -> dict[str, Any]:
    """What is asked for: since when, of whom, and where the next page begins."""
    asked = row.content["fetch"]
    return dict(asked) if isinstance(asked, Mapping) else {}


def take_page(engine: Engine, row: ToFetch, page: Page, *, vendor: Vendor, now: datetime) -> None:
    """Take in one page, and remember where the next one begins."""
    (found, cursor), content, asked = page, dict(row.content), asked_by(row)
    known = (
        fetches.named_since(engine, row.source, datetime.fromisoformat(asked["missed_since"]))
        if vendor.name == "hubspot"
        else set()
    )
    fresh = [heard(row.source, key, said, now) for key, said in found if key.rpartition(":")[2] not in known]
    recorded = inbox.record(engine, fresh, now)
    asked["found"] = int(asked.get("found") or 0) + len(found)
    asked["new"] = int(asked.get("new") or 0) + sum(not each.duplicate for each in recorded)
    if cursor is None:
        fetches.ended(engine, row.id, {**content, "fetch": asked}, now)
        log.info("backfill_ended", source=row.source, found=asked["found"], new=asked["new"])
    else:
        fetches.go_on(engine, row.id, {**content, "fetch": {**asked, "cursor": cursor}}, now)


def heard(source: str, key: str, said: dict[str, object], now: datetime) -> Received:
    """One lead of the list, as if the vendor had named it."""
    content = lead.common_lead(
        **{"external_id": key, "kind": "form", "channel": "ads_form", "is_test": False, "extra": {"backfilled": True}, **said}
    )
    return Received(source, key, "fetch_required", content, b"", {}, now)
