"""Reads a mapping of the team file key by key, collects what is wrong, and complains of the keys nobody asked for."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from config.teamfile.findings import Findings, suggestion
from config.teamfile.meant import meant_key, meant_value
from config.teamfile.tree import Node

Word = TypeVar("Word", bound=StrEnum)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(r"(\d{1,9})\s*([smhdw])[a-z]*", re.IGNORECASE)
_SPAN = re.compile(r"(?:\d{1,9}\s*[smhdw](?:ec|in|r|ay|eek|ours?|inutes?|econds?|ays?|eeks?|rs|ins|ecs)?\s*)+", re.IGNORECASE)
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_SPAN = timedelta(days=366)


class Section:
    """One mapping of the file. Each reader returns its default where the key is absent or wrong."""

    def __init__(self, node: Node, path: str, findings: Findings) -> None:
        self.line, self.path, self.findings = node.line, path, findings
        self._asked: list[str] = []
        self._nodes = dict(node.entries)
        if node.kind not in ("map", "null"):
            self.fail("", "must hold keys and values.", "Write it as `key: value` lines, indented below it.", line=node.line)

    def fail(self, key: str, reason: str, hint: str = "", *, line: int | None = None) -> None:
        """Note an error at `key` (or at this section itself)."""
        self.findings.error(line or self.line_of(key), self.key(key), reason, hint)

    def warn(self, key: str, reason: str, hint: str = "", *, line: int | None = None) -> None:
        """Note something odd at `key`."""
        self.findings.warn(line or self.line_of(key), self.key(key), reason, hint)

    def key(self, key: str) -> str:
        """The dotted path of `key`."""
        return ".".join(part for part in (self.path, key) if part)

    def line_of(self, key: str) -> int:
        """The line of `key`, or of the section where the key is absent."""
        return self._nodes[key].line if key in self._nodes else self.line

    def node(self, key: str, *synonyms: str) -> Node | None:
        """The raw value under `key`, or under a synonym where the key is absent."""
        self._asked += (key, *synonyms)
        return next((self._nodes[name] for name in (key, *synonyms) if name in self._nodes), None)

    def part(self, key: str) -> "Section":
        """The mapping under `key`; an empty one if absent."""
        node = self.node(key)
        return Section(node or Node(self.line_of(key), "null"), self.key(key), self.findings)

    def scalar(self, key: str, *synonyms: str) -> Node | None:
        """The value under `key` if it is one word, number or date."""
        node = self.node(key, *synonyms)
        if node is None or node.kind not in ("map", "seq"):
            return node
        self.fail(key, "must be a single value, not a list or mapping.", f"Write it as `{key}: value`.", line=node.line)
        return None

    def text(self, key: str, default: str | None = None, *, needed: bool = False, longest: int = 200) -> str | None:
        """Text of at most `longest` characters."""
        node = self.scalar(key)
        if node is None or node.kind == "null" or not node.text.strip():
            if needed:
                self.fail(key, "is missing.", f"Add `{key}:` here.")
            return default
        if len(node.text) > longest:
            self.fail(key, f"is longer than {longest} characters.", "Shorten it.")
            return default
        return node.text.strip()

    def whole(self, key: str, default: int, *, lowest: int = 0, highest: int = 1_000_000) -> int:
        """A whole number."""
        node = self.scalar(key)
        return default if node is None else self.number(node, key, default, (lowest, highest))

    def whole_or_none(self, key: str, default: int | None) -> int | None:
        """A whole number from 0 on, or `none`."""
        node = self.scalar(key)
        if node is None or node.kind == "null":
            return default
        return None if node.is_none else self.number(node, key, default or 0, (0, 100_000))

    def number(self, node: Node, key: str, default: int, bounds: tuple[int, int]) -> int:
        """The whole number that `node` holds."""
        text = node.text.strip()
        if text.isascii() and text.isdigit() and len(text) < 10 and bounds[0] <= int(text) <= bounds[1]:
            return int(text)
        reason = f"must be a whole number from {bounds[0]} to {bounds[1]}, not {text!r}."
        self.fail(key, reason, f"For example {key}: {max(default, bounds[0])}.", line=node.line)
        return default

    def share(self, key: str, default: float) -> float:
        """A share between 0 (excluded) and 1, written 25% or 0.25."""
        node = self.scalar(key)
        value = None if node is None else as_share(node.text)
        if node is not None and (value is None or not 0 < value <= 1):
            self.fail(key, f"must be a share from 1% to 100%, not {node.text!r}.", "Write it as 25% or 0.25.")
            return default
        return default if value is None else value

    def yes(self, key: str, default: bool) -> bool:
        """true or false (yes, no, on and off are understood too)."""
        node = self.scalar(key)
        if node is None:
            return default
        word = node.text.strip().lower()
        if word in ("true", "yes", "on", "false", "no", "off"):
            return word in ("true", "yes", "on")
        self.fail(
            key, f"must be true or false, not {node.text!r}.", f"Write `{key}: {str(default).lower()}`, say.", line=node.line
        )
        return default

    def span(self, key: str, default: timedelta, *synonyms: str, least: timedelta = timedelta(seconds=1)) -> timedelta:
        """A length of time: 30s, 2m, 1h 30m, 24h, 7d."""
        node = self.scalar(key, *synonyms)
        if node is None:
            return default
        value = as_span(node.text)
        if value is None or not least <= value <= LONGEST_SPAN:
            reason = f"must be a length of time from {as_words(least)} to {as_words(LONGEST_SPAN)}, not {node.text!r}."
            self.fail(key, reason, "Write it as 30s, 2m, 1h 30m or 7d.", line=node.line)
            return default
        return value

    def day(self, key: str) -> date | None:
        """A date, 2026-12-24."""
        node = self.scalar(key)
        value = None if node is None else as_day(node.text)
        if value is None:
            wrong = "is missing." if node is None else f"is not a date: {node.text!r}."
            self.fail(key, wrong, "Write it as 2026-12-24.")
        return value

    def one_of(self, key: str, words: type[Word], default: Word) -> Word:
        """One of an enumeration's words; hyphens are as good as underscores."""
        word = self.name(key, [str(word) for word in words], default=str(default))
        return words(word)

    def name(self, key: str, known: Iterable[str], *synonyms: str, default: str) -> str:
        """One of the `known` names."""
        node = self.scalar(key, *synonyms)
        if node is None:
            return default
        return self.known(node, key, known) or default

    def known(self, node: Node, key: str, known: Iterable[str]) -> str | None:
        """The one of `known` that `node` names, else None and an error with the nearest."""
        choices, word = dict.fromkeys(known), node.text.strip()
        for choice in (word, word.lower(), word.lower().replace("-", "_")):
            if choice in choices:
                return choice
        self.fail(key, f"there is no {word!r} here.", meant_value(key, word) or suggestion(word, choices), line=node.line)
        return None

    def names(self, key: str, known: Iterable[str]) -> tuple[str, ...]:
        """A list of `known` names (a single one may stand alone), each once."""
        found: dict[str, None] = {}
        choices = dict.fromkeys(known)
        for node in self.several(key):
            name = node.text if node.text in choices else self.known(node, key, choices)
            if name in found:
                self.fail(key, f"names {name!r} twice.", "Remove one.", line=node.line)
            elif name:
                found[name] = None
        return tuple(found)

    def several(self, key: str, *synonyms: str) -> tuple[Node, ...]:
        """The scalars of a list; one alone counts as a list of one, an empty value or `none` as an empty list."""
        node = self.node(key, *synonyms)
        if node is None or node.is_none:
            return ()
        items = node.items if node.kind == "seq" else (node,)
        for item in items:
            if item.kind in ("map", "seq", "null"):
                self.fail(key, "must be a list of plain words.", f"Write it as `{key}: [one, two]`.", line=item.line)
        return tuple(item for item in items if item.kind not in ("map", "seq", "null"))

    def rest(self) -> tuple[tuple[str, Node], ...]:
        """The entries nobody has asked for yet; they count as asked for from here on."""
        left = tuple((name, node) for name, node in self._nodes.items() if name not in self._asked)
        self._asked += [name for name, _ in left]
        return left

    def close(self) -> None:
        """Complain of every key that nobody asked for."""
        for name, node in self._nodes.items():
            if name not in self._asked:
                hint = meant_key(self.path, name) or suggestion(name, self._asked)
                self.fail(name, f"the key {name!r} is not known here.", hint, line=node.line)


