"""OAuth in the team file: client id, client secret and refresh token, as an alternative to a token or in the place of one."""

from config.settings import Settings
from config.teamfile.secrets import read_reference
from config.teamfile.section import Section
from routing.endpoint import Grant

KEYS = ("client_id", "client_secret", "refresh_token")
_REFERENCES = ("env:", "file:")


def read_grant(section: Section, settings: Settings, *, needs_refresh: bool) -> Grant | None:
    """What access tokens are asked for with; None where a key of it is missing, each of which is an error."""
    client_id = _client_id(section, settings)
    secret = read_reference(section, "client_secret", settings)
    refresh = read_reference(section, "refresh_token", settings)
    needed = KEYS if needs_refresh else KEYS[:2]
    missing = [key for key in needed if section.node(key) is None]
    for key in missing:
        section.fail(key, "is missing.", _hint(section, key))
    return Grant(client_id, secret, refresh) if client_id and secret and (refresh or not needs_refresh) else None


def asks_for_grant(section: Section) -> bool:
    """Does a key of OAuth stand here?"""
    found = [section.node(key) for key in KEYS]  # all of them, since one that is not asked for counts as unknown
    return any(node is not None for node in found)


def _client_id(section: Section, settings: Settings) -> str:
    """It is no secret, so it may stand here itself."""
    text = section.text("client_id", "") or ""
    return read_reference(section, "client_id", settings) if text.startswith(_REFERENCES) else text


def _hint(section: Section, key: str) -> str:
    name = section.path.split(".")[-1].upper().replace("-", "_")
    return f"Add `{key}: env:{name}_{key.upper()}`; docs/events.md says where the vendor shows it."
