"""What a customer's own words may hold: text, named fields, and choices between them. Checked and read back with the team
file, so that no lead is the first to find a fault in them.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from routing.words import gsm, segments

LONGEST_WORDS = 2_000  # characters of a customer's own template

# routing/answering.py fills these.
WORD_FIELDS = frozenset(
    ("first_name", "name", "firm", "rep", "due_text", "opens_text", "pool", "code", "kind", "stop_hint", "postal_address")
)
APPROVED_FIELDS = WORD_FIELDS | {"text"}  # of a template that passes on a rep's words
FILTERS = frozenset(("upper", "lower", "title", "capitalize", "trim", "default"))
# No loops, no arithmetic, no attributes: so a template always ends, soon, and in a text.
_GRAMMAR = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter,
)  # fmt: skip
_READER = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True)
LONGEST_TEXT = 1_600  # what Twilio takes as one text; also the most a customer's template may grow to
SAMPLE = {
    "first_name": "Dana", "name": "Dana Cole", "firm": "Acme Roofing", "rep": "", "due_text": "10:04 am", "opens_text": "tomorrow 8:30 am",
    "pool": "Sales", "code": "A7", "kind": "form", "stop_hint": "Reply STOP to opt out.", "postal_address": "100 Example Street",
}  # fmt: skip


class WordsError(Exception):
    """A customer's own template does not do; the text says why, in terms they can mend."""


def check_words(words: str, fields: frozenset[str] = WORD_FIELDS) -> None:
    """Raise WordsError for anything but text, these named fields and choices."""
    if len(words) > LONGEST_WORDS:
        raise WordsError(f"it has {len(words)} characters, {LONGEST_WORDS} are the most")
    try:
        tree = _READER.parse(words)
    except TemplateError as error:
        raise WordsError(f"line {getattr(error, 'lineno', 1)}: {str(error).rstrip('.')}") from error
    for node in tree.find_all(nodes.Node):
        _check(node, fields)


@lru_cache(maxsize=512)
def custom_template(words: str, known: frozenset[str] = WORD_FIELDS) -> Template:
    """The template of a customer's own words, compiled once (a compile costs 290 us, a rendering 7). Raises WordsError."""
    check_words(words, known)
    return _READER.from_string(words)


def in_own_words(words: str, fields: Mapping[str, str]) -> str:
    """The customer's words with the fields filled in. Raises WordsError."""
    try:
        text = custom_template(words).render({name: fields.get(name, "") for name in WORD_FIELDS})
    except TemplateError as error:
        raise WordsError(str(error)) from error
    if not text.strip():
        raise WordsError("it comes out empty")
    return text[:LONGEST_TEXT]


def variable(words: str, fields: Mapping[str, str]) -> str:
    """What a variable of an approved template holds, on one line; may come out empty. Raises WordsError."""
    try:
        text = custom_template(words, APPROVED_FIELDS).render({name: fields.get(name, "") for name in APPROVED_FIELDS})
    except TemplateError as error:
        raise WordsError(str(error)) from error
    return " ".join(text.split())


def preview(words: str, firm: str) -> str:
    """A text as a made-up lead would read it, spelt as it is sent, and what it costs: \'"Hi Dana ..." (94 GSM-7, 1 segment)\'.

    Raises WordsError.
    """
    text = gsm(in_own_words(words, {**SAMPLE, "firm": firm or SAMPLE["firm"]})).strip()
    cost = segments(text)
    return f'"{text}" ({cost.units} {cost.encoding}, {cost.count} segment{"" if cost.count == 1 else "s"})'


def _check(node: nodes.Node, fields: frozenset[str]) -> None:
    if isinstance(node, nodes.Name) and node.name not in fields:
        raise WordsError(f"line {node.lineno}: there is no field {node.name!r}; there are {', '.join(sorted(fields))}")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise WordsError(f"line {node.lineno}: the filter {node.name!r} is not allowed; there are {', '.join(sorted(FILTERS))}")
    if not isinstance(node, _GRAMMAR):
        raise WordsError(f"line {node.lineno}: only text, {{{{ fields }}}} and {{% if %}} may be used here")
