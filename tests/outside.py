"""A firm with somebody outside who listens to its events, and the worker that tells them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from config.outgoing import Guard
from store import announcements
from store.announcements import Claimed, Lane, Result
from tests.firm import SETTINGS, Firm, team
from tests.receiver import Receiver
from workers.announce import Announcer, tell_due
from workers.endpoints.line import Line

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the one of the specification's examples
ON_LOOPBACK = replace(SETTINGS, private_urls=("127.0.0.1",))
SECONDS_OF_PATIENCE = 1.0
REPS, POOLS = {"priya": "cap: 20", "tom": "cap: 20"}, {"sales": "members: [priya, tom]"}
A_TEAM_ALONE = team(REPS, POOLS)


def a_team(url: str, secret_file: Path, more: str = "", others: str = "") -> str:
    return team(REPS, POOLS, extra=f"endpoints:\n  desk: {{url: '{url}', secret: 'file:{secret_file}', {more}}}\n{others}")


class Outside:
    """A firm with a listener, and the worker that tells it."""

    def __init__(self, database: str, tmp_path: Path, receiver: Receiver) -> None:
        self.receiver, self.secret = receiver, tmp_path / "secret"
        self.secret.write_text(SECRET)
        self.firm = Firm(database, A_TEAM_ALONE, settings=ON_LOOPBACK)
        self.listens()
        line = Line(Guard(("127.0.0.1",)), seconds=SECONDS_OF_PATIENCE)
        self.announcer = Announcer(self.firm.engine, ON_LOOPBACK, line=line)

    def listens(self, more: str = "", others: str = "") -> None:
        self.firm.takes(a_team(self.receiver.url + "/in", self.secret, more, others))

    def tell(self) -> int:
        return tell_due(self.announcer, self.firm.now)

    def dispatches(self, **columns: object) -> list:
        where = " AND ".join(f"{name} = :{name}" for name in columns) or "true"
        return self.firm.rows(f"SELECT * FROM dispatches WHERE {where} ORDER BY id", **columns)

    def take_all(self, *endpoints: str) -> list[Claimed]:
        """What is claimed until nothing is due any more, each event brought to an end before the lead's next one."""
        events: list[Claimed] = []
        while taken := announcements.claim(self.firm.engine, self.firm.now, [Lane(name, 9) for name in endpoints]):
            done = [Result(event.id, event.fence, event.endpoint, event.lead_id, "delivered") for event in taken]
            announcements.finish(self.firm.engine, done, self.firm.now)
            events += taken
        return events

    def endpoint(self):
        return self.firm.rows("SELECT * FROM endpoints WHERE id = 'desk'")[0]


@contextmanager
def an_outside(database: str, tmp_path: Path) -> Iterator[Outside]:
    """With a receiver on loopback."""
    with Receiver() as receiver:
        made = Outside(database, tmp_path, receiver)
        yield made
        made.announcer.close()
        made.firm.engine.dispose()
