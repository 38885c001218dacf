"""From the dated files of `config/rules` to a Rulebook. Every fault is told with its file and line, and with all others at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from config import clock
from config.teamfile.findings import Findings, Problem, TeamFileError
from config.teamfile.hours import days_of, public_holidays, read_windows, read_zone
from config.teamfile.section import Section
from config.teamfile.tree import Node, read_tree
from routing.hours import Window
from routing.rulebook import PACIFIC, DailyCap, OpenFor, Rulebook, SendingClass, State, TextHours, Wording
from routing.wishes import words

HERE = Path(__file__).parents[1] / "rules"
MEANINGS = (
    "stop", "start", "start_again", "help", "polite", "doubtful", "opener", "refusal", "short_refusal", "lone_refusal", "no_calls", "visits",
    "signature", "carrier",
)  # fmt: skip
AS_TYPED = frozenset({"carrier"})  # compared with the text as it came, not with its bare words


class RulesError(TeamFileError):
    """The rules cannot be read; `problems` has each fault, its key led by the file's name."""


def rulebook(more: Path | None = None) -> Rulebook:
    """The rules in our own files and in those of the folder `more` (HEADROOM_RULES), read once per process.

    Raises RulesError with every fault in them.
    """
    return _read((HERE, more) if more else (HERE,))


@lru_cache(maxsize=8)
def _read(folders: tuple[Path, ...]) -> Rulebook:
    found: dict[str, list[Any]] = {}
    faults: list[Problem] = []
    for path in [path for folder in folders for path in _files(folder, faults)]:
        findings = Findings()
        kind, entries = _entries(path, findings)
        found.setdefault(kind, []).extend(entries)
        faults += [replace(fault, key=f"{path.name}: {fault.key}") for fault in findings.errors]
    if faults:
        raise RulesError(faults)
    return Rulebook(**{kind: tuple(entries) for kind, entries in found.items()})


def _files(folder: Path, faults: list[Problem]) -> list[Path]:
    if not folder.is_dir():
        faults.append(Problem(1, str(folder), "is not a folder.", "Set HEADROOM_RULES to the folder of your own rules."))
        return []
    return sorted(folder.glob("*.yaml"))


def _entries(path: Path, findings: Findings) -> tuple[str, list[Any]]:
    kind = next((each for each in READERS if path.name.startswith(f"{each}-")), "")
    if not kind:
        findings.error(
            1, "file", f"{path.name} is of no known kind.", f"Begin its name with one of {', '.join(READERS)} and a hyphen."
        )
        return "words", []
    root = read_tree(path.read_text(encoding="utf-8"), findings)
    if root is None:
        return kind, []
    top = Section(root, "", findings)
    usual = {key: top.node(key) for key in ("as_of", "in_force_from", "source")}
    top.text("note", longest=2_000)
    listed = top.node("entries") or Node(1, "null")
    top.close()
    if listed.kind != "seq":
        findings.error(listed.line, "entries", "must be a list.", "Write each entry as `- id: ...` with its keys.")
        return kind, []
    sections = [_with_usual(item, usual, findings) for item in listed.items]
    entries = [READERS[kind](section, _origin(section)) for section in sections]
    for section in sections:
        section.close()
    return kind, entries


def _with_usual(item: Node, usual: dict[str, Node | None], findings: Findings) -> Section:
    """The entry, with what the whole file has in common where it does not say it itself."""
    more = tuple((key, node) for key, node in usual.items() if node is not None and item.get(key) is None)
    named = item.get("id")
    whole = Node(item.line, item.kind, item.text, item.items, (*item.entries, *more)) if item.kind == "map" else item
    return Section(whole, f"entries.{named.text if named else '?'}", findings)


def _origin(section: Section) -> dict[str, Any]:
    until = section.node("until")
    return {
        "id": section.text("id", needed=True) or "",
        "as_of": section.day("as_of") or date.min,
        "in_force_from": section.day("in_force_from") or date.min,
        "source": section.text("source", needed=True, longest=500) or "",
        "until": section.day("until") if until is not None else None,
    }


