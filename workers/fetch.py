"""Fetching what a notification only named: Meta posts the id of a lead, its words are in the Graph API."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

import structlog

from config.settings import Settings
from routing.sending import Fault
from routing.team import Team
from store import fetches, notices, policies
from store.engine import Engine
from store.fetches import ToFetch
from workers.channels.messenger import HOST, VERSION, judge_graph
from workers.meta_lead import FIELDS, common_lead
from workers.outcomes import NotAccepted, SendFailed
from workers.wire import Wire

log = structlog.get_logger(__name__)

NOTICE = "meta:fetch"
BACKOFF = tuple(timedelta(seconds=s) for s in (2, 5, 15, 60, 300))
REFUSED_FOR = timedelta(minutes=5)  # a dead token does not come back by itself; Meta keeps leads for 90 days


def fetch_due(engine: Engine, settings: Settings, wire: Wire, now: datetime) -> int:
    """Fetch what is due. No transaction is open during a call; a row is never dropped. Returns how many were tried."""
    due = fetches.fetchable(engine, now)
    if not due:
        return 0
    team = policies.current(engine, settings)
    for row in due:
        try:
            answer = _ask(row, settings, wire)
            content = common_lead(row.content, answer, region=_region(team, row.source))
        except NotAccepted as failure:
            _later(engine, row, failure, now)
        except Exception as error:  # an answer nobody foresaw must not lose the lead, nor hold up the next one
            log.exception("fetch_broke", inbox=row.id)
            _later(engine, row, NotAccepted(f"unexpected {type(error).__name__}"), now)
        else:
            fetches.fetched(engine, row.id, content, now)
            notices.end_notice(engine, NOTICE, now)
    return len(due)


def _ask(row: ToFetch, settings: Settings, wire: Wire) -> dict[str, object]:
    leadgen_id = str(row.content.get("leadgen_id", ""))
    if not leadgen_id.isdigit():
        raise SendFailed("the notification has no leadgen_id", configuration=True)
    if not settings.meta_page_token:
        raise SendFailed("META_PAGE_TOKEN is not set", configuration=True)
    url = f"{settings.meta_graph_url or HOST}/{VERSION}/{leadgen_id}?{urlencode({'fields': FIELDS}, safe=',')}"
    answer = wire.request("GET", url, body=None, headers={"Authorization": f"Bearer {settings.meta_page_token}"})
    judge_graph(answer)
    return answer.json()


def _later(engine: Engine, row: ToFetch, failure: NotAccepted, now: datetime) -> None:
    refused = failure.fault in (Fault.CONFIGURATION, Fault.PERMANENT)
    wait = REFUSED_FOR if refused else failure.retry_after or BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
    log.warning("fetch_failed", inbox=row.id, attempts=row.attempts, code=failure.code)
    fetches.postpone(engine, row.id, failure.reason, now + wait)
    if refused or row.attempts >= len(BACKOFF):
        words = (
            f"Leads of {row.source} cannot be fetched from Meta ({failure.reason}). They are kept and tried again. "
            "Check META_PAGE_TOKEN and that the app may read leads of this page (Lead Access Manager)."
        )
        notices.raise_notice(engine, NOTICE, words, now)


def _region(team: Team, source: str) -> str:
    known = team.sources.get(source)
    return (known.region if known else None) or team.site.region
