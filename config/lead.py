"""The common lead: what every kind of source says about a person and their inquiry, in the same words.

Names, phones and addresses are regular (normal.py); empty keys are left out; all else a sender said is in `extra`.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from config import normal

CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "ctwa_clid")
UTM = ("source", "medium", "campaign", "term", "content")
MOST_EXTRAS = 60
Content = dict[str, object]


def common_lead(**fields: object) -> Content:
    """The lead without its empty keys; False and 0 are values. Where the person's zone is not told, their number's area tells it."""
    made = {key: kept for key, value in fields.items() if (kept := _without_empty(value)) is not None}
    zone = normal.zone_of(str(made["phone"])) if "phone" in made and "zone" not in made else None
    return {**made, "zone": zone} if zone else made


def full_name(name: str, first: str, last: str) -> str:
    """The name as given; first and last are joined only when both came apart."""
    return name or " ".join(part for part in (first, last) if part)


def tracking(fields: Mapping[str, str], page_url: str) -> Content:
    """`utm` and `click_ids`: from the fields, then from the query of the page's address."""
    known = {**_query(page_url), **{key: value for key, value in fields.items() if value}}
    utm = {name: normal.clean_line(known[f"utm_{name}"]) for name in UTM if known.get(f"utm_{name}")}
    clicks = {name: normal.clean_line(known[name]) for name in CLICK_IDS if known.get(name)}
    return common_lead(utm=utm, click_ids=clicks)


def is_tracking(name: str) -> bool:
    """Is this field one of `tracking`, and so no part of what the person said?"""
    return name in CLICK_IDS or (name.startswith("utm_") and name[4:] in UTM)


def _query(url: str) -> dict[str, str]:
    if "?" not in url:
        return {}
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=200)
    except ValueError:
        return {}
    return {key.lower(): value for key, value in pairs}


def _without_empty(value: object) -> object | None:
    if isinstance(value, Mapping):
        kept = {key: inner for key, each in value.items() if (inner := _without_empty(each)) is not None}
        return kept or None
    return None if value in ("", None, [], ()) else value
