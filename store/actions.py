"""A button that a rep or manager pressed somewhere else (Slack): the event it is on its lead, and the answer to who pressed it."""

from sqlalchemy import text

from routing.codes import number_of
from routing.events import EscalationAcknowledged, Event, OfferAccepted, OfferPassed
from routing.model import UNANSWERED, Message, Status
from routing.team import Manager, Rep, Team
from store.batch import Batch
from store.item import Item
from store.places import codes_of_alarm, listed

ACKNOWLEDGED = text(
    "UPDATE told SET acknowledged_at = :now WHERE manager = :manager AND lead_id = ANY(:leads) AND acknowledged_at IS NULL"
)
ALL = "#"  # stands before the number of an alarm that tells of several leads
NOBODY = "Headroom does not know you here: ask to be given `slack: <your member ID>` in the team file."


def act(batch: Batch, item: Item) -> None:
    """Do what the button says, and tell who pressed it what came of it."""
    by, code = who_pressed(batch.team, item), str(item.content.get("code") or "")
    event = meant(batch, str(item.content.get("action") or ""), by)
    lead_id = number_of(code)
    if by not in batch.team.reps and by not in batch.team.managers:
        answer(batch, item, NOBODY)
    elif event is None:
        answer(batch, item, "This button means nothing to Headroom.")
    elif code.startswith(ALL) and isinstance(event, EscalationAcknowledged):
        on_all(batch, item, event, code.removeprefix(ALL))
    else:
        if lead_id is not None:
            batch.load([lead_id])
        if lead_id is None or lead_id not in batch.leads:
            answer(batch, item, f"There is no lead {code}.")
            return
        item.lead_id, item.after = lead_id, batch.happen(lead_id, event)
        if isinstance(event, EscalationAcknowledged):
            batch.db.execute(ACKNOWLEDGED, {"now": batch.now, "manager": by, "leads": [lead_id]})
        answer(batch, item, f"{code}: {item.after.why}.", replaces=isinstance(event, OfferPassed | EscalationAcknowledged))


def on_all(batch: Batch, item: Item, event: EscalationAcknowledged, alarm: str) -> None:
    """Every lead of one alarm that still waits for an answer. Pressed again it changes nothing: who is on it is on it."""
    codes = codes_of_alarm(batch.db, int(alarm)) if alarm.isascii() and alarm.isdigit() and len(alarm) < 18 else []
    numbers = [number for code in codes if (number := number_of(code))]
    batch.load(numbers)
    known = [number for number in numbers if number in batch.leads]
    waiting = [number for number in known if batch.leads[number].state.status in (*UNANSWERED, Status.QUARANTINED)]
    for number in waiting:
        if batch.leads[number].state.acknowledged_by != event.manager:
            item.after = batch.happen(number, event)
    batch.db.execute(ACKNOWLEDGED, {"now": batch.now, "manager": event.manager, "leads": known})
    item.lead_id = waiting[0] if waiting else None
    mine = listed([batch.leads[number].lead.code for number in waiting])
    answer(
        batch,
        item,
        f"You are on {mine}. The clock goes on until somebody answers." if mine else "None of these leads waits any more.",
    )


def who_pressed(team: Team, item: Item) -> str:
    """The id in the team file: as the source's `users` say, else whoever has this member id there."""
    named = str(item.content.get("by") or "")
    member = str((item.content.get("extra") or {}).get("slack_user") or "")
    people: list[Rep | Manager] = [*team.reps.values(), *team.managers.values()]
    return named or next((person.id for person in people if member and person.slack == member), "")


def meant(batch: Batch, action: str, by: str) -> Event | None:
    """The event; None for a button that is none of theirs. A manager's Accept means: I am on it."""
    if by in batch.team.reps:
        events: dict[str, Event] = {"accept": OfferAccepted(by, "slack"), "pass": OfferPassed(by, "slack")}
        return events.get(action)
    return EscalationAcknowledged(by) if action in ("accept", "acknowledge") else None


def answer(batch: Batch, item: Item, words: str, *, replaces: bool = False) -> None:
    """Where Slack gave an address for it; once per press. `replaces`: the message with the button says this from now on."""
    address, by = str(item.content.get("reply_to") or ""), who_pressed(batch.team, item)
    if not address:
        return
    to = f"rep:{by}" if by in batch.team.reps else f"manager:{by}" if by in batch.team.managers else "operator"
    fields = {"text": words, "firm": batch.team.site.name, "replace": "yes" if replaces else ""}
    message = Message(
        key=f"answer:{item.id}", to=to, channel="slack", address=address, template="reply", purpose="notice", fields=fields
    )
    batch.messages.append((item.lead_id, message))
