"""What is on the spool is on disk, in order, whole or known to be torn, and reaches the database once."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from store import safekeeping, spool
from store.drain import Drain
from store.engine import connect
from store.inbox import Received
from store.receipts import Report
from store.safekeeping import Entry, packed, unpacked
from store.sealing import Seal, suppress
from store.spool import HEAD, Spool, SpoolFailed, SpoolFull, Torn, read

NINE = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
APPEND = """
import sys
from pathlib import Path
from store.spool import Spool
mine = Spool(Path(sys.argv[1]), 1_000_000)
for number in range(200):
    mine.append(f"{sys.argv[2]}:{number}".encode())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def mine(folder: Path) -> Spool:
    return Spool(folder, 1_000_000)


@pytest.fixture
def engine(database):
    made = connect(database, role="test", size=2)
    yield made
    made.dispose()


def file_of(folder: Path) -> Path:
    (found,) = folder.glob("*.spool")
    return found


def all_of(folder: Path) -> list[bytes | Torn]:
    return [record for path in sorted(folder.iterdir()) if path.suffix in (".spool", ".drain") for record in read(path)]


def a_form(name: str, key: str, *, at: datetime = NINE, **said: object) -> Received:
    content = {"kind": "form", "channel": "form", "name": name, **said}
    return Received("website", key, "form", content, b"\x00\xffname=" + name.encode("utf-8", "replace"), {"origin": "x"}, at)


def names(engine) -> list[str]:
    with engine.connect() as db:
        return [row.name for row in db.execute(text("SELECT content ->> 'name' AS name FROM inbox ORDER BY id"))]


