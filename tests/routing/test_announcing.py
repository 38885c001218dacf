"""Every step has a public name that says what became of the lead, and nobody's words go where they should not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import announcing, events
from routing.announcing import BY_EVENT, NAMES, Happening, name_of, told, told_in_confidence, wait_after
from routing.model import Kind, Lead, State, Status
from tests.builders import DANA, NOW

OFFERED = State(Status.OFFERED, offered_to=("priya",))
ACCEPTED = State(Status.ACCEPTED, owner="priya", accepted_at=NOW)
RESPONDED = replace(ACCEPTED, status=Status.RESPONDED, responded_at=NOW)
CLOSED = replace(RESPONDED, status=Status.CLOSED, closed_at=NOW, outcome="talked")
WAITING = State(Status.WAITING)
LEAD = Lead(
    7, "G1", Kind.FORM, "website", "form", DANA, NOW, "My roof leaks", {"company": "Acme", "utm.source": "ads", "city": "Austin"}
)
PLACED = {"pool": "sales"}


def happening(event: str, **data: object) -> Happening:
    changed = bool(data.pop("changed", True))
    return Happening(event, data, "offered", "because it is so", changed=changed)


@pytest.mark.parametrize(
    ("happened", "before", "after", "name"),
    [
        (happening("LeadArrived"), State(), OFFERED, "lead.arrived"),
        (happening("CallMissed"), State(), WAITING, "lead.arrived"),
        (happening("LeadArrived"), State(), State(Status.QUARANTINED), "lead.quarantined"),
        (happening("OfferAccepted", rep="priya"), OFFERED, ACCEPTED, "lead.accepted"),
        (happening("OfferAccepted", rep="tom"), ACCEPTED, ACCEPTED, "lead.accept_refused"),
        (happening("OfferAccepted", rep="tom", changed=False), ACCEPTED, ACCEPTED, "lead.accept_refused"),
        (happening("RoomOpened"), WAITING, OFFERED, "lead.offered"),
        (happening("RetryDue"), WAITING, ACCEPTED, "lead.assigned"),
        (happening("RetryDue"), WAITING, WAITING, "lead.waiting"),
        (happening("HumanResponded", rep="priya"), ACCEPTED, RESPONDED, "lead.responded"),
        (happening("CallBridged", rep="priya"), WAITING, RESPONDED, "lead.responded"),
        (happening("HumanResponded", rep="priya"), RESPONDED, RESPONDED, "lead.contacted_again"),
        (happening("CallMissed"), RESPONDED, ACCEPTED, "lead.response_taken_back"),
        (happening("OutcomeReported", rep="priya"), ACCEPTED, CLOSED, "lead.closed"),
        (happening("StageReported", stage="won"), RESPONDED, CLOSED, "lead.closed"),
        (happening("StageReported", stage="won"), CLOSED, CLOSED, "lead.stage_changed"),
        (happening("CloseDue", changed=False), CLOSED, CLOSED, "lead.unchanged"),
        (happening("SomethingNew"), OFFERED, OFFERED, "lead.something_new"),
    ],
)
def test_a_step_is_called_what_became_of_the_lead(happened, before, after, name):
    assert name_of(happened, before, after) == name


def test_every_event_of_the_journey_has_a_name_and_every_name_a_sentence():
    missing = {kind.__name__ for kind in events.Event.__args__} - set(BY_EVENT)
    assert not missing, f"name them in routing/announcing.py, then `python -m workers.write_events > docs/events.md`: {missing}"
    assert set(BY_EVENT.values()) <= set(NAMES)
    assert all(name.startswith("lead.") and about.endswith(".") for name, about in NAMES.items())


@pytest.mark.parametrize(
    "event", [events.NoteAdded("Kim", "call Dana at 512 555 0143"), events.HumanResponded("priya", "text", text="Hello Dana")]
)
def test_a_reason_that_quotes_somebody_stays_at_home(event):
    data = {name: getattr(event, name) for name in event.__slots__}
    happened = Happening(type(event).__name__, data, "accepted", f"noted: {data['text']}", ("with Dana",))
    public = json.dumps(told(LEAD, ACCEPTED, happened, PLACED))
    assert "Dana" not in public and "0143" not in public and "My roof" not in public and "Austin" not in public
    assert "utm.source" in public
    private = json.dumps(told_in_confidence(LEAD, happened))
    assert all(words in private for words in (data["text"], "My roof leaks", "Austin", "Acme"))


def test_an_event_stays_under_what_receivers_take():
    """Standard Webhooks: 20 kB."""
    long = replace(LEAD, message="x" * 100_000, fields={f"field{n}": "y" * 5_000 for n in range(200)})
    happened = Happening("NoteAdded", {"text": "z" * 9_000}, "offered", "w" * 9_000, ("v" * 1_000,) * 100)
    body = {**told(long, ACCEPTED, happened, PLACED), **told_in_confidence(long, happened)}
    assert len(json.dumps(body)) < 45_000
    usual = replace(LEAD, message="x" * 3_000, fields={f"field{n}": "y" * 100 for n in range(30)})
    assert len(json.dumps({**told(usual, ACCEPTED, HAPPENED, PLACED), **told_in_confidence(usual, HAPPENED)})) < 20_000


HAPPENED = happening("OfferAccepted", rep="priya")


@given(st.text(max_size=40), st.integers(1, 40))
def test_waits_grow_and_are_spread_by_a_fifth(key, attempts):
    base = announcing.WAITS[min(attempts, len(announcing.WAITS)) - 1]
    assert 0.8 * base <= wait_after(key, attempts) <= 1.2 * base
    assert wait_after(key, attempts) == wait_after(key, attempts)


def test_ten_tries_or_so_fill_the_three_days():
    assert sum(announcing.WAITS, timedelta(0)) > timedelta(days=1.5)
    assert announcing.left_alone_for(4) == timedelta(0)
    rests = [announcing.left_alone_for(n) for n in range(5, 30)]
    assert rests == sorted(rests) and rests[0] == timedelta(seconds=15) and rests[-1] == timedelta(hours=1)
