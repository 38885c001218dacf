"""Gravity Forms' Webhooks add-on: an entry with numbers for names ("1.3"), or the owner's own names; JSON or form, any verb."""

import re
from collections.abc import Iterator, Mapping

from config import lead, normal
from config.consent import agreed, agrees
from config.questions import Asked
from store.inbox import Received
from webhooks import bodies, keys, php
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.example import Example
from webhooks.submission import Told, heard, joined

EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"id": "814", "form_id": "4", "date_created": "2026-11-24 16:00:00", "source_url": "https://site.example/?utm_source=bing",'
    b' "1.3": "Dana", "1.6": "Cole", "2": "dana@example.com", "3": "(512) 555-0143", "4": "Need a quote for 12 windows"}',
    secret="gravity-9Qw2ErTy7UiOpAsDfGhJ",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json", "application/x-www-form-urlencoded", "multipart/form-data"})
VERBS = frozenset({"POST", "PUT", "PATCH", "GET"})
KEY_ALONE = True
verify = keys.verify
DOCS = SourceDocs(
    vendor="Gravity Forms",
    verified_by="no signature: a key of ours (128 bit or more) in the `Authorization` header or in the address",
    answers="any 2xx, no limit is documented; ours is 202 at once",
    retries="few or none (WordPress runs it as a background task)",
    key="form id and entry id; without them derived from what was said, for the source's dedupe window",
    mapped="names from `<n>.3` and `<n>.6`; other numbered fields by `fields` (say `{phone: '3'}`) or, where that is silent, by what was"
    " answered; the owner's own names with Select Fields; ticked consent boxes; `source_url` gives utm and click ids",
    at_vendor=(
        "Open the form, then Settings > Webhooks > Add New.",
        "Request URL: `https://<your Headroom>/webhooks/<source id>`; method POST, format JSON.",
        "Request Headers: choose Authorization and enter `Bearer <the source's secret>`.",
        "Request Body: All Fields, or Select Fields with the keys name, email, phone, message, id ({entry_id}) and form_id ({form_id}).",
    ),
    thin="an entry's numbers differ from form to form: with All Fields look at the first lead and name under `fields` what was taken wrongly.",
)
_NUMBERED = re.compile(r"(\d+)(?:\.(\d+))?")
_HOUSEKEEPING = frozenset(
    [
        "id",
        "form_id",
        "entry_id",
        "status",
        "currency",
        "post_id",
        "date_created",
        "date_updated",
        "is_starred",
        "is_read",
        "is_fulfilled",
        "payment_status",
        "payment_date",
        "payment_amount",
        "payment_method",
        "transaction_id",
        "transaction_type",
        "created_by",
        "source_url",
        "source_id",
        "user_agent",
        "ip",
        "key",
    ]
)
_NAME_PARTS = frozenset({"2", "3", "4", "6", "8"})


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable for an empty entry."""
    entry = _entry(delivery)
    groups = _groups(entry)
    consents = list(_consents(groups))
    used = {each["key"] for each in consents}
    number, form = (normal.identifier(entry.get(name)) for name in ("id", "form_id"))
    number = number or normal.identifier(entry.get("entry_id"))
    told = Told(
        key=f"gravity_forms:{form}:{number}" if number and form else f"gravity_forms:{number}" if number else "",
        page_url=_text(entry.get("source_url")),
        tracked=entry,
        consent=consents,
        extra={"form_id": form, "remote_address": normal.clean_line(_text(entry.get("ip")), 64)},
        lead={"submitted_at": normal.instant(_text(entry.get("date_created")))},
    )
    asked = [each for group, parts in groups.items() for each in _asked(group, parts, used)]
    rest = [Asked(name, _plain(value)) for name, value in entry.items() if _is_named(name)]
    known = (
        [Asked("entry_id", number, "extra")] if number else []
    )  # an entry without answers is kept: somebody must look for them
    return [heard(delivery, [*asked, *rest] or known, told, guess=True)]


def _entry(delivery: Delivery) -> Mapping[str, object]:
    if delivery.method != "GET" and delivery.mimetype == "application/json":
        value = delivery.json_object
        inner = value.get("entry")
        return inner if isinstance(inner, dict) else value
    return php.fields_of(delivery.form)


def _groups(entry: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """The numbered fields: {"1": {"3": "Grace", "6": "Hopper"}, "2": {"": "grace@example.com"}}."""
    found: dict[str, dict[str, object]] = {}
    for name, value in entry.items():
        numbered = _NUMBERED.fullmatch(re.sub(r"(?<=\d)_(?=\d)", ".", str(name).removeprefix("input_")))
        if numbered:
            found.setdefault(numbered[1], {})[numbered[2] or ""] = value
    return found


def _is_named(name: str) -> bool:
    numbered = _NUMBERED.fullmatch(re.sub(r"(?<=\d)_(?=\d)", ".", name.removeprefix("input_")))
    return not numbered and name not in _HOUSEKEEPING and not lead.is_tracking(name.lower())


def _asked(group: str, parts: Mapping[str, object], used: set[object]) -> Iterator[Asked]:
    """One field: plain, a name in parts, an address, or ticked boxes."""
    said = {part: _plain(value) for part, value in parts.items() if value not in ("", None, [])}
    said = {part: value for part, value in said.items() if f"{group}.{part}".strip(".") not in used}
    if not said or used & {f"{group}.1"}:
        return
    if parts.keys() <= _NAME_PARTS and {"3", "6"} & said.keys():
        yield Asked(f"{group}.3", said.get("3", ""), "first_name")
        yield Asked(f"{group}.6", said.get("6", ""), "last_name")
        yield from (Asked(f"{group}.{part}", value, "extra") for part, value in said.items() if part not in ("3", "6"))
    elif set(said) == {""}:
        yield Asked(group, said[""])
    elif len(said) == 1:
        part, value = next(iter(said.items()))
        yield Asked(f"{group}.{part}".strip("."), value, "extra", also=(group,))
    else:
        yield Asked(group, [joined(value) for value in said.values()], "extra")


def _consents(groups: Mapping[str, Mapping[str, object]]) -> Iterator[lead.Content]:
    """A consent field (box "1", its words .2), or ticked boxes whose words agree to something."""
    for group, parts in groups.items():
        first, words = _text(parts.get("1")), _text(parts.get("2"))
        if first in ("1", "0") and words:
            yield lead.common_lead(key=f"{group}.1", value=first == "1", text=normal.clean_text(words, 1000))
            continue
        for part, value in parts.items():
            if part and agrees(_text(value)):
                key, text = f"{group}.{part}", normal.clean_text(value, 1000)
                yield lead.common_lead(key=key, value=agreed(value), text=text)


def _plain(value: object) -> object:
    """A list in a text (multi-select, uploads; PHP's own for list fields) as the list it is."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return bodies.read_json(value.encode("utf-8", "replace"))
        except Unreadable:
            return value
    return (php.serialized(value) or value) if isinstance(value, str) and value.startswith("a:") else value


def _text(value: object) -> str:
    return next(iter(normal.texts(value)), "").strip()
