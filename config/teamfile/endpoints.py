"""Endpoints: who outside is told of every step of a lead, by signed webhook or in a CRM."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from config.outgoing import Guard
from config.teamfile.grants import KEYS, asks_for_grant, read_grant
from config.teamfile.people import Context
from config.teamfile.secrets import read_secrets
from config.teamfile.section import Section, mappings
from config.teamfile.tree import Node
from routing.announcing import NAMES
from routing.endpoint import Endpoint, Grant

PREFIX = "whsec_"
LEAST_KEY, LONGEST_KEY = 24, 64  # bytes of a key, as the Standard Webhooks specification asks
STAGES = ("qualified", "won", "lost")
_MAKE_ONE = "Make one with `headroom events secret`, and give it to the receiver."
FIELDS = (  # what a CRM's own field may be filled with; anything the form said is `form.<its name>`
    "code", "status", "outcome", "source", "channel", "kind", "pool", "owner", "cause", "arrived_at", "accepted_at", "responded_at",
    "breached_at", "closed_at", "name", "first_name", "last_name", "phone", "email", "company", "message", "link",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndpointType:
    """What a type needs: a `url`, and what its secret is called ("": it has OAuth alone). A CRM must know the person, or it is of no use.

    `takes_grant`: OAuth instead of the secret; `needs_refresh`: only with a refresh token.
    """

    needs_url: bool = True
    is_crm: bool = True
    secret: str = "secret"
    takes_grant: bool = True
    needs_refresh: bool = True
    options: Mapping[str, str] = field(default_factory=dict)


TYPES = {
    "webhook": EndpointType(is_crm=False, takes_grant=False),
    "hubspot": EndpointType(needs_url=False, secret="token"),
    "salesforce": EndpointType(secret="", needs_refresh=False, options={"external_id": "Headroom_Code__c", "api_version": "v62.0"}),
    "pipedrive": EndpointType(needs_url=False, secret="token"),
}  # fmt: skip


def read_endpoints(node: Node | None, context: Context) -> dict[str, Endpoint]:
    """Endpoints by id."""
    return {name: _endpoint(name, section, context) for name, section in mappings(node, "endpoints", context.findings)}


def _endpoint(name: str, section: Section, context: Context) -> Endpoint:
    word = section.name("type", TYPES, default="webhook")
    kind = TYPES.get(word, TYPES["webhook"])
    grant = _grant(section, kind, context)
    endpoint = Endpoint(
        id=name,
        type=word,
        url=_url(section, kind, context),
        secrets=() if _has_grant(section, kind) else _secrets(section, kind, context),
        events=frozenset() if kind.is_crm else _events(section),
        contact=kind.is_crm or section.yes("contact", False),
        enabled=section.yes("enabled", True),
        fields=_fields(section) if kind.is_crm else {},
        owners=_owners(section, context) if kind.is_crm else {},
        options=_options(section, kind),
        grant=grant,
    )
    section.close()
    return endpoint


def _url(section: Section, kind: EndpointType, context: Context) -> str:
    """Its form only: names are looked up at every call, since what they lead to can change."""
    if section.node("url") is None and not kind.needs_url:
        return ""
    text = section.text("url", "", needed=True, longest=2000) or ""
    fault = Guard(context.settings.private_urls).fault(text, asks_names=False) if text else None
    if fault:
        section.fail("url", f"is not called: {fault}.", "For example https://hooks.example.com/headroom")
    if kind.is_crm and text and urlsplit(text).path not in ("", "/"):
        section.fail("url", "must be the host alone.", "For example https://acme.my.salesforce.com")
    return text.rstrip("/") if kind.is_crm else text


def _has_grant(section: Section, kind: EndpointType) -> bool:
    """By OAuth: where a key of it stands, or where there is no other way."""
    return kind.takes_grant and (asks_for_grant(section) or not kind.secret)


def _grant(section: Section, kind: EndpointType, context: Context) -> Grant | None:
    if not _has_grant(section, kind):
        return None
    if kind.secret and section.node(kind.secret) is not None:
        section.fail(kind.secret, "stands beside OAuth's keys.", f"Keep either `{kind.secret}` or {', '.join(KEYS)}.")
    return read_grant(section, context.settings, needs_refresh=kind.needs_refresh)


def _secrets(section: Section, kind: EndpointType, context: Context) -> tuple[str, ...]:
    found = read_secrets(section, kind.secret, context.settings)
    if not section.several(kind.secret):
        hint = f"Add `{kind.secret}: env:{section.path.split('.')[-1].upper().replace('-', '_')}_{kind.secret.upper()}`"
        section.fail(
            kind.secret, "is missing.", f"{hint}, or for OAuth {', '.join(KEYS)}." if kind.is_crm else f"{hint}. {_MAKE_ONE}"
        )
    if not kind.is_crm and not all(is_signing_secret(each) for each in found):
        reason = f"does not hold {PREFIX} and the base64 of {LEAST_KEY} to {LONGEST_KEY} random bytes."
        section.fail(kind.secret, reason, _MAKE_ONE)
    return found


def is_signing_secret(text: str) -> bool:
    """Is this a secret of the Standard Webhooks specification?"""
    try:
        bare = text.removeprefix(PREFIX).rstrip("=")
        key = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(PREFIX) and LEAST_KEY <= len(key) <= LONGEST_KEY


def _events(section: Section) -> frozenset[str]:
    node = section.node("events")
    if node is None or (node.kind == "str" and node.text.strip().lower() == "all"):
        return frozenset()
    found = section.names("events", NAMES)
    if not found:
        section.fail("events", "names none.", "Leave the key out for all events; docs/events.md lists them.")
    return frozenset(found)


def _fields(section: Section) -> dict[str, str]:
    """Their field -> ours."""
    part, found = section.part("fields"), {}
    for theirs, node in part.rest():
        ours = node.text.strip()
        if ours.startswith(("form.", "utm.", "campaign.")) and len(ours.partition(".")[2]):
            found[theirs] = ours
        elif known := part.known(node, theirs, FIELDS):
            found[theirs] = known
    return found


def _owners(section: Section, context: Context) -> dict[str, str]:
    """Rep -> the id of their user in the CRM."""
    part, found = section.part("owners"), {}
    for rep, node in part.rest():
        if rep not in context.declared["reps"]:
            part.fail(rep, f"there is no rep {rep!r}.", f"Reps: {', '.join(context.declared['reps'][:12])}.", line=node.line)
        else:
            found[rep] = node.text.strip()
    missing = [rep for rep in context.declared["reps"] if rep not in found]
    if found and missing:
        section.warn("owners", f"has no user for {', '.join(missing[:8])}: their leads keep the owner they have there.")
    return found


def _options(section: Section, kind: EndpointType) -> dict[str, object]:
    found: dict[str, object] = {key: section.text(key, default) or default for key, default in kind.options.items()}
    if kind.is_crm:
        found["stages"] = _stages(section)
    return found


def _stages(section: Section) -> dict[str, str]:
    """The CRM's word -> qualified, won or lost."""
    part = section.part("stages")
    known = ((theirs, part.known(node, theirs, STAGES)) for theirs, node in part.rest())
    return {theirs.strip().lower(): word for theirs, word in known if word}
