"""The leaves of any JSON or form by their names, whatever was nested, flattened or listed before."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from config.about import last

_QUESTIONS = ("name", "field", "key", "label", "question", "title")
_ANSWERS = ("value", "values", "answer", "answers", "string_value")
_ADDRESSES = re.compile(r"e?-?mails?\b|phone|\btel\b", re.IGNORECASE)
# whose name, id and words are not the person's: a campaign's, a form's ...
_THINGS = frozenset(
    [
        "campaign",
        "ad",
        "adset",
        "ad_set",
        "adgroup",
        "ad_group",
        "form",
        "page",
        "product",
        "project",
        "event",
        "file",
        "source",
        "site",
        "store",
        "plan",
        "item",
        "list",
        "owner",
        "agent",
        "rep",
    ]
)
Leaf = tuple[str, object]


def flat(value: object, path: str = "") -> Iterator[Leaf]:
    """Nested names are joined with dots; `lead__email` and `lead[email]` are nested names too. Lists of {name, value} are answers."""
    if isinstance(value, list) and (answers := answered(value)):
        yield from answers
    elif not isinstance(value, dict):
        yield path, value
    else:
        for key, inner in value.items():
            name = _joined(str(key))
            yield from flat(inner, f"{path}.{name}" if path else name)


@lru_cache(maxsize=2048)
def _joined(key: str) -> str:
    return re.sub(r"__(?!c$)", ".", key).replace("][", ".").replace("[", ".").strip("].")


def answered(listed: Sequence[object]) -> list[Leaf]:
    """[{"name": "email", "values": ["a@b"]}, ...] as (question, answer); none when one of them is anything else."""
    found: list[Leaf] = []
    for each in listed:
        said = {str(key).lower(): inner for key, inner in each.items()} if isinstance(each, dict) else {}
        question = next((said[key] for key in _QUESTIONS if isinstance(said.get(key), str) and said[key]), "")
        answer = [said[key] for key in _ANSWERS if key in said]
        if not question or not answer:
            return []
        found.append((str(question), answer[0][0] if isinstance(answer[0], list) and len(answer[0]) == 1 else answer[0]))
    return found


def of_things(leaves: Sequence[Leaf]) -> frozenset[str]:
    """The names of leaves that belong to a campaign, a form or the like: an object of that name without anybody's address in it."""
    inside: dict[str, list[str]] = {}
    for name in [name for name, _ in leaves if "." in name]:
        inside.setdefault(name.rpartition(".")[0], []).append(name)
    things = (names for above, names in inside.items() if last(above) in _THINGS and not any(map(_ADDRESSES.search, names)))
    return frozenset(name for names in things for name in names)
