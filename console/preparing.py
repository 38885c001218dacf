"""Schema and team file are brought up to date at the start; where the database is away, as soon as it answers.

After a power cut the machines come up in any order. An installation that has run before knows its team, so its web process can take
leads onto the spool meanwhile: it is started at once.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from config.links import make_first_admin_link
from console import inbound
from console.commands.team import bring_team
from console.startup import Ground
from store import accounts, policies, schema
from store.engine import connect
from store.last_team import FILE
from store.patience import is_away
from store.reports import StoreFault

ASK_EVERY = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Prepared:
    """The id of a source that takes a plain form, if there is one, and the link to the first account, if there is none."""

    source: str | None
    first_admin: str | None


class Preparation:
    """Call `begin`, then `news` as often as you like."""

    def __init__(self, ground: Ground, tell: Callable[[str], None]) -> None:
        self._ground, self._tell = ground, tell
        self._came_of_it: Prepared | Exception | None = None
        self._over = threading.Event()

    def begin(self) -> None:
        """Prepare now; in the background where the database is away. Raises StoreFault when that is no use."""
        try:
            self._came_of_it = prepare(self._ground, self._tell)
        except StoreFault as fault:
            if not is_away(fault) or not (self._ground.settings.data / FILE).exists():
                raise
            self._tell("the database does not answer: leads wait on the spool, and everything else goes on when it is back")
            threading.Thread(target=self._go_on_asking, name="preparing", daemon=True).start()

    def news(self) -> Prepared | None:
        """What came of it, once; None while nothing has. Raises what stopped it."""
        found, self._came_of_it = self._came_of_it, None
        if isinstance(found, Exception):
            raise found
        return found

    def end(self) -> None:
        """Ask no more."""
        self._over.set()

    def _go_on_asking(self) -> None:
        while not self._over.wait(ASK_EVERY):
            try:
                self._came_of_it = prepare(self._ground, self._tell)
            except Exception as error:
                if isinstance(error, StoreFault) and is_away(error):
                    continue
                self._came_of_it = error
            return


def prepare(ground: Ground, tell: Callable[[str], None]) -> Prepared:
    """Bring schema and team file up to date."""
    url = ground.settings.database_url
    assert url is not None
    schema.migrate(url)
    tell("the database schema is up to date")
    engine = connect(url, role="up", size=4)
    try:
        bring_team(ground.settings, engine, tell)
        source = inbound.first_source(policies.current(engine, ground.settings), "form")
        any_account, _ = accounts.look(engine, None)
    finally:
        engine.dispose()
    first_admin = None if any_account else make_first_admin_link(ground.settings)
    return Prepared(source.id if source and not source.secrets else None, first_admin)
