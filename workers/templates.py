"""The words: one template file per message and channel in workers/messages/. Compiled once and kept: a compile costs 290 us."""

from functools import cache
from pathlib import Path

from jinja2 import StrictUndefined, Template
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).with_name("messages")


def _environment(*, html: bool = False) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=html, trim_blocks=True, lstrip_blocks=False)


_PLAIN, _HTML = _environment(), _environment(html=True)


@cache
def sms_template(name: str) -> Template:
    """The text message of this name. Its lines are joined as they are: a line break in the file is for the reader of the file."""
    return _PLAIN.from_string("".join(_file(f"{name}.sms.txt").splitlines()))


@cache
def sms_names(name: str) -> frozenset[str]:
    """The fields that the text message of this name may use."""
    return frozenset(find_undeclared_variables(_PLAIN.parse("".join(_file(f"{name}.sms.txt").splitlines()))))


@cache
def email_template(name: str) -> Template | None:
    """The e-mail of this name ("Subject: ..." first), None where there is only a text."""
    return _PLAIN.from_string(_file(f"{name}.email.txt")) if (FOLDER / f"{name}.email.txt").is_file() else None


@cache
def chat_template(name: str) -> Template | None:
    """What stands above the buttons on Slack and Teams; None where the text message says it all."""
    return _PLAIN.from_string(_file(f"{name}.chat.txt")) if (FOLDER / f"{name}.chat.txt").is_file() else None


@cache
def layout() -> Template:
    """The frame of every HTML e-mail; escapes what is put into it."""
    return _HTML.from_string(_file("layout.html"))


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
