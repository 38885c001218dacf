"""One submission of a form vendor as a record: the questions sorted out, tracking from the page's address, a key in any case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config import lead, normal
from config.fields import Fields, our_name
from config.links import is_test_token
from config.questions import Asked, sorted_out
from store.inbox import Received
from webhooks.delivery import Delivery
from webhooks.derived_keys import derived
from webhooks.errors import Unreadable
from webhooks.files import MOST as MOST_FILES
from webhooks.files import files_in

LARGEST_EXACT = 2**53  # above it a number is an id, and kept as text
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What a vendor says around the answers. `key` is its own id ("typeform:a3a1..."), "" where it has none.

    `tracked` are fields that may hold utm and click ids, which the addresses `page_url` and `came_from` may have too; `lead` further
    fields of the common lead, which win over the answers, `locale` one that does not. `extra` is kept beside them, and so is `about`,
    which says how it came and makes no other lead of the same words.
    """

    key: str = ""
    page_url: object = ""
    came_from: str = ""
    locale: str = ""
    tracked: Mapping[str, object] = field(default_factory=dict)
    consent: Sequence[lead.Content] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    about: Mapping[str, object] = field(default_factory=dict)
    is_test: bool = False
    lead: Mapping[str, object] = field(default_factory=dict)


def heard(delivery: Delivery, asked: Sequence[Asked], told: Told, *, guess: bool = False) -> Received:
    """The record. With `guess`, fields whose names say nothing are told by their values. Raises Unreadable if nothing was said."""
    asked = [each for each in asked if each.name != delivery.source.honeypot]
    sorted_pairs, files = _apart(sorted_out(asked, delivery.source.fields, region=delivery.region, guess=guess))
    pairs = [(name, value) for name, value, _ in sorted_pairs]
    known, others = ([(name, value) for name, value, ours in sorted_pairs if ours is is_ours] for is_ours in (True, False))
    fields = Fields(known, {}, others)
    content = fields.content(delivery.region, delivery.own_numbers)
    page = normal.clean_line(told.page_url or fields.known.get("page_url", ""), 1000)
    extra = {**_shaped(content.pop("extra", {}), pairs), **told.extra, "page_url": page}
    said = {
        **content,
        "locale": normal.clean_line(fields.known.get("locale") or told.locale, 35),
        **lead.common_lead(**told.lead),
        **lead.tracking({**_texts(told.tracked), **fields.tracked}, page, *fields.pages, told.came_from),
    }
    said["consent"] = [*_list(content.get("consent")), *told.consent]
    said["attachments"] = [*_list(said.get("attachments")), *files][:MOST_FILES]
    if not (said["consent"] or said["attachments"] or any(joined(value) for _, value in pairs)):
        raise Unreadable("The form is empty", where="the body", mend="Send at least a phone number or an e-mail address.")
    is_test = told.is_test or ("test" in fields.known and is_test_token(delivery.settings, fields.known["test"]))
    said = lead.common_lead(**said, extra={**extra, **told.about}, is_test=is_test)
    key, also = (told.key, {}) if told.key else derived(delivery, said, sorted(_strings(extra)))
    made = {"external_id": key, "kind": "form", "channel": "form", **said, **also}
    return Received(delivery.source.id, key, "form", made, delivery.raw, delivery.kept_headers, delivery.received_at)


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


def _apart(said: Sequence[tuple[str, object, bool]]) -> tuple[list[tuple[str, object, bool]], list[dict[str, str]]]:
    """What was said, and the files that came with it."""
    found = [(name, value, ours, files_in(value) if our_name(name) == "extra" else []) for name, value, ours in said]
    kept = [(name, value if isinstance(value, str) else scalar(value), ours) for name, value, ours, files in found if not files]
    return kept, [file for _, _, _, files in found for file in files]


def _shaped(extra: object, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """The extras with their numbers and lists as they were sent, where a name came once."""
    kept = dict(extra) if isinstance(extra, Mapping) else {}
    if not kept or all(isinstance(value, str) for _, value in pairs):
        return kept
    for name, value in pairs:
        key = "" if isinstance(value, str) else normal.clean_line(name, 80)
        if key in kept and [each for each, _ in pairs].count(name) == 1:
            kept[key] = scalar(value)
    return kept


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _texts(value: Mapping[str, object]) -> dict[str, str]:
    return {str(name).lower(): text for name, each in value.items() if (text := joined(each))}


def _strings(extra: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in extra.items()]
