"""Writes the file of states and their area codes from the data of the phonenumbers library: `python -m config.rules.write_states DATE`.

The library's own look-up would cost each process ten seconds at its start and 180 MB. tests/config/test_rules.py holds the
file against the library, so that an area code which is new there is missed nowhere.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

Areas = Mapping[str, tuple[str, ...]]
NAMES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York",
    "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "AS": "American Samoa", "GU": "Guam",
    "MP": "Northern Mariana Islands", "PR": "Puerto Rico", "VI": "U.S. Virgin Islands",
}  # fmt: skip
SPELT = {name.casefold(): code for code, name in NAMES.items()} | {
    "washington state": "WA",
    "washington d.c.": "DC",
    "washington, dc": "DC",
}
ISLANDS = frozenset({"AS", "GU", "MP", "PR", "VI"})  # countries of their own to the library
HEAD = """# The states and their area codes: where somebody with a number may be. Written by config/rules/write_states.py; do not edit.
as_of: {day}
in_force_from: 2010-01-01
source: "the phonenumbers library {version}: prefixes of the North American Numbering Plan and their time zones"
entries:
"""


def areas() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Area code -> (state, time zones), of all in the United States."""
    told: dict[str, set[str]] = {}
    for prefix, names in GEOCODE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4 and "en" in names:
            told.setdefault(prefix[1:4], set()).add(names["en"])
    zones: dict[str, set[str]] = {}
    for prefix, found in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            zones.setdefault(prefix[1:4], set()).update(found)
    return {area: (state, tuple(sorted(zones[area]))) for area, state in _states(told) if area in zones}


def _states(told: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    for number in range(200, 1000):
        area = str(number)
        country = phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{area}5550100"))
        if country in ISLANDS:
            yield area, country
        elif country == "US" and (state := _state(GEOCODE_DATA.get(f"1{area}", {}).get("en", ""), told.get(area, set()))):
            yield area, state


def _state(whole: str, places: set[str]) -> str:
    """The state of a whole area code by its own name, else the one that most of its places are in."""
    known = SPELT.get(whole.casefold()) or whole.rpartition(", ")[2]
    if known in NAMES:
        return known
    ends = [place.rpartition(", ")[2] for place in places]
    return max(sorted(set(ends) & NAMES.keys()), key=ends.count, default="")


def text(day: str) -> str:
    """The file."""
    lines = [HEAD.format(day=day, version=phonenumbers.__version__)]
    found = areas()
    for code, name in NAMES.items():
        theirs = {area: zones for area, (state, zones) in found.items() if state == code}
        if theirs:
            lines += _entry(code, name, theirs)
    return "".join(lines)


def _entry(code: str, name: str, theirs: Areas) -> Iterator[str]:
    every = tuple(sorted({zone for zones in theirs.values() for zone in zones}))
    usual = [area for area, zones in theirs.items() if zones == every]
    yield f"  - id: us-{code.lower()}\n    where: US-{code}\n    name: {name}\n    zones: [{', '.join(every)}]\n"
    if usual:
        yield "    areas: [" + ", ".join(f'"{area}"' for area in usual) + "]\n"
    if len(usual) < len(theirs):
        yield "    elsewhere:\n"
        yield from (f'      "{area}": [{", ".join(zones)}]\n' for area, zones in theirs.items() if area not in usual)


if __name__ == "__main__":
    Path(__file__).with_name(f"states-{sys.argv[1]}.yaml").write_text(text(sys.argv[1]), encoding="utf-8")
