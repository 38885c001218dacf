"""PostgreSQL stops, is killed, goes read-only, runs out of connections, hangs: what was answered well is there afterwards, once.

The real processes on a PostgreSQL of the test's own, with real signals (reliability, faults F15-F17, F20, F22).
"""

import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from console.embedded import Postgres
from console.processes import name_of, wait_until
from tests.fakes import FakeProvider
from tests.installation import OUR_NUMBER, SOON, TOKEN, Installation, Posted, installation

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc to find processes")

DRAINED_WITHIN = 30.0  # seconds after the database is back
TEAM = """
version: 1
site: {name: Cole Heating, time_zone: America/Chicago, default_region: US}
channels: {sms: {quiet_hours: none}}
managers: [{id: kim, name: Kim Ortega, phone: "+15125550190", email: kim@cole.example, director: true}]
reps: [{id: priya, name: Priya Shah, phone: "+15125550111", email: priya@cole.example, cap: {open: 1000, unanswered: 1000}, hours: always}]
pools: {sales: {name: Sales, members: [priya], offer: one_at_a_time, offer_for: 30m, managers: [kim]}}
slas:
  tight: {clock: always, accept_within: 2s, first_response_within: 3s, ladder: [{at: 3s, do: tell, who: pool_managers, every: 30m}]}
  calm: {clock: always, accept_within: 20m, first_response_within: 30m, ladder: [{at: 100%, do: tell, who: pool_managers, every: 10m}]}
sources:
  website: {type: form, per_minute: 60000, thanks: "https://www.cole.example/thanks"}
  urgent: {type: form}
  calls: {type: twilio_voice, secret: env:TWILIO_AUTH_TOKEN}
  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}
rules:
  - {id: urgent, when: {source: urgent}, send_to: sales, sla: tight}
  - {id: all, send_to: sales, sla: calm}
"""


class Town:
    """The service, its database, and everybody who wrote to it."""

    def __init__(self, house: Installation, postgres: Postgres, url: str, provider: FakeProvider) -> None:
        self.house, self.postgres, self.url, self.provider = house, postgres, url, provider
        self.wrote: dict[str, int] = {}

    def writes(self, name: str) -> Posted:
        """A form by script; 2xx or 503, never anything else. Whoever got a 2xx must be found later."""
        answer = self.house.post(
            "/webhooks/website",
            json.dumps({"name": name, "email": f"{name.replace(' ', '.')}@example.com"}).encode(),
            Content_Type="application/json",
        )
        assert answer.status in (200, 202, 503), answer
        if answer.status != 503:
            self.wrote[name] = answer.status
        return answer

    def writes_to_the_spool(self, name: str) -> str:
        """The same, where the database cannot take it; returns the receipt."""
        answer = self.writes(name)
        said = json.loads(answer.text)
        assert (answer.status, said["spooled"]) == (202, True), answer
        return said["receipt"]

    def all_is_well(self) -> None:
        """Everybody who was answered well is one lead, the spool is empty, the auditor finds nothing."""
        assert wait_until(self._spool_is_empty, DRAINED_WITHIN), list((self.house.data / "spool").iterdir())
        assert wait_until(lambda: not set(self.wrote) - set(self.names()), DRAINED_WITHIN), set(self.wrote) - set(self.names())
        assert {name: n for name, n in Counter(self.names()).items() if n > 1} == {}
        assert wait_until(lambda: self.house.get("/health/engine").is_fine, SOON)
        assert wait_until(lambda: (self.house.api("/ops/invariants") or {}).get("clean"), 60), self.house.api("/ops/invariants")

    def names(self) -> list[str]:
        """Of all leads, in the order of their numbers."""
        with psycopg.connect(self.url) as db:
            found = db.execute("SELECT coalesce(content ->> 'name', kind || ' ' || (content ->> 'phone')) FROM leads ORDER BY id")
            return [row[0] for row in found]

    def runs(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True, options="-c default_transaction_read_only=off") as db:
            for statement in statements:
                db.execute(statement)

    def database(self) -> str:
        return str((json.loads(self.house.get("/readyz").text) or {}).get("database"))

    def _spool_is_empty(self) -> bool:
        folder = self.house.data / "spool"
        return not [path for path in folder.iterdir() if path.suffix != "" and path.stat().st_size]


