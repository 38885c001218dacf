"""An e-mail from one text: what is written is the plain-text twin, and its shape becomes the HTML.

"* Label: value" lines are facts, "> Words: https://..." is the button, everything else is a paragraph.
"""

from dataclasses import dataclass

from workers.templates import layout

_STAYS = "\u2060"  # word joiner: nobody sees it


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the letter: `kind` is text, facts or button."""

    kind: str
    text: str = ""
    link: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole e-mail. The subject is one line: a line break there would start another header."""

    subject: str
    body: str
    html: str


def letter(written: str) -> Letter:
    """The letter of a rendered e-mail template ("Subject: ..." on its first line)."""
    head, _, rest = written.strip().partition("\n")
    return compose(head.removeprefix("Subject:"), rest)


def compose(subject: str, text: str) -> Letter:
    """The letter with this subject and text; an address that is empty leaves no button behind."""
    line = " ".join(subject.split())[:200]
    blocks = [block for part in text.strip().split("\n\n") if (block := _block(part.strip()))]
    return Letter(line, "\n\n".join(_plain(block) for block in blocks), layout().render(subject=line, blocks=blocks))


def as_text(words: str) -> str:
    """Somebody's own words as they are: a line of theirs that looks like a fact or a button must stay what it is."""
    return "\n".join(f"{_STAYS}{line}" if line.startswith(("* ", "> ", ">")) else line for line in words.split("\n"))


def _block(part: str) -> Block | None:
    lines = [line.strip() for line in part.splitlines() if line.strip()]
    if not lines:
        return None
    if all(line.startswith("* ") for line in lines):
        return Block("facts", facts=tuple(fact for line in lines if (fact := _fact(line))[1]))
    if part.startswith("> "):
        text, _, link = part[2:].partition(": ")
        return Block("button", text, link.strip()) if link.strip().startswith(("http://", "https://")) else None
    return Block("text", "\n".join(lines))


def _fact(line: str) -> tuple[str, str]:
    label, _, value = line[2:].partition(":")
    return label, value.strip()


def _plain(block: Block) -> str:
    if block.kind == "facts":
        return "\n".join(f"{label}: {value}" for label, value in block.facts)
    return f"{block.text}:\n{block.link}" if block.kind == "button" else block.text
