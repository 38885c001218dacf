"""`headroom erase` and `headroom export-person`: what a person may ask of us (GDPR, articles 15, 17, 20)."""

import json
from dataclasses import asdict

import click

from config import clock, normal
from console.output import Trouble, as_json, plain, show
from console.visit import Visit, visit
from routing.codes import code_of, number_of
from store import policies, privacy
from store.drain import Drain
from store.sealing import Seal
from store.spool import Spool

SPOOL_SECONDS = 60.0  # to bring in what waits on this machine; what waits on others is dropped when it comes

PERSON = click.argument("person")


@click.command(
    name="erase",
    help="Forget PERSON (a lead's code, a phone number, an e-mail address): empties all they said and all that was said to "
    "them. What stays: that leads came and when, and a seal of each address, so that nobody writes to it again.",
)
@PERSON
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def erase(person: str, yes: bool, as_json: bool) -> None:
    """Cannot be undone, other than from a backup."""
    with visit() as at:
        if not yes:
            click.confirm("This cannot be undone. Backups made before still hold the person. Go on?", abort=True)
        policies.open_book(at.engine, at.settings)
        spool = Spool.of(at.settings)
        Drain(at.engine, spool, Seal(at.settings.secret_keys)).pump(clock.now(), longest=SPOOL_SECONDS)
        damaged = spool.damaged_with(privacy.addresses_of(at.engine, asked_for(at, person)))
        try:
            done = privacy.erase(at.engine, asked_for(at, person), clock.now())
        except privacy.NotErased as failure:
            raise Trouble(str(failure)) from failure
    if done is None:
        raise _unknown()
    codes = [code_of(lead) for lead in done.leads]
    said = (
        f"Forgotten: {len(codes)} leads ({', '.join(codes)}), {done.deliveries} deliveries, {done.messages} messages. "
        f"{done.addresses} addresses are sealed. Tell whoever had the data from you (article 19): CRM, ad platforms."
    )
    left = [f"{path} is damaged and names them: look what else it holds, then delete it." for path in damaged]
    told = {**asdict(done), "leads": codes, "damaged": [str(path) for path in damaged]}
    show(told, as_json=as_json, words=lambda: [said, *left])


@click.command(name="export-person", help="Print everything that is kept about PERSON (code, phone or e-mail) as JSON.")
@PERSON
def export_person(person: str) -> None:
    """Machine-readable, as article 20 asks."""
    with visit() as at:
        found = privacy.export_person(at.engine, asked_for(at, person))
    if found is None:
        raise _unknown()
    click.echo(json.dumps(found, default=plain, indent=2, ensure_ascii=False))


def asked_for(at: Visit, person: str) -> dict[str, str | None]:
    """What PERSON is: the code of a lead, an e-mail address, a phone number, or an id on a platform."""
    said = person.strip()
    if number_of(said) is not None:
        return {"code": said}
    region = policies.current(at.engine, at.settings).site.region
    return {"email": normal.email(said), "phone": normal.phone(said, region), "handle": said}


def _unknown() -> Trouble:
    return Trouble("Nobody is known by that. Try the code of a lead, the phone number with country code, or the e-mail address.")
