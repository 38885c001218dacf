"""What an ops person must know of each kind of source, told by its plug-in (`DOCS`), and the page made of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceDocs:
    """One source for docs/sources.md; plain Markdown text, no line breaks. All but `options`, `tests` and `thin` are required.

    `answers`: within which time and with what the vendor must be answered. `key`: what makes a delivery the same again.
    `mapped`: what of the vendor's becomes what of ours. `at_vendor`: what to click there, step by step; write the address as
    `https://<your Headroom>/webhooks/<source id>`. `options`: the type's own keys of the team file. `tests`: how the vendor's
    test sends are known. `thin`: what is not sure about the contract, and which readings are accepted.
    """

    vendor: str
    verified_by: str
    answers: str
    retries: str
    key: str
    mapped: str
    at_vendor: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    tests: str = ""
    thin: str = ""


BEGINS = "<!-- the sources: made by `python -m webhooks.write_catalogue README.md`, do not edit -->"
ENDS = "<!-- the end of the sources -->"
HEAD = """# Where leads come from

One section for each `type` a source of the team file can have; below the table is what to click at the vendor. This page is made from
the plug-ins in `webhooks/sources` (`python -m webhooks.write_catalogue > docs/sources.md`), so it says what the program does.

A source in the team file:

```yaml
sources:
  quote-form:
    type: typeform
    secret: env:QUOTE_FORM_SECRET   # several, separated by commas, while you change it
    fields: {phone: my_tel_field}   # our field: the vendor's name of it; only where the usual names do not do
    from: "+15125550199"            # texts and calls to its leads come from this number of yours, not from TWILIO_FROM
    per_minute: 600                 # requests a minute that nobody signed; more are answered 429 with Retry-After, and so are
    per_address: 120                # more than this from one address (one /64 of IPv6). Left out: a fifth of per_minute, 30 at least
```

What a vendor or you have signed is never limited. A source whose key stands in the address or a header is held to `per_minute` alone: the
key may have leaked. Each limit may be used up at once and then fills evenly; every web process counts by itself. Behind a proxy all visitors
have its address until `HEADROOM_TRUSTED_PROXIES` tells how many proxies there are.

Its address is `https://<your Headroom>/webhooks/<source id>`. A key in an address (`?key=...`, or as its last part) is as good as one in
the header `Authorization: Bearer ...`; make it with `openssl rand -base64 24` and prefer the header: proxies write addresses to
their logs. Headroom does not. What is no lead but was sent by the vendor is answered with success, so that nothing is switched off.

<a id="files"></a>Leads that are in a file: `headroom import leads.csv --source <source id> --dry-run` shows what each column is taken for and what would become
of each row; without `--dry-run` they come in as if they had been posted to that source. It finds out encoding and separator, reads the exports
of Meta, Google Ads and LinkedIn as they are (`l:`, `c:` and `p:` before ids and numbers, their test rows), takes other columns by their words or by
`--map phone=Telefon`, and names what is wrong with a row by the line on which it begins. A row whose id its vendor has posted before, to a source
of that vendor's type, is not imported again; one without an id counts by what it says.
"""
FILE = SourceDocs(  # no plug-in: `headroom import` (console/commands/importing.py) posts to a source there is
    vendor="A file (CSV)",
    verified_by="whoever may run `headroom import` on the machine",
    answers="at once, row by row: taken, known already, or what is wrong with it; `--dry-run` only says so",
    retries="yours: run it again, what is here already is left alone",
    key="the vendor's id, else what the row says",
    mapped="the exports of Meta, Google Ads and LinkedIn as they are; other columns by their words, by what stands in them, or by `--map`",
    at_vendor=(),
)


def page(types: Mapping[str, SourceDocs]) -> str:
    """The Markdown of docs/sources.md: a table of all types, and a section for each."""
    rows = [
        f"| {shown} | {_cell(docs.vendor)} | {_cell(docs.verified_by)} | {_cell(docs.answers)} | {_cell(docs.retries)} |"
        for shown, docs in [
            *((f"[`{name}`](#{name})", docs) for name, docs in types.items()),
            ("[`headroom import`](#files)", FILE),
        ]
    ]
    table = ["| Type | Vendor | Verified by | Answers within | Retries |", "|---|---|---|---|---|", *rows]
    return "\n".join([HEAD, *table, "", *(_section(name, docs) for name, docs in types.items())])


def overview(types: Mapping[str, SourceDocs]) -> str:
    """The table of the README, between its marks: what each source is verified by, answers, is sent again, and what is mapped."""
    rows = [
        f"| [{_cell(docs.vendor)}](docs/sources.md#{name}) | {_cell(docs.verified_by)} | {_cell(docs.answers)} | {_cell(docs.retries)} |"
        f" {_cell(docs.mapped)} |"
        for name, docs in [*types.items(), ("files", FILE)]
    ]
    head = ["| Source | Verified by | Answers within | Retries | What is mapped |", "|---|---|---|---|---|"]
    return "\n".join([BEGINS, *head, *rows, ENDS])


def renewed(text: str, types: Mapping[str, SourceDocs]) -> str:
    """A text with the table between its marks made anew. Raises ValueError where the marks are missing."""
    before, begins, rest = text.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"the marks {BEGINS} and {ENDS} are missing")
    return before + overview(types) + after


def _section(name: str, docs: SourceDocs) -> str:
    facts = {
        "Verified by": docs.verified_by, "Answers": docs.answers, "Retries": docs.retries, "Same again": docs.key,
        "Mapped": docs.mapped, "Test sends": docs.tests, "Not sure": docs.thin,
    }  # fmt: skip
    lines = [f'## <a id="{name}"></a>{docs.vendor} (`type: {name}`)', ""]
    lines += [f"- **{title}**: {text}" for title, text in facts.items() if text]
    lines += [f"- **`{key}`**: {text}" for key, text in docs.options.items()]
    lines += ["", "At the vendor:", "", *(f"{n}. {step}" for n, step in enumerate(docs.at_vendor, 1)), ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
