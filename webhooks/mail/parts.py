"""A multipart body as bytes, part by part: mails come in other charsets than UTF-8, and files are not looked into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from webhooks.errors import TooLarge, Unreadable

MOST_PARTS = 500
LARGEST_FIELD = 5 * 1024 * 1024  # bytes of a part that is no file: a mail's text, or the whole mail in raw mode is larger
_ALIASES = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "",
    "ascii": "",
    "utf8": "",
    "utf-8": "",
    "gb2312": "gb18030",
    "ks_c_5601-1987": "cp949",
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of the form: what it is called, what it is, how many bytes it has."""

    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The fields by name, undecoded, and the files."""

    fields: Mapping[str, bytes]
    files: Sequence[Attached]

    def text(self, name: str, charset: str = "utf-8") -> str:
        """A field in its charset; what does not fit is replaced, an unknown charset is read as UTF-8."""
        return decoded(self.fields.get(name, b""), charset)


def decoded(body: bytes, charset: str) -> str:
    """Text, whatever the charset claims to be. What claims to be ASCII or UTF-8 and is neither is read as Windows writes it."""
    bare = charset.strip().lower()
    known = _ALIASES.get(bare, bare)
    try:
        if known:
            return body.decode(known, "replace")
    except (LookupError, ValueError):
        pass
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def read_parts(body: bytes, content_type: str) -> Parts:
    """Raises Unreadable for what is no multipart body, TooLarge for too many parts."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise Unreadable("The multipart body has no boundary", where="the Content-Type header", mend="Send it as SendGrid does.")
    decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), max_parts=MOST_PARTS)
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        return _collected(decoder)
    except RequestEntityTooLarge as error:
        raise TooLarge(f"The mail has over {MOST_PARTS} parts", where="the body", mend="Send fewer attachments.") from error
    except (ValueError, LookupError) as error:
        raise Unreadable("The multipart body is broken", where="the body", mend="Send it as SendGrid does.") from error


def _collected(decoder: MultipartDecoder) -> Parts:
    fields: dict[str, bytes] = {}
    files: list[Attached] = []
    current: Field | File | None = None
    pieces: list[bytes] = []
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        if isinstance(event, Field | File):
            current, pieces = event, []
        elif isinstance(event, Data) and current is not None:
            pieces.append(event.data)
            if not event.more_data:
                _keep(current, b"".join(pieces), fields, files)
    return Parts(fields, files)


def _keep(part: Field | File, data: bytes, fields: dict[str, bytes], files: list[Attached]) -> None:
    if isinstance(part, File):
        files.append(Attached(part.filename or part.name, part.headers.get("content-type", ""), len(data)))
    else:
        fields.setdefault(part.name or "", data)
