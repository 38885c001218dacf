"""The types of source there are: which need a secret, how their leads are answered, and which keys are their own.

A type that has a file in webhooks/sources but no line here works too: it needs a secret and may have any key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from config import json_path
from config.teamfile.section import Section
from config.teamfile.tree import plain

RING_FOR = timedelta(seconds=18)  # above 20 s the carrier's voicemail answers and the call looks completed
LONGEST_FILL = timedelta(seconds=10)
LEAST_KEY = 22  # characters of base64 that hold 128 bit
_SOURCES = Path(__file__).parents[2] / "webhooks" / "sources"


Option = timedelta | bool | int | str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SourceType:
    """`options` are the type's own keys with their defaults: a timedelta, bool, int or str tells how each is read.

    An empty mapping as default stands for paths into what is posted, by our field. `key_alone`: the vendor signs nothing, so
    whoever knows the secret is believed.
    """

    needs_secret: bool = True
    answers_by: tuple[str, ...] = ("sms", "email")
    options: Mapping[str, Option] = field(default_factory=dict)
    takes_any_key: bool = False
    key_alone: bool = False


KNOWN = {
    "form": SourceType(needs_secret=False, options={"min_fill": timedelta(0), "most_links": 0}),
    "twilio_voice": SourceType(
        answers_by=("sms",),
        options={
            "ring_for": RING_FOR,
            "voicemail": True,
            "transcribe": False,
            "greeting": "",
            "closed_greeting": "",
            "click_to_call": True,
            "number": "",
            "detect_voicemail": True,
            "record_calls": False,
            "recording_notice": "",
        },
    ),
    "twilio_messaging": SourceType(answers_by=("sms",)),
    "meta": SourceType(answers_by=("sms", "email", "meta")),
    "typeform": SourceType(),
    "jotform": SourceType(key_alone=True),
    "webflow": SourceType(),
    "gravity_forms": SourceType(key_alone=True),
    "hubspot": SourceType(options={"older_signatures": False}),
    "elementor": SourceType(key_alone=True),
    "wpforms": SourceType(options={"form_format": False}),
    "formspree": SourceType(),
    "google_ads": SourceType(key_alone=True),
    "zapier": SourceType(options={"map": {}}, key_alone=True),
    "make": SourceType(options={"map": {}}, key_alone=True),
    "api": SourceType(key_alone=True),
    "linkedin": SourceType(),
    "tiktok": SourceType(key_alone=True),
    "callrail": SourceType(),
    "telegram": SourceType(answers_by=("telegram", "sms")),
    "sendgrid_inbound": SourceType(answers_by=("email", "sms"), key_alone=True),
    # stages of leads in a CRM: of our own leads, never new ones
    "salesforce": SourceType(answers_by=("crm",), key_alone=True),
    "pipedrive": SourceType(answers_by=("crm",), key_alone=True),
    "slack": SourceType(answers_by=("slack",), takes_any_key=True),  # `users`: of the team, never of leads
}


def source_types() -> dict[str, SourceType]:
    """Every type by name: those described here, and those that only have a file."""
    files = sorted(path.stem for path in _SOURCES.glob("*.py") if not path.stem.startswith("_"))
    return KNOWN | {name: SourceType(takes_any_key=True) for name in files if name not in KNOWN}


def read_options(section: Section, kind: SourceType) -> dict[str, object]:
    """The type's own keys: those given, and the defaults of the others. Times are timedeltas."""
    found: dict[str, object] = {key: _option(section, key, default) for key, default in kind.options.items()}
    if kind.takes_any_key:
        found |= {key: plain(node) for key, node in section.rest()}
    if found.get("ring_for", RING_FOR) > timedelta(seconds=20):  # type: ignore[operator]
        section.warn("ring_for", "is above 20s: the rep's voicemail will answer.", "Make it 18s.")
    if found.get("min_fill", LONGEST_FILL) > LONGEST_FILL:  # type: ignore[operator]
        section.warn(
            "min_fill", f"is above {LONGEST_FILL.seconds}s: people whose browser fills the form in are faster.", "Make it 2s."
        )
    return found


def _option(section: Section, key: str, default: Option) -> object:
    if isinstance(default, timedelta):
        return section.span(key, default, least=min(default, timedelta(seconds=1)))
    if isinstance(default, bool):
        return section.yes(key, default)
    if isinstance(default, int):
        return section.whole(key, default)
    if isinstance(default, Mapping):
        return _paths(section, key)
    return section.text(key, default, longest=500) or default


def _paths(section: Section, key: str) -> dict[str, str]:
    """Our field -> the path at which it stands in what is posted."""
    part, found = section.part(key), {}
    for name, node in part.rest():
        try:
            json_path.steps(node.text)
        except json_path.PathError as error:
            part.fail(name, f"{error}.", "Write it as $.contact.email or lead.phones[0].", line=node.line)
        else:
            found[name] = node.text.strip()
    return found
