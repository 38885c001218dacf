"""What strangers type, made regular: phone numbers to E.164, e-mail lower-cased, texts without hidden characters, instants in UTC."""

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parseaddr, parsedate_to_datetime
from functools import lru_cache
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import timezone

LONGEST_TEXT = 1_600  # characters of a text, as the longest text message has
LONGEST_MESSAGE = 5_000  # of what a person writes to us; WhatsApp and Telegram carry 4,096, a mail or a form more
LONGEST_VALUE = 500  # of any other field
LONGEST_NAME = 120

# The digits of RESTRICTED, ANONYMOUS, UNAVAILABLE ... on a keypad, as carriers hand them over in place of a withheld number.
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+464", "266696687", "7378742833"})
_SCHEMES = re.compile(r"^\s*(?:whatsapp:|rcs:|p:|tel:)\s*", re.IGNORECASE)
_NO_PHONE = re.compile(r"^\s*(?:client:|sip:|messenger:|anonymous|restricted|unavailable|unknown|private)", re.IGNORECASE)
_ABROAD = re.compile(r"^\s*00(?=\s*[1-9])")
_HIDDEN = re.compile(  # control characters but tab and line feed, bidi and other invisible marks, lone surrogates, non-characters
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]"
)
_SEVERAL = re.compile(r"\s*[/,;|]\s*|\s+(?:or|oder|ou|o|and|und|y|et)\s+", re.IGNORECASE)
_ROUNDED = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)  # 1.51256E+10: what a spreadsheet makes of a number
_EXTENSION = re.compile(r"[^\W\d_]|#|;")
_DATE = re.compile(r"\b(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}\b|\b\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d\b")
_ZONE = re.compile(r"(?<=\d) ?(?:([+-]\d\d:?\d\d)|(?:UTC|GMT|Z))$")  # behind a time; written with a blank by Ruby and others
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?")
_BLANKS = re.compile(r"\s+")


def clean_text(value: object, limit: int = LONGEST_TEXT) -> str:
    """Text of at most `limit` characters; CRLF becomes LF, what cannot be seen is dropped, blanks at both ends too.

    What is neither text nor number gives "".
    """
    if not isinstance(value, str | int | float):
        return ""
    text = str(value)[: limit * 2]
    if text.isascii() and text.isprintable():  # nothing to clean: most of what is typed
        return text.strip()[:limit]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub("", text).strip()[:limit]


def clean_line(value: object, limit: int = LONGEST_VALUE) -> str:
    """The same on one line: nothing in it can begin a new header, log line or CSV row."""
    text = clean_text(value, limit)
    return text if text.isprintable() and "  " not in text else _BLANKS.sub(" ", text).strip()


@lru_cache(maxsize=4096)
def phone(text: str, region: str) -> str | None:
    """E.164, read as dialled in `region` (ISO 3166); None when it is no number or stands for a withheld one.

    Of two numbers in one field the first; 00 before a country's code is read where the region dials it otherwise, too.
    """
    bare = _SCHEMES.sub("", text[:60]).strip()
    if _NO_PHONE.match(bare) or bare in _WITHHELD or _ROUNDED.fullmatch(bare):
        return None
    several = [part for part in _SEVERAL.split(bare) if part.strip()]
    tries = (bare, *(several[:1] if len(several) > 1 else ()), *(_ABROAD.sub("+", part, count=1) for part in several[:1]))
    found = next((found for written in dict.fromkeys(tries) if (found := _e164(written, region))), None)
    return None if found in _WITHHELD else found


def first_phone(text: str, region: str) -> str | None:
    """The same for a field in which somebody may have typed two numbers: the first that is one."""
    found = phone(text, region)
    if found or not _SEVERAL.search(text[:200]):
        return found
    return next((found for part in _SEVERAL.split(text[:200]) if (found := phone(part, region))), None)


def extension(text: str, region: str) -> str:
    """What was typed behind a number to reach somebody inside a firm (ext. 5)."""
    if not _EXTENSION.search(text):
        return ""
    try:
        return phonenumbers.parse(_SCHEMES.sub("", text[:60]), region).extension or ""
    except phonenumbers.NumberParseException:
        return ""


