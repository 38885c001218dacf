"""YAML text to a tree in which every value knows its line.

YAML 1.2 by ruamel, composed but never constructed: 17:30 stays text, NO stays Norway, and no tag can build an object.
"""

import re
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from config.teamfile.findings import Findings, TeamFileError

LARGEST = 4_000_000  # bytes; 10,000 reps of one full line each are 1.2 million
_TAGS = {
    f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge")
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # and halves of characters: no database takes them


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file: `kind` is map, seq, str, int, float, bool, null or timestamp; `text` a scalar as written."""

    line: int
    kind: str
    text: str = ""
    items: tuple["Node", ...] = ()
    entries: tuple[tuple[str, "Node"], ...] = ()

    def get(self, key: str) -> "Node | None":
        """The value under `key` of a mapping."""
        return next((value for name, value in self.entries if name == key), None)

    @property
    def is_none(self) -> bool:
        """Is it left empty, or the word none?"""
        return self.kind == "null" or (self.kind == "str" and self.text.lower() == "none")


def read_tree(text: str, findings: Findings) -> Node | None:
    """The tree of one YAML document, a mapping at the top; None if it cannot be read, with the reasons in `findings`."""
    if len(text.encode("utf-8", "replace")) > LARGEST:
        findings.error(1, "file", f"is larger than {LARGEST:,} bytes.", "Is this the team file?")
        return None
    root = _composed(text, findings)
    if root is None:
        return None
    if not isinstance(root, MappingNode):
        findings.error(1, "file", "is not a mapping of keys.", "Begin with `version: 1`; config/team.yaml is an example.")
        return None
    return _Walk(findings).node(root, "file", root.start_mark.line + 1)


def whole_tree(text: str) -> Node:
    """The tree of a text that can be read without any fault of YAML. Raises TeamFileError if there is one."""
    findings = Findings()
    tree = read_tree(text, findings)
    if tree is None or findings.errors:
        raise TeamFileError(findings.errors)
    return tree


def plain(node: Node) -> Any:
    """The tree as Python values; dates stay text."""
    if node.kind == "map":
        return {key: plain(value) for key, value in node.entries}
    if node.kind == "seq":
        return [plain(item) for item in node.items]
    return _scalar(node)


def _scalar(node: Node) -> Any:
    if node.kind == "null":
        return None
    if node.kind == "bool":
        return node.text.lower() == "true"
    try:
        if node.kind == "int":
            return int(node.text.replace("_", ""), 10)
        if node.kind == "float":
            return float(node.text)
    except ValueError:
        pass  # 0x1F and the like: nobody means a number by it here
    return node.text


def _composed(text: str, findings: Findings) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # aliases are refused anyway
    try:
        root = yaml.compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = (
            "Indent with blanks, not with tabs." if "\\t" in str(error.problem) else "Mind the indentation, quotes and brackets."
        )
        findings.error(mark.line + 1 if mark else 1, "file", f"is not valid YAML: {error.problem or error.context}.", hint)
        return None
    except RecursionError:
        findings.error(1, "file", "is nested too deeply.", "A team file needs six levels at most.")
        return None
    except (YAMLError, ValueError) as error:
        odd = _CONTROL.search(text)
        line = text.count("\n", 0, odd.start()) + 1 if odd else 1
        findings.error(line, "file", f"is not valid YAML: {str(error).splitlines()[0]}.", "Save it as plain UTF-8 text.")
        return None
    if root is None:
        findings.error(1, "file", "is empty.", "Begin with `version: 1`; config/team.yaml is an example.")
    return root


class _Walk:
    """Turns composed nodes into ours; remembers which it has seen, since an alias repeats a node (and can repeat it a billionfold)."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.seen: set[int] = set()

    def node(self, raw: Any, key: str, line: int) -> Node:
        kind = _TAGS.get(str(raw.tag))
        if id(raw) in self.seen:
            self.findings.error(line, key, "uses a YAML alias (*name).", "Write the value out; aliases are not read here.")
            return Node(line, kind or "str", self.text(raw, key, line)) if isinstance(raw, ScalarNode) else Node(line, "null")
        self.seen.add(id(raw))
        if kind is None:
            self.findings.error(line, key, f"has the YAML tag {raw.tag}.", "Remove the tag; only plain values are read.")
        if isinstance(raw, MappingNode):
            return Node(line, "map", entries=self.entries(raw, key))
        if isinstance(raw, SequenceNode):
            items = [
                self.node(item, _item_key(key, index, item), item.start_mark.line + 1) for index, item in enumerate(raw.value)
            ]
            return Node(line, "seq", items=tuple(items))
        return Node(line, kind or "str", self.text(raw, key, line))

    def text(self, raw: Any, key: str, line: int) -> str:
        """What a scalar says. Written as "\\0" anything passes as YAML, and the database or the first screen would refuse it."""
        text = str(raw.value)
        if odd := _CONTROL.search(text):
            reason = f"holds the character U+{ord(odd[0]):04X}, which nobody can read."
            self.findings.error(line, key, reason, "Write letters, digits, signs and line breaks only.")
        return _CONTROL.sub("?", text)

    def entries(self, raw: Any, key: str) -> tuple[tuple[str, Node], ...]:
        found: dict[str, Node] = {}
        for name_node, value in raw.value:
            line = name_node.start_mark.line + 1
            name = self.text(name_node, key, line) if isinstance(name_node, ScalarNode) else "?"
            path = name if key == "file" else f"{key}.{name}"
            if not isinstance(name_node, ScalarNode):
                self.findings.error(
                    line, key, "has a key that is not a word.", "Keys are plain words; is a bracket or colon misplaced?"
                )
            elif name in found:
                self.findings.error(
                    line, path, f"is given twice; the first is in line {found[name].line}.", "Remove one of them."
                )
            else:
                found[name] = self.node(value, path, line)
        return tuple(found.items())


def _item_key(key: str, index: int, item: Any) -> str:
    """reps.priya for an item with an id, else slas.hot.ladder[0]."""
    pairs = item.value if isinstance(item, MappingNode) else ()
    ids = [value.value for name, value in pairs if name.value == "id" and isinstance(value, ScalarNode)]
    return f"{key}.{ids[0]}" if ids else f"{key}[{index}]"
