"""What reps and managers text us: one letter or word, the lead's code where several are open, any case, forgiving of dots.

A bare code with words after it ("A7 on my way") is a text to that lead. Words the carrier keeps to itself (STOP, YES, HELP ...)
are never commands. Whether the sender may do it, and what it does, is decided elsewhere.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from routing.codes import number_of
from routing.words import ago, clean

Verb = Literal[
    "accept", "pass", "called", "voicemail", "bad_number", "note", "list", "on", "off", "busy", "why", "help",
    "call", "assign", "acknowledge", "say",
]  # fmt: skip

# Twilio answers these itself before or beside us (its default keywords, all in force in 2026).
RESERVED = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "start", "yes", "unstop", "help", "info"}
)
_SAID: dict[Verb, tuple[str, ...]] = {
    "accept": ("1", "accept"),
    "pass": ("2", "pass"),
    "called": ("c", "called"),
    "voicemail": ("v", "voicemail"),
    "bad_number": ("b", "bad", "bad number"),
    "why": ("why",),
    "call": ("call",),
    "acknowledge": ("ok", "ack"),
}
_ABOUT_A_LEAD: dict[str, Verb] = {said: verb for verb, all_said in _SAID.items() for said in all_said}
_ABOUT_ME: dict[str, Verb] = {"l": "list", "list": "list", "on": "on", "off": "off", "busy": "busy", "?": "help"}
_WITH_WORDS: dict[str, Verb] = {"n": "note", "note": "note", "t": "assign", "r": "say"}
_TYPED: dict[Verb, str] = {"accept": "1", "pass": "2", "called": "C", "voicemail": "V", "bad_number": "B", "note": "N words"}
_TYPED_TOO: dict[Verb, str] = {"why": "WHY", "call": "CALL", "acknowledge": "OK", "assign": "T name", "say": "R words"}

TOMORROW = "tomorrow"
_LONGEST = timedelta(days=30)
_READ = 10_000  # characters: longer than any text, and as long as the longest mail that is kept
_EDGES = " .,;:!()[]{}<>\"'`*#-_/\\"
_POLITE = frozenset({"please", "pls", "thanks", "thx", "ty"})
_CODE = re.compile(r"([a-z])[ -]?([0-9]{1,12})", re.IGNORECASE)
_GLUED = re.compile(r"([12])([a-z][0-9]{1,12})|(off|busy)([0-9].*)", re.IGNORECASE)
_SPAN = re.compile(r"([0-9]{1,4}) ?(m|min|mins|minute|minutes|h|hr|hrs|hour|hours|d|day|days)(?![a-z])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked. `argument` is a note, a name, words for the lead, or how long (a timedelta or "tomorrow")."""

    verb: Verb
    code: str | None = None
    argument: str | timedelta | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """No command; `hint` says what to text instead. `code`: nothing but a lead's code was sent."""

    hint: str = "Sorry, not understood. Try 1, 2, C, V, B, L, ON, OFF 2h, WHY A7, ?"
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A bare command, and several leads it could be about."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoneOpen:
    """A bare command, and no lead it could be about."""


@dataclass(frozen=True, slots=True)
class OpenLead:
    """A lead as it is listed in a question: its code, whose it is, how long it has been open."""

    code: str
    name: str
    age: timedelta


def parse(text: str, *, manager: bool = False) -> Command | NotUnderstood:
    """Read a rep's text. A manager's "1" means what OK means: I am on it (managers are sent no offers to accept)."""
    line = _plain(text)
    code, rest = _leading_code(line)
    found = _with_code(code, rest) if code else _without_code(line)
    if manager and isinstance(found, Command) and found.verb == "accept":
        return Command("acknowledge", found.code)
    if isinstance(found, Command) and found.verb == "say":
        return replace(found, argument=_as_written(text, line, str(found.argument)))
    return found


def _as_written(text: str, line: str, words: str) -> str:
    """The words for the lead with their own line breaks and emoji, as far as what stands before them can be told apart."""
    before = len(line.split()) - len(words.split())
    parts = text.strip().split(None, before)
    if len(text.split()) != len(line.split()) or len(parts) <= before:
        return words
    return parts[before].lstrip(" :,.-")


def which(command: Command, codes: Sequence[str]) -> str | Ambiguous | NoneOpen:
    """The lead a command is about: the one it names, else the only one of `codes` that is open for it."""
    if command.code:
        return command.code  # even if it is not open: the answer is then what became of it ("A7 went to Priya 20s ago")
    if not codes:
        return NoneOpen()
    return codes[0] if len(codes) == 1 else Ambiguous(tuple(codes))


def ask_which(command: Command, leads: Sequence[OpenLead]) -> str:
    """The question when a bare command could be about several leads, in one segment: the first three are spelled out."""
    listed = ", ".join(f"{lead.code} {clean(lead.name, 20)} {ago(lead.age, parts=1)}" for lead in leads[:3])
    end = ", ..." if len(leads) > 3 else "."
    return f"You have {len(leads)} open: {listed}{end} Reply {' or '.join(_example(command, lead.code) for lead in leads[:2])}."


def ask_whose(leads: Sequence[OpenLead]) -> str:
    """The question when words are no command and may be for a lead: in one segment, and a code alone is the answer."""
    listed = ", ".join(f"{lead.code} {clean(lead.name, 14)}" for lead in leads[:3])
    end = ", ..." if len(leads) > 3 else "."
    return f"Not understood. Is it for a lead? Reply with the code alone and we send it: {listed}{end}"