def _e164(text: str, region: str) -> str | None:
    """Only what can be dialled from anywhere: seven digits without an area code are not enough."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def national(number: str) -> str:
    """The digits of an E.164 number without its country, as some directories keep it."""
    return str(phonenumbers.national_significant_number(phonenumbers.parse(number)))


def phones_in(text: str, region: str) -> list[str]:
    """The E.164 numbers written somewhere in a text, each once. A guess: order numbers can look the same, dates and prices do not."""
    matches = phonenumbers.PhoneNumberMatcher(text[:20_000], region, leniency=phonenumbers.Leniency.POSSIBLE)
    found = (match for match in matches if not match.raw_string.isdigit() and not _DATE.search(match.raw_string))
    return list(dict.fromkeys(phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164) for match in found))


@lru_cache(maxsize=4096)
def zone_of(number: str) -> str | None:
    """The time zone (IANA) of an E.164 number where its area has just one; None for mobiles of large countries and toll-free ones."""
    zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    return zones[0] if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else None


@lru_cache(maxsize=1024)
def zone(text: str) -> str | None:
    """The name of a time zone, None when it is none."""
    return text if "/" in text and text in available_timezones() else None


def email(text: str) -> str | None:
    """The address in lower case, plus-tag kept; None when it is none. The domain is not looked up.

    What a keyboard or a copy adds is taken away: full-width letters, hidden characters, <brackets>, a full stop at the end.
    """
    bare = _HIDDEN.sub("", unicodedata.normalize("NFKC", text[:400])) if "\n" not in text and "\r" not in text else text
    bare = bare.strip().removesuffix(".")
    bare = bare[1:-1].strip() if bare[:1] == "<" and bare[-1:] == ">" else bare
    bare = bare[7:] if bare[:7].lower() == "mailto:" else bare
    if not bare or len(bare) > 254:
        return None
    try:
        return validate_email(bare, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return None


def first_email(text: str) -> str | None:
    """The same for a field in which somebody may have typed a name with it (Dana <dana@...>) or two addresses: the first."""
    found = email(text)
    if found or "@" not in text or "\n" in text or "\r" in text:
        return found
    named = parseaddr(text)[1] if "<" in text else ""
    parts = (named, *re.split(r"[\s,;]+", text[:1000]))
    return next((found for part in parts if (found := email(part.strip(" .,;<>")))), None)


def instant(value: object) -> str | None:
    """ISO 8601 in UTC with a Z, with milliseconds where the sender told them.

    Reads seconds or milliseconds since 1970 (text or number), ISO and RFC 2822 dates; a date without a zone is taken as UTC.
    """
    moment = _moment(value)
    if moment is None:
        return None
    spec = "milliseconds" if moment.microsecond >= 1000 else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def _moment(value: object) -> datetime | None:
    text = str(int(value) if isinstance(value, float) and math.isfinite(value) else value).strip()[:64]
    text = _ZONE.sub(lambda found: found[1] or "Z", text)
    try:
        if re.fullmatch(r"[0-9]{9,13}", text):  # 13 digits are milliseconds until the year 2286
            seconds, thousandths = divmod(int(text), 1000) if len(text) > 11 else (int(text), 0)
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=thousandths * 1000)
        if text[:4].isdigit():
            text = re.sub(r"(?<=\d)/(?=\d)", "-", text[:10]) + text[10:]
            return _utc(datetime.fromisoformat(text))
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def shared_place(latitude: object, longitude: object, *names: object) -> str:
    """A place that somebody shared, as a person reads it; "" for none."""
    where = [str(each).strip() for each in (latitude, longitude) if isinstance(each, int | float | str)]
    known = len(where) == 2 and all(_DEGREES.fullmatch(each) for each in where)
    said = [text for name in names if (text := clean_line(name, 200))]
    return f"Shared a place: {', '.join((*said, *where) if known else said)}" if said or known else ""


def identifier(value: object) -> str:
    """An id as text: they are strings to us, whatever the sender's JSON says; anything but text or a number is none."""
    return clean_line(value, 200) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def texts(value: object) -> list[str]:
    """A field's values as texts: a list gives its plain members, nothing gives nothing."""
    values: Iterable[object] = value if isinstance(value, list) else [value]
    return [_said(each) for each in values if isinstance(each, str | int | float)]


def _said(value: str | int | float) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