@contextmanager
def a_town() -> Iterator[Town]:
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    folder.chmod(0o755)
    # without fsync: what is written survives the death of the processes, if not of the machine
    postgres = Postgres(folder, settings={"fsync": "off", "max_connections": "40"})
    try:
        url = postgres.start()
        with FakeProvider() as provider, installation(TEAM, provider=provider, environ={"DATABASE_URL": url}) as house:
            house.start()
            yield Town(house, postgres, url, provider)
            assert house.stop() == 0
            assert house.processes() == []
    finally:
        postgres.stop()
        shutil.rmtree(postgres.home)
        shutil.rmtree(folder, ignore_errors=True)


def test_nothing_is_lost_and_nothing_doubled_while_the_database_is_away():
    with a_town() as town:
        assert town.writes("Before").status == 202
        town.all_is_well()
        it_is_stopped_for_a_while(town)
        it_is_killed_in_a_burst(town)
        it_is_read_only(town)
        it_has_no_connection_left(town)
        it_hangs(town)
        it_comes_up_later_than_we_do(town)


def it_is_stopped_for_a_while(town: Town) -> None:
    """Forms, texts, calls and reports go on; web is even killed and comes back without ever seeing the database."""
    house, provider = town.house, town.provider
    acknowledged = a_text_is_acknowledged(town, "+15125550150")
    town.postgres.stop()
    receipt = town.writes_to_the_spool("Dana")
    assert town.writes_to_the_spool("Dana") == receipt
    assert house.get("/readyz").is_fine and town.database() == "does not take leads now"
    browser = house.post("/webhooks/website", {"name": "Ines", "phone": "+15125550151"}, Accept="text/html")
    assert (browser.status, browser.headers["Location"]) == (303, "https://www.cole.example/thanks")
    assert house.post("/webhooks/urgent", {"name": "Urgent", "phone": "+15125550152"}, Accept="*/*").status == 202
    a_caller_is_told_the_truth(town, "+15125550153")
    assert provider.report(acknowledged, "delivered", token=TOKEN) == 204
    kill_web(town)
    forged = {"MessageSid": "SM" + "8" * 32, "From": "+15125550154", "To": OUR_NUMBER, "Body": "Hello?", "NumMedia": "0"}
    assert house.post("/webhooks/texts", forged, X_Twilio_Signature="bm8=").status == 403
    assert house.twilio("/webhooks/texts", **forged).status == 200
    for number in range(10):
        town.writes_to_the_spool(f"Afterwards {number}")
    town.postgres.start()
    town.wrote |= {"Ines": 303, "Urgent": 202}
    town.all_is_well()
    in_order = [name for name in town.names() if name in ("Dana", "Ines", "Urgent") or name.startswith("Afterwards")]
    assert in_order == ["Dana", "Ines", "Urgent", *(f"Afterwards {number}" for number in range(10))]
    for phone in ("+15125550151", "+15125550152", "+15125550153", "+15125550154"):
        assert wait_until(lambda phone=phone: len(provider.to(phone)) == 1, SOON), (phone, provider.to(phone))
    assert "missed your call" in provider.to("+15125550153")[0].body
    assert wait_until(lambda: any("BREACH" in sent.body for sent in provider.to("+15125550190")), SOON), provider.to(
        "+15125550190"
    )
    assert wait_until(lambda: is_delivered(town, acknowledged.message_id), SOON)