def typed(verb: Verb) -> str:
    """What one types for it, with its argument: 1, C, N words."""
    return {**_TYPED, **_TYPED_TOO}.get(verb, verb.upper())


def _example(command: Command, code: str) -> str:
    word, _, argument = typed(command.verb).partition(" ")
    return f"{word} {code} {argument}".strip()


def _plain(text: str) -> str:
    """One line without emoji decoration: a keycap 1 is a 1."""
    folded = unicodedata.normalize("NFKC", text[:_READ])
    kept = "".join(char for char in folded if unicodedata.category(char) not in ("Cf", "Cs", "Me") and char != "\ufe0f")
    return " ".join(kept.split())


def _bare(text: str) -> str:
    """For comparing: no capitals, no punctuation at the edges, no thanks at the end."""
    said = [stripped for word in text.casefold().split() if (stripped := word.strip(_EDGES))]
    while len(said) > 1 and said[-1] in _POLITE:
        said.pop()
    return " ".join(said)


def _code(text: str) -> str | None:
    """A lead code however it is typed (a7, A 7, #A-7), or None."""
    found = _CODE.fullmatch(text.strip(_EDGES))
    code = "".join(found.groups()).upper() if found else ""
    return code if number_of(code) else None


def _leading_code(line: str) -> tuple[str | None, str]:
    first, _, rest = line.partition(" ")
    return (_code(first), rest.lstrip(" :,.-") if _code(first) else line)


def _with_code(code: str, rest: str) -> Command | NotUnderstood:
    """The code came first: a verb alone is a command, anything longer is a text to the lead."""
    said = _bare(rest)
    if said in _ABOUT_A_LEAD:
        return Command(_ABOUT_A_LEAD[said], code)
    word, _, words = rest.partition(" ")
    if word.casefold() in _WITH_WORDS and words:
        return Command(_WITH_WORDS[word.casefold()], code, words)
    if not said or said in _ABOUT_ME or said in _WITH_WORDS:
        return NotUnderstood(
            f"What about {code}? Text 1 {code} to accept, 2 {code} to pass, or {code} and words to write to the lead.",
            code=None if said else code,
        )
    return Command("say", code, rest)


def _without_code(line: str) -> Command | NotUnderstood:
    if set(line.strip(_EDGES)) == {"?"}:
        return Command("help")
    said = _bare(line)
    verb, _, rest = said.partition(" ")
    if said in _ABOUT_A_LEAD:
        return Command(_ABOUT_A_LEAD[said])
    if glued := _GLUED.fullmatch(said):
        verb, rest = (part for part in glued.groups() if part)
    if said.startswith("bad number "):
        verb, rest = "bad number", said.removeprefix("bad number ")
    if verb in _ABOUT_A_LEAD and _code(rest):
        return Command(_ABOUT_A_LEAD[verb], _code(rest))
    if verb in _ABOUT_ME:
        return _about_me(_ABOUT_ME[verb], rest)
    return _with_words(verb, line) if verb in _WITH_WORDS else NotUnderstood()


def _about_me(verb: Verb, rest: str) -> Command | NotUnderstood:
    if not rest:
        return Command(verb)
    if verb not in ("off", "busy"):
        return NotUnderstood()
    asked = rest.removeprefix("for ").removeprefix("until ")
    if verb == "off" and asked == TOMORROW:
        return Command(verb, argument=TOMORROW)
    span = _span(asked)
    return (
        Command(verb, argument=span) if span else NotUnderstood(f"How long? {verb.upper()} 30m, {verb.upper()} 2h, OFF TOMORROW.")
    )


def _span(text: str) -> timedelta | None:
    """30m, 2h, 1h 30m, 2 days: more than nothing and at most 30 days; None for all else, a number without a unit too."""
    compact = _SPAN.sub(lambda found: f"{found.group(1)}{found.group(2)[0]} ", text).split()
    if not compact or not all(re.fullmatch(r"[0-9]{1,4}[mhd]", part) for part in compact):
        return None
    span = timedelta(seconds=sum(int(part[:-1]) * _SECONDS[part[-1]] for part in compact))
    return span if timedelta(0) < span <= _LONGEST else None


def _with_words(verb: str, line: str) -> Command | NotUnderstood:
    """A note, a name, or words for the lead; the code may stand before the words, after a name also behind it."""
    words = line.partition(" ")[2].strip()
    first, _, others = words.partition(" ")
    code = _code(first)
    if code:
        words = others.lstrip(" :,-")
    elif verb == "t" and _code(words.rpartition(" ")[2]):
        words, _, last = words.rpartition(" ")
        code = _code(last)
    if verb == "t":
        words = words.strip(_EDGES)
    if verb == "r" and not code:  # "r u there" must not reach a lead
        words = ""
    return Command(_WITH_WORDS[verb], code, words) if words else NotUnderstood(_NEEDS_WORDS[_WITH_WORDS[verb]])


_NEEDS_WORDS: dict[Verb, str] = {
    "note": "A note needs words: N called back, wants a quote.",
    "assign": "Whom to? Text T and a name: T Priya, or T Priya A7.",
    "say": "To write to a lead text the code and the words: R A7 on my way.",
}
