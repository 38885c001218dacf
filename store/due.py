"""What is due, and when the next thing is: one question for all the queues, each answered by the first entry of an index."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from store.engine import straight


@dataclass(frozen=True, slots=True)
class Due:
    """The earliest instant at which each queue has something; None when it is empty."""

    inbox: datetime | None = None
    fetches: datetime | None = None
    alarms: datetime | None = None
    messages: datetime | None = None
    leases: datetime | None = None
    receipts: datetime | None = None
    duty: datetime | None = None
    events: datetime | None = None

    def unheard(self, grace: timedelta) -> datetime | None:
        """When the clock has to ring: at once for what it alone knows of. Leads and messages were rung for by whoever wrote them."""
        rung_for = [at + grace for at in (self.inbox, self.messages) if at is not None]
        alone = replace(self, inbox=None, messages=None).earliest
        return min([*rung_for, *([alone] if alone is not None else [])], default=None)

    @property
    def earliest(self) -> datetime | None:
        """When the next thing of all is due."""
        known = [
            at for at in (self.inbox, self.fetches, self.alarms, self.messages, self.leases, self.receipts, self.duty, self.events) if at is not None
        ]  # fmt: skip
        return min(known, default=None)


def look(engine: Engine) -> Due:
    """The earliest due instant of each queue."""
    with straight(engine) as db:
        return Due(**db.execute(_LOOK).fetchall()[0])


_LOOK = """
    SELECT
        (SELECT due_at FROM inbox WHERE done_at IS NULL AND event <> 'fetch_required' ORDER BY due_at LIMIT 1) AS inbox,
        (SELECT due_at FROM inbox WHERE done_at IS NULL AND event = 'fetch_required' ORDER BY due_at LIMIT 1) AS fetches,
        (SELECT due_at FROM alarms WHERE armed ORDER BY due_at LIMIT 1) AS alarms,
        (SELECT not_before FROM outbox WHERE state = 'pending' ORDER BY not_before LIMIT 1) AS messages,
        (SELECT lease_until FROM outbox WHERE state IN ('claimed', 'sending', 'ambiguous') ORDER BY lease_until LIMIT 1) AS leases,
        (SELECT received_at FROM receipts WHERE applied_at IS NULL AND message_id IS NOT NULL ORDER BY received_at LIMIT 1) AS receipts,
        (SELECT duty_changes_at FROM reps WHERE in_team AND duty_changes_at IS NOT NULL ORDER BY duty_changes_at LIMIT 1) AS duty,
        least(
            (SELECT lease_until FROM dispatches WHERE state = 'sending' ORDER BY lease_until LIMIT 1),
            (SELECT min(CASE WHEN e.failures >= 5 THEN coalesce(e.open_until, d.not_before) ELSE greatest(d.not_before, e.open_until) END)
             FROM endpoints e CROSS JOIN LATERAL (
                SELECT not_before FROM dispatches WHERE endpoint = e.id AND state = 'pending' ORDER BY not_before, id LIMIT 1) AS d
             WHERE e.enabled AND e.disabled_at IS NULL)
        ) AS events
"""
