"""The words: one template file per message and channel in workers/messages/, and the customer's own texts, sandboxed.

Compiled once and kept: a compile costs 290 us, a rendering 7.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).with_name("messages")
LONGEST_WORDS = 2_000  # characters of a customer's own template
LONGEST_TEXT = 1_600  # what Twilio takes as one text; also the most a customer's template may grow to

# What a customer's own words may name (routing/answering.py fills them).
_WORD_FIELDS = "first_name name firm rep due_text opens_text pool code kind stop_hint postal_address"
WORD_FIELDS = frozenset(_WORD_FIELDS.split())
_FILTERS = frozenset({"upper", "lower", "title", "capitalize", "trim", "default"})
# Text, names and choices between them: no loops, no arithmetic, no attributes. So it always ends, soon, in a text.
_GRAMMAR = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter,
)  # fmt: skip


class WordsError(Exception):
    """A customer's own template does not do; the text says why."""


def _environment(*, html: bool = False) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=html, trim_blocks=True, lstrip_blocks=False)


_PLAIN, _HTML = _environment(), _environment(html=True)


@cache
def sms_template(name: str) -> Template:
    """The text message of this name. Its lines are joined as they are: a line break in the file is for the reader of the file."""
    return _PLAIN.from_string("".join(_file(f"{name}.sms.txt").splitlines()))


@cache
def email_template(name: str) -> Template | None:
    """The e-mail of this name ("Subject: ..." first), None where there is only a text."""
    return _PLAIN.from_string(_file(f"{name}.email.txt")) if (FOLDER / f"{name}.email.txt").is_file() else None


@cache
def layout() -> Template:
    """The frame of every HTML e-mail; escapes what is put into it."""
    return _HTML.from_string(_file("layout.html"))


@lru_cache(maxsize=512)
def custom_template(words: str) -> Template:
    """A customer's own words. Raises WordsError, in terms they can mend, for anything but text, named fields and choices."""
    if len(words) > LONGEST_WORDS:
        raise WordsError(f"it has {len(words)} characters, {LONGEST_WORDS} are the most")
    try:
        tree = _PLAIN.parse(words)
    except TemplateError as error:
        raise WordsError(f"line {getattr(error, 'lineno', 1)}: {error}") from error
    for node in tree.find_all(nodes.Node):
        _check(node)
    return _PLAIN.from_string(words)


def in_own_words(words: str, fields: Mapping[str, str]) -> str:
    """The customer's words with the fields filled in. Raises WordsError."""
    try:
        text = custom_template(words).render({name: fields.get(name, "") for name in WORD_FIELDS})
    except TemplateError as error:
        raise WordsError(str(error)) from error
    if not text.strip():
        raise WordsError("it comes out empty")
    return text[:LONGEST_TEXT]


def _check(node: nodes.Node) -> None:
    if isinstance(node, nodes.Name) and node.name not in WORD_FIELDS:
        raise WordsError(f"line {node.lineno}: there is no field {node.name!r}; there are {', '.join(sorted(WORD_FIELDS))}")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        raise WordsError(f"line {node.lineno}: the filter {node.name!r} is not allowed; there are {', '.join(sorted(_FILTERS))}")
    if not isinstance(node, _GRAMMAR):
        raise WordsError(f"line {node.lineno}: only text, {{{{ fields }}}} and {{% if %}} may be used here")


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
