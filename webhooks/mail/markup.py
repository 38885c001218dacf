"""HTML mails to text: what a person sees of them, without the earlier mails where the mail program has marked them."""

import re
from html.parser import HTMLParser

_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "blockquote"})
_UNSEEN = frozenset({"style", "script", "head", "title", "template"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"})
# marks around an earlier mail
_QUOTES = re.compile(
    r"gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra|qmQuote|sh-quoted|messageReplySection|\bquote\b",
    re.IGNORECASE,
)
# marks above one: Outlook's are empty, or hold its headers, and the earlier mail follows beside them
_ABOVE = re.compile(
    r"divRplyFwdMsg|appendonsend|mail-editor-reference-message|ms-outlook-mobile-reference|reply-intro", re.IGNORECASE
)
_BLANK_RUNS = re.compile(r"\n{3,}")
DEEPEST = 400  # tags inside tags; a hostile mail has more


def text_of(html: str) -> str:
    """What a person sees of an HTML mail, without quoted parts where its program marked them; all of it where nothing else is in it."""
    return _read(html, quotes=False) or _read(html, quotes=True)


def _read(html: str, *, quotes: bool) -> str:
    reader = _Reader(quotes)
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return _BLANK_RUNS.sub("\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects what is seen; marked quotations and style sheets are skipped with all that is inside them."""

    def __init__(self, quotes: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._quotes, self._is_over = quotes, False
        self._open: list[tuple[str, bool]] = []  # tag, and whether it hides what is inside

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n")
        marks = " ".join(value or "" for name, value in attrs if name in ("class", "id", "name"))
        self._is_over |= not self._quotes and bool(_ABOVE.search(marks)) and any(piece.strip() for piece in self.pieces)
        if tag in _VOID or len(self._open) >= DEEPEST:
            return
        is_quote = not self._quotes and (tag == "blockquote" or bool(_QUOTES.search(marks)))
        self._open.append((tag, tag in _UNSEEN or is_quote))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n")
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if not self._is_over and not any(hides for _, hides in self._open):
            self.pieces.append(data)
