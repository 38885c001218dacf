"""What strangers type, made regular: phone numbers to E.164, e-mail lower-cased, texts without hidden characters, instants in UTC."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import timezone

LONGEST_TEXT = 1_600  # characters of a message, as the longest text message has
LONGEST_VALUE = 500  # of any other field
LONGEST_NAME = 120

# The digits of RESTRICTED, ANONYMOUS, UNAVAILABLE ... on a keypad, as carriers hand them over in place of a withheld number.
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+464", "266696687", "7378742833"})
_SCHEMES = re.compile(r"^\s*(?:whatsapp:|rcs:|p:|tel:)\s*", re.IGNORECASE)
_NO_PHONE = re.compile(r"^\s*(?:client:|sip:|messenger:|anonymous|restricted|unavailable|unknown|private)", re.IGNORECASE)
_HIDDEN = re.compile(  # control characters but tab and line feed, bidi and other invisible marks, lone surrogates, non-characters
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]"
)
_DATE = re.compile(r"\b(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}\b|\b\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d\b")
_BLANKS = re.compile(r"\s+")


def clean_text(value: object, limit: int = LONGEST_TEXT) -> str:
    """Text of at most `limit` characters; CRLF becomes LF, what cannot be seen is dropped, blanks at both ends too.

    What is neither text nor number gives "".
    """
    if not isinstance(value, str | int | float):
        return ""
    text = str(value)[: limit * 2].replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub("", text).strip()[:limit]


def clean_line(value: object, limit: int = LONGEST_VALUE) -> str:
    """The same on one line: nothing in it can begin a new header, log line or CSV row."""
    return _BLANKS.sub(" ", clean_text(value, limit)).strip()


@lru_cache(maxsize=4096)
def phone(text: str, region: str) -> str | None:
    """E.164, read as dialled in `region` (ISO 3166); None when it is no number or stands for a withheld one."""
    bare = _SCHEMES.sub("", text[:60])
    if _NO_PHONE.match(bare) or bare.strip() in _WITHHELD:
        return None
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
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
    """The address in lower case, plus-tag kept; None when it is none. The domain is not looked up."""
    bare = text.strip()
    bare = bare[7:] if bare[:7].lower() == "mailto:" else bare
    if not bare or len(bare) > 254:
        return None
    try:
        return validate_email(bare, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return None


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
    text = str(value).strip()[:64]
    try:
        if re.fullmatch(r"[0-9]{9,13}", text):  # 13 digits are milliseconds until the year 2286
            seconds, thousandths = divmod(int(text), 1000) if len(text) > 11 else (int(text), 0)
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=thousandths * 1000)
        if text[:4].isdigit():
            return _utc(datetime.fromisoformat(text))
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def identifier(value: object) -> str:
    """An id as text: they are strings to us, whatever the sender's JSON says; anything but text or a number is none."""
    return clean_line(value, 200) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def texts(value: object) -> list[str]:
    """A field's values as texts: a list gives its plain members, nothing gives nothing."""
    values: Iterable[object] = value if isinstance(value, list) else [value]
    return [_said(each) for each in values if isinstance(each, str | int | float)]


def _said(value: str | int | float) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
