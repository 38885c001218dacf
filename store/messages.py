"""Messages of a step become rows of the outbox, in the same transaction. Alarms to managers are gathered (routing/rollup.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from routing import rollup
from routing.model import Message
from routing.team import Team
from store.lines import with_numbers
from store.outgoing import INSERT, Outgoing, hand_over
from store.places import placed
from store.saving import rows

GATHERED = frozenset(rollup.SEVERITY)

HISTORY = text("""
SELECT recipient, channel, array_agg(not_before ORDER BY not_before) AS told_at
FROM outbox WHERE recipient = ANY(:recipients) AND purpose = 'alarm' AND template = ANY(:gathered)
  AND created_at > CAST(:now AS timestamptz) - interval '2 hours' AND state NOT IN ('suppressed', 'expired')
GROUP BY recipient, channel
""")

HELD = text("""
SELECT id, lead_id, recipient, channel, template, fields, not_before FROM outbox
WHERE recipient = ANY(:recipients) AND purpose = 'alarm' AND template = ANY(:gathered) AND state = 'pending' AND not_before > :now
ORDER BY id FOR UPDATE
""")

JOIN = text("""
UPDATE outbox SET fields = r.fields, template = r.template, lead_id = r.lead_id, not_before = r.not_before
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, fields jsonb, template text, lead_id bigint, not_before timestamptz)
WHERE outbox.id = r.id
""")

TOLD = text("""
INSERT INTO told (manager, lead_id, at) SELECT manager, lead_id, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(manager text, lead_id bigint)
ON CONFLICT (manager, lead_id) DO UPDATE SET at = excluded.at, acknowledged_at = NULL
""")


@dataclass(slots=True)
class Draft:
    """A message that gathers several leads, and when it may go out; `id` is None while it is not yet a row."""

    id: int | None
    lead_id: int | None
    template: str
    fields: Mapping[str, str]
    at: datetime
    row: dict[str, object] = field(default_factory=dict)
    grew: bool = False

    def columns(self) -> dict[str, object]:
        """What joining has changed."""
        return {"fields": self.fields, "template": self.template, "lead_id": self.lead_id, "not_before": self.at}


def write(
    db: Connection, messages: Sequence[tuple[int | None, Message]], team: Team, now: datetime, outgoing: Outgoing | None = None
) -> set[int]:
    """Write (lead id, message) pairs. A key that stands already is left as it is: nothing is said twice.

    Returns the ids of those that `outgoing` has taken over: their attempts stand with them.
    """
    messages = placed(db, with_numbers(db, messages, team), team, now)
    plain = [row(lead_id, message, now) for lead_id, message in messages if message.template not in GATHERED]
    gathered = [(lead_id, message) for lead_id, message in messages if message.template in GATHERED]
    if gathered:
        plain += gather(db, gathered, team, now)
    if not plain:
        return set()
    if outgoing is not None:
        return hand_over(db, plain, outgoing, now)
    db.execute(INSERT, {"rows": rows(plain), "now": now})
    return set()


def row(lead_id: int | None, message: Message, at: datetime) -> dict[str, object]:
    """A message as a row that is due `at`."""
    return {
        "lead_id": lead_id, "key": message.key, "recipient": message.to, "channel": message.channel, "address": message.address,
        "purpose": message.purpose, "template": message.template, "words": message.words, "fields": message.fields,
        "not_before": at, "expires_at": message.expires_at,
    }  # fmt: skip


def gather(db: Connection, messages: Sequence[tuple[int | None, Message]], team: Team, now: datetime) -> list[dict[str, object]]:
    """Alarms to managers: join what is held, or begin a new message at the instant it may go out."""
    recipients = sorted({message.to for _, message in messages})
    scope = {"recipients": recipients, "gathered": sorted(GATHERED), "now": now}
    history = {(r.recipient, r.channel): list(r.told_at) for r in db.execute(HISTORY, scope)}
    held = {(r.recipient, r.channel): Draft(r.id, r.lead_id, r.template, r.fields, r.not_before) for r in db.execute(HELD, scope)}
    fresh: list[Draft] = []
    for lead_id, message in messages:
        where = (message.to, message.channel)
        waits = held.get(where)
        others = [at for at in history.get(where, ()) if waits is None or at != waits.at]
        at = rollup.tell_at(rollup.History(tuple(others)), now, at_most(team, message.to), message.template)
        if waits is not None:
            join(waits, lead_id, message, at)
            history[where] = sorted([*others, waits.at])
            continue
        draft = Draft(None, lead_id, message.template, message.fields, at, row(lead_id, message, at))
        fresh.append(draft)
        history[where] = [*others, at]
        if at > now:
            held[where] = draft
    grown = [{"id": d.id, **d.columns()} for d in held.values() if d.id is not None and d.grew]
    if grown:
        db.execute(JOIN, {"rows": rows(grown)})
    remember(db, messages, now)
    return [{**draft.row, **draft.columns()} for draft in fresh]


def join(draft: Draft, lead_id: int | None, message: Message, at: datetime) -> None:
    """One more in a held message, which goes out as soon as either may: what is late does not wait for what is not.

    Its link opens the first lead that it tells of.
    """
    if message.fields.get("codes") and not draft.fields.get("codes"):
        draft.lead_id = lead_id
    mixed = {"mixed": "yes"} if rollup.is_mixed(draft.template, message.template) else {}
    draft.fields = {**rollup.joined(draft.fields, message.fields), **mixed}
    draft.template = rollup.worst(draft.template, message.template)
    draft.at, draft.grew = min(draft.at, at), True


def remember(db: Connection, messages: Sequence[tuple[int | None, Message]], now: datetime) -> None:
    """Who was told of which lead: a bare OK by text then knows what it means."""
    of_leads = [(lead_id, message) for lead_id, message in messages if lead_id and message.fields.get("codes")]
    pairs = {(message.to.partition(":")[2], lead_id) for lead_id, message in of_leads if message.to.startswith("manager:")}
    if pairs:
        db.execute(
            TOLD, {"rows": rows({"manager": manager, "lead_id": lead_id} for manager, lead_id in sorted(pairs)), "now": now}
        )


def at_most(team: Team, recipient: str) -> int:
    """How many messages an hour this person wants at most."""
    person = team.managers.get(recipient.partition(":")[2])
    return person.at_most_per_hour if person else 6
