"""Is this somebody we know? Addresses in their normal form, names compared, and what is only a suggestion.

An address is the key: two deliveries with one key are one person, unless a *given* name speaks against it. A name that a platform
or a carrier shows ("Mom", WIRELESS CALLER) was never given for the purpose and weighs nothing.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Key = tuple[str, str]  # (kind, value) as in the table `addresses`

NAMED = " of"  # "phone of" + "+1512... john cole": the number as John's, where it was somebody else's first
# Channels whose name nobody typed for us: the carrier's caller name, a profile's name.
DISPLAYED = frozenset({"call", "sms", "whatsapp", "messenger", "instagram", "telegram"})
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "sr", "sra", "srta", "mme", "mlle"])
# Letters that Unicode does not take apart, as those write them who have no such key: Isik for Işık, Lukasz for Łukasz.
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"})
# Dial plans that write one mobile line in two ways. WhatsApp keeps the older one for numbers that were registered before.
_BRAZIL = re.compile(r"^\+55(\d\d)([6-9]\d{7})$")  # mobile without the ninth digit (Anatel, in force everywhere since 2016)
_BRAZIL_NINE = re.compile(r"^\+55(\d\d)9([6-9]\d{7})$")
_MEXICO_ONE = re.compile(r"^\+521(\d{10})$")  # the mobile 1 was dropped in August 2019
_MEXICO = re.compile(r"^\+52([2-9]\d{9})$")
_ARGENTINA_NINE = re.compile(r"^\+549(\d{10})$")  # 9 marks a mobile from abroad; the ten digits alone name the line
_ARGENTINA = re.compile(r"^\+54([1-8]\d{9})$")


class Sameness(StrEnum):
    """What two names say about two people."""

    AGREE = "agree"
    UNKNOWN = "unknown"  # one of them is missing
    DIFFER = "differ"


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody we know who shares `kinds` of address with a delivery. `name` is the one they gave, None if they never did."""

    person: int
    kinds: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`same` is who it is (None: nobody we know); `alike` are those it may also be, each with the reason in words.

    `twins` are those of them whom only addresses part from `same`: no name speaks against their being one.
    """

    same: int | None = None
    alike: tuple[tuple[int, str], ...] = ()
    twins: tuple[int, ...] = ()


def phone_key(number: str) -> str:
    """An E.164 number in the one spelling under which we know the line: Brazil with the ninth digit, Mexico without the 1,
    Argentina without the 9."""
    if found := _BRAZIL.match(number):
        return f"+55{found[1]}9{found[2]}"
    if found := _MEXICO_ONE.match(number):
        return f"+52{found[1]}"
    if found := _ARGENTINA_NINE.match(number):
        return f"+54{found[1]}"
    return number


def spellings(number: str) -> tuple[str, ...]:
    """Every way to write the line, the given one first: a STOP of one spelling must close them all."""
    key, other = phone_key(number), ""
    if found := _BRAZIL_NINE.match(key):
        other = f"+55{found[1]}{found[2]}"
    elif found := _MEXICO.match(key):
        other = f"+521{found[1]}"
    elif found := _ARGENTINA.match(key):
        other = f"+549{found[1]}"
    return tuple(dict.fromkeys(each for each in (number, key, other) if each))


def email_key(address: str) -> str:
    """One spelling of a mailbox: NFKC, no capitals. The plus-tag stays: it is where we write to."""
    return unicodedata.normalize("NFKC", address).strip().lower()


def mailbox(address: str) -> str | None:
    """The address without its plus-tag, None where it has none.

    Nearly every provider delivers both to one mailbox, but a firm may give each of its people a tag of one (sales+ana@...). So it
    is weak: the same person where the names agree, a suggestion where they do not.
    """
    local, _, domain = email_key(address).rpartition("@")
    stem, plus, tag = local.partition("+")
    return f"{stem}@{domain}" if plus and tag and stem else None


def keys(phone: str | None, email: str | None, handles: Mapping[str, str]) -> tuple[Key, ...]:
    """The addresses of a delivery in their normal form, the surest for telling people apart first."""
    found: list[Key] = []
    if phone:
        found.append(("phone", phone_key(phone)))
    if email:
        found.append(("email", email_key(email)))
    return (*found, *((kind, handle_key(kind, value)) for kind, value in sorted(handles.items()) if value))


def handle_key(kind: str, value: str) -> str:
    """A platform's own id. WhatsApp's is a number, and written like one."""
    if kind != "whatsapp" or not value.removeprefix("+").isdigit():
        return value
    return phone_key("+" + value.removeprefix("+"))


def named_key(key: Key, name: str) -> Key:
    """The address as one of several people's who share it."""
    return key[0] + NAMED, f"{key[1]} {' '.join(_words(name))}"


