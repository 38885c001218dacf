"""Calls to addresses set by users, over real sockets: what is dialled, how long, how much, and where a redirect leads."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import clock
from config.outgoing import AddressRefused, Guard
from config.outgoing_call import NoReply, NotReached, Reply, call, reach

LOOPBACK = Guard(("127.0.0.1",))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Seen: yes\r\n\r\nok"
Serve = Callable[[socket.socket, bytes], None]


class House:
    """A listener on loopback that does with each connection what the test says."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None) -> None:
        self._serve, self._tls = serve, tls
        self.heard: list[bytes] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            line, _ = self._door.accept()
            with line:
                if self.over.is_set():
                    return
                line.settimeout(5)
                self._one(line)

    def _one(self, line: socket.socket) -> None:
        try:
            if self._tls:
                line = self._tls.wrap_socket(line, server_side=True)
            heard = b""
            while b"\r\n\r\n" not in heard and (more := line.recv(65536)):
                heard += more
            self.heard.append(heard)
            self._serve(line, heard)
        except OSError:
            pass
        finally:
            line.close()

    def close(self) -> None:
        self.over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(5)
        self._door.close()


@contextmanager
def house(serve: Serve | bytes = OK, tls: ssl.SSLContext | None = None) -> Iterator[House]:
    def say(line: socket.socket, _: bytes) -> None:
        line.sendall(serve)

    found = House(say if isinstance(serve, bytes) else serve, tls)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def papers(tmp_path_factory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for hooks.example.com: the server's side, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("papers")
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(pem + secret)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "both.pem")
    ours = ssl.create_default_context(cadata=pem.decode())
    return theirs, ours


def test_a_call_says_who_it_is_for_and_brings_the_reply():
    with house() as there:
        reply = call(LOOPBACK, "POST", f"http://127.0.0.1:{there.port}/a?b=c", body=b"{}", headers={"X-Ours": "1"})
    assert reply == Reply(200, {"content-length": "2", "x-seen": "yes"}, b"ok")
    head = there.heard[0]
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % there.port)
    assert b"X-Ours: 1" in head and b"Content-Length: 2" in head and b"Accept-Encoding: identity" in head


def test_the_address_that_was_checked_is_the_address_that_is_dialled():
    """The name leads to the checked address at the first question and elsewhere at any later one, as when a name is rebound."""
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["::1"]

    with house() as there:
        guard = Guard(("rebind.example.com",), resolve=rebinding)
        assert call(guard, "GET", f"http://rebind.example.com:{there.port}/").status == 200
    assert asked == ["rebind.example.com"]
    assert b"Host: rebind.example.com:%d" % there.port in there.heard[0]


def test_nobody_is_dialled_at_an_address_that_is_refused():
    with house() as there:
        for host in ("127.0.0.1", "localhost", "[::ffff:7f00:1]", "0x7f000001", "2130706433"):
            with pytest.raises(AddressRefused):
                call(Guard(), "GET", f"https://{host}:{there.port}/")
            with pytest.raises(AddressRefused):
                call(Guard(resolve=lambda *_: ["127.0.0.1"]), "GET", f"https://{host}/")
    assert there.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_reply_and_is_not_followed(status):
    with (
        house() as inner,
        house(
            b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"
            % (status, inner.port)
        ) as outer,
    ):
        reply = call(LOOPBACK, "POST", f"http://127.0.0.1:{outer.port}/", body=b"x")
    assert (reply.status, len(outer.heard), inner.heard) == (status, 1, [])
    assert reply.headers["location"].endswith("/latest/meta-data/")


def test_the_certificate_and_the_greeting_are_for_the_name(papers):
    theirs, ours = papers
    named = []
    theirs.sni_callback = lambda line, name, context: named.append(name)
    with house(tls=theirs) as there:
        right = Guard(("hooks.example.com",), resolve=lambda *_: ["127.0.0.1"])
        assert call(right, "GET", f"https://hooks.example.com:{there.port}/", context=ours).status == 200
        wrong = Guard(("other.example.com",), resolve=lambda *_: ["127.0.0.1"])
        with pytest.raises(NotReached, match="SSLCertVerificationError"):
            call(wrong, "GET", f"https://other.example.com:{there.port}/", context=ours)
        with pytest.raises(NotReached, match="SSLCertVerificationError"):
            call(right, "GET", f"https://hooks.example.com:{there.port}/")  # a certificate that nobody vouches for
    assert named == ["hooks.example.com", "other.example.com", "hooks.example.com"]
    assert b"Host: hooks.example.com" in there.heard[0] and len(there.heard) == 1


