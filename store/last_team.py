"""The team file in force, also while the database is away: deliveries must be verified by the sources' secrets even then.

Kept in memory and in HEADROOM_DATA, for a process that starts meanwhile. The text holds only the names of secrets.
"""

import json
import os
import secrets
import threading
import time
from contextlib import suppress

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config import clock, teamfile
from config.settings import Settings
from config.teamfile import TeamFileError
from routing.team import Team
from store.book import NoTeam, current, open_book, text_of
from store.patience import ask

log = structlog.get_logger(__name__)

FILE = "team.last.json"
LEARN_AGAIN = 5.0  # seconds
ASK_AGAIN = 1.0  # seconds for which the last known team does without asking, after asking in vain


class LastTeam:
    """Call it for the team. Raises NoTeam while there never was one, StoreFault when nobody knows it."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._path = settings.data / FILE
        self._team: Team | None = None
        self._asked_in_vain_at = float("-inf")
        open_book(engine, settings)

    def __call__(self) -> Team:
        """The team in force, else the last one known."""
        if self._team is not None and clock.monotonic() - self._asked_in_vain_at < ASK_AGAIN:
            return self._team
        try:
            team = ask(self._engine, lambda: current(self._engine))
        except SQLAlchemyError as error:
            return self._without_database(error)
        if self._team is None or team.version != self._team.version:
            self._keep(team)
        self._team = team
        return team

    def _without_database(self, error: SQLAlchemyError) -> Team:
        self._asked_in_vain_at = clock.monotonic()
        self._team = self._team or self._kept()
        if self._team is None:
            raise error
        return self._team

    def _keep(self, team: Team) -> None:
        """Written beside and renamed; a folder that cannot be written costs us the start without a database, nothing else."""
        try:
            said = json.dumps({"version": team.version, "text": text_of(self._engine, team.version)})
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._path.with_name(f"{FILE}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(said)
            fresh.replace(self._path)
        except (OSError, SQLAlchemyError) as error:
            log.warning("team_not_kept", reason=type(error).__name__, consequence="a start without database cannot verify")

    def _kept(self) -> Team | None:
        with suppress(OSError, ValueError, KeyError, TeamFileError):
            said = json.loads(self._path.read_text())
            return teamfile.load(said["text"], settings=self._settings, version=int(said["version"]))
        return None


def is_kept(settings: Settings) -> bool:
    """Could a delivery be verified here while the database is away? Not yet in the first moments of a new installation."""
    return (settings.data / FILE).exists()


def learn_it(engine: Engine, settings: Settings, *, again: float = LEARN_AGAIN) -> threading.Thread:
    """Ask for the team beside everything else until it is known: who first asks when a lead comes may find the database gone."""

    def run() -> None:
        team = LastTeam(engine, settings)
        while True:
            try:
                team()
                return
            except (SQLAlchemyError, NoTeam):
                time.sleep(again)
            except TeamFileError:  # a secret is missing here: every delivery will say so
                return

    thread = threading.Thread(target=run, name="learn-team", daemon=True)
    thread.start()
    return thread