class TestFile:
    def test_records_come_back_in_order_whatever_their_bytes(self, mine, folder):
        records = [b"", b"\x00" * 10, "Zoë 🏠".encode(), b"HSP1HSP1", b"x" * 100_000]
        for record in records:
            mine.append(record)
        assert all_of(folder) == records

    def test_only_its_owner_can_read_it(self, mine, folder):
        mine.append(b"Dana Cole")
        assert (folder.stat().st_mode & 0o777, file_of(folder).stat().st_mode & 0o777) == (0o700, 0o600)

    @pytest.mark.parametrize("kept", [1, HEAD.size - 1, HEAD.size, HEAD.size + 3])
    def test_a_torn_end_is_told_and_what_stands_before_it_is_read(self, mine, folder, kept):
        mine.append(b"first")
        whole = file_of(folder).stat().st_size
        mine.append(b"second")
        os.truncate(file_of(folder), whole + kept)
        first, torn = all_of(folder)
        assert (first, torn.offset) == (b"first", whole)

    def test_a_changed_byte_costs_its_own_record_only(self, mine, folder):
        for record in (b"first", b"second", b"third"):
            mine.append(record)
        path = file_of(folder)
        path.write_bytes(path.read_bytes().replace(b"second", b"secund"))
        first, torn, third = all_of(folder)
        assert (first, third) == (b"first", b"third")
        assert torn.offset == HEAD.size + len(b"first")

    def test_a_length_beyond_reason_ends_the_reading(self, folder, mine):
        mine.append(b"first")
        with file_of(folder).open("ab") as file:
            file.write(HEAD.pack(b"HSP1", 2**32 - 1, 0) + b"rest")
        assert [type(record) for record in all_of(folder)] == [bytes, Torn]

    def test_nothing_is_taken_beyond_the_cap(self, folder):
        small = Spool(folder, 100)
        small.append(b"x" * 60)
        with pytest.raises(SpoolFull):
            small.append(b"y" * 60)
        assert all_of(folder) == [b"x" * 60]
        small.append(b"z")  # a smaller one still finds room

    def test_the_cap_counts_all_processes_together_and_what_is_being_drained(self, folder):
        first, second = Spool(folder, 200), Spool(folder, 200)
        first.append(b"x" * 60)
        second.take()
        second.append(b"x" * 60)
        with pytest.raises(SpoolFull):
            first.append(b"x" * 60)
        assert second.can_take()
        assert not Spool(folder, 144).can_take()

    def test_a_cap_of_nothing_takes_nothing(self, folder):
        none = Spool(folder, 0)
        assert not none.can_take()
        with pytest.raises(SpoolFull):
            none.append(b"")

    def test_a_folder_that_cannot_be_made_is_a_clear_failure(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        lost = Spool(tmp_path / "file" / "spool", 1000)
        assert not lost.can_take()
        with pytest.raises(SpoolFailed, match="cannot be written"):
            lost.append(b"x")

    def test_half_a_write_leaves_nothing_behind(self, mine, folder, monkeypatch):
        mine.append(b"first")
        whole = file_of(folder).read_bytes()
        real = os.write

        def full_disk(file: int, rest: bytes) -> int:
            if len(rest) < 20:
                raise OSError(28, "No space left on device")
            return real(file, bytes(rest[:10]))

        monkeypatch.setattr(spool.os, "write", full_disk)
        with pytest.raises(SpoolFailed, match="No space left"):
            mine.append(b"second one that is longer")
        monkeypatch.undo()
        assert file_of(folder).read_bytes() == whole
        mine.append(b"third")
        assert sorted(all_of(folder)) == [b"first", b"third"]

    def test_it_is_not_there_before_it_is_on_disk(self, mine, folder, monkeypatch):
        monkeypatch.setattr(spool.os, "fsync", lambda _file: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(SpoolFailed):
            mine.append(b"lost")
        assert all_of(folder) == []

    def test_two_processes_write_while_a_third_takes_and_each_keeps_its_order(self, folder, mine):
        command = [sys.executable, "-c", APPEND, str(folder)]
        writers = [subprocess.Popen([*command, name], cwd=Path(__file__).parents[2]) for name in ("ann", "bob")]
        taken: dict[str, list[str]] = {}
        is_over = False
        while not is_over:
            is_over = all(writer.poll() is not None for writer in writers)
            for path in mine.take():
                taken[path.name] = [record.decode() for record in read(path)]
                path.unlink()
        assert [writer.returncode for writer in writers] == [0, 0]
        assert all(len({record.partition(":")[0] for record in records}) == 1 for records in taken.values())
        for name in ("ann", "bob"):
            parts = [[int(r.partition(":")[2]) for r in records] for records in taken.values() if records[0].startswith(name)]
            assert sum(parts, []) == list(range(200))

    def test_a_record_that_is_being_written_is_not_taken_away(self, mine, folder, monkeypatch):
        mine.append(b"first")
        taker, met = threading.Thread(target=Spool(folder, 1_000_000).take), []

        def meanwhile(_file: int) -> None:
            taker.start()
            taker.join(0.2)
            met.append((taker.is_alive(), [path.suffix for path in folder.iterdir()]))

        monkeypatch.setattr(spool.os, "fsync", meanwhile)
        mine.append(b"second")
        taker.join()
        assert met == [(True, [".spool"])]
        assert all_of(folder) == [b"first", b"second"]

    def test_one_drainer_at_a_time(self, mine, folder):
        lock = mine.sole_use()
        assert Spool(folder, 1000).sole_use() is None
        os.close(lock)
        again = mine.sole_use()
        assert again is not None
        os.close(again)


def test_an_entry_survives_its_way_through_bytes():
    report = Report("twilio", "SM1:sent", "sent", message_id=7, body={"To": "+1"})
    said = a_form("Zoë \ud800 Ärger", "k", also="derived:1", extra={"a": [1, None]})
    entry = Entry(NINE, (said,), (report,))
    assert unpacked(packed(entry)) == entry


class TestDrain:
    def keep(self, mine: Spool, *received: Received, **reports: tuple[Report, ...]) -> None:
        at = received[0].received_at if received else NINE
        mine.append(packed(Entry(at, tuple(received), **reports)))

    def test_everything_is_brought_in_order_across_processes_and_nothing_is_left(self, mine, folder, engine):
        other = Spool(folder, 1_000_000)
        for number in range(120):
            writer = mine if number % 3 else other
            self.keep(writer, a_form(f"{number:03}", f"k{number}", at=NINE + timedelta(seconds=number)))
        assert Drain(engine, mine).pump(NINE + timedelta(hours=1), longest=60) == 120
        assert names(engine) == [f"{number:03}" for number in range(120)]
        assert [path.name for path in folder.iterdir() if path.suffix] == []
        with engine.connect() as db:
            row = db.execute(text("SELECT received_at, due_at, body, headers FROM inbox ORDER BY id LIMIT 1")).one()
        assert (row.received_at, row.due_at) == (NINE, NINE + timedelta(hours=1))
        assert (bytes(row.body), row.headers) == (b"\x00\xffname=000", {"origin": "x"})

    def test_what_is_there_already_is_not_brought_twice(self, mine, engine):
        dana = a_form("Dana", "k1")
        safekeeping.record(engine, mine, [dana], NINE)
        for _ in range(2):
            self.keep(mine, dana, a_form("Tom", "k2"))
            Drain(engine, mine).pump(NINE)
        assert names(engine) == ["Dana", "Tom"]

    def test_a_crash_in_the_middle_is_begun_again(self, mine, folder, engine):
        for number in range(120):
            self.keep(mine, a_form(f"{number:03}", f"k{number}", at=NINE + timedelta(seconds=number)))
        dead = Drain(engine, mine)
        assert 0 < dead.pump(NINE, longest=0) < 120
        assert Drain(engine, Spool(folder, 1_000_000)).pump(NINE) == 0  # it is another's turn
        dead.close()  # as the kernel does for whom dies
        assert Drain(engine, Spool(folder, 1_000_000)).pump(NINE, longest=60) == 120
        assert names(engine) == [f"{number:03}" for number in range(120)]

    def test_it_goes_on_where_it_stopped(self, mine, engine):
        for number in range(120):
            self.keep(mine, a_form(f"{number:03}", f"k{number}", at=NINE + timedelta(seconds=number)))
        drain = Drain(engine, mine)
        brought = [drain.pump(NINE, longest=0) for _ in range(4)]
        assert (sum(brought), len(names(engine))) == (120, 120)
        assert max(brought) <= 50

    def test_without_a_database_everything_stays(self, mine, folder):
        gone = connect("postgresql://nobody@127.0.0.1:1/gone", role="test")
        [answer] = safekeeping.record(gone, mine, [a_form("Dana", "k1")], NINE)
        assert (answer.lead, len(answer.receipt)) == (None, 16)
        assert not safekeeping.receive(gone, mine, [Report("twilio", "SM1:sent", "sent")], NINE)
        with pytest.raises(Exception, match="onnect"):
            Drain(gone, mine).pump(NINE)
        assert len(all_of(folder)) == 2
        gone.dispose()

    def test_reports_are_brought_too(self, mine, engine):
        self.keep(mine, reports=(Report("twilio", "SM1:sent", "sent"), Report("twilio", "SM2:sent", "sent")))
        assert Drain(engine, mine).pump(NINE) == 2
        with engine.connect() as db:
            assert db.execute(text("SELECT key, received_at FROM receipts ORDER BY key")).all() == [
                ("SM1:sent", NINE),
                ("SM2:sent", NINE),
            ]

    def test_a_torn_record_is_told_to_the_operator_kept_and_nothing_else_is_lost(self, mine, folder, engine):
        self.keep(mine, a_form("Dana", "k1"))
        whole = file_of(folder).stat().st_size
        self.keep(mine, a_form("Tom", "k2"))
        os.truncate(file_of(folder), whole + 30)
        other = Spool(folder, 1_000_000)
        self.keep(other, a_form("Ines", "k3", at=NINE + timedelta(seconds=1)))
        drain = Drain(engine, mine)
        assert drain.pump(NINE) == 2
        drain.pump(NINE)
        (damaged,) = folder.glob("*.damaged")
        [(key, words)] = self.notices(engine)
        assert (key, str(folder) in words) == (f"spool:{mine.name()}", True)
        assert names(engine) == ["Dana", "Ines"]
        damaged.unlink()
        drain.pump(NINE)
        assert self.notices(engine) == []

    def test_a_delivery_the_database_refuses_holds_up_nobody(self, mine, folder, engine):
        self.keep(mine, a_form("Dana", "k1"))
        self.keep(mine, a_form("NUL \x00", "k2"))
        self.keep(mine, a_form("Tom", "k3"))
        mine.append(b'{"at": "long ago"}')
        mine.append(b"no entry at all")
        assert Drain(engine, mine).pump(NINE) == 2
        assert names(engine) == ["Dana", "Tom"]
        kept = [record for path in folder.glob("*.damaged") for record in read(path)]
        assert any(b"NUL" in record for record in kept)

    def notices(self, engine) -> list[tuple[str, str]]:
        with engine.connect() as db:
            return [tuple(row) for row in db.execute(text("SELECT key, text FROM notices WHERE over_at IS NULL"))]


def test_a_receipt_names_the_delivery_not_the_moment():
    dana = a_form("Dana", "k1")
    later = replace(dana, received_at=NINE + timedelta(minutes=1))
    assert safekeeping.receipt_of(dana) == safekeeping.receipt_of(later) != safekeeping.receipt_of(a_form("Dana", "k2"))


class TestErased:
    """Somebody is erased while what they wrote waits on a spool, of this machine or of another."""

    SEAL = Seal(("a key that only the tests know",))

    def wait(self, mine: Spool, name: str, *, at: datetime, **said: object) -> None:
        mine.append(packed(Entry(at, (a_form(name, name, at=at, **said),))))

    def erase(self, engine, *addresses: str) -> None:
        with engine.begin() as db:
            suppress(db, [self.SEAL(address) for address in addresses], "erased", NINE + timedelta(minutes=5))

    def test_what_they_wrote_before_does_not_come_in_and_what_others_wrote_does(self, mine, folder, engine):
        self.wait(mine, "Dana", at=NINE, phone="+15125550143")
        self.wait(mine, "Dana by mail", at=NINE, email="Dana@Acme.example", phone="")
        self.wait(mine, "Dana by Messenger", at=NINE, phone=None, handles={"messenger": "2611"})
        self.wait(mine, "Tom", at=NINE, phone="+15125550199")
        self.erase(engine, "+15125550143", "dana@acme.example", "2611")
        Drain(engine, mine, self.SEAL).pump(NINE + timedelta(minutes=6))
        assert names(engine) == ["Tom"]
        assert [path.name for path in folder.iterdir() if path.suffix] == []

    def test_what_they_write_afterwards_comes_in(self, mine, engine):
        self.erase(engine, "+15125550143")
        self.wait(mine, "Dana", at=NINE + timedelta(minutes=6), phone="+15125550143")
        Drain(engine, mine, self.SEAL).pump(NINE + timedelta(minutes=7))
        assert names(engine) == ["Dana"]

    def test_damaged_files_that_name_them_are_found(self, mine, folder):
        mine.set_aside(b'{"phone": "+15125550143", "torn')
        mine.set_aside(b'{"email": "TOM@acme.example"')
        assert len(mine.damaged_with(["+15125550143"])) == 1
        assert len(mine.damaged_with(["tom@acme.example", "+15125550143"])) == 2
        assert mine.damaged_with(["nobody@acme.example"]) == [] == mine.damaged_with([])
