"""`headroom up` keeps its processes alive, notices those that hang, and leaves none behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.workers.gthread import ThreadWorker

from config.heartbeat import beat_file
from console.child import FIRST_BEAT_WITHIN, HUNG_AFTER, LONGEST_PAUSE, Backoff, Child, Heart
from console.log_tail import LogTail, last_lines, worth_telling
from console.processes import StartFailed, end, first_number, free_port, is_alive, launch, wait_until
from console.supervisor import Supervisor
from console.web_worker import PatientWorker

IDLE = "import time\nprint('up', flush=True)\ntime.sleep(60)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
WITH_POOL = f"import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).pid, flush=True)\n{STUBBORN}"


@pytest.fixture
def data(tmp_path):
    for name in ("run", "logs"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def child(data):
    """Makes children that run a piece of Python; ends them afterwards."""
    made = []

    def make(code: str) -> Child:
        one = Child("clock", [sys.executable, "-c", code], env=dict(os.environ), data=data, tell=one_told.append)
        made.append(one)
        return one

    one_told: list[str] = []
    make.told = one_told
    yield make
    for one in made:
        one.finish(0)


def is_up(child: Child) -> bool:
    return child.log.exists() and "up" in child.log.read_text()


def ended(child: Child) -> bool:
    return child.process.poll() is not None


class TestChild:
    def test_one_that_was_killed_is_started_again_within_two_seconds(self, child):
        clock = child(IDLE)
        clock.start()
        first = clock.process.pid
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: ended(clock), 5)
        now = time.monotonic()
        clock.tend(now)
        assert clock.backoff.start_at - now < 2
        clock.tend(clock.backoff.start_at)
        assert clock.is_running()
        assert clock.process.pid != first
        assert "was ended by SIGKILL" in child.told[0]

    def test_its_pid_stands_in_a_file_until_it_is_stopped(self, child, data):
        clock = child(IDLE)
        clock.start()
        assert first_number(data / "run" / "clock.pid") == clock.process.pid
        clock.ask_to_stop()
        clock.finish(5)
        assert not (data / "run" / "clock.pid").exists()

    def test_one_that_hangs_is_killed_and_started_again(self, child, data):
        clock = child(IDLE)
        clock.start()
        beat_file(data, "clock").touch()
        seen = time.monotonic()
        clock.tend(seen)
        clock.tend(seen + HUNG_AFTER - 1)
        assert clock.is_running()
        clock.tend(seen + HUNG_AFTER + 1)
        assert wait_until(lambda: ended(clock), 5)
        assert "no sign of life" in child.told[0]
        clock.tend(seen + HUNG_AFTER + 1.2)
        clock.tend(clock.backoff.start_at)
        assert clock.is_running()

    def test_one_that_hangs_before_its_first_beat_has_two_minutes_to_start(self, child):
        clock = child(IDLE)
        clock.start()
        clock.tend(time.monotonic() + FIRST_BEAT_WITHIN - 1)
        assert clock.is_running()
        clock.tend(time.monotonic() + FIRST_BEAT_WITHIN + 1)
        assert wait_until(lambda: ended(clock), 5)

    def test_one_that_will_not_stop_is_killed_with_all_it_started(self, child):
        clock = child(WITH_POOL)
        clock.start()
        assert wait_until(lambda: is_up(clock), 10)
        pool_process = int(clock.log.read_text().split()[0])
        clock.ask_to_stop()
        clock.finish(0.2)
        assert ended(clock)
        assert wait_until(lambda: not is_alive(pool_process), 5)

    def test_what_a_killed_main_process_leaves_is_gone_before_the_next_start(self, child):
        clock = child(WITH_POOL)
        clock.start()
        assert wait_until(lambda: is_up(clock), 10)
        pool_process = int(clock.log.read_text().split()[0])
        os.kill(clock.process.pid, signal.SIGKILL)
        assert wait_until(lambda: ended(clock), 5)
        clock.tend(time.monotonic())
        clock.tend(clock.backoff.start_at)
        assert wait_until(lambda: not is_alive(pool_process), 5)

    def test_one_left_over_by_a_killed_supervisor_is_stopped(self, child):
        old, new = child(IDLE), child(IDLE)
        old.start()
        new.clear_leftover()
        assert wait_until(lambda: ended(old), 5)

    def test_a_pid_file_that_names_a_stranger_is_only_removed(self, child, data):
        stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        try:
            (data / "run" / "clock.pid").write_text(str(stranger.pid))
            child(IDLE).clear_leftover()
            assert stranger.poll() is None
            assert not (data / "run" / "clock.pid").exists()
        finally:
            end(stranger, [(signal.SIGTERM, 5)])


class TestBackoff:
    def test_one_that_cannot_start_is_tried_less_and_less_often(self):
        backoff, pauses = Backoff(), []
        for _ in range(8):
            backoff.ended(100.0, ran_for=0.1, was_killed=False)
            pauses.append(backoff.start_at - 100.0)
        assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
        assert pauses[-1] == LONGEST_PAUSE

    def test_kills_from_outside_never_lengthen_the_pause(self):
        backoff = Backoff()
        for _ in range(30):
            backoff.ended(100.0, ran_for=0.1, was_killed=True)
        assert backoff.start_at - 100.0 < 2

    def test_a_good_while_wipes_the_slate(self):
        backoff = Backoff()
        for _ in range(8):
            backoff.ended(100.0, ran_for=0.1, was_killed=False)
        backoff.ended(100.0, ran_for=60.0, was_killed=False)
        assert backoff.start_at - 100.0 < 2


class TestHeart:
    def test_silence_is_counted_from_the_last_change_we_saw(self, tmp_path):
        heart = Heart(tmp_path / "clock.beat")
        assert heart.silent_for(100.0) is None
        heart.path.touch()
        assert heart.silent_for(101.0) == 0
        assert heart.silent_for(109.0) == 8
        os.utime(heart.path, (5, 5))  # a wall clock that was set back is still a sign of life
        assert heart.silent_for(110.0) == 0


class TestLogTail:
    def test_warnings_are_shown_short_and_the_rest_is_not(self, tmp_path):
        log = tmp_path / "web.log"
        log.touch()
        tail = LogTail(log)
        with log.open("a") as file:
            file.write(json.dumps({"event": "lead_arrived", "level": "info", "lead": 1}) + "\n")
            file.write(json.dumps({"event": "send_failed", "level": "warning", "message_id": 3, "at": "2026"}) + "\n")
        assert tail.news(100.0) == ["warning: send_failed message_id=3"]
        assert tail.news(101.0) == []

    def test_half_a_line_waits_for_its_other_half(self, tmp_path):
        log = tmp_path / "web.log"
        log.touch()
        tail = LogTail(log)
        line = json.dumps({"event": "send_failed", "level": "error"})
        log.write_text(line[:10])
        assert tail.news(100.0) == []
        log.write_text(line + "\n")
        assert tail.news(100.5) == ["error: send_failed"]

    def test_the_same_warning_is_not_repeated_within_ten_seconds(self, tmp_path):
        log = tmp_path / "web.log"
        log.touch()
        tail = LogTail(log)
        line = json.dumps({"event": "redis_gone", "level": "warning"}) + "\n"
        told = []
        for second in range(25):
            with log.open("a") as file:
                file.write(line * 3)
            told += tail.news(100.0 + second)
        assert len(told) == 3

    def test_a_librarys_plain_error_line_is_shown(self):
        assert (
            worth_telling(b"ModuleNotFoundError: No module named 'nowhere'") == "ModuleNotFoundError: No module named 'nowhere'"
        )
        assert worth_telling(b'  File "error.py", line 1') is None
        assert worth_telling(b"[INFO] all is well") is None

    def test_a_grown_log_is_turned_over_without_losing_a_line(self, tmp_path, monkeypatch):
        monkeypatch.setattr("console.log_tail.LARGEST", 100)
        log = tmp_path / "web.log"
        log.touch()
        tail = LogTail(log)
        with log.open("a") as file:  # as a process holds it open
            file.write(json.dumps({"event": "one", "level": "error", "filler": "x" * 200}) + "\n")
            file.flush()
            assert len(tail.news(100.0)) == 1
            file.write(json.dumps({"event": "two", "level": "error"}) + "\n")
            file.flush()
            assert tail.news(101.0) == ["error: two"]
        assert log.stat().st_size < 100
        assert (tmp_path / "web.log.1").exists()

    def test_the_end_of_a_log_is_what_is_shown_of_a_failed_start(self, tmp_path):
        (tmp_path / "web.log").write_text("\n".join(str(n) for n in range(100)) + "\n\n")
        assert last_lines(tmp_path / "web.log", 2) == ["98", "99"]
        assert last_lines(tmp_path / "none.log") == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can tell a child that its parent has died")
def test_a_child_dies_with_its_parent(tmp_path):
    code = (
        "import sys, time\nfrom console.processes import launch\n"
        f"print(launch([sys.executable, '-c', {IDLE!r}], log=2).pid, flush=True)\ntime.sleep(60)"
    )
    parent = launch([sys.executable, "-c", code], log=subprocess.PIPE, cwd=Path.cwd())
    grandchild = int(parent.stdout.readline())
    assert is_alive(grandchild)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not is_alive(grandchild), 10)


SLOW = "import http.server, time; time.sleep({}); http.server.HTTPServer(('127.0.0.1', {}), Fine).serve_forever()"
FINE = """
import http.server
class Fine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
"""


class TestStart:
    """The first page may take its time on a busy machine; a process that has died will not come."""

    @pytest.fixture
    def supervisor(self, data, child):
        port = free_port()
        settings = SimpleNamespace(data=data, host="127.0.0.1", port=port)
        ground = SimpleNamespace(settings=settings, has_bell=False, environ={}, postgres=None, redis=None)
        told: list[str] = []
        made = Supervisor(ground, told.append)
        made.told, made.port = told, port
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        yield made
        for number, handler in before.items():
            signal.signal(number, handler)

    def test_a_slow_start_is_waited_for_and_told(self, supervisor, child, monkeypatch):
        monkeypatch.setattr("console.supervisor.SAY_SO_AFTER", 0.3)
        supervisor.children = [child(FINE + SLOW.format(1.0, supervisor.port))]
        supervisor.start()
        assert supervisor.told == ["the web process is still starting: this machine is slow or busy"]

    def test_a_web_process_that_has_ended_is_told_at_once_with_the_end_of_its_log(self, supervisor, child):
        supervisor.children = [child("print('no such module', flush=True); raise SystemExit(3)")]
        began = time.monotonic()
        with pytest.raises(StartFailed, match="no such module"):
            supervisor.start()
        assert time.monotonic() - began < 20

    def test_one_that_never_answers_is_given_up(self, supervisor, child, monkeypatch):
        monkeypatch.setattr("console.supervisor.ANSWER_WITHIN", 0.5)
        supervisor.children = [child(IDLE)]
        with pytest.raises(StartFailed, match="does not answer"):
            supervisor.start()


def test_a_web_worker_that_still_imports_is_not_taken_for_hung(monkeypatch):
    worker, beats = object.__new__(PatientWorker), []
    worker.notify = lambda: beats.append(time.monotonic())
    monkeypatch.setattr(ThreadWorker, "load_wsgi", lambda _self: time.sleep(2.4))
    worker.load_wsgi()
    assert len(beats) == 2
    time.sleep(1.2)
    assert len(beats) == 2, "only while it imports: afterwards its own loop must speak"
