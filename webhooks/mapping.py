"""Leads out of any JSON or form, by the paths a team file names (`map`), else by the names of its fields."""

from collections.abc import Iterator, Mapping, Sequence

from config import json_path, lead, normal
from config.fields import our_name
from webhooks import bodies
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.questions import Asked
from webhooks.submission import Told, joined, scalar

MOST_LEADS = 100  # in one request
CAMPAIGN = {
    "name": ("campaign", "campaign_name", "campaignname"), "id": ("campaign_id", "campaignid"), "ad_id": ("ad_id", "adid"),
    "adset_id": ("adset_id", "adsetid"), "adgroup_id": ("adgroup_id", "ad_group_id", "adgroupid"), "form_id": ("form_id", "formid"),
    "medium": ("campaign_medium",), "headline": ("ad_headline", "headline"), "ref": ("ref",),
}  # fmt: skip
_CAMPAIGN = {theirs: ours for ours, names in CAMPAIGN.items() for theirs in names}
_KEYS = (
    "external_id",
    "externalid",
    "lead_id",
    "leadid",
    "leadgen_id",
    "submission_id",
    "submissionid",
    "response_id",
    "entry_id",
)
_TIMES = (
    "submitted_at",
    "submittedat",
    "created_time",
    "created_at",
    "createdat",
    "date_created",
    "submission_date",
    "timestamp",
)
_TESTS = ("is_test", "istest")
_YES = ("true", "1", "yes", "on")
_ID_MARKS = ("l:", "f:", "ag:", "as:", "c:")  # before ids in sheets exported from Facebook
ABOUT = frozenset({"external_id", "submitted_at", "is_test", "page_url", "locale", "consent", "consent_text"})


def leads_in(delivery: Delivery, kind: str) -> Iterator[tuple[list[Asked], Told]]:
    """Each lead of the request: its answers, and what is told around them. Raises Unreadable, json_path.PathError."""
    paths = delivery.source.options.get("map")
    for value in _values(delivery):
        yield _lead(value, dict(paths) if isinstance(paths, Mapping) else {}, kind)


def flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """The leaves by their names, nested ones joined with dots; `lead__email` and `lead[email]` are nested names too."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        name = str(key).replace("__", ".").replace("][", ".").replace("[", ".").rstrip("].")
        yield from flat(inner, f"{path}.{name}" if path else name)


def _values(delivery: Delivery) -> Sequence[Mapping[str, object]]:
    is_json = delivery.method != "GET" and delivery.mimetype in ("application/json", "text/plain")
    value = delivery.json if is_json else _form(delivery)
    several = value if isinstance(value, list) else [value]
    found = [each for each in several if isinstance(each, dict)]
    if not found or len(found) < len(several) or len(found) > MOST_LEADS:
        mend = f"Send one object, or a list of at most {MOST_LEADS}."
        raise Unreadable("This is no lead", where="the body", mend=mend)
    return found


def _form(delivery: Delivery) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, values in delivery.form.lists():
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
    leaves = [(name, each) for name, each in flat(value) if name not in used]
    by_name = {_last(name): each for name, each in reversed(leaves)}
    said = {ours: joined(_first(by_name, names)) for ours, names in (("key", _KEYS), ("at", _TIMES), ("test", _TESTS))}
    sheet_row = joined(value.get("id"))  # a plain "id" may be anything, but for a Facebook lead's in a sheet
    key = next(
        (each for each in (joined(mapped.get("external_id")), said["key"], sheet_row if sheet_row[:2] == "l:" else "") if each),
        "",
    )
    told = Told(
        key=f"{kind}:{normal.identifier(key)}" if normal.identifier(key) else "",
        tracked={**{_last(name): each for name, each in reversed(leaves)}, **_group(mapped, "utm.", "utm_"), **_group(mapped, "click_ids.", "")},
        page_url=joined(mapped.get("page_url")),
        consent=[lead.common_lead(key="consent", value=_yes(mapped["consent"]), text=joined(mapped.get("consent_text")))] if "consent" in mapped else [],
        is_test=_yes(mapped.get("is_test")) or _yes(said["test"]),
        lead={
            "submitted_at": normal.instant(joined(mapped.get("submitted_at")) or said["at"]),
            "campaign": {**_campaign(leaves), **_group(mapped, "campaign.", "")},
            **({"locale": normal.clean_line(joined(mapped["locale"]), 35)} if mapped.get("locale") else {}),
        },
    )  # fmt: skip
    asked = [Asked(ours, _plain(each), ours) for ours, each in mapped.items() if ours not in ABOUT and "." not in ours]
    return [*asked, *(Asked(name, _plain(each), label=_last(name)) for name, each in leaves if not _is_about(name))], told


def _at(value: object, path: str) -> object:
    """What the path names; a flat form has `contact.email` as one name."""
    found = json_path.read(value, path)
    return found if found is not None else dict(flat(value)).get(_dotted(path))


def _dotted(path: str) -> str:
    return ".".join(str(step) for step in json_path.steps(path))


def _last(name: str) -> str:
    return name.rpartition(".")[2].strip().lower().replace(" ", "_").replace("-", "_")


def _is_about(name: str) -> bool:
    last = _last(name)
    return last in (*_KEYS, *_TESTS, *_CAMPAIGN) or (last in _TIMES and our_name(last) == "extra") or lead.is_tracking(last)


def _campaign(leaves: Sequence[tuple[str, object]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, each in leaves:
        ours, text = _CAMPAIGN.get(_last(name), ""), joined(each)
        if ours and text:
            found.setdefault(ours, normal.clean_line(_bare(text) if ours.endswith("id") else text))
    return found


def _bare(number: str) -> str:
    return next((number[len(mark) :] for mark in _ID_MARKS if number.startswith(mark)), number)


def _group(mapped: Mapping[str, object], prefix: str, named: str) -> dict[str, str]:
    return {
        f"{named}{ours[len(prefix) :]}": joined(each) for ours, each in mapped.items() if ours.startswith(prefix) and joined(each)
    }


def _first(by_name: Mapping[str, object], names: Sequence[str]) -> object:
    return next((by_name[name] for name in names if by_name.get(name) not in (None, "")), "")


def _plain(value: object) -> object:
    return value if isinstance(value, str) else scalar(value)


def _yes(value: object) -> bool:
    return joined(value).strip().lower() in _YES