def mappings(node: Node | None, path: str, findings: Findings) -> list[tuple[str, Section]]:
    """The (id, section) pairs of a mapping of ids, such as `pools`."""
    if node is None or node.is_none:
        return []
    if node.kind != "map":
        findings.error(
            node.line, path, "must be a mapping of ids.", f"Write it as `{path}:` and below it `  my_id:` with its keys."
        )
        return []
    pairs = [(name, Section(value, f"{path}.{name}", findings)) for name, value in node.entries]
    return [(name, section) for name, section in pairs if is_id(name, section)]


def listed(node: Node | None, path: str, findings: Findings) -> list[tuple[str, Section]]:
    """The (id, section) pairs of a list whose items have an `id`, such as `reps`."""
    if node is None or node.is_none:
        return []
    if node.kind != "seq":
        findings.error(node.line, path, "must be a list.", f"Write it as `{path}:` and below it `  - id: my_id` with its keys.")
        return []
    found: dict[str, Section] = {}
    for index, item in enumerate(node.items):
        named = item.get("id") if item.kind == "map" else None
        section = Section(item, f"{path}.{named.text if named else index + 1}", findings)
        name = section.text("id", needed=item.kind == "map")
        if name in found:
            section.fail("id", f"{name!r} is given twice; the first is in line {found[name].line}.", "Give each its own id.")
        elif name and is_id(name, section):
            found[name] = section
    return list(found.items())


def is_id(name: str, section: Section) -> bool:
    """May `name` stand in addresses and texts? Else an error is noted."""
    if _ID.fullmatch(name):
        return True
    section.fail("", f"{name!r} is not a good id.", "Use small letters, digits, - and _, at most 40, e.g. priya or west-coast.")
    return False


def as_span(text: str) -> timedelta | None:
    """`1h 30m` as a timedelta, None if it is no length of time."""
    if text.strip() in ("0", "0s", "0m"):
        return timedelta(0)
    if not _SPAN.fullmatch(text.strip()):
        return None
    return timedelta(seconds=sum(int(count) * _UNITS[unit.lower()] for count, unit in _PART.findall(text)))


def as_words(span: timedelta) -> str:
    """A length of time as the team file writes it: 1h30m."""
    seconds = int(span.total_seconds())
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    words = ""
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        words += f"{count}{unit}" if count else ""
    return words or "0s"


def as_share(text: str) -> float | None:
    """`25%` or `0.25` as 0.25, None if it is no number."""
    bare = text.strip()
    try:
        return float(bare[:-1]) / 100 if bare.endswith("%") else float(bare)
    except ValueError:
        return None


def as_day(text: str) -> date | None:
    """`2026-12-24` as a date, None if it is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
