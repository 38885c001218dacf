"""Bodies into values: forms, multipart and JSON from strangers, each with limits and one way to fail (Unreadable).

Flask's own parsers take NaN, 1e400, NUL and lone surrogates for good values and fall over deep nesting; these do not.
"""

import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from webhooks.errors import TooLarge, Unreadable

LARGEST_BODY = 256 * 1024  # bytes; a lead is a few KiB
LARGEST_BATCH = 4 * LARGEST_BODY  # of those who send many things in one body, or a whole conversation in writing
MOST_FIELDS = 1000
DEEPEST = 32  # levels of nesting; real deliveries have at most 8
LONGEST_NUMBER = 40  # digits; longer ones are kept as cut text: Python refuses to turn over 4,300 digits into a number
_NOT_STORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # JSON's escapes of NUL and of halves of a pair
_MARKS = re.compile(
    rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}]', re.DOTALL
)  # of a JSON text: what is quoted, and where objects begin and end
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")
_SAYS_CHARSET = re.compile(rb"(?:^|&)_charset_=([A-Za-z0-9_.-]{1,40})")  # a hidden field of that name, filled in by the browser
_CHARSETS = {  # as browsers read them (WHATWG Encoding)
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252", "us-ascii"), "cp1252"), **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    "shift_jis": "cp932", "euc-jp": "euc_jp", "euc-kr": "cp949", "big5": "big5hkscs", "iso-8859-2": "iso8859_2", "iso-8859-15": "iso8859_15",
    "windows-1250": "cp1250", "windows-1251": "cp1251", "koi8-r": "koi8_r",
}  # fmt: skip

Form = MultiDict[str, str]


def read_form(body: bytes, content_type: str) -> Form:
    """A urlencoded or multipart body. Raises Unreadable, TooLarge."""
    mimetype, options = parse_options_header(content_type)
    if mimetype == "multipart/form-data":
        return _multipart(body, options.get("boundary", ""))
    charset = options.get("charset", "") or next(iter(_SAYS_CHARSET.findall(body)), b"").decode("ascii")
    return _urlencoded(body, _CHARSETS.get(charset.lower(), "utf-8"))


def read_lines(body: bytes) -> Form:
    """A form sent as enctype text/plain: one name=value a line."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[:MOST_FIELDS]
    return MultiDict((name, value) for name, mark, value in (line.partition("=") for line in lines) if mark)


def read_text(body: bytes) -> Form:
    """A form sent as text/plain, by sendBeacon or a form with that enctype. Raises TooLarge."""
    return read_lines(body) if b"&" not in body else read_form(body, "")


def read_json(body: bytes) -> object:
    """A JSON value with sane numbers and texts, at most DEEPEST levels deep. UTF-8 only. Raises Unreadable."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise Unreadable("The body is not UTF-8", where="the body", mend="Send JSON as UTF-8.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Unreadable("The body is not JSON", where=_place(error), mend="Check it with any JSON validator.") from error
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise _too_deep()
    return _storable(value) if _NOT_STORABLE.search(body) else value


def pieces(body: bytes, value: object) -> dict[int, bytes]:
    """Of each object inside `value`, which was read from this JSON body: by its id(), the bytes as they were sent. {} where it cannot be told."""
    found: list[tuple[int, int]] = []
    begun: list[int] = []
    for mark in _MARKS.finditer(body):
        if mark[0] == b"{":
            begun.append(len(found))
            found.append((mark.start(), 0))
        elif mark[0] == b"}":
            number = begun.pop()
            found[number] = (found[number][0], mark.end())
    objects = list(_objects(value))
    if len(objects) != len(found):  # a name came twice: JSON keeps the last, and the others are nowhere
        return {}
    return {id(each): body[start:end] for each, (start, end) in zip(objects, found, strict=True)}


def _objects(value: object) -> Iterator[object]:
    """In the order in which they begin in the text."""
    if isinstance(value, dict):
        yield value
    for each in _children(value):
        yield from _objects(each)


def _urlencoded(body: bytes, charset: str) -> Form:
    """In the charset that was told; what does not fit it is from a page in the older one of the West."""
    try:
        try:
            return MultiDict(_pairs(body, charset, errors="strict"))
        except UnicodeDecodeError:
            return MultiDict(_pairs(body, "cp1252", errors="replace"))
    except ValueError as error:
        raise TooLarge(f"The form has over {MOST_FIELDS} fields", where="the body", mend="Send fewer fields.") from error


def _pairs(body: bytes, charset: str, *, errors: str) -> list[tuple[str, str]]:
    text = body.decode(charset, errors)
    return parse_qsl(text, keep_blank_values=True, encoding=charset, errors=errors, max_num_fields=MOST_FIELDS)


def _multipart(body: bytes, boundary: str) -> Form:
    if not boundary:
        raise Unreadable(
            "The multipart body has no boundary", where="the Content-Type header", mend="Let the browser set that header."
        )
    # a file's content is not looked at; in memory it needs no closing, and the whole body is small
    parser = MultiPartParser(
        stream_factory=lambda *_, **__: io.BytesIO(), max_form_memory_size=LARGEST_BODY, max_form_parts=MOST_FIELDS
    )
    try:
        form, files = parser.parse(io.BytesIO(body), boundary.encode("latin-1", "replace"), len(body))
    except RequestEntityTooLarge as error:
        raise TooLarge(f"The form has over {MOST_FIELDS} parts", where="the body", mend="Send fewer fields.") from error
    except (ValueError, LookupError) as error:  # LookupError: a part names a charset nobody knows
        raise Unreadable("The multipart body is broken", where="the body", mend="Send it as a browser does.") from error
    return MultiDict([*form.items(multi=True), *((name, file.filename or "") for name, file in files.items(multi=True))])


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits[:LONGEST_NUMBER]


def _place(error: ValueError) -> str:
    return f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "a number"


def _storable(value: object) -> object:
    """The value without NUL and lone surrogates in its keys and texts: PostgreSQL takes neither, and nobody means them."""
    if isinstance(value, str):
        return _UNSPEAKABLE.sub("", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


def _is_deeper(value: object, levels: int) -> bool:
    inside = _children(value)
    while inside and levels:
        inside, levels = [child for each in inside for child in _children(each)], levels - 1
    return bool(inside)


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _too_deep() -> Unreadable:
    return Unreadable(f"The JSON is nested over {DEEPEST} levels deep", where="the body", mend="Send a flat object.")


def pairs_of(value: object, path: str = "") -> Iterable[tuple[str, object]]:
    """A JSON object's leaves as (name, value); names of nested ones are joined with dots, lists of plain values stay whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from pairs_of(inner, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value
