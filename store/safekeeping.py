"""What came in is on disk before it is answered: in the database, or, while that is away, on the spool."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine

from store import inbox, receipts
from store.inbox import Received, Recorded
from store.patience import ask
from store.receipts import Report
from store.spool import Spool

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the spool: what one request brought."""

    at: datetime
    received: tuple[Received, ...] = ()
    reports: tuple[Report, ...] = ()


def record(engine: Engine, spool: Spool, received: Sequence[Received], now: datetime) -> list[Recorded]:
    """Keep what came in. Where the database does not take it, each answer carries a receipt instead of a code.

    Raises SpoolFailed when neither takes it.
    """
    try:
        return ask(engine, lambda: inbox.record(engine, received, now))
    except Exception as error:
        _spool(spool, Entry(now, received=tuple(received)), error)
        return [Recorded(0, None, receipt=receipt_of(each)) for each in received]


def receive(engine: Engine, spool: Spool, reports: Sequence[Report], now: datetime) -> bool:
    """Keep delivery reports; the same. True when they are in the database."""
    try:
        ask(engine, lambda: receipts.record(engine, reports, now))
    except Exception as error:
        _spool(spool, Entry(now, reports=tuple(reports)), error)
        return False
    return True


def receipt_of(received: Received) -> str:
    """What the sender can name it by: the same for the same delivery, sent twice."""
    return hashlib.sha256(f"{received.source}\n{received.external_id}".encode()).hexdigest()[:16]


def _spool(spool: Spool, entry: Entry, why: Exception) -> None:
    spool.append(packed(entry))
    names = [receipt_of(each) for each in entry.received]
    log.info("spooled", receipts=names, reports=len(entry.reports))
    log.warning("database_does_not_take_leads", reason=type(why).__name__, consequence="they wait in HEADROOM_DATA/spool")


def packed(entry: Entry) -> bytes:
    """An entry as the bytes of a record."""
    said = {
        "at": entry.at.isoformat(),
        "received": [_plain(each) for each in entry.received],
        "reports": [asdict(each) for each in entry.reports],
    }
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unpacked(record: bytes) -> Entry:
    """The entry of a record. Raises ValueError, KeyError, TypeError when it is none."""
    said = json.loads(record.decode("utf-8", "surrogatepass"))
    return Entry(
        datetime.fromisoformat(said["at"]),
        tuple(_received(each) for each in said["received"]),
        tuple(Report(**each) for each in said["reports"]),
    )


def _plain(received: Received) -> dict[str, object]:
    body, at = base64.b64encode(received.body).decode(), received.received_at.isoformat()
    return {
        "source": received.source, "external_id": received.external_id, "event": received.event, "content": dict(received.content),
        "headers": dict(received.headers), "body": body, "received_at": at,
    }  # fmt: skip


def _received(said: Mapping[str, Any]) -> Received:
    at = datetime.fromisoformat(said["received_at"])
    return Received(**{**said, "body": base64.b64decode(said["body"]), "received_at": at})