def it_is_killed_in_a_burst(town: Town) -> None:
    """kill -9 while forms come in from several sides; a restart in between. Every 2xx is there afterwards."""
    over = Event()

    def write(writer: int) -> None:
        for number in itertools.count():
            town.writes(f"Burst {writer}.{number}")
            if over.wait(0.1):  # some thirty a second from all together
                return

    writers = [Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    try:
        for stop in (signal.SIGKILL, signal.SIGINT):
            before = len(town.wrote)
            assert wait_until(lambda before=before: len(town.wrote) > before + 20, SOON)
            assert town.postgres.pid
            os.kill(town.postgres.pid, stop)
            assert wait_until(lambda: town.postgres.poll() is not None, SOON)
            spooled = len(town.wrote)
            assert wait_until(lambda spooled=spooled: len(town.wrote) > spooled + 20, SOON)
            town.postgres.restart()
    finally:
        over.set()
        for writer in writers:
            writer.join()
    town.all_is_well()


def it_is_read_only(town: Town) -> None:
    """As on a full disk or a standby."""
    town.runs("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    assert wait_until(lambda: town.database() == "does not take leads now", SOON)
    town.writes_to_the_spool("Read-only")
    town.runs("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
    town.all_is_well()


def it_has_no_connection_left(town: Town) -> None:
    """Somebody else has taken them all."""
    ours = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'headroom-%'"
    with ExitStack() as taken:
        first = taken.enter_context(psycopg.connect(town.url, autocommit=True))
        left = True
        while left:
            with suppress(psycopg.OperationalError):
                while True:
                    taken.enter_context(psycopg.connect(town.url))
            left = bool(first.execute(ours).rowcount)
        town.writes_to_the_spool("Crowded out")
        assert town.house.get("/readyz").is_fine
    town.all_is_well()


def it_hangs(town: Town) -> None:
    """Stopped in the middle of everything: it accepts and says nothing."""
    pids = processes_of(town.postgres)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(5):
            town.writes_to_the_spool(f"Into the silence {number}")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    town.all_is_well()


def it_comes_up_later_than_we_do(town: Town) -> None:
    """As after a power cut, where the machines start in any order."""
    assert town.house.stop() == 0
    town.postgres.stop()
    town.house.start("leads wait on the spool")
    assert wait_until(lambda: town.house.get("/readyz").is_fine, SOON)
    town.writes_to_the_spool("First in the morning")
    assert "Headroom is ready" not in town.house.said()
    town.postgres.start()
    assert wait_until(lambda: "Headroom is ready" in town.house.said(), SOON), town.house.said()
    town.all_is_well()


def a_text_is_acknowledged(town: Town, phone: str):
    """Somebody writes, and gets an answer; returns it."""
    said = {"MessageSid": "SM" + "9" * 32, "From": phone, "To": OUR_NUMBER, "Body": "Are you open?", "NumMedia": "0"}
    assert town.house.twilio("/webhooks/texts", **said).status == 200
    assert wait_until(lambda: len(town.provider.to(phone)) == 1, SOON)
    return town.provider.to(phone)[0]


def a_caller_is_told_the_truth(town: Town, phone: str) -> None:
    """Nobody can be rung without a decision: a message is taken, and the call is known later."""
    said = {"CallSid": "CA" + "7" * 32, "From": phone, "To": OUR_NUMBER, "Direction": "inbound"}
    answer = town.house.twilio("/webhooks/calls", **said, CallStatus="ringing")
    assert answer.status == 200
    assert "We cannot put your call through right now." in answer.text and "<Record" in answer.text and "<Dial" not in answer.text
    assert town.house.twilio("/webhooks/calls/status", **said, CallStatus="completed", CallDuration="20").status == 200


def kill_web(town: Town) -> None:
    """With SIGKILL, and wait for the next one, which finds no database."""
    before = town.house.pid("web")
    assert before
    os.killpg(before, signal.SIGKILL)
    assert wait_until(lambda: town.house.pid("web") not in (None, before) and town.house.get("/livez").is_fine, 60)


def is_delivered(town: Town, message_id: str) -> bool:
    with psycopg.connect(town.url) as db:
        return db.execute("SELECT state FROM outbox WHERE id = %s", [message_id]).fetchone() == ("delivered",)


def processes_of(postgres: Postgres) -> list[int]:
    """The server and all its children."""
    assert postgres.pid
    children = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text().split()
    return [postgres.pid, *(int(pid) for pid in children if name_of(int(pid)) == "postgres")]
