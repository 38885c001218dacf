"""What the questions of strangers' forms ask for: by the team file's mapping, by their type, by their words, by what was answered."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from config import normal
from config.fields import our_name

OURS = ("email", "phone", "company", "first_name", "last_name", "name", "message")
_PERSON = ("name", "first_name", "last_name")
_LONGEST_LABEL = 80  # characters; a longer one is a question in which "name" or "phone" may mean anything

# in the order in which they are tried; without accents, in lower case
_WORDS = {
    "email": r"e-?mail|\bmail\b|correo|courriel|e-?post",
    "phone": r"phone|\bmobile\b|\bcell\b|\btel\b|telef|celular|\bmovil\b|\bhandy\b|\bgsm\b|call you\b",
    "company": r"company|organi[sz]ation|business name|employer|\bfirma\b|unternehmen|empresa|societe|entreprise|azienda|bedrijf",
    "first_name": r"first ?name|given ?name|forename|vorname|prenom|nombre de pila|voornaam|primeiro nome",
    "last_name": r"last ?name|surname|family ?name|nachname|nom de famille|apellido|achternaam|cognome|sobrenome",
    "name": r"^(?:(?:your|the|full|complete|contact|customer|what is your|what's your|ihr|tu|su|votre|seu) )*(?:full )?name\b|\bfull ?name\b|^nombre\b|^nom\b|^naam\b|^nome\b",
    "message": r"message|comment|inquiry|enquiry|nachricht|mensaje|bericht|messaggio|mensagem|anything else|how can|how may we|tell us|details|describe|^(?:your|my) question",
}  # fmt: skip
_OTHER_NAMES = re.compile(
    r"(?:product|project|domain|pet|street|user|form|page|campaign|event|file|school|ad|adset|plan)[ _-]?name"
)
_AGREES = re.compile(
    r"\bi (?:\w+ )?(?:agree|accept|consent)|\bconsent|\bby (?:submitting|checking|clicking)|^(?:agree|accept)|terms (?:of|and|&)|privacy policy|"
    r"\bgdpr\b|dsgvo|einwillig|datenschutz|ok to (?:text|call|email|contact)|opt[- ]?in\b|einverstanden|j'accepte|acepto|aceito"
)
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().+/-]{6,22}")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_PERSON_NAME = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+){1,3}\.?")
_UNLABELLED = re.compile(
    r"^$|^no label|^(?:field|input|text|untitled)[ _-]?\w{0,10}$|^q?\d+(?:\.\d+)?$|^type ?a ?\d*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer. `name` is what it is kept under; `also` are further names by which a team file may map it.

    `means` is what its type says ("" for nothing; "extra" for certainly none of ours); `label` the words shown, where they are
    not the name.
    """

    name: str
    value: object
    means: str = ""
    also: tuple[str, ...] = ()
    label: str = ""


def sorted_out(
    asked: Sequence[Asked], theirs: Mapping[str, str], *, region: str, guess: bool = False
) -> list[tuple[str, object]]:
    """(our name or theirs, value) of each question, in order; no name of ours is given twice.

    `theirs` maps our names to the sender's. With `guess`, questions whose words say nothing are told by their answers.
    """
    found = _once([(each, _mapped(each, theirs)) for each in asked])
    found = _first_of_each(found, lambda each: _exactly(each.name), needs_value=False)
    found = _first_of_each(found, lambda each: _fitting(meaning(each.label or each.name), each, region))
    if guess:
        found = _guessed(found, region)
    return [(each.means if each.means not in ("", "extra") else each.name, each.value) for each in found]


@lru_cache(maxsize=2048)
def meaning(label: str) -> str:
    """What the words of a question ask for: one of OURS, or "" where they do not say."""
    if len(label) > _LONGEST_LABEL:
        return ""
    bare = re.sub(r"[\s_*:]+", " ", _plain(label)).strip()
    if _AGREES.search(bare) or _OTHER_NAMES.search(bare):
        return ""
    return next((ours for ours, words in _WORDS.items() if re.search(words, bare)), "")


@lru_cache(maxsize=2048)
def agrees(words: str) -> bool:
    """Are these the words of a consent?"""
    return bool(_AGREES.search(_plain(words)))


def looks_like_phone(text: str, region: str) -> bool:
    """Is it surely a telephone number, and no date, amount or postcode?"""
    bare = text.strip()
    if not _PHONE.fullmatch(bare) or _DATE.fullmatch(bare):
        return False
    digits = sum(map(str.isdigit, bare))
    return (digits >= 9 or not bare.isdigit()) and normal.phone(bare, region) is not None


def _plain(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(each))


def _mapped(asked: Asked, theirs: Mapping[str, str]) -> str:
    names = {asked.name, *asked.also}
    return next((ours for ours, their_name in theirs.items() if their_name in names), "")


def _once(asked: Sequence[tuple[Asked, str]]) -> list[Asked]:
    """What the team file maps wins over a type; of two questions of one type the first is meant, the other keeps its name."""
    taken = {mapped for each, mapped in asked if mapped and _text(each.value)}
    found = []
    for each, mapped in asked:
        means = mapped or ("" if each.means in taken else each.means)
        taken |= {means} - {"", "extra"} if _text(each.value) else set()
        found.append(replace(each, means=means))
    return found


def _exactly(name: str) -> str:
    ours = our_name(name)
    return ours if ours in OURS else ""


def _fitting(means: str, asked: Asked, region: str) -> str:
    """A question about a phone that was answered "after six" asks for none."""
    said = _text(asked.value)
    if means == "email":
        return means if normal.email(said) else ""
    if means == "phone":
        return means if normal.phone(said, region) else ""
    return means


def _first_of_each(asked: Iterable[Asked], ask: Callable[[Asked], str], *, needs_value: bool = True) -> list[Asked]:
    asked = list(asked)
    taken = {each.means for each in asked if _text(each.value)}
    found = []
    for each in asked:
        means = each.means or ask(each)
        new = not each.means and means and means not in taken and (_text(each.value) or not needs_value)
        taken |= {means} if new and _text(each.value) else set()
        found.append(replace(each, means=means) if new else each)
    return found


def _guessed(asked: list[Asked], region: str) -> list[Asked]:
    first = next((each for each in asked if _text(each.value)), None)
    named = any(each.means in _PERSON for each in asked)
    found = _first_of_each(asked, lambda each: "email" if "@" in _text(each.value) and normal.email(_text(each.value)) else "")
    found = _first_of_each(found, lambda each: "phone" if looks_like_phone(_text(each.value), region) else "")
    found = [replace(each, means="name") if each is first and not named and _is_name(each) else each for each in found]
    spoken = [
        each for each in found if not each.means and _UNLABELLED.match(each.label or each.name) and " " in _text(each.value)
    ]
    longest = max(spoken, key=lambda each: len(_text(each.value)), default=None)
    if longest is None or any(each.means == "message" for each in found):
        return found
    return [replace(each, means="message") if each is longest else each for each in found]


def _is_name(asked: Asked) -> bool:
    return bool(_UNLABELLED.match(asked.label or asked.name) and _PERSON_NAME.fullmatch(_text(asked.value)))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
