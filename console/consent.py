"""What a lead agreed to and what shows it: the words, when, on which page, from which address; and what they have taken back since."""

from collections.abc import Mapping, Sequence
from typing import Any

from console import answers
from store.reports import Row


def shown_by(row: Row) -> dict[str, object]:
    """When, where and from which address the inquiry with its consent came, as the sender told it; else when it arrived."""
    content = row["content"]
    extra = content.get("extra") if isinstance(content.get("extra"), Mapping) else {}
    return {
        "at": content.get("submitted_at") or answers.iso(row["arrived_at"]),
        "page": extra.get("page_url") or extra.get("referer") or None,
        "address": extra.get("remote_address") or None,
        "user_agent": extra.get("user_agent") or None,
    }


def withdrawn(stops: Sequence[Row]) -> list[dict[str, object]]:
    """The channels that are closed to this person now: since when, and by which words or report."""
    return [{"channel": row["channel"], "since": answers.iso(row["since"]), "reason": row["reason"]} for row in stops]


def facts(row: Row) -> list[tuple[str, str]]:
    """The same for the page, one line each consent."""
    proof = shown_by(row)
    where = ", ".join(str(proof[name]) for name in ("at", "page", "address") if proof[name])
    found = []
    for consent in row["content"].get("consent") or []:
        if isinstance(consent, dict):
            said = f"{'yes' if consent.get('value') else 'no'} {_words(consent)}".strip()
            found.append((f"consent {consent.get('key', '')}", f"{said} ({where})"))
    return found


def _words(consent: Mapping[str, Any]) -> str:
    return str(consent.get("text") or "")
