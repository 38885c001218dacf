"""Looks into the database twenty times a second while a row runs: nobody above a cap, nothing with two owners."""

import threading
from contextlib import suppress

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

TWENTY_HERTZ = 0.05
IMPOSSIBLE = text("""
SELECT (SELECT count(*) FROM reps WHERE open > cap_open OR unanswered > cap_unanswered OR today > cap_today)
     + (SELECT count(*) FROM leads WHERE closed_at IS NULL AND status IN ('accepted', 'responded') AND holders <> ARRAY[owner])
     + (SELECT count(*) FROM (SELECT rep FROM leads l, unnest(l.holders) AS rep WHERE l.closed_at IS NULL
            GROUP BY rep HAVING count(*) > (SELECT cap_open FROM reps WHERE id = rep)) AS over)
""")


class Watch:
    """Counts its looks, and what it found that must never be."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._over = engine, threading.Event()
        self.looks, self.found = 0, 0
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(TWENTY_HERTZ):
            with suppress(SQLAlchemyError), self._engine.connect() as db:  # the database may be what the row takes away
                self.found += int(db.execute(IMPOSSIBLE).scalar_one())
                self.looks += 1
