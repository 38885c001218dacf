"""Does the database keep what it has said it kept? Its settings, read back, with what to do about each that does not do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from store.reports import look_up

OLDEST = 150000  # PostgreSQL 15, as the server numbers its versions
SETTINGS = (
    "server_version", "server_version_num", "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "synchronous_standby_names",
    "archive_mode", "default_transaction_read_only", "max_connections", "superuser_reserved_connections", "idle_session_timeout",
)  # fmt: skip
_READ = """
SELECT (SELECT jsonb_object_agg(name, setting) FROM pg_settings WHERE name = ANY(:names)) AS settings,
       pg_is_in_recovery() AS is_standby, (SELECT count(*) FROM pg_stat_replication) AS standbys,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name NOT LIKE 'headroom%') AS others
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One property. `mend` is empty when all is well; a hint is well, and says what could be better in `what`."""

    part: str
    is_well: bool
    what: str
    mend: str = ""


def look(engine: Engine, needed: int) -> list[Verdict]:
    """`needed` is how many connections the roles of one machine may hold. Raises StoreFault when the database does not answer."""
    [found] = look_up(engine, _READ, {"names": list(SETTINGS)})
    return list(judge(found["settings"], found, needed))


def judge(settings: Mapping[str, str], server: Mapping[str, int], needed: int) -> Iterator[Verdict]:
    """What a server with these settings is worth; see `look`."""
    yield _version(settings)
    if server["is_standby"] or settings["default_transaction_read_only"] == "on":
        why = "is a standby" if server["is_standby"] else "has default_transaction_read_only = on"
        mend = (
            "Let DATABASE_URL name the primary."
            if server["is_standby"]
            else "ALTER SYSTEM RESET default_transaction_read_only; then reload."
        )
        yield Verdict("database writes", False, f"it {why}: leads wait in the spool", mend)
    yield from _crash(settings)
    yield _copies(settings, server)
    yield _connections(settings, server, needed)


def _version(settings: Mapping[str, str]) -> Verdict:
    is_well = int(settings["server_version_num"]) >= OLDEST
    return Verdict("database version", is_well, settings["server_version"], "" if is_well else "Move to PostgreSQL 15 or newer.")


def _crash(settings: Mapping[str, str]) -> Iterator[Verdict]:
    """What a loss of power would cost."""
    for name in ("fsync", "full_page_writes"):
        if settings[name] != "on":
            what = f"{name} = {settings[name]}: a loss of power can destroy the whole database"
            yield Verdict("database durability", False, what, f"ALTER SYSTEM SET {name} = on; then reload the configuration.")
    if settings["synchronous_commit"] == "off":
        what = "synchronous_commit = off: leads of the last moments before a crash are lost although they were answered 202"
        mend = "ALTER SYSTEM SET synchronous_commit = on; then reload. Look also for ALTER ROLE and ALTER DATABASE ... SET."
        yield Verdict("database durability", False, what, mend)
    if settings["fsync"] == settings["full_page_writes"] == "on" and settings["synchronous_commit"] != "off":
        yield Verdict(
            "database durability",
            True,
            f"a commit is on disk before it is answered (synchronous_commit = {settings['synchronous_commit']})",
        )
    if settings.get("data_checksums") != "on":
        what = "no data checksums: a disk that returns wrong bytes goes unnoticed (pg_checksums --enable, while the server is stopped)"
        yield Verdict("database checksums", True, what)


def _copies(settings: Mapping[str, str], server: Mapping[str, int]) -> Verdict:
    """What a loss of the disk would cost."""
    if settings["synchronous_standby_names"] and not server["standbys"]:
        mend = "Start the standby, or reset synchronous_standby_names: every commit waits for it."
        return Verdict(
            "database standby",
            False,
            f"none is connected, and synchronous_standby_names = {settings['synchronous_standby_names']}",
            mend,
        )
    if server["standbys"]:
        kind = "synchronous" if settings["synchronous_standby_names"] else "asynchronous: the last moments may be missing there"
        return Verdict("database standby", True, f"{server['standbys']} connected, {kind}")
    archived = (
        "the WAL is archived"
        if settings["archive_mode"] != "off"
        else "no WAL archive either: back up daily (`headroom backup`), to another disk"
    )
    return Verdict("database standby", True, f"none; {archived}")


def _connections(settings: Mapping[str, str], server: Mapping[str, int], needed: int) -> Verdict:
    room = int(settings["max_connections"]) - int(settings["superuser_reserved_connections"]) - server["others"]
    what = f"{room} for us, at most {needed} needed per machine"
    mend = "" if room >= needed else f"Raise max_connections by {needed - room} or more, or lower HEADROOM_WEB_THREADS."
    return Verdict("database connections", room >= needed, what, mend)