def test_the_second_address_is_tried_when_the_first_takes_no_connection():
    with house() as there:
        guard = Guard(("two.example.com",), resolve=lambda *_: ["::1", "127.0.0.1"])
        assert call(guard, "GET", f"http://two.example.com:{there.port}/").status == 200


def drip(line: socket.socket, _: bytes) -> None:
    """A header that never ends, a byte at a time: each read is answered, none of them finishes."""
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        line.sendall(b"a")
        threading.Event().wait(0.02)


def silent(line: socket.socket, _: bytes) -> None:
    line.recv(1)


@pytest.mark.parametrize("serve", [drip, silent], ids=["drips", "is_silent"])
def test_the_time_is_for_the_whole_call(serve):
    with house(serve) as there, pytest.raises(NoReply):
        call(LOOPBACK, "GET", f"http://127.0.0.1:{there.port}/", seconds=0.3)


def test_a_body_without_an_end_is_no_reply_when_the_time_is_over():
    def endless(line: socket.socket, _: bytes) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\nbegun")
        line.recv(1)

    with house(endless) as there, pytest.raises(NoReply):
        call(LOOPBACK, "GET", f"http://127.0.0.1:{there.port}/", seconds=0.3)


def test_who_never_greets_was_not_reached(papers):
    with house(silent) as there, pytest.raises(NotReached):
        call(Guard(("127.0.0.1",)), "GET", f"https://127.0.0.1:{there.port}/", seconds=0.3, context=papers[1])


def test_only_so_much_of_a_reply_is_read():
    with house(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 100_000) as there:
        reply = call(LOOPBACK, "GET", f"http://127.0.0.1:{there.port}/", longest=1000)
    assert (len(reply.body), reply.is_cut) == (1000, True)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
    ],
    ids=["nothing", "not_http", "less_than_promised", "no_status", "broken_chunks", "too_many_headers"],
)
def test_an_answer_that_is_none_leaves_open_whether_the_call_arrived(said):
    with house(said) as there, pytest.raises(NoReply, match="127.0.0.1"):
        call(LOOPBACK, "POST", f"http://127.0.0.1:{there.port}/", body=b"{}")


def test_where_nobody_listens_nothing_arrived():
    with house() as there:
        pass
    with pytest.raises(NotReached):
        call(LOOPBACK, "GET", f"http://127.0.0.1:{there.port}/")


def test_a_proxy_from_the_environment_is_not_asked(monkeypatch):
    with house() as proxy, house() as there:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert call(LOOPBACK, "GET", f"http://127.0.0.1:{there.port}/").status == 200
    assert proxy.heard == []


def test_to_reach_somebody_is_to_say_nothing(papers):
    theirs, ours = papers
    right = Guard(("hooks.example.com",), resolve=lambda *_: ["127.0.0.1"])
    with house(tls=theirs) as there:
        reach(right, f"https://hooks.example.com:{there.port}/in?key=1", context=ours)
        with pytest.raises(NotReached, match="SSLCertVerificationError"):
            reach(right, f"https://hooks.example.com:{there.port}/")
    with house() as plain:
        reach(LOOPBACK, f"http://127.0.0.1:{plain.port}/")
    assert not any(there.heard) and not any(plain.heard)


def test_who_cannot_be_reached_is_given_up_in_time(papers):
    with house(silent) as there, pytest.raises(NotReached):
        reach(LOOPBACK, f"https://127.0.0.1:{there.port}/", seconds=0.3, context=papers[1])
    with pytest.raises(NotReached):
        reach(LOOPBACK, f"http://127.0.0.1:{there.port}/")
    with pytest.raises(AddressRefused, match="private"):
        reach(Guard(resolve=lambda *_: ["169.254.169.254"]), "https://hooks.example.com/")
