"""The new words of a mail: HTML to text, without what is quoted from earlier mails and without the signature."""

import re
from html.parser import HTMLParser

_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "blockquote"})
_UNSEEN = frozenset({"style", "script", "head", "title", "template"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"})
_QUOTES = re.compile(r"gmail_quote|yahoo_quoted|moz-cite-prefix|protonmail_quote|divRplyFwdMsg|appendonsend", re.IGNORECASE)
DEEPEST = 400  # tags inside tags; a hostile mail has more

# "On Tue, 3 Feb 2026, Sales <sales@example.com> wrote:" in the languages whose mail programs write it so
_ATTRIBUTION = re.compile(
    r"^(?:On|Am|Le|El|Il|Op|Em|Den|W dniu)\b.{4,300}?(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał\(?a?\)?)\b.{0,120}?:\s*$",
    re.IGNORECASE | re.DOTALL,
)
_ORIGINAL = re.compile(
    r"^\s*[-_*]{2,}\s*(?:original message|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|"
    r"oorspronkelijk bericht|mensagem original)\s*[-_*]{2,}\s*$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^\s*\**(?:From|Von|De|Da|Van|Från)\s*:\**\s*\S", re.IGNORECASE)
_HEADER_NEXT = re.compile(r"^\s*\**(?:Sent|Date|To|Subject|Gesendet|An|Betreff|Envoyé|À|Objet|Enviado|Para|Asunto|Inviato|A|Verzonden|Aan|Onderwerp)\s*:", re.IGNORECASE)  # fmt: skip
_DATED = re.compile(r"[0-9@]")
_SIGNATURE = re.compile(r"^-- ?$")
_BLANK_RUNS = re.compile(r"\n{3,}")


def text_of(html: str) -> str:
    """What a person sees of an HTML mail, without quoted blocks where its program marked them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return _BLANK_RUNS.sub("\n\n", "\n".join(lines)).strip()


def new_words(text: str) -> str:
    """Without the earlier mails quoted below or between, and without a signature behind "-- ".

    A mail that is nothing but a quotation (a forward) is left as it is.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    kept = _without_quotes(_before_the_original(lines))
    end = next((n for n, line in enumerate(kept) if _SIGNATURE.match(line) and n), len(kept))
    said = _BLANK_RUNS.sub("\n\n", "\n".join(kept[:end])).strip()
    return said or text.strip()


def _before_the_original(lines: list[str]) -> list[str]:
    """Up to "-----Original Message-----" or a block of From, Sent, To; all where nothing stands before it."""
    for n, line in enumerate(lines):
        block = _HEADER.match(line) and sum(bool(_HEADER_NEXT.match(each)) for each in lines[n + 1 : n + 6]) >= 2
        if (block or _ORIGINAL.match(line)) and any(each.strip("_-* \t") for each in lines[:n]):
            return lines[:n] if lines[n - 1].strip("_-* \t") or not lines[n - 1].strip() else lines[: n - 1]
    return lines


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    n = 0
    while n < len(lines):
        length = _attribution(lines, n)
        first = next((line for line in lines[n + length :] if line.strip()), "") if length else ""
        if length and not first.startswith(">") and any(line.strip() for line in kept):
            break  # the quotation has no marks, so all below is taken for it
        if length and first.startswith(">"):
            n += length
            continue
        if not lines[n].lstrip().startswith(">"):
            kept.append(lines[n])
        n += 1
    return kept


def _attribution(lines: list[str], n: int) -> int:
    """How many lines (up to three) "On ... wrote:" takes from here, 0 when it is none. It names a date or an address."""
    if not lines[n].strip() or lines[n].lstrip().startswith(">"):
        return 0
    tries = ((length, " ".join(lines[n : n + length]).strip()) for length in (1, 2, 3))
    return next((length for length, line in tries if _ATTRIBUTION.match(line) and _DATED.search(line)), 0)


class _Reader(HTMLParser):
    """Collects what is seen; marked quotations and style sheets are skipped with all that is inside them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []  # tag, and whether it hides what is inside

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n")
        if tag in _VOID or len(self._open) >= DEEPEST:
            return
        marks = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        hides = tag in _UNSEEN or tag == "blockquote" or bool(_QUOTES.search(marks))
        self._open.append((tag, hides))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n")
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if not any(hides for _, hides in self._open):
            self.pieces.append(data)
