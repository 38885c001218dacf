"""docs/events.md says what the program does."""

from pathlib import Path

from standardwebhooks import Webhook

from config import clock
from config.teamfile.endpoints import TYPES
from workers.endpoints import KINDS, webhook
from workers.events_page import MEANINGS, example, page

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_page_is_the_one_that_the_program_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m workers.write_events > docs/events.md"


def test_every_field_of_an_event_is_explained():
    event = example(contact=True)
    there = {name for name in event if name != "data"} | {f"data.{name}" for name in event["data"]}
    assert there == set(MEANINGS)


def test_each_type_of_the_team_file_has_its_file_and_the_other_way_round():
    assert set(TYPES) == set(KINDS)
    assert {name for name, kind in KINDS.items() if kind.latest} == {name for name, kind in TYPES.items() if kind.is_crm}


def test_the_recipe_of_the_page_verifies():
    body = b'{"type": "lead.arrived"}'
    headers = webhook.signed("evt_1", clock.now(), body, (SECRET,))
    assert Webhook(SECRET).verify(body, dict(headers)) == {"type": "lead.arrived"}
