"""The versions of the team file as this process has read them."""

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, text

from config import clock, teamfile
from config.settings import Settings
from routing.team import Team
from store.engine import at_once
from store.sealing import Seal

LOOK_AGAIN = 1.0  # seconds between looks for a newer version


class NoTeam(RuntimeError):
    """No team file has been applied to this database yet."""


@dataclass(slots=True)
class Book:
    """The versions one process has read. A version never changes, so it is parsed once."""

    settings: Settings
    seal: Seal
    teams: dict[int, Team] = field(default_factory=dict)
    newest: int = 0
    looked_at: float = float("-inf")


_books: WeakKeyDictionary[Engine, Book] = WeakKeyDictionary()


def open_book(engine: Engine, settings: Settings) -> None:
    """Tell this process how to read team files (secrets come from the settings). Once per engine."""
    _books.setdefault(engine, Book(settings, Seal(settings.secret_keys)))


def current(engine: Engine, settings: Settings | None = None) -> Team:
    """The team in force, at most a second old. Raises NoTeam before the first `headroom apply`."""
    if settings is not None:
        open_book(engine, settings)
    book = _book(engine)
    if clock.monotonic() - book.looked_at > LOOK_AGAIN or not book.newest:
        with at_once(engine) as db:
            book.newest = db.execute(text("SELECT coalesce(max(version), 0) FROM policies")).scalar_one()
        book.looked_at = clock.monotonic()
    if not book.newest:
        raise NoTeam("no team file has been applied: run `headroom apply config/team.yaml`")
    return at(engine, book.newest)


def at(engine: Engine, version: int, db: Connection | None = None) -> Team:
    """The team as of one version. Raises LookupError if there never was such a version."""
    book = _book(engine)
    if version not in book.teams:
        body = body_of(db, version) if db is not None else text_of(engine, version)
        if body is None:
            raise LookupError(f"no version {version} of the team file")
        book.teams[version] = teamfile.load(body, settings=book.settings, version=version)
    return book.teams[version]


def text_of(engine: Engine, version: int | None = None) -> str | None:
    """The text of a version, of the newest without one."""
    with at_once(engine) as db:
        return body_of(db, version)


def body_of(db: Connection, version: int | None) -> str | None:
    """The text of a version over a connection at hand."""
    where = "version = :version" if version is not None else "version = (SELECT max(version) FROM policies)"
    found = db.execute(
        text(f"SELECT body FROM policies WHERE {where}"), {"version": version} if version is not None else {}
    ).scalar()
    return str(found) if found is not None else None


def seal_of(engine: Engine) -> Seal:
    """How this installation seals the addresses of people it has erased."""
    return _book(engine).seal


def look_again(engine: Engine) -> None:
    """Forget how new the newest version is: it has just changed."""
    _book(engine).looked_at = float("-inf")


def _book(engine: Engine) -> Book:
    try:
        return _books[engine]
    except KeyError:
        raise RuntimeError("open_book(engine, settings) comes before anything that needs the team") from None
