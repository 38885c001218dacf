"""What PHP makes of values before it sends them: names in brackets, JSON with its own escapes, serialized lists."""

import json
import re
from collections.abc import Iterable

from webhooks.bodies import Form

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_DEEPEST = 9
_ARRAY = re.compile(rb"a:\d+:\{")
_PLAIN = re.compile(rb'(?:[ibd]:[\d.-]+;|N;|s:(\d{1,6}):")')
MOST_LISTED = 200


def nested(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """name[a][0]=x as PHP reads it: arrays in arrays; keys 0, 1, 2 ... make a list."""
    made: dict[str, object] = {}
    for name, value in pairs:
        *path, last = [name.partition("[")[0], *_BRACKETS.findall(name)][:_DEEPEST]
        inner = made
        for key in path:
            held = inner.setdefault(key or str(len(inner)), {})
            inner = held if isinstance(held, dict) else {}  # a name that is a text and an array at once: PHP drops one too
        inner[last or str(len(inner))] = value
    return {name: _listed(value) for name, value in made.items()}


def fields_of(form: Form) -> dict[str, object]:
    """The same of a whole form, where a name that came several times is a list."""
    said = ((name, values) for name, values in form.lists())
    return nested(
        pair
        for name, values in said
        for pair in (
            [(name, values[0])]
            if len(values) == 1
            else ((name, each) for each in values)
            if name.endswith("[]")
            else [(name, values)]
        )
    )


def jsons(form: Form) -> list[bytes]:
    """A form's fields as PHP's json_encode wrote them before they were sent as a form, in the readings there may be.

    A form does not tell numbers from texts; only `unix` is ever a number.
    """
    said = _listed(nested(form.items(multi=True)))
    texts = [json.dumps(value, separators=(",", ":")).replace("/", "\\/") for value in (said, _with_numbers(said))]
    return [text.encode() for text in dict.fromkeys(texts)]


def serialized(text: str) -> list[str]:
    """The texts inside a serialized array (a:2:{i:0;s:3:"one";...}), without its keys; none when it is no such thing."""
    body = text.encode("utf-8", "replace")
    begins = _ARRAY.match(body)
    texts: list[str] = []
    at, is_key = begins.end() if begins else len(body), True
    while at < len(body) and len(texts) < MOST_LISTED:
        if body[at : at + 1] == b"}":
            at, is_key = at + 1, True
        elif inside := _ARRAY.match(body, at):
            at, is_key = inside.end(), True
        elif token := _PLAIN.match(body, at):
            at, said = _token(body, token)
            texts += [said] if said and not is_key else []
            is_key = not is_key
        else:
            break
    return texts if at == len(body) else []


def _token(body: bytes, token: re.Match[bytes]) -> tuple[int, str]:
    """Where the next one begins, and the text it is ("" for a number)."""
    if token[1] is None:
        return token.end(), ""
    end = token.end() + int(token[1])
    return end + len(b'";'), body[token.end() : end].decode("utf-8", "replace")


def _listed(value: object) -> object:
    if not isinstance(value, dict):
        return value
    inside = {key: _listed(each) for key, each in value.items()}
    counts = list(inside) == [str(n) for n in range(len(inside))]
    return list(inside.values()) if counts and inside else inside


def _with_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {key: _number(each) if key == "unix" else _with_numbers(each) for key, each in value.items()}
    return [_with_numbers(each) for each in value] if isinstance(value, list) else value


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16 else value
