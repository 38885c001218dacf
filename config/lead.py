"""The common lead: what every kind of source says about a person and their inquiry, in the same words.

Names, phones and addresses are regular (normal.py); empty keys are left out; all else a sender said is in `extra`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from config import normal

CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "ctwa_clid")
UTM = ("source", "medium", "campaign", "term", "content")
MOST_EXTRAS = 60
_TRACKED = {name.replace("_", ""): name for name in (*CLICK_IDS, *(f"utm_{each}" for each in UTM))}
_PARTICLES = frozenset(
    [
        "de",
        "da",
        "do",
        "dos",
        "di",
        "del",
        "della",
        "du",
        "des",
        "la",
        "le",
        "el",
        "al",
        "van",
        "von",
        "vom",
        "zu",
        "zur",
        "ter",
        "ten",
        "bin",
        "ben",
        "abu",
        "st",
    ]
)
Content = dict[str, object]


def common_lead(**fields: object) -> Content:
    """The lead without its empty keys; False and 0 are values. Where the person's zone is not told, their number's area tells it."""
    made = {key: kept for key, value in fields.items() if (kept := _without_empty(value)) is not None}
    zone = normal.zone_of(str(made["phone"])) if "phone" in made and "zone" not in made else None
    return {**made, "zone": zone} if zone else made


def without_own(content: Content, own_numbers: frozenset[str]) -> Content:
    """The lead; where its number is one of ours nobody is called by it, and it stays readable in `extra`."""
    if content.get("phone") not in own_numbers:
        return content
    kept, extra = {key: each for key, each in content.items() if key not in ("phone", "zone")}, content.get("extra")
    return {**kept, "extra": {**(extra if isinstance(extra, Mapping) else {}), "phone_as_typed": content["phone"]}}


def full_name(name: str, first: str, last: str) -> str:
    """The name as given; first and last are joined only when both came apart."""
    return name or " ".join(part for part in (first, last) if part)


def halves(name: str, first: str, last: str) -> tuple[str, str]:
    """First and last name of a form that asks for "Name" and "Surname", or for "Nom" and "Prénom", and means the other half by the first.

    Where the name already holds the half that came apart it is the whole.
    """
    lone = first or last
    if not name or not lone or (first and last) or lone.casefold() in name.casefold():
        return first, last
    if last:
        return name, last
    is_surname = " " not in name or name.split()[0].casefold() in _PARTICLES
    return (first, name) if is_surname else (first, "")


def tracking(fields: Mapping[str, str], *pages: str) -> Content:
    """`utm` and `click_ids`: from the fields, then from the queries of the pages' addresses, the first of them first."""
    known = _named([*fields.items(), *(pair for page in dict.fromkeys(pages) for pair in _query(page))])
    utm = {name: normal.clean_line(known[f"utm_{name}"]) for name in UTM if known.get(f"utm_{name}")}
    clicks = {name: normal.clean_line(known[name]) for name in CLICK_IDS if known.get(name)}
    return common_lead(utm=utm, click_ids=clicks)


def is_tracking(name: str) -> bool:
    """Is this field one of `tracking`, and so no part of what the person said?"""
    return bool(tracking_name(name))


@lru_cache(maxsize=2048)
def tracking_name(name: str) -> str:
    """utm_source, gclid ... for every spelling of it (UTM Source, utm-source, utmSource, lead.utm.source); "" for what is none."""
    parts = [re.sub(r"[^a-z0-9]", "", part) for part in re.split(r"[.\[\]]+", name.lower().strip(" .[]"))]
    return _TRACKED.get(parts[-1]) or _TRACKED.get("".join(parts[-2:]), "")


def _query(url: str) -> list[tuple[str, str]]:
    """Of the address, and of the part behind # that pages of one file use as theirs."""
    if "?" not in url and "#" not in url:
        return []
    try:
        parts = urlsplit(url)
        behind = parts.fragment.rpartition("?")[2]
        return [*parse_qsl(parts.query, max_num_fields=200), *parse_qsl(behind, max_num_fields=200)]
    except ValueError:
        return []


def _named(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The pairs that track, by our names; of two the first that says something."""
    found: dict[str, str] = {}
    for name, value in pairs:
        ours = tracking_name(name)
        if ours and value:
            found.setdefault(ours, value)
    return found


def _without_empty(value: object) -> object | None:
    if isinstance(value, Mapping):
        kept = {key: inner for key, each in value.items() if (inner := _without_empty(each)) is not None}
        return kept or None
    return None if value in ("", None, [], ()) else value