def sameness(one: str | None, other: str | None) -> Sameness:
    """Do two given names belong to one human? Order, capitals, accents, titles and initials do not matter; a married name neither.

    A first name alone agrees with the whole one. Another first name with the same surname is the family.
    """
    a, b = _words(one or ""), _words(other or "")
    if not a or not b:
        return Sameness.UNKNOWN
    if set(a) <= set(b) or set(b) <= set(a) or _fits(a[0], b[0]) or (sorted(a) == sorted(b)):
        return Sameness.AGREE
    return Sameness.DIFFER


def fuller(old: str | None, new: str | None) -> str | None:
    """The name to keep: the newer one, unless it only says less ("Dana" after "Dana Cole")."""
    if not new or not old:
        return new or old
    return old if set(_words(new)) < set(_words(old)) else new


def decide(met: Sequence[Met], name: str | None, *, weakly: Sequence[Met] = ()) -> Verdict:
    """Who a delivery with this given `name` is from. `met` share an address, the surest first; `weakly` only a mailbox.

    A platform's id is one account of one person. Two addresses outweigh a name (a nickname, a maiden name); one address with
    another given name is a shared phone or a family's mailbox, which is for a person to judge.
    """
    same: int | None = None
    alike: list[tuple[int, str]] = []
    twins: list[Met] = []
    for each in met:
        if not _is_them(each, name):
            alike.append((each.person, f"the same {_kind(each)}, another name"))
        elif same is None:
            same = each.person
        else:
            alike.append((each.person, f"the same {_kind(each)}"))
            twins.append(each)
    for each in weakly:
        if each.person == same:
            continue
        if same is None and sameness(each.name, name) is Sameness.AGREE:
            same = each.person
        else:
            alike.append((each.person, "the same mailbox but for the plus-tag"))
    names = {each.person: each.name for each in met}
    agreeing = [each.person for each in twins if sameness(each.name, names.get(same or 0)) is not Sameness.DIFFER]
    return Verdict(same, tuple(pair for pair in dict(alike).items() if pair[0] != same), tuple(agreeing))


def _is_them(met: Met, name: str | None) -> bool:
    ways = set(met.kinds)
    if ways - {"phone", "email"} or len(ways) > 1:
        return True
    return sameness(met.name, name) is not Sameness.DIFFER


def _kind(met: Met) -> str:
    return {"phone": "number", "email": "e-mail address"}.get(met.kinds[0], f"{met.kinds[0]} account")


def _words(name: str) -> list[str]:
    """The bare words of a name: no accents, capitals, punctuation or titles."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold()).translate(_LETTERS)
    plain = "".join(
        char if char.isalpha() else "" if unicodedata.category(char)[0] == "M" or char in "'’" else " " for char in decomposed
    )
    words = plain.split()
    return [word for word in words if word not in _TITLES] or words


def _fits(one: str, other: str) -> bool:
    """The same first name, or an initial of it."""
    return one == other or (1 in (len(one), len(other)) and one[0] == other[0])
