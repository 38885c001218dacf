"""Hostile bodies, made from a genuine one: a wrong value at every path, broken encodings, broken JSON, forms and multipart.

Everything is drawn from a `random.Random` with a seed, so that a failure comes again.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

from webhooks import bodies
from webhooks.errors import Refused

JSON, FORM, MULTIPART, TEXT = "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"
_HERE = "@@here@@"

# raw JSON, so that it may also be none
VALUES = (
    "null", "true", "0", "-1", "0.1", "1e400", "-1e400", "1e-400", "NaN", "-Infinity", "1" * 25, "9" * 5_000, "253402300800", "-62135596801",
    "1e18", "9223372036854775808", "1764000000000000000", '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800x"', '"x\\ud83d"',
    '"' + "x" * 5_000 + '"', '"' + "😀" * 500 + '"', '"\\u202egnp.exe"', '"\\r\\nBcc: all@example.com"', '"a@b\\r\\nBcc: x@y.example"', '"a@b"',
    '"\\"@\\"@@"', '"+1 (555) abc"', '"' + "1" * 40 + '"', '"+"', '"٣٤٥"', '"=cmd|\' /C calc\'!A1"', '"<script>alert(1)</script>"', '"{{7*7}}{name}%s%n"',
    '"2026-13-45T99:99:99Z"', '"9999-12-31T23:59:59-23:59"', '"0001-01-01T00:00:00+14:00"', '"2026-11-24T16:00:00"', '"99999999999999999999"', '"-1"',
    '"1e5"', '"\'; DROP TABLE leads; --"', '"../../etc/passwd"', '"http://169.254.169.254/"', "[]", "{}", "[[]]", "[null]", "[[[[[1]]]]]", "[0]", '["a", {}]',
    '{"": ""}', '{"id": {}}', '{"value": [1]}', '{"__proto__": 1}', "[" * 31 + "]" * 31, "[" * 3_000 + "]" * 3_000, '{"a":' * 60 + "1" + "}" * 60, "",
    '"', "{", "[1,", "'single'", "1 2", '"\\x"', '"\t"', "undefined", '1, "again": 1', '{"again": 1, "again": [2]}', "[" + "0," * 3_000 + "0]",
)  # fmt: skip
# what a form's value may be, already encoded for the line
ENCODED = (
    b"", b"+", b"%00", b"a%00b", b"%ff", b"%ed%a0%80", b"%c0%ae", b"%zz", b"%", b"\xff\xfe", b"\x00", b"%0d%0aBcc:+x%40y.example", b"x" * 5_000,
    quote_plus("😀" * 300).encode(), b"%2B1+(555)+abc", b"1" * 40, b"=cmd()", b"-1", b"1e400", b"NaN", b"[]", b"{}", b"{broken", b"[" * 900,
    b"9999-12-31T23:59:59-23:59", b"0001-01-01", b"99999999999999999999", b"%5Bnull%5D", b"null", b"true", b"%7B%22a%22%3A%5B%5D%7D", b"%ud800",
)  # fmt: skip
WHOLE = (
    b"", b" ", b"null", b"[]", b"{}", b"0", b'""', b"true", b"[null]", b"[[]]", b"[{}]", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}", b"\x00", b"\x80\x81\x82", b'{"\xff": 1}', b"=", b"&&&", b"a", b"a=1&" * 3_000, b"%", b"a[b][c]=1&a[b]=2&a=3", b"<lead/>",
    b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08\x00", b"{}{}", b'{"a": 1} trailing', b"\r\n\r\n", b"x" * 300_000,
)  # fmt: skip
CONTENT_TYPES = (
    "", "application/json; charset=utf-16", "application/json; charset=nonsense", "APPLICATION/JSON", "application/x-www-form-urlencoded; charset=nonsense",
    "application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="',
    "multipart/form-data; boundary=" + "b" * 500, "multipart/form-data; boundary=\xe9", "multipart/mixed; boundary=x", "text/plain; charset=utf-32", ";;;", "x",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hostile:
    """One body and how it is called."""

    content_type: str
    body: bytes
    about: str


def hostile(content_type: str, body: bytes, types: frozenset[str], rng: random.Random) -> list[Hostile]:
    """Everything we can make of one genuine request, in random order. `types` are those that are also spoken."""
    found = [*_of_values(content_type, body, rng), *_of_bytes(content_type, body, rng), *_of_multipart(content_type, body, rng)]
    for kind in sorted(types):
        said = f"{kind}; boundary=x" if kind == MULTIPART else kind
        found += [Hostile(said, whole, "a whole other body") for whole in WHOLE]
        found += [Hostile(said, body, "another content type")]
    found += [Hostile(said, body, "a strange content type") for said in CONTENT_TYPES]
    rng.shuffle(found)
    return found


def at_every_path(content_type: str, body: bytes, rng: random.Random) -> list[Hostile]:
    """For each path of the genuine body one wrong value: whatever else is left out for want of time, this is not."""
    by_path: dict[str, list[Hostile]] = {}
    for each in _of_values(content_type, body, rng):
        by_path.setdefault(each.about, []).append(each)
    return [rng.choice(those) for those in by_path.values()]


def _of_values(content_type: str, body: bytes, rng: random.Random) -> Iterator[Hostile]:
    try:
        if content_type.startswith(JSON):
            for about, text in _json_texts(json.loads(body)):
                yield Hostile(content_type, text.encode("utf-8", "surrogatepass"), about)
        else:
            pairs = list(bodies.read_form(body, content_type).items(multi=True))
            for about, changed in _pairs(pairs):
                yield Hostile(content_type, _as_form(changed, content_type), about)
    except (ValueError, Refused):
        return


def _json_texts(value: object) -> Iterator[tuple[str, str]]:
    for path in _paths(value):
        if path:
            yield f"{path} left out", json.dumps(_without(value, path))
        marked = json.dumps(_with(value, path, _HERE))
        for raw in VALUES:
            yield f"{path}", marked.replace(f'"{_HERE}"', raw)
        if path and isinstance(path[-1], str):
            yield f"{path} twice", marked.replace(f'"{_HERE}"', f"1, {json.dumps(path[-1])}: [{{}}]")


def _pairs(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A wrong value for each field in turn; where a field holds JSON, also inside of that."""
    plain = [(name, quote_plus(value).encode()) for name, value in pairs]
    for n, (name, value) in enumerate(pairs):
        yield f"{name} left out", plain[:n] + plain[n + 1 :]
        yield f"{name} twice", [*plain, (name, b"again")]
        for raw in ENCODED:
            yield name, [*plain[:n], (name, raw), *plain[n + 1 :]]
        if value.startswith(("{", "[")):
            for about, text in _json_texts(json.loads(value)):
                inner = quote_plus(text.encode("utf-8", "surrogatepass")).encode()
                yield f"{name} {about}", [*plain[:n], (name, inner), *plain[n + 1 :]]


