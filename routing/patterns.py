"""Regular expressions a team file may use: short, compiled once, and none that can keep a worker busy for minutes.

Python's matcher backtracks: `(a+)+b` on thirty letters takes minutes, and `.*.*.*x` grows with the fourth power of the text.
So nested repeats are refused, the number of repeats is limited, and the text read is the shorter the more repeats there are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_PATTERN = 200
# Characters read, by number of open repeats: each keeps the worst case at a few million steps (n * n^repeats / repeats!).
TEXT_READ = (1_000, 1_000, 250, 100)
MOST_REPEATS = len(TEXT_READ) - 1
MOST_CHOICES = 6  # each `?`, small {m,n} or group with | can double the work: 2^6 = 64 ways

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|i\)))?|\)|\||[*+?][?+]?|\{[0-9]*,?[0-9]*\}[?+]?|.", re.DOTALL
)
_BOUNDS = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")


class BadPattern(ValueError):
    """The pattern cannot be used; the text says why and what to write instead."""


@dataclass(slots=True)
class _Tally:
    repeats: int = 0
    choices: int = 0


def searches(pattern: str, text: str) -> bool:
    """Whether the pattern occurs in the text, capitals or not. Raises BadPattern. Reads at most 1,000 characters."""
    compiled, limit = _compiled(pattern)
    return compiled.search(text[:limit]) is not None


def refusal(pattern: object) -> str | None:
    """Why this pattern may not be used, in words; None when it may."""
    if not isinstance(pattern, str) or not pattern:
        return "needs a pattern in quotes"
    try:
        _compiled(pattern)
    except BadPattern as bad:
        return str(bad)
    return None


@lru_cache(maxsize=1_024)
def _compiled(pattern: str) -> tuple[re.Pattern[str], int]:
    if len(pattern) > LONGEST_PATTERN:
        raise BadPattern(f"is {len(pattern)} characters long; at most {LONGEST_PATTERN}")
    tally = _weigh(pattern)
    if tally.repeats > MOST_REPEATS:
        raise BadPattern(f"has {tally.repeats} open repeats (*, +, {{n,}}); at most {MOST_REPEATS}")
    if tally.choices > MOST_CHOICES:
        raise BadPattern(f"has {tally.choices} optional parts; at most {MOST_CHOICES}: split it with `any`")
    try:
        return re.compile(pattern, re.IGNORECASE), TEXT_READ[tally.repeats]
    except (re.error, OverflowError, FutureWarning) as error:
        raise BadPattern(f"is not a regular expression: {error}") from None


def _weigh(pattern: str) -> _Tally:
    """Walk over the tokens once. `groups` holds, for each open bracket, what in it varies: repeats ("*", "?") and choices ("|")."""
    tally, groups, closed = _Tally(), [set[str]()], False
    for token in _tokens(pattern):
        repeat = _repeat(token)
        if repeat not in ("", "?") and closed:
            raise BadPattern("repeats a group that itself repeats or has choices; write the inner part without * + { } | ?")
        closed = False
        if token[0] == "(" and not token.endswith(")"):
            groups.append(set())
        elif token == ")" and len(groups) > 1:
            inner = groups.pop()
            tally.choices += "|" in inner
            closed = bool(inner)
            groups[-1] |= inner - {"|"} or ({"?"} if inner else set())
        else:
            groups[-1] |= {token} & {"|"} | {repeat} & {"*", "?"}
        tally.repeats += repeat == "*"
        tally.choices += repeat == "?"
    return tally


def _tokens(pattern: str) -> Iterator[str]:
    """The pattern's parts. Refuses what few need and nobody can weigh: look-behind, named groups, references, sets within sets."""
    for found in _TOKEN.finditer(pattern):
        token = found.group()
        if token == "(" and pattern.startswith("(?", found.start()):
            raise BadPattern("uses a group of the kind (?...; only (?: (?= (?! and a leading (?i) may be used")
        if token[0] == "\\" and token[1:].isdigit() and token != "\\0":
            raise BadPattern(f"refers back to a group ({token}), which may take for ever")
        if token == "[":
            raise BadPattern("has a [ that is not closed; write \\[ for the sign itself")
        if token[0] == "[" and re.search(r"\[|--|&&|\|\||~~", token[1:].replace("\\[", "")):
            raise BadPattern(f"has an unclear set {token}; write \\[ for a bracket and put a dash last")
        yield token


def _repeat(token: str) -> str:
    """What kind of repeat a token is: "?" (once or not), "=" (an exact number), "*" (open or wide), "" (none)."""
    if token[0] in "*+?":
        return "?" if token[0] == "?" else "*"
    bounds = _BOUNDS.match(token)
    if not bounds or token.startswith(("{}", "{,}")):
        return ""
    low, comma, high = bounds.groups()
    if not comma:
        return "="
    return "?" if high and int(high[:6]) - int(low[:6] or 0) <= 3 else "*"
