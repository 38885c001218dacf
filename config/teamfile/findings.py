"""What is wrong or odd in a team file: every finding has a line, a key, a reason and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` counts from 1; `key` is the dotted path, e.g. reps.priya.cap; `hint` may be empty."""

    line: int
    key: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.reason}" + (f" {self.hint}" if self.hint else "")


class TeamFileError(Exception):
    """The team file does not do; `problems` lists everything wrong with it, by line. The running one stays."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        super().__init__(f"the team file has {count}:\n" + "\n".join(f"  {problem}" for problem in problems))


@dataclass(slots=True)
class Findings:
    """Collects what is found, so that all of it can be told at once."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def error(self, line: int, key: str, reason: str, hint: str = "") -> None:
        """Something that must be mended before the file can be used."""
        self.errors.append(Problem(line, key, reason, hint))

    def warn(self, line: int, key: str, reason: str, hint: str = "") -> None:
        """Something that works, but hardly as meant."""
        self.warnings.append(Problem(line, key, reason, hint))


def suggestion(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: the nearest known one, else all known ones, else nothing."""
    choices = {_loose(choice): choice for choice in known}
    near = nearest(word, choices.values())
    if near:
        return f"Did you mean {near!r}?"
    if not choices:
        return ""
    return f"Known: {', '.join(list(choices.values())[:12])}{' ...' if len(choices) > 12 else ''}."


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, capitals and hyphens aside; None if none is."""
    choices = {_loose(choice): choice for choice in known}
    near = get_close_matches(_loose(word), choices, n=1, cutoff=0.6)
    return choices[near[0]] if near else None


def _loose(word: str) -> str:
    return word.lower().replace("-", "_")


def by_line(problems: list[Problem]) -> list[Problem]:
    """In the order of the file, each finding once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