def _wording(section: Section, origin: dict[str, Any]) -> Wording:
    means = section.name("means", MEANINGS, default="stop")
    given = [node.text for node in section.several("words")]
    if not given:
        section.fail("words", "are missing.", "Write them as a list.")
    plain = (text.strip().casefold() for text in given) if means in AS_TYPED else (words(text) for text in given)
    joined = (
        ("".join(each.split()) for each in plain) if means in ("stop", "start", "help", "lone_refusal", "doubtful") else plain
    )
    return Wording(**origin, means=means, words=frozenset(joined))


def _hours(section: Section, origin: dict[str, Any]) -> TextHours:
    weekly = _weekly(section.part("allowed"))
    closed: set[date] = set()
    for node in section.several("not_on_holidays_of"):
        days = public_holidays(node.text.strip(), clock.now().year)
        closed |= days.keys()
        if not days:
            section.fail("not_on_holidays_of", f"no holidays are known for {node.text!r}.", line=node.line)
    zones = frozenset(node.text for node in section.several("zones"))
    region, zone = section.text("where", "") or "", read_zone(section, "zone", default="")
    if bool(region) == bool(zone):
        section.fail(
            "where", "or `zone` must be given, one of them.", "A region such as US-TX; a zone for where nobody knows the place."
        )
    return TextHours(**origin, region=region, weekly=weekly, closed_on=frozenset(closed), zones=zones, zone=zone)


def _weekly(part: Section) -> dict[int, tuple[Window, ...]]:
    weekly: dict[int, tuple[Window, ...]] = {}
    for key, node in part.rest():
        windows = read_windows(node, part, key)
        if not days_of(key):
            part.fail(key, f"{key!r} is not a day.", "Days are mon ... sun, mon-fri, `sat,sun` or daily.", line=node.line)
        weekly |= dict.fromkeys(days_of(key), windows)
    if not any(weekly.values()):
        part.fail("", "allows no hour of the week.", 'Write it as `{daily: "08:00-21:00"}`.')
    return weekly


def _window(section: Section, origin: dict[str, Any]) -> OpenFor:
    humans = section.span("humans", timedelta(0)) if section.node("humans") is not None else None
    return OpenFor(
        **origin, ours=section.span("ours", timedelta(hours=24)), humans=humans, by_template=section.yes("by_template", False)
    )


def _cap(section: Section, origin: dict[str, Any]) -> DailyCap:
    return DailyCap(**origin, at_most=section.whole("at_most", 1, lowest=1), region=section.text("where", "") or "")


def _carrier(section: Section, origin: dict[str, Any]) -> SendingClass:
    minute, day = (section.whole(key, 0, lowest=1, highest=100_000_000) or None for key in ("per_minute", "per_day"))
    if not (minute or day):
        section.fail("per_minute", "or `per_day` must be given.", "A whole number of segments.")
    zone = read_zone(section, "day_zone", default=PACIFIC)
    return SendingClass(**origin, per_minute=minute, per_day=day, day_zone=zone, words=section.text("words", "") or "")


def _state(section: Section, origin: dict[str, Any]) -> State:
    zones = tuple(node.text for node in section.several("zones"))
    areas: dict[str, tuple[str, ...]] = {node.text: zones for node in section.several("areas")}
    for area, node in section.part("elsewhere").rest():
        areas[area] = tuple(item.text for item in (node.items or (node,)))
    region, name = section.text("where", needed=True) or "", section.text("name", needed=True) or ""
    return State(**origin, region=region, name=name, zones=zones, areas=areas)


READERS: dict[str, Callable[[Section, dict[str, Any]], Any]] = {
    "words": _wording, "hours": _hours, "windows": _window, "caps": _cap, "carriers": _carrier, "states": _state,
}  # fmt: skip


def to_come(book: Rulebook, today: date) -> list[str]:
    """The rules that begin later, in words: `us-tx (hours) on 2027-09-01`."""
    kinds = {kind: getattr(book, kind) for kind in READERS}
    later = sorted((entry.in_force_from, entry.id, kind) for kind, entries in kinds.items() for entry in entries)
    return [f"{name} ({kind}) on {day}" for day, name, kind in later if day > today]
