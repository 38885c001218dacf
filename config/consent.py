"""Did somebody agree? What a ticked box, a radio button or the words of a consent say."""

import re
import unicodedata
from functools import lru_cache

from config import normal

# ticked boxes and "yes" in the languages of forms; whatever is neither among these nor words of agreement is no consent
_YES = frozenset(
    [
        "on",
        "true",
        "yes",
        "1",
        "y",
        "checked",
        "agree",
        "agreed",
        "accept",
        "accepted",
        "granted",
        "given",
        "optin",
        "opt-in",
        "opted-in",
        "ok",
        "ja",
        "si",
        "sim",
        "oui",
        "da",
        "hai",
        "はい",
        "tak",
        "kylla",
    ]
)
_NO = frozenset(
    [
        "off",
        "false",
        "no",
        "0",
        "n",
        "unchecked",
        "none",
        "null",
        "nein",
        "non",
        "nao",
        "nee",
        "nej",
        "ne",
        "いいえ",
        "declined",
        "refused",
        "denied",
        "withdrawn",
    ]
)
_AGREES = re.compile(
    r"\bi (?:\w+ )?(?:agree|accept|consent)|\bconsent|\bby (?:submitting|checking|clicking)|^(?:agree|accept)|terms (?:of|and|&)|privacy policy|"
    r"\bgdpr\b|\brgpd\b|dsgvo|einwillig|datenschutz|ok to (?:text|call|email|contact)|opt[- ]?in\b|einverstanden|stimme .*\bzu\b|"
    r"j'accepte|acepto|aceito|acconsento|accetto|ik ga akkoord|akkoord met|zgadzam|wyrazam zgode|同意|согла(?:сен|шаюсь)|"
    r"\bmay (?:contact|call|text|e-?mail) me\b|permission to (?:contact|call|text|e-?mail)"
)
# at the beginning only: the words of a genuine consent go on with "not a condition of purchase, text STOP to opt out"
_SAYS_YES = re.compile(r"(?:yes|ja|si|oui|sim)\b")
_REFUSES = re.compile(
    r"^(?:no\b|non\b|nein\b|nao\b|do not|don'?t|decline|refuse|disagree|opt[- ]?out|unsubscribe|i (?:\w+ )?(?:do not|don'?t|disagree|decline|refuse)|"
    r"je (?:ne|n')|ich .{0,30}\bnicht\b|nicht\b|kein)"
)


@lru_cache(maxsize=2048)
def agrees(words: str) -> bool:
    """Are these the words of a consent?"""
    return bool(_AGREES.search(plain(words)))


def agreed(value: object) -> bool:
    """Does this value of a consent's field say yes? Of a list the last counts: a hidden "0" goes before a ticked "1"."""
    if isinstance(value, bool):
        return value
    said = next((text for text in reversed(normal.texts(value)) if text.strip()), "")
    bare = plain(said).strip(" .!")
    if bare in _YES or bare in _NO or _REFUSES.search(bare):
        return bare in _YES
    return bool(_SAYS_YES.match(bare) or _AGREES.search(bare))


def plain(text: str) -> str:
    """In lower case, without accents."""
    return "".join(each for each in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(each))
