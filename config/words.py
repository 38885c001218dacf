"""What a customer's own words may hold: text, named fields, and choices between them. Checked with the team file, so that
no lead is the first to find a fault in them.
"""

from jinja2 import TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_WORDS = 2_000  # characters of a customer's own template

# routing/answering.py fills these.
WORD_FIELDS = frozenset(
    ("first_name", "name", "firm", "rep", "due_text", "opens_text", "pool", "code", "kind", "stop_hint", "postal_address")
)
FILTERS = frozenset(("upper", "lower", "title", "capitalize", "trim", "default"))
# No loops, no arithmetic, no attributes: so a template always ends, soon, and in a text.
_GRAMMAR = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter,
)  # fmt: skip
_READER = ImmutableSandboxedEnvironment()


class WordsError(Exception):
    """A customer's own template does not do; the text says why, in terms they can mend."""


def check_words(words: str) -> None:
    """Raise WordsError for anything but text, named fields and choices."""
    if len(words) > LONGEST_WORDS:
        raise WordsError(f"it has {len(words)} characters, {LONGEST_WORDS} are the most")
    try:
        tree = _READER.parse(words)
    except TemplateError as error:
        raise WordsError(f"line {getattr(error, 'lineno', 1)}: {error}") from error
    for node in tree.find_all(nodes.Node):
        _check(node)


def _check(node: nodes.Node) -> None:
    if isinstance(node, nodes.Name) and node.name not in WORD_FIELDS:
        raise WordsError(f"line {node.lineno}: there is no field {node.name!r}; there are {', '.join(sorted(WORD_FIELDS))}")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise WordsError(f"line {node.lineno}: the filter {node.name!r} is not allowed; there are {', '.join(sorted(FILTERS))}")
    if not isinstance(node, _GRAMMAR):
        raise WordsError(f"line {node.lineno}: only text, {{{{ fields }}}} and {{% if %}} may be used here")
