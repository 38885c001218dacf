"""Was it a robot? A filled honeypot, a form sent sooner than anybody can fill it in, a message full of links.

Each is answered as if it had been taken, dropped and counted: whoever wrote the robot learns nothing. A page without script tells
no time and is believed; the time a page tells is the age of the page by its own counter, so that no clock need be right.
"""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from config import normal
from config.fields import our_name
from routing.team import Source
from webhooks.errors import Robot

OPENED_FOR = "_opened_for"  # milliseconds since the page was opened, which a line of script writes there
_LINK = re.compile(r"https?://|\bwww\.|\[url\b|<a\s", re.IGNORECASE)

Pairs = Sequence[tuple[str, object]]


def refuse_robots(source: Source, pairs: Pairs) -> None:
    """Raises Robot, with the sign that gave it away."""
    if any(_texts(pairs, source.honeypot)):
        raise Robot("honeypot")
    least, most_links = source.options.get("min_fill"), source.options.get("most_links")
    if isinstance(least, timedelta) and any(_is_sooner(text, least) for text in _texts(pairs, OPENED_FOR)):
        raise Robot("too_fast")
    if isinstance(most_links, int) and 0 < most_links < _links(pairs):
        raise Robot("links")


def _texts(pairs: Pairs, wanted: str) -> Iterable[str]:
    return (text.strip() for name, value in pairs if name == wanted for text in normal.texts(value))


def _is_sooner(text: str, least: timedelta) -> bool:
    """Only a time that can be one counts: what a script could not read or made up says nothing."""
    try:
        milliseconds = float(text if text.isascii() else "")
    except ValueError:
        return False
    return math.isfinite(milliseconds) and 0 <= milliseconds < least / timedelta(milliseconds=1)


def _links(pairs: Pairs) -> int:
    """In the message; the page's own address and a person's website are no sign of anything."""
    messages = (value for name, value in pairs if our_name(name) == "message")
    return sum(len(_LINK.findall(text)) for value in messages for text in normal.texts(value))
