"""Leads out of any JSON or form, by the paths a team file names (`map`), else by the names of its fields."""

from collections.abc import Iterator, Mapping, Sequence

from config import about, json_path, lead, normal
from config.consent import agreed
from config.fields import our_name
from config.questions import Asked
from webhooks import bodies, leaves
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.submission import Told, joined

MOST_LEADS = 100  # in one request
_WRAPPERS = ("leads", "data", "items", "records", "rows", "results", "entries", "contacts", "array")
_YES = ("true", "1", "yes", "on")
ABOUT = frozenset({"external_id", "submitted_at", "is_test", "page_url", "locale", "consent", "consent_text"})


def leads_in(delivery: Delivery, kind: str) -> Iterator[tuple[list[Asked], Told]]:
    """Each lead of the request: its answers, and what is told around them. Raises Unreadable, json_path.PathError."""
    paths = delivery.source.options.get("map")
    for value in _values(delivery):
        yield _lead(value, dict(paths) if isinstance(paths, Mapping) else {}, kind)


def _values(delivery: Delivery) -> Sequence[Mapping[str, object]]:
    is_text = delivery.mimetype == "text/plain" and delivery.body.lstrip()[:1] in (b"{", b"[")
    is_json = delivery.method != "GET" and (delivery.mimetype == "application/json" or is_text)
    value = delivery.json if is_json else _form(delivery)
    several = _listed(value)
    found = [each for each in several if isinstance(each, dict)]
    if not found or len(found) < len(several) or len(found) > MOST_LEADS:
        mend = f"Send one object, or a list of at most {MOST_LEADS}."
        raise Unreadable("This is no lead", where="the body", mend=mend)
    return found


def _listed(value: object) -> list[object]:
    """One lead, or several: a list, or {"leads": [...]} around it."""
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if str(name).lower() in _WRAPPERS and isinstance(inner, list) and not leaves.answered(inner):
            return inner
    return value if isinstance(value, list) else [value]


def _form(delivery: Delivery) -> dict[str, object]:
    fields: dict[str, object] = {}
    form = bodies.read_text(delivery.body) if delivery.mimetype == "text/plain" and delivery.method != "GET" else delivery.form
    for name, values in form.lists():
        if name != "key" or delivery.query.get("key") not in values:
            fields[name] = values[0] if len(values) == 1 else list(values)
    return {name: _unpacked(value) for name, value in fields.items()}


def _unpacked(value: object) -> object:
    """A form may carry JSON in a field ("payload")."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return bodies.read_json(value.encode("utf-8", "replace"))
    except Unreadable:
        return value


def _lead(value: Mapping[str, object], paths: Mapping[str, str], kind: str) -> tuple[list[Asked], Told]:
    mapped = {ours: _at(value, path) for ours, path in paths.items()}
    used = {_dotted(path) for path in paths.values()}
    found = [(name, each) for name, each in leaves.flat(value) if name not in used]
    things = leaves.of_things(found)
    said = _about([(name, each) for name, each in found if name not in things])
    sheet_row = joined(value.get("id"))  # a plain "id" may be anything, but for a Facebook lead's in a sheet
    keys = (joined(mapped.get("external_id")), said.get("external_id", ""), sheet_row if about.is_sheet_row(sheet_row) else "")
    key = normal.identifier(next((each for each in keys if each), ""))
    tracked = {**_group(mapped, "utm.", "utm_"), **_group(mapped, "click_ids.", "")}
    told = Told(
        key=f"{kind}:{key}" if key else "",
        tracked={**tracked, **{name: each for name, each in found if name not in tracked}},
        page_url=joined(mapped.get("page_url")),
        consent=[lead.common_lead(key="consent", value=agreed(mapped["consent"]), text=joined(mapped.get("consent_text")))] if "consent" in mapped else [],
        is_test=_yes(mapped.get("is_test")) or _yes(said.get("is_test")) or about.is_dummy(dict(found)),
        lead={
            "submitted_at": normal.instant(joined(mapped.get("submitted_at")) or said.get("submitted_at", "")),
            "campaign": {**_campaign(found), **_group(mapped, "campaign.", "")},
            **({"locale": normal.clean_line(joined(mapped["locale"]), 35)} if mapped.get("locale") else {}),
        },
    )  # fmt: skip
    asked = [Asked(ours, each, ours) for ours, each in mapped.items() if ours not in ABOUT and "." not in ours]
    more = (
        Asked(name, each, "extra" if name in things else "", label=about.last(name))
        for name, each in found
        if not _is_about(name)
    )
    return [*asked, *more], told


def _at(value: object, path: str) -> object:
    """What the path names; a flat form has `contact.email` as one name."""
    found = json_path.read(value, path)
    return found if found is not None else dict(leaves.flat(value)).get(_dotted(path))


def _dotted(path: str) -> str:
    return ".".join(str(step) for step in json_path.steps(path))


def _about(found: Sequence[leaves.Leaf]) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, each in found:
        ours = about.about_word(name)
        if ours and (text := joined(each)):
            told.setdefault(ours, text)
    return told


def _is_about(name: str) -> bool:
    ours = about.about_word(name)
    is_about = bool(ours) and (ours != "submitted_at" or our_name(about.last(name)) == "extra")
    return is_about or bool(about.campaign_word(name)) or lead.is_tracking(name)


def _campaign(found: Sequence[leaves.Leaf]) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, each in found:
        ours, text = about.campaign_word(name), joined(each)
        if ours and text:
            told.setdefault(ours, normal.clean_line(about.bare_id(text) if ours.endswith("id") else text))
    return told


def _group(mapped: Mapping[str, object], prefix: str, named: str) -> dict[str, str]:
    return {
        f"{named}{ours[len(prefix) :]}": joined(each) for ours, each in mapped.items() if ours.startswith(prefix) and joined(each)
    }


def _yes(value: object) -> bool:
    return joined(value).strip().lower() in _YES
