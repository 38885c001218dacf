"""A firm that keeps one CRM up to date, by its key or by OAuth."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from store import due
from tests.crms import FakeCrm
from tests.firm import SETTINGS, Firm, team
from workers.announce import Announcer, tell_due
from workers.endpoints import oauth

REPS, POOLS = {"priya": "cap: 20", "tom": "cap: 20"}, {"sales": "members: [priya, tom]"}
DANA = {"name": "Dana Cole", "phone": "+15125550143", "email": "dana@example.com", "company": "Acme Co", "message": "A new roof"}
FIELD = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12"  # Pipedrive names the fields that a firm adds so
MAPPED = {"hubspot": "headroom_code: code", "salesforce": "LeadSource: source", "pipedrive": f"{FIELD}: link"}


class Synced:
    """`keys`: the files in which the endpoint's secrets stand."""

    def __init__(self, database: str, tmp_path: Path, crm: FakeCrm, *, by: str) -> None:
        self.crm, self.keys = crm, tmp_path
        values = {"token": crm.key, "client_secret": crm.client_secret, "refresh_token": crm.refresh_token}
        for name, value in values.items():
            (tmp_path / name).write_text(value)
        names = {"key": ["token"], "oauth": ["client_secret", "refresh_token"], "client": ["client_secret"]}[by]
        more = ["client_id: our-app"] if by != "key" else []
        more += [f"url: '{crm.url}'"] if crm.vendor == "salesforce" else []
        said = ", ".join([f"type: {crm.vendor}", *(f"{name}: 'file:{tmp_path / name}'" for name in names), *more])
        extra = f"endpoints:\n  crm: {{{said}, owners: {{priya: '71', tom: '72'}}, fields: {{{MAPPED[crm.vendor]}}}}}"
        allowed = ("127.0.0.1", "localhost")
        self.settings = replace(SETTINGS, private_urls=allowed, hubspot_api_url=crm.url, pipedrive_api_url=crm.url)
        self.firm = Firm(database, team(REPS, POOLS, extra=extra), settings=self.settings)
        self.announcer = Announcer(self.firm.engine, self.settings)

    def tell(self) -> int:
        """The workers do what is due."""
        return tell_due(self.announcer, self.firm.now)

    def time_goes_by(self, **span: float) -> None:
        """The clock stops at every instant at which an event is due."""
        until = self.firm.now + timedelta(**span)
        while (at := due.look(self.firm.engine).events) is not None and at <= until:
            self.firm.now = max(self.firm.now, at)
            self.tell()
        self.firm.now = until

    def owner(self, code: str) -> str:
        """Who has the lead, or was asked."""
        return self.firm.lead(code).owner or self.firm.lead(code).state["offered_to"][0]

    def states(self) -> list[str]:
        """Of all events, in order."""
        return [row.state for row in self.firm.rows("SELECT state FROM dispatches ORDER BY id")]

    def is_told(self) -> bool:
        """Has everything got through?"""
        return set(self.states()) <= {"delivered", "superseded"} and bool(self.states())


@contextmanager
def a_synced(vendor: str, database: str, tmp_path: Path, *, by: str = "") -> Iterator[Synced]:
    """By the vendor's key, where it has one, unless `by` says otherwise: key, oauth, client."""
    oauth.TOKENS.clear()
    with FakeCrm(vendor) as crm:
        made = Synced(database, tmp_path, crm, by=by or ("client" if vendor == "salesforce" else "key"))
        yield made
        made.announcer.close()
        made.firm.engine.dispose()
        assert crm.violations() == []
