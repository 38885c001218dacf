"""The leaves of any JSON or form by their names, whatever was nested, flattened or listed before."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from config import lead

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
_CAMPAIGN = {
    "name": "campaign campaign_name campaignname", "id": "campaign_id campaignid", "ad_id": "ad_id adid", "ad_name": "ad_name adname",
    "adset_id": "adset_id adsetid ad_set_id", "adgroup_id": "adgroup_id ad_group_id adgroupid", "form_id": "form_id formid",
    "medium": "campaign_medium", "headline": "ad_headline headline", "ref": "ref",
}  # fmt: skip
_CAMPAIGNS = {theirs: ours for ours, names in _CAMPAIGN.items() for theirs in names.split()}

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


def last(name: str) -> str:
    """The end of a joined name, as other programs spell it: `Lead.Full Name` is full_name."""
    return name.rpartition(".")[2].strip().lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=2048)
def campaign_word(name: str) -> str:
    """What of a campaign this tells ("id", "name", "ad_id" ...): campaign_id, or `id` inside `campaign`. "" for anything else."""
    if lead.is_tracking(name):
        return ""
    above, _, end = name.rpartition(".")
    return (
        _CAMPAIGNS.get(last(name)) or _CAMPAIGNS.get(f"{last(above)}_{last(end)}", "")
        if above
        else _CAMPAIGNS.get(last(name), "")
    )


def of_things(leaves: Sequence[Leaf]) -> frozenset[str]:
    """The names of leaves that belong to a campaign, a form or the like: an object of that name without anybody's address in it."""
    inside: dict[str, list[str]] = {}
    for name in [name for name, _ in leaves if "." in name]:
        inside.setdefault(name.rpartition(".")[0], []).append(name)
    things = (names for above, names in inside.items() if last(above) in _THINGS and not any(map(_ADDRESSES.search, names)))
    return frozenset(name for names in things for name in names)


def first(by_name: Mapping[str, object], names: Sequence[str]) -> object:
    """The first of these names that says something."""
    return next((by_name[name] for name in names if by_name.get(name) not in (None, "")), "")
