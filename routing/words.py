"""Pure text measures: how many segments a text costs, spelling it in the cheap alphabet, and times as people say them."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

# GSM 03.38 (3GPP TS 23.038, section 6.2.1): the 127 characters that cost one septet, in table order, without the escape.
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: reached through the escape character, so two septets each.
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM = GSM_BASIC | GSM_EXTENDED

_SPELT = "... * . x / (TM) (C) (R) l L d D d D th Th oe OE i"
# What has a plain twin but no decomposition that Unicode knows of.
_TWINS = {
    **dict.fromkeys("‘’‚‛´`ʼ′‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict(zip("…•·×÷™©®łŁđĐðÐþÞœŒı", _SPELT.split(" "), strict=True)),
    "\t": " ",
}
_ASCII_TWINS = str.maketrans({twin: plain for twin, plain in _TWINS.items() if twin.isascii()})
_JOINERS = "\u200c\u200d"  # Persian spelling and family emoji need these two; every other format character only hides things

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # own names: strftime would follow the machine's locale
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: `units` are septets (GSM-7) or UTF-16 code units (UCS-2), `count` the segments billed."""

    encoding: str
    units: int
    count: int


def segments(text: str) -> Segments:
    """Count as carriers do: 160 septets alone or 153 each when joined; 70 or 67 code units when one character is not GSM."""
    used = set(text)
    if used <= GSM_BASIC and len(text) <= 160:  # nearly every text: each is measured several times on its way
        return Segments("GSM-7", len(text), 1 if text else 0)
    if used <= _GSM:
        sizes = [2 if char in GSM_EXTENDED else 1 for char in text]
        return Segments("GSM-7", sum(sizes), _count(sizes, alone=160, joined=153))
    sizes = [2 if ord(char) > 0xFFFF else 1 for char in text]
    return Segments("UCS-2", sum(sizes), _count(sizes, alone=70, joined=67))


def _count(sizes: list[int], *, alone: int, joined: int) -> int:
    """An escape pair or a surrogate pair is never cut in two, so a segment may end one unit early."""
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return count


def gsm(text: str) -> str:
    """The text in GSM-7 characters where each has a twin; what has none (a Chinese name, an emoji) stays as it is."""
    if text.isascii():
        return text.translate(_ASCII_TWINS)
    return "".join(_gsm_char(char) for char in unicodedata.normalize("NFC", text))


def _gsm_char(char: str) -> str:
    if char in _GSM:
        return char
    if char in _TWINS:
        return _TWINS[char]
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return plain if plain and all(c in _GSM for c in plain) else char


def clean(text: str, limit: int) -> str:
    """One line a stranger's text can do no harm in: no control, bidi or broken characters, single spaces, at most `limit`."""
    kept = "".join(_visible(char) for char in text[: limit * 8 + 1_000])
    line = " ".join(kept.split())
    if len(line) <= limit:
        return line
    return line[: limit - 3].rstrip() + "..." if limit > 3 else line[: max(limit, 0)].rstrip()


def pieces(text: str, most: int) -> tuple[str, ...]:
    """The text in parts of at most `most` characters, cut between lines or words where there are any near the end."""
    found, rest = [], text.strip()
    while len(rest) > most:
        cut = next((at for mark in ("\n", " ") if (at := rest.rfind(mark, most // 2, most)) > 0), most)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return (*found, rest)


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS else char


def due_text(at: datetime, zone: str, now: datetime) -> str:
    """The wall clock of `zone` at `at`, minutes rounded down: "10:04 am", "tomorrow 8:30 am", "Mon 8:30 am", "Dec 14 8:30 am"."""
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    clock = f"{local.hour % 12 or 12}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"
    return f"{_day(local, days)} {clock}".strip()


def _day(local: datetime, days: int) -> str:
    """Seven days ahead is the same weekday again, so a weekday alone is unmistakable for at most six."""
    if days in (-1, 0, 1):
        return ("", "tomorrow", "yesterday")[days]
    return _DAYS[local.weekday()] if 1 < days < 7 else f"{_MONTHS[local.month - 1]} {local.day}"


def ago(span: timedelta, *, parts: int = 2) -> str:
    """A length of time in its `parts` greatest units: "20s", "3m 40s", "2h 5m", "3d 4h". Below zero reads "0s"."""
    left = max(0, int(span.total_seconds()))
    said: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number or said:
            said.append((number, unit))
    return " ".join(f"{number}{unit}" for number, unit in said[:parts] if number) or "0s"
