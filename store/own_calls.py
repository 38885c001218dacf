"""A step of a call that a rep asked us for: the event that it is on its lead. It came signed, with our own ids in its address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from routing.codes import number_of
from routing.events import Event, LeadCallEnded, LeadPickedUp, NoteAdded, RepCallEnded, RepJoinedCall
from store.batch import Batch
from store.item import Item


def act(batch: Batch, item: Item) -> None:
    """Take the step; what names no lead or rep of ours is kept and changes nothing."""
    lead_id, rep = number_of(str(item.content.get("code") or "")), str(item.content.get("rep") or "")
    event = meant(item.content, rep, item.received_at)
    if lead_id is None or event is None or rep not in batch.team.reps:
        return
    batch.load([lead_id])
    if lead_id in batch.leads:
        item.lead_id, item.after = lead_id, batch.happen(lead_id, event)


def meant(said: Mapping[str, Any], rep: str, said_at: datetime) -> Event | None:
    """The event behind a step's name, told then."""
    call, seconds = int(said.get("call") or 0), int(said.get("seconds") or 0)
    match said.get("step"):
        case "joined":
            return RepJoinedCall(rep, call)
        case "picked_up":
            return LeadPickedUp(rep, call, str(said.get("met") or ""), said_at)
        case "lead_ended":
            status, watched = str(said.get("status") or ""), bool(said.get("watched"))
            return LeadCallEnded(rep, call, status, bool(said.get("bridged")), seconds, watched, said_at)
        case "rep_ended":
            return RepCallEnded(rep, call, str(said.get("reason") or "no answer"))
        case "recorded":
            return NoteAdded("Headroom", f"Recorded, after the announcement, {seconds}s: {said.get('url') or ''}")
    return None
