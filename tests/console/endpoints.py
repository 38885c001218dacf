"""A house whose endpoints are in every state, with dead letters, and whose leads have come to something: for pages to be looked at."""

from datetime import timedelta
from pathlib import Path

from config import clock
from routing.codes import number_of
from routing.events import HumanResponded, LeadAssigned, OutcomeReported, StageReported
from store import advance, announcements, policies
from store.announcements import Lane, Result
from tests.console.conftest import TEAM, House

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENDPOINTS = ("warehouse", "a_rather_long_name_of_an_endpoint", "sheet", "old_crm", "switched_off", "hubspot")
WHY = "HubSpot refuses the refresh token (BAD_REFRESH_TOKEN missing or invalid refresh token): the app was removed or its secret replaced"
CAMPAIGNS = ("brand-tx", "a_very_long_campaign_name_that_somebody_built_from_many_parts_2026_q4_search_exact_texas", None)
SOURCES = ("website", "meta")


def endpoints_and_stages(house: House, folder: Path) -> None:
    """Put it all there."""
    (folder / "secret").write_text(SECRET)
    (folder / "token").write_text("a token of the tests")
    lines = [
        f"  {name}: {{url: 'https://hooks.example.com/{name}', secret: 'file:{folder / 'secret'}'}}" for name in ENDPOINTS[:-1]
    ]
    lines += [f"  hubspot: {{type: hubspot, token: 'file:{folder / 'token'}'}}"]
    policies.apply(house.engine, TEAM + "endpoints:\n" + "\n".join(lines) + "\n", house.settings, clock.now(), "the tests")
    for n in range(30):
        _a_lead(house, n)
    _some_die(house)
    now = clock.now()
    for name, set_ in {
        "warehouse": "failures = 7, why = 'answered 503', failed_at = :now, open_until = :later",
        "sheet": "disabled_at = :now, why = 'the endpoint answered 410 Gone'",
        "switched_off": "enabled = false",
        "hubspot": "why = :why, failed_at = :now, open_until = :later, delivered_at = :now",
        "old_crm": "why = 'no connection to hooks.example.com (TimeoutError)', failures = 2",
    }.items():
        house.rows(f"UPDATE endpoints SET {set_} WHERE id = :id", id=name, now=now, later=now + timedelta(minutes=5), why=WHY)


def _a_lead(house: House, n: int) -> None:
    campaign = CAMPAIGNS[n % 3]
    code = house.lead(f"Person {n}", phone=f"+1512555{n:04}", utm={"campaign": campaign} if campaign else {})
    arrived = clock.now() - timedelta(hours=n * 7 + 1)
    source = SOURCES[n % 2]
    house.rows("UPDATE leads SET arrived_at = :at, source = :source WHERE code = :code", at=arrived, source=source, code=code)
    rep, lead = ("ann", "bob")[n % 2], number_of(code) or 0
    waited = (20, 130, 400, 1_000, 3_000, 50_000)[n % 6]
    advance.happen(house.engine, lead, LeadAssigned(rep, "Kim"), arrived + timedelta(seconds=waited / 2))
    if n % 5:
        advance.happen(house.engine, lead, HumanResponded(rep, "call"), arrived + timedelta(seconds=waited))
        advance.happen(house.engine, lead, OutcomeReported(rep, ("talked", "not_now")[n % 2]), arrived + timedelta(hours=1))
    for stage in (("qualified", "won"), ("qualified",), ("lost",), ())[n % 4]:
        advance.happen(house.engine, lead, StageReported("HubSpot", stage), arrived + timedelta(hours=20))


def _some_die(house: House) -> None:
    taken = announcements.claim(house.engine, clock.now(), [Lane(name, 3) for name in ENDPOINTS[:2]])
    results = [
        Result(
            event.id,
            event.fence,
            event.endpoint,
            event.lead_id,
            "dead",
            status=500,
            error="answered 500 after three days, at last",
        )
        for event in taken
    ]
    announcements.finish(house.engine, results, clock.now())
