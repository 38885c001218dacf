"""What changed between two team files, in words: `rep priya: cap.open 12 -> 8`."""

from config.teamfile.tree import Node, whole_tree

_ONE_OF = {
    "reps": "rep",
    "managers": "manager",
    "pools": "pool",
    "sources": "source",
    "endpoints": "endpoint",
    "rules": "rule",
    "slas": "sla",
    "hours": "hours",
}
_SAME = {"steps": "ladder", "first_touch": "first_response_within", "pick": "strategy", "except": "overrides", "map": "fields"}


def diff(old_text: str, new_text: str) -> list[str]:
    """One line per change, in the order of the file. Raises TeamFileError if either text is no YAML."""
    old, new = whole_tree(old_text), whole_tree(new_text)
    lines: list[str] = []
    for part in dict.fromkeys([*dict(old.entries), *dict(new.entries)]):
        before, after = old.get(part) or Node(1, "null"), new.get(part) or Node(1, "null")
        lines += _collection(part, before, after) if part in _ONE_OF else _changes(part, _flat(before), _flat(after))
    return lines


def _collection(part: str, before: Node, after: Node) -> list[str]:
    old, new, word = _by_id(before), _by_id(after), _ONE_OF[part]
    lines = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            lines.append(f"{word} {name} removed")
        elif name not in old:
            lines.append(f"{word} {name} added")
        else:
            lines += _changes(f"{word} {name}", _flat(old[name]), _flat(new[name]))
    stayed_old, stayed_new = [n for n in old if n in new], [n for n in new if n in old]
    if stayed_old != stayed_new and before.kind == "seq":
        lines.append(f"{part}: order {', '.join(stayed_old)} -> {', '.join(stayed_new)}")
    return lines


def _by_id(node: Node) -> dict[str, Node]:
    if node.kind == "map":
        return dict(node.entries)
    named = ((item.get("id"), item) for item in node.items)
    return {found.text: item for found, item in named if found}


def _changes(what: str, old: dict[str, str], new: dict[str, str]) -> list[str]:
    lines = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if before != after:
            lines.append(f"{what}: {key + ' ' if key else ''}{_shown(before)} -> {_shown(after)}")
    return lines


def _shown(text: str | None) -> str:
    if text is None:
        return "(not set)"
    return text if len(text) <= 60 else text[:57] + "..."


def _flat(node: Node, path: str = "") -> dict[str, str]:
    """Dotted path -> text; a list of plain words is one text, so that its order counts."""
    if node.kind == "map":
        found: dict[str, str] = {}
        for key, value in node.entries:
            found |= _flat(value, f"{path}.{key}" if path else _SAME.get(key, key))
        return found
    if node.kind == "seq" and any(item.kind in ("map", "seq") for item in node.items):
        found = {}
        for index, item in enumerate(node.items, start=1):
            found |= _flat(item, f"{path}[{index}]")
        return found
    if node.kind == "seq":
        return {path: ", ".join(item.text for item in node.items) or "none"}
    if node.kind == "null" and not path:
        return {}
    return {"cap.open" if path == "cap" else path: "none" if node.kind == "null" else node.text}
