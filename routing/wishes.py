"""What people's words say about writing to them: STOP, START, HELP, and whatever else means one of these.

47 CFR 64.1200(a)(10), in force since 11 April 2025: any reasonable means of saying stop counts. Which words, is data (`Lexicon`).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from itertools import dropwhile
from typing import Literal

from routing.rulebook import Rulebook, day_of, said

Reading = Literal["stop", "start", "help", "stop_review"]
Lexicon = Mapping[str, frozenset[str]]
"""What words mean (config/rules/words-*.yaml): stop, start, start_again (who has stopped), help; polite; doubtful (may be about an appointment); refusal (anywhere),
short_refusal (in a short text), lone_refusal (alone); no_calls (also ends a rep's calls); visits (after "stop"); signature; carrier."""

_NONE: frozenset[str] = frozenset()
_SHORT = 8  # words: a long text may tell a story ("I first called the wrong number ...")
_READ = 1_600  # characters: the longest text the carrier delivers
_SENTENCE = re.compile(r"[.!?;:,\n\u2026]+")


def lexicon(book: Rulebook, at: datetime) -> Lexicon:
    """The words in force at `at`."""
    return said(book, day_of(at))


def reads_as(text: str, known: Lexicon) -> Reading | None:
    """What a text says about writing to its sender. "stop_review": obey as a STOP, and let a person look; None: about other things."""
    own = _own_lines(text, known)
    bare = words(own).split()
    asked, whole = _asked(bare, known), "".join(bare)
    if asked in known.get("stop", _NONE):
        return "stop_review" if asked != whole and asked in known.get("doubtful", _NONE) else "stop"
    if asked in known.get("lone_refusal", _NONE):
        return "stop_review"
    if asked in known.get("start", _NONE):
        return "start"
    if whole in known.get("help", _NONE):
        return "help"
    return "stop_review" if _refuses(own, bare, known) else None


def closes_calls(text: str, known: Lexicon) -> bool:
    """Does a refusal close the phone for calls by hand too? A plain STOP is about texts; "leave me alone" is not only."""
    return reads_as(text, known) == "stop_review" and _has_any(words(text), known.get("no_calls", _NONE))


def is_the_carriers(text: str, known: Lexicon) -> bool:
    """Has the carrier itself answered this STOP? It knows single words only, whatever their case; anything beside them, and it is silent."""
    return text.strip().casefold() in known.get("carrier", _NONE)


def words(text: str) -> str:
    """The bare words of a text: one spelling of each letter, no capitals, accents, punctuation or emoji, single blanks."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text[:_READ]).casefold())
    return " ".join("".join(_bare(char) for char in decomposed).split())


def _bare(char: str) -> str:
    """Accents, apostrophes and hidden characters vanish (don't -> dont); all other punctuation parts words."""
    kind = unicodedata.category(char)
    if kind[0] in "LN":
        return char
    return "" if kind[0] == "M" or kind in ("Cf", "Cs") or char in "'’" else " "


def _own_lines(text: str, known: Lexicon) -> str:
    """Without what a phone or mail program puts below ("Sent from my iPhone")."""
    lines = text[:_READ].splitlines()
    for n, line in enumerate(lines[1:], start=1):
        if line.strip() == "--" or any(f"{words(line)} ".startswith(f"{begins} ") for begins in known.get("signature", _NONE)):
            return "\n".join(lines[:n])
    return text[:_READ]


def _asked(bare: list[str], known: Lexicon) -> str:
    """Without blanks (so that STOP ALL, OPT-OUT and S T O P are found), politeness, and what is said twice on end."""
    polite = known.get("polite", _NONE)
    asked = [word for word in bare if word not in polite]
    once = [word for n, word in enumerate(asked) if n == 0 or len(word) == 1 or word != asked[n - 1]]
    return "".join(once)


def _refuses(text: str, bare: list[str], known: Lexicon) -> bool:
    said = " ".join(bare)
    if _has_any(said, known.get("refusal", _NONE)):
        return True
    if not bare or len(bare) > _SHORT:
        return False
    rest = list(dropwhile(lambda word: word in known.get("polite", _NONE), bare))
    begins = known.get("opener", _NONE) & {" ".join(rest[:1]), " ".join(rest[:2])}
    if begins and not known.get("visits", _NONE) & set(rest[1:2]):
        return True
    return _has_any(said, known.get("short_refusal", _NONE)) or any(
        _asked(words(part).split(), known) in known.get("stop", _NONE) for part in _SENTENCE.split(text) if part.strip()
    )


def _has_any(said: str, phrases: frozenset[str]) -> bool:
    padded = f" {said} "
    return any(f" {phrase} " in padded for phrase in phrases)
