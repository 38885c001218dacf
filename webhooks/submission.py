"""One submission of a form vendor as a record: the questions sorted out, tracking from the page's address, a key in any case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config import lead, normal
from config.fields import Fields
from config.links import is_test_token
from store.inbox import Received
from webhooks.delivery import Delivery
from webhooks.derived_keys import derived
from webhooks.errors import Unreadable
from webhooks.questions import Asked, sorted_out

LARGEST_EXACT = 2**53  # above it a number is an id, and kept as text
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What a vendor says around the answers. `key` is its own id ("typeform:a3a1..."), "" where it has none.

    `tracked` are fields that may hold utm and click ids; `lead` further fields of the common lead, which win over the answers.
    """

    key: str = ""
    page_url: object = ""
    tracked: Mapping[str, object] = field(default_factory=dict)
    consent: Sequence[lead.Content] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    is_test: bool = False
    lead: Mapping[str, object] = field(default_factory=dict)


def heard(delivery: Delivery, asked: Sequence[Asked], told: Told, *, guess: bool = False) -> Received:
    """The record. With `guess`, fields whose names say nothing are told by their values. Raises Unreadable if nothing was said."""
    pairs = sorted_out(asked, delivery.source.fields, region=delivery.region, guess=guess)
    fields = Fields([(name, value) for name, value in pairs if name != delivery.source.honeypot], {})
    content = fields.content(delivery.region, delivery.own_numbers)
    page = normal.clean_line(told.page_url or fields.known.get("page_url", ""), 1000)
    extra = {**_shaped(content.pop("extra", {}), pairs), **told.extra, "page_url": page}
    known = lead.common_lead(
        **{**content, "locale": normal.clean_line(fields.known.get("locale", ""), 35), **lead.common_lead(**told.lead)},
        **lead.tracking({**_texts(told.tracked), **fields.tracked}, page),
    )
    known["consent"] = [*_list(content.get("consent")), *told.consent]
    if not (known["consent"] or known.get("attachments") or any(joined(value) for _, value in pairs)):
        raise Unreadable("The form is empty", where="the body", mend="Send at least a phone number or an e-mail address.")
    said = lead.common_lead(
        **known, extra=extra, is_test=told.is_test or is_test_token(delivery.settings, fields.known.get("test", ""))
    )
    key, also = (told.key, {}) if told.key else derived(delivery, said, sorted(_strings(extra)))
    made = {"external_id": key, "kind": "form", "channel": "form", **said, **also}
    headers = delivery.kept_headers
    return Received(delivery.source.id, key, "form", made, delivery.body, headers, delivery.received_at)


def scalar(value: object) -> object:
    """A value of JSON as it may stand in `extra`: texts clean, lists short, ids as text, mappings on one line."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < LARGEST_EXACT else str(value)
    if isinstance(value, list):
        return [scalar(each) for each in value[:MOST_LISTED]]
    return value if isinstance(value, bool | float) or value is None else normal.clean_line(joined(value))


def joined(value: object) -> str:
    """All texts inside a value on one line: an address {city, state} reads "Austin, TX"."""
    if isinstance(value, Mapping):
        return ", ".join(text for each in value.values() if (text := joined(each)))
    if isinstance(value, list):
        return ", ".join(text for each in value if (text := joined(each)))
    return next(iter(normal.texts(value)), "").strip()


def _shaped(extra: object, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """The extras with their numbers and lists as they were sent, where a name came once."""
    came: dict[str, list[object]] = {}
    for name, value in pairs:
        came.setdefault(normal.clean_line(name, 80), []).append(value)
    once = {name: values[0] for name, values in came.items() if len(values) == 1 and not isinstance(values[0], str)}
    kept = extra if isinstance(extra, Mapping) else {}
    return {name: scalar(once[name]) if name in once else said for name, said in kept.items()}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _texts(value: Mapping[str, object]) -> dict[str, str]:
    return {str(name).lower(): text for name, each in value.items() if (text := joined(each))}


def _strings(extra: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in extra.items()]
