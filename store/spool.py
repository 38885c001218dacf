"""Where deliveries wait while PostgreSQL is away: files in HEADROOM_DATA/spool, one per process, on disk before the answer.

A record is four letters, the length and the CRC-32 of what follows (big-endian), and the bytes. A file that is being drained
has another name, so that its writer begins a new one.
"""

import fcntl
import os
import secrets
import shutil
import struct
import threading
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings

HEAD = struct.Struct(">4sII")
MARK = b"HSP1"
LONGEST = 16 * 1024 * 1024  # bytes of one record; what claims to be longer is torn
KEEP_FREE = 4 * 1024 * 1024  # bytes of the disk that are left to others
WRITTEN, DRAINED, DAMAGED = ".spool", ".drain", ".damaged"


class SpoolFailed(Exception):
    """It could not be put on disk: the sender must send again."""


class SpoolFull(SpoolFailed):
    """HEADROOM_SPOOL_MB is used up."""


@dataclass(frozen=True, slots=True)
class Torn:
    """From `offset` on nothing could be read, or one record there is not what was written."""

    offset: int
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: `since` is the time of the oldest file's last change (seconds since 1970), None for none."""

    size: int
    since: float | None
    damaged: int

    @property
    def is_any(self) -> bool:
        """Is there something to drain?"""
        return self.since is not None


class Spool:
    """One process' way to the folder. Safe for threads and after a fork."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self._lock = threading.Lock()
        self._file: int | None = None
        self._path = folder
        self._owner = 0

    @classmethod
    def of(cls, settings: Settings) -> "Spool":
        """The spool of these settings."""
        return cls(settings.data / "spool", settings.spool_mb * 1024 * 1024)

    def append(self, record: bytes) -> None:
        """Put one record on disk; when this returns it is there. Raises SpoolFull, SpoolFailed."""
        framed = HEAD.pack(MARK, len(record), zlib.crc32(record)) + record
        if len(record) > LONGEST or self.waiting().size + len(framed) > self.most:
            raise SpoolFull(f"the spool in {self.folder} is full")
        with self._lock:
            try:
                with self._writable() as file:
                    _write(file, framed)
            except OSError as error:
                self._let_go()  # should anything torn be left at its end, nobody adds to that file
                raise SpoolFailed(f"the spool in {self.folder} cannot be written: {error.strerror}") from error

    def can_take(self) -> bool:
        """Would a delivery find room now?"""
        try:
            self._make_folder()
            free = shutil.disk_usage(self.folder).free
        except OSError:
            return False
        return os.access(self.folder, os.W_OK) and free > KEEP_FREE and self.waiting().size < self.most

    def waiting(self) -> Waiting:
        """How much is there."""
        size, since, damaged = 0, None, 0
        for path in self._files(WRITTEN, DRAINED, DAMAGED):
            with suppress(FileNotFoundError):
                info = path.stat()
                if path.suffix == DAMAGED:
                    damaged += 1
                elif info.st_size:
                    size += info.st_size
                    since = min(info.st_mtime, since or info.st_mtime)
        return Waiting(size, since, damaged)

    def take(self) -> list[Path]:
        """Everything written so far, under names that nobody writes to. Hold `sole_use` meanwhile."""
        for path in self._files(WRITTEN):
            file = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)  # a record that is being written is written to its end
                if os.fstat(file).st_size:  # an empty one belongs to somebody who is about to write
                    path.rename(path.with_suffix(DRAINED))
            finally:
                os.close(file)
        return self._files(DRAINED)

    def sole_use(self) -> int | None:
        """A lock (close it to let go) that one drainer can have at a time; None while somebody else has it."""
        file = os.open(self._make_folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return file

    def set_aside(self, record: bytes) -> None:
        """Keep a record that cannot be used, for a person to look at. Raises OSError."""
        path = self._make_folder() / f"{_name()}{DAMAGED}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(file, HEAD.pack(MARK, len(record), zlib.crc32(record)) + record)
        finally:
            os.close(file)

    def damaged_with(self, words: Collection[str]) -> list[Path]:
        """The damaged files in which one of these texts stands."""
        needles = [word.encode().lower() for word in words]
        return [path for path in self._files(DAMAGED) if any(needle in path.read_bytes().lower() for needle in needles)]

    def name(self) -> str:
        """What tells this folder from those of other machines, also after the machine got another name."""
        path = self._make_folder() / "name"
        if not path.exists():
            fresh = path.with_name(_name())
            fresh.write_text(secrets.token_hex(4))
            fresh.replace(path)
        return path.read_text()

    def _files(self, *kinds: str) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.suffix in kinds)

    def _make_folder(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.folder

    @contextmanager
    def _writable(self) -> Iterator[int]:
        """Our own file, locked; a new one after a fork, and when the old one is being drained."""
        for _ in range(10):
            file = self._file if self._file is not None and self._owner == os.getpid() else self._begin()
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                if _is_at(file, self._path):
                    yield file
                    return
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
            self._let_go()
        raise OSError(0, "its files vanish as soon as they are made")

    def _begin(self) -> int:
        self._make_folder()
        self._path, self._owner = self.folder / f"{_name()}{WRITTEN}", os.getpid()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # else the file's name could be lost with the power
        finally:
            os.close(folder)
        return self._file

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read(path: Path) -> Iterator[bytes | Torn]:
    """The records of a file in order. A record whose check fails is told and skipped; a torn end is told and ends it."""
    with path.open("rb") as file:
        while head := file.read(HEAD.size):
            offset = file.tell() - len(head)
            mark, length, check = HEAD.unpack(head) if len(head) == HEAD.size else (b"", 0, 0)
            if mark != MARK or length > LONGEST:
                yield Torn(offset, "no record begins here")
                return
            record = file.read(length)
            if len(record) < length:
                yield Torn(offset, "the last record is cut off")
                return
            yield record if zlib.crc32(record) == check else Torn(offset, "a record is not what was written")


def _write(file: int, framed: bytes) -> None:
    """All of it and on disk, or nothing of it. Raises OSError."""
    before = os.fstat(file).st_size
    try:
        rest = memoryview(framed)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, before)
        raise


def _name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
