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
