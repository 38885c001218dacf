"""`headroom leads` and `headroom why`."""

from datetime import datetime, timedelta
from typing import Any

import click

from config import clock
from console import csv_rows
from console.output import Trouble, as_json, show, table
from console.timeline import choice
from console.visit import visit
from store import reports_lead
from store.reports import Row

SHOWN = (
    "code",
    "status",
    "owner",
    "name",
    "source",
    "pool",
    "arrived_at",
    "response_due_at",
    "responded_at",
    "breached_at",
    "is_test",
)


@click.command(help="The newest leads; with --late those answered late or not at all.")
@click.option("--late", is_flag=True, help="Only those whose first response was, or is, late.")
@click.option("--most", default=50, type=click.IntRange(1, 1000), show_default=True, help="How many to list.")
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV, for spreadsheets.")
@as_json
def leads(late: bool, most: int, as_csv: bool, as_json: bool) -> None:
    """Test leads are marked."""
    now = clock.now()
    with visit() as at:
        filters: Row = {"status": None, "pool": None, "since": None, "late": late}
        if as_csv:
            for part in csv_rows.lines(at.engine, now, filters):
                click.echo(part.encode(), nl=False)
            return
        rows = reports_lead.many(at.engine, now, filters=filters, below=None, most=most)
    data = [{key: row[key] for key in SHOWN} for row in rows]
    heads = ["lead", "status", "with", "name", "source", "arrived (UTC)", "answer due", ""]
    show(data, as_json=as_json, words=lambda: table(heads, [_cells(row) for row in rows]) if rows else ["No leads."])


@click.command(help="Why lead CODE is where it is: the rule that matched, the choice, who was considered and why not.")
@click.argument("code")
@as_json
def why(code: str, as_json: bool) -> None:
    """Tells the latest choice and everything that has happened since."""
    with visit() as at:
        lead = reports_lead.find(at.engine, code)
        if lead is None:
            raise Trouble(f"There is no lead {code.upper()}. `headroom leads` lists the newest.")
        steps = reports_lead.steps(at.engine, lead["id"])
    chosen = choice(steps)
    data = {
        "lead": lead["code"], "status": lead["status"], "owner": lead["owner"], "rule": lead["rule"], "matched": lead["matched"],
        "choice": _told(chosen) if chosen else None, "steps": [_told(step) for step in steps],
    }  # fmt: skip
    show(data, as_json=as_json, words=lambda: _words(lead, steps, chosen))


def _told(step: Row) -> dict[str, Any]:
    return {key: step[key] for key in ("at", "event", "was", "became", "owner", "why", "details", "late_by")}


def _words(lead: Row, steps: list[Row], chosen: Row | None) -> list[str]:
    owner = f", with {lead['owner']}" if lead["owner"] else ""
    lines = [
        f"{lead['code']} is {lead['status']}{owner}",
        f"rule {lead['rule']}:",
        *(f"  {clause}" for clause in lead["matched"]),
    ]
    if chosen:
        lines += [chosen["why"], *(f"  {detail}" for detail in chosen["details"])]
    return [*lines, "", "everything that happened (UTC):", *story(steps, lead["arrived_at"])]


def story(steps: list[Row], arrived_at: datetime) -> list[str]:
    """A line per step, with the time since the lead arrived."""
    return [
        f"  {step['at']:%Y-%m-%d %H:%M:%S}  +{since(step['at'] - arrived_at):<8} {step['event']:<24} {step['why']}"
        for step in steps
    ]


def since(span: timedelta) -> str:
    """0.2s, 42s, 3m 40s."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


def _cells(row: Row) -> list[str]:
    due_at, mark = row["response_due_at"], "late" if row["breached_at"] else ""
    return [
        row["code"], row["status"], row["owner"] or "-", row["name"] or "-", row["source"], f"{row['arrived_at']:%Y-%m-%d %H:%M}",
        f"{due_at:%H:%M}" if due_at else "-", " ".join(word for word in (mark, "TEST" if row["is_test"] else "") if word),
    ]  # fmt: skip