def _as_form(pairs: list[tuple[str, bytes]], content_type: str) -> bytes:
    if not content_type.startswith(MULTIPART):
        return b"&".join(quote_plus(name).encode() + b"=" + value for name, value in pairs)
    boundary = content_type.partition("boundary=")[2].encode()
    head = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return b"".join(head % (boundary, name.encode(), value) for name, value in pairs) + b"--%s--\r\n" % boundary


def _of_bytes(content_type: str, body: bytes, rng: random.Random) -> Iterator[Hostile]:
    """Cut, flipped, doubled, and with foreign bytes in the middle."""
    for _ in range(40):
        at, to = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
        flipped = bytearray(body)
        for _n in range(rng.randint(1, 6)):
            flipped[rng.randrange(len(flipped))] = rng.randrange(256)
        yield Hostile(content_type, body[:at], "cut off")
        yield Hostile(content_type, body[:at] + body[to:], "a piece missing")
        yield Hostile(content_type, body[:to] + body[at:], "a piece twice")
        yield Hostile(content_type, bytes(flipped), "bytes changed")
        yield Hostile(
            content_type,
            body[:at] + rng.choice((b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"\\", b"\r\n")) + body[at:],
            "bytes put in",
        )


def _of_multipart(content_type: str, body: bytes, rng: random.Random) -> Iterator[Hostile]:
    """Parts without an end, inside each other, with names and numbers that nobody expects."""
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    inner = (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n'
        + part % (b"b", b"1")
        + b"--x--\r\n"
    )
    shapes = (
        b"--x--", b"--x", b"--x\r\n\r\n--x--", part % (b"a", b"1"), part % (b"n" * 10_000, b"1") + b"--x--", part % (b"a", b"1") * 5_000 + b"--x--",
        part % (b"", b"") + b"--x--", part % (b"\x00\xff", b"\xff\x00") + b"--x--", inner + b"--x--", b"preamble" * 1_000 + part % (b"a", b"1") + b"--x--",
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="../../a\x00.php"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--x--',
        b"--x\r\nContent-Disposition: form-data; name*=utf-99''%ff\r\n\r\n1\r\n--x--", b"--x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n1\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="charsets"\r\n\r\n{"from": "utf-99", "text": 7}\r\n--x--',
        b"--x\r\n" + b"X-Long: " + b"h" * 20_000 + b"\r\n\r\n1\r\n--x--", b"--x\r\n" + b"X-Many: h\r\n" * 2_000 + b"\r\n1\r\n--x--",
    )  # fmt: skip
    for shape in shapes:
        yield Hostile(f"{MULTIPART}; boundary=x", shape, "multipart")


Path = tuple[str | int, ...]


def _paths(value: object, so_far: Path = ()) -> Iterator[Path]:
    yield so_far
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*so_far, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _paths(inner, (*so_far, n))


def _with(value: object, path: Path, new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: _with(inner, path[1:], new) if key == path[0] else inner for key, inner in value.items()}
    assert isinstance(value, list)
    return [_with(inner, path[1:], new) if n == path[0] else inner for n, inner in enumerate(value)]


def _without(value: object, path: Path) -> object:
    if isinstance(value, dict):
        return {
            key: _without(inner, path[1:]) if path[1:] and key == path[0] else inner
            for key, inner in value.items()
            if path[1:] or key != path[0]
        }
    if isinstance(value, list):
        return [
            _without(inner, path[1:]) if path[1:] and n == path[0] else inner
            for n, inner in enumerate(value)
            if path[1:] or n != path[0]
        ]
    return value
