"""`headroom merge` and `headroom split`: two leads of one person, or one lead that is somebody else's."""

import click

from config import clock
from console.output import Trouble, as_json, show
from console.visit import Visit, visit
from routing.codes import code_of
from store import merging, policies, reports_lead, splitting
from store.merging import CannotMerge
from store.reports import Row
from store.splitting import CannotSplit

BY = "the command line"


@click.command(help="The person of lead CODE and the person of lead OTHER are one. `headroom split` undoes it.")
@click.argument("code")
@click.argument("other")
@as_json
def merge(code: str, other: str, as_json: bool) -> None:
    """Their addresses, leads and STOPs become one; of their open leads the first goes on."""
    with visit() as at:
        policies.open_book(at.engine, at.settings)
        one, two = _lead(at, code), _lead(at, other)
        try:
            done = merging.merge(at.engine, one["person_id"], two["person_id"], by=BY, now=clock.now())
        except CannotMerge as fault:
            raise Trouble(str(fault)) from fault
    folded = [code_of(lead) for lead in done.folded]
    data = {"person": done.kept, "into": code_of(done.into) if done.into else None, "folded": folded}
    goes_on = f" {', '.join(folded)} goes on in {data['into']}." if folded else ""
    show(data, as_json=as_json, words=lambda: [f"{one['code']} and {two['code']} are one person's.{goes_on}"])


@click.command(help="Lead CODE is somebody else's: undo the merge that brought it, or give it a person of its own.")
@click.argument("code")
@as_json
def split(code: str, as_json: bool) -> None:
    """What a merge has moved goes back, and a lead that went into another goes on by itself."""
    with visit() as at:
        policies.open_book(at.engine, at.settings)
        lead = _lead(at, code)
        try:
            done = splitting.split(at.engine, lead["id"], by=BY, now=clock.now())
        except CannotSplit as fault:
            raise Trouble(str(fault)) from fault
    codes = [code_of(each) for each in done.leads]
    data = {"person": done.person, "leads": codes, "undone_merge": done.undone}
    show(data, as_json=as_json, words=lambda: [f"{', '.join(codes)} is another person's now."])


def _lead(at: Visit, code: str) -> Row:
    found = reports_lead.find(at.engine, code)
    if found is None:
        raise Trouble(f"There is no lead {code.upper()}. `headroom leads` lists the newest.")
    return found
