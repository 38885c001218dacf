"""Who asks to be forgotten is forgotten in what the world outside was to be told, and the world is asked to forget too."""

import pytest

from routing.events import NoteAdded
from store import announcements, dead_letters, privacy
from store.announcements import Lane
from tests.firm import Firm, team
from tests.store.test_privacy import PHONE, SAID, traces
from workers.endpoints import webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def firm(database, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    extra = f"endpoints: {{desk: {{url: https://h.example.com/in, secret: 'file:{tmp_path / 'secret'}', contact: true}}}}"
    made = Firm(database, team({"priya": "cap: 20"}, {"sales": "members: [priya]"}, extra=extra))
    yield made
    made.engine.dispose()


def test_nothing_of_the_person_stays_and_lead_erased_is_told(firm):
    [code] = firm.arrive(**SAID)
    firm.happen(code, NoteAdded("Kim", "Dana wants it gone by Friday"))
    assert "announcements" in traces(firm)
    assert privacy.erase(firm.engine, {"phone": PHONE}, firm.now)
    assert "announcements" not in traces(firm)
    told = announcements.claim(firm.engine, firm.now, [Lane("desk", 9)])
    assert [event.type for event in told] == ["lead.erased"]
    assert webhook.body_of(told[0], contact=True)["data"] == {"sequence": told[0].sequence, "lead": {"code": code}}
    waits = firm.rows("SELECT state, error FROM dispatches WHERE state = 'dead'")
    assert waits and all("forgotten" in row.error for row in waits)
    for row in firm.rows("SELECT replace(key::text, '-', '') AS key FROM announcements WHERE type <> 'lead.erased'"):
        assert dead_letters.replay(firm.engine, row.key, firm.now) == 0, "what is forgotten is never told again"


def test_a_lead_that_was_closed_long_ago_is_told_too(firm):
    [code] = firm.arrive(**SAID)
    firm.do("UPDATE leads SET closed_at = :now, status = 'closed', state = state || '{\"status\": \"closed\"}'", now=firm.now)
    privacy.erase(firm.engine, {"code": code}, firm.now)
    assert firm.count("announcements", type="lead.erased") == 1
