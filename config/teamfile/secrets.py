"""Secrets of the team file: only ever `env:NAME` or `file:PATH`, never the secret itself, and never quoted in a message."""

import re
from pathlib import Path

from config.settings import Settings
from config.teamfile.section import Section

_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_LONGEST = 10_000


def read_secrets(section: Section, key: str, settings: Settings) -> tuple[str, ...]:
    """What the references under `key` stand for; several where there are several (rotation), none where there is none."""
    found: list[str] = []
    for node in section.several(key):
        text = node.text.strip()
        env = _ENV.fullmatch(text)
        if env:
            found += _from_environment(env[1], section, key, settings)
        elif text.startswith("file:"):
            found += _from_file(text.removeprefix("file:"), section, key)
        else:
            hint = "Write `env:NAME` or `file:/path`, and put the secret itself there. If it was a real one, replace it."
            section.fail(key, "a secret must not stand in the team file.", hint, line=node.line)
    return tuple(found)


def read_reference(section: Section, key: str, settings: Settings) -> str:
    """The reference under `key` itself, for secrets that are read later, whenever they are needed; "" and an error where none stands."""
    found, nodes = read_secrets(section, key, settings), section.several(key)
    return nodes[0].text.strip() if found and nodes else ""


def resolved(reference: str, settings: Settings) -> str | None:
    """What one reference stands for at this moment; None when it is gone."""
    env = _ENV.fullmatch(reference)
    if env:
        return settings.secret(env[1])
    try:
        return Path(reference.removeprefix("file:")).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError, ValueError):
        return None


def _from_environment(name: str, section: Section, key: str, settings: Settings) -> list[str]:
    found = [part.strip() for part in (settings.secret(name) or "").split(",") if part.strip()]
    if not found:
        section.fail(key, f"{name} is not set in the environment.", f"Set it there or in .env: {name}=...")
    return found


def _from_file(name: str, section: Section, key: str) -> list[str]:
    try:
        with Path(name).open(encoding="utf-8") as file:
            value = file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError, ValueError):
        section.fail(key, f"the file {name} cannot be read.", "Is it there, text, and may this user read it?")
        return []
    if not value:
        section.fail(key, f"the file {name} is empty.", "Put the secret into it.")
    return [value] if value else []
