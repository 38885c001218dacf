"""The real web process against what is too large, too deep, too many and too slow. It needs no database: its spool takes the leads."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from console.asking import ask
from console.processes import free_port, wait_until

ROOT = Path(__file__).parents[2]
TEAM = """
version: 1
site: {name: Acme, time_zone: America/Chicago}
reps: [{id: ann, name: Ann Novak, phone: "+15125550111"}]
managers: [{id: kim, name: Kim Ortega, phone: "+15125550190"}]
pools: {sales: {members: [ann], managers: [kim]}}
slas: {hot: {clock: always, accept_within: 5m, first_response_within: 15m, ladder: [{at: 15m, do: tell, who: pool_managers}]}}
sources: {website: {type: form, per_minute: 6000}}
rules: [{id: all, send_to: sales, sla: hot}]
"""
THREADS = 3


class Web:
    """gunicorn with our settings, a worker in haste, three threads and a database that is not there."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        data.mkdir(exist_ok=True)
        (data / "team.last.json").write_text(json.dumps({"version": 1, "text": TEAM}))
        env = {
            "PATH": os.environ["PATH"], "PORT": str(self.port), "HEADROOM_DATA": str(data), "SECRET_KEY": "a key that only the tests know",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/gone", "HEADROOM_WEB_THREADS": str(THREADS), "HEADROOM_SPOOL_MB": "1",
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:console.web_server",
            "-k",
            "tests.hasty.HastyWorker",
            "wsgi:app",
        ]
        self.log = (data / "web.log").open("wb")
        self.process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT)
        assert wait_until(lambda: ask(f"http://127.0.0.1:{self.port}/livez").is_fine or self.process.poll() is not None, 60)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def says(self, request: bytes) -> bytes:
        """Everything that is answered to these bytes, until the connection is closed."""
        with self.line() as line:
            line.sendall(request)
            return heard_on(line)

    def status(self, head: str, body: bytes = b"") -> int:
        """The status of one request that is the last on its connection."""
        request = f"{head}\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1") + body
        return int(self.says(request).split(b" ")[1])

    def post(self, content_type: str, body: bytes) -> int:
        head = f"POST /webhooks/website HTTP/1.1\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nAccept: */*"
        return self.status(head, body)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    made = Web(folder)
    yield made
    made.stop()
    shutil.rmtree(folder)


def heard_on(line: socket.socket) -> bytes:
    said = b""
    try:
        while piece := line.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def test_a_lead_is_taken_without_a_database_by_a_process_that_never_saw_one(web):
    assert web.post("application/json", b'{"name": "Dana Cole"}') == 202
    assert ask(f"http://127.0.0.1:{web.port}/readyz").json()["ready"] is True


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        ("GET /livez HTTP/1.1\r\nX-Long: " + "x" * 65536, {400, 431}),
        ("GET /livez HTTP/1.1" + "".join(f"\r\nX-{n}: y" for n in range(200)), {400, 431}),
        ("GET /" + "x" * 9000 + " HTTP/1.1", {400, 414}),
        ("POST /webhooks/website HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 10000000", {413}),
        ("POST /webhooks/website HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", {400, 501}),
        ("GET / FTP/9", {400, 505}),
    ],
    ids=["a header of 64 KiB", "200 headers", "a long address", "10 MB announced", "two lengths", "another protocol"],
)
def test_a_request_without_measure_is_refused(web, head, statuses):
    assert web.status(head) in statuses


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"name": "' + b"x" * 300_000 + b'"}', 413),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 3000 + b"--x--",
            413,
        ),
        ("application/x-www-form-urlencoded", b"a=1&" * 2000, 413),
    ],
    ids=["depth", "size", "parts", "fields"],
)
def test_a_body_without_measure_is_refused(web, content_type, body, status):
    assert web.post(content_type, body) == status


def test_a_body_in_pieces_is_taken(web):
    head = b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    said = web.says(head + b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"name": "Ines O\r\n7\r\nrtiz"}\n\r\n0\r\n\r\n')
    assert said.split(b" ")[1] == b"202"


def test_a_body_in_pieces_that_is_too_large_is_refused(web):
    head = (
        b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    )
    piece = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    said = web.says(head + b"Transfer-Encoding: chunked\r\n\r\na\r\nname=Dana&\r\n" + piece * 8 + b"0\r\n\r\n")
    assert said.split(b" ")[1] == b"413"


def test_a_body_in_pieces_without_end_is_refused(web):
    head = b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with web.line() as line:
        line.sendall(head)
        try:
            for _ in range(100):
                line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert heard_on(line).split(b" ")[1:2] in ([b"413"], [b"400"], [])  # the answer may be cut off by what we still send


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /livez HTTP/1.1\r\nX-Slow: ",
        b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n",
    ],
    ids=["in the head", "in the body"],
)
def test_those_who_dawdle_are_cut_off_and_others_are_served_meanwhile(web, begun):
    with ExitStack() as lines:
        slow = [lines.enter_context(web.line()) for _ in range(2 * THREADS)]
        for line in slow:
            line.sendall(begun)
            line.setblocking(False)
        assert web.post("application/json", b'{"name": "Tom Weiss"}') == 202
        assert wait_until(lambda: are_cut_off(slow), 25)


def are_cut_off(lines: list[socket.socket]) -> bool:
    """A byte more on each; are all of them closed?"""
    still_open = [line for line in lines if not is_cut_off(line)]
    return not still_open


def is_cut_off(line: socket.socket) -> bool:
    """One more byte; did the other side hang up?"""
    try:
        line.send(b"x")
        while line.recv(4096):
            pass
    except BlockingIOError:
        return False
    except (BrokenPipeError, ConnectionResetError):
        return True
    return True


def test_one_that_dawdles_in_a_kept_connection_gets_no_second_request_out_of_the_rest(web):
    """What comes late of a body must not be read as the next request."""
    head = b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    with web.line() as line:
        line.sendall(head)
        said = heard_on(line)
        try:
            line.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            said += heard_on(line)
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"shorter than announced" in said


def test_half_a_form_is_no_lead(web):
    with web.line() as line:
        line.sendall(
            b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 60\r\n\r\nname=Dana&phone=%2B1512555"
        )
        line.shutdown(socket.SHUT_WR)
        assert b"shorter than announced" in heard_on(line)


def test_when_the_spool_is_full_the_sender_is_asked_to_send_again(web):
    large = json.dumps({"name": "Dana", "message": "x" * 100_000}).encode()
    statuses = []
    for number in range(20):
        statuses.append(web.post("application/json", large.replace(b"Dana", f"Dana {number}".encode())))
        if statuses[-1] == 503:
            break
    assert set(statuses) == {202, 503}
    said = web.says(
        b"POST /webhooks/website HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(large)}\r\n\r\n".encode() + large
    )  # fmt: skip
    assert b"\r\nRetry-After: 5\r\n" in said
    assert not [path for path in (web.data / "spool").iterdir() if path.suffix == ".damaged"]
