"""The service as a user starts it: `headroom up` in a folder of its own, on a free port, with a fake provider if wanted.

Everything waits for something to become true, with a deadline; nothing sleeps for luck.
"""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from config.dotenv import read_env_file
from console.asking import Answer, ask
from console.processes import first_number, free_port, wait_until
from tests.fakes import FakeProvider, twilio_signature

START_WITHIN = 90  # seconds; generous, since the machine may be busy with other tests
SOON = 20.0  # seconds until what a worker does at once must be there
FORM = "application/x-www-form-urlencoded"
OUR_NUMBER, ACCOUNT, TOKEN = "+15125550100", "AC" + "5" * 32, "7" * 32
APP_SECRET = "the app secret that only the tests know"


@dataclass(frozen=True, slots=True)
class Posted:
    """What was answered to a post."""

    status: int
    headers: Mapping[str, str]
    text: str


class Installation:
    """A data folder, a port, a team file, and the processes on them. `environ` adds to what is set."""

    def __init__(self, folder: Path, team: str | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.data, self.port = folder / "data", free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None
        self._environ = dict(environ or {})
        if team is not None:
            self._environ["HEADROOM_TEAM"] = str(folder / "team.yaml")
            (folder / "team.yaml").write_text(team)

    # --- starting and stopping ----------------------------------------------------------------------------------------

    def start(self, until: str = "Headroom is ready") -> None:
        """`headroom up`; returns when it says that it is ready, or what else is waited for."""
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "console.cli", "up"]
            self.process = subprocess.Popen(command, env=self.env(), stdout=output, stderr=subprocess.STDOUT)
        process = self.process
        assert wait_until(lambda: until in self.said() or process.poll() is not None, START_WITHIN), self.said()
        assert process.poll() is None, self.said()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def clear(self) -> None:
        """End whatever a failed test has left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        wait_until(lambda: not self.processes(), 20)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of the command line."""
        command = [sys.executable, "-m", "console.cli", *words]
        return subprocess.run(command, env=self.env(), capture_output=True, text=True, timeout=START_WITHIN, check=False)

    def env(self) -> dict[str, str]:
        """Nothing set but what the test says, as on a fresh machine."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "HEADROOM_DATA": str(self.data), "PORT": str(self.port), **self._environ}

    # --- looking inside -----------------------------------------------------------------------------------------------

    def said(self) -> str:
        """What stands on the screen."""
        return self.output.read_text()

    def log(self, role: str) -> str:
        """The log of one process."""
        return (self.data / "logs" / f"{role}.log").read_text()

    def processes(self) -> list[str]:
        """Command lines of everything that runs for this data folder, the supervisor included."""
        mark = str(self.data).encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
                except OSError:
                    continue
                if command and (mark in command or mark in environment):
                    found.append(command.replace(b"\0", b" ").decode())
        return found

    def pid(self, role: str) -> int | None:
        """The process of a role, None while it is down."""
        return first_number(self.data / "run" / f"{role}.pid")

    def api(self, path: str) -> Any:
        """GET of the JSON API, read; None when it does not answer well."""
        answer = ask(self.address + path, token=read_env_file(self.data / "local.env")[0]["HEADROOM_API_TOKEN"])
        return answer.json() if answer.is_fine else None

    def get(self, path: str) -> Answer:
        """GET as anybody."""
        return ask(self.address + path)

    def lead(self, code: str) -> dict[str, Any]:
        """A lead as the API shows it; {} while there is none."""
        return self.api(f"/api/leads/{code}") or {}

    def becomes(self, code: str, *statuses: str, within: float = SOON) -> bool:
        """Is the lead soon in one of these states?"""
        return wait_until(lambda: self.lead(code).get("status") in statuses, within)

    # --- what the world does ------------------------------------------------------------------------------------------

    def post(self, path: str, body: bytes | Mapping[str, str], **headers: str) -> Posted:
        """POST; header names with underscores."""
        data = body if isinstance(body, bytes) else urlencode(body).encode()
        given = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, data, given)
            answer = connection.getresponse()
            return Posted(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def twilio(self, path: str, **form: str) -> Posted:
        """What Twilio posts, signed; `path` as in the address that it was given."""
        form = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", **form}
        return self.post(path, form, X_Twilio_Signature=twilio_signature(self.address + path, form, TOKEN))


@contextmanager
def installation(
    team: str | None = None, *, provider: FakeProvider | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """One in a folder of its own, not started; with a provider, all three vendors are set up and answered by it."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
    made = Installation(folder, team, environ)
    if provider is not None:
        made._environ |= provider_settings(provider, made.address) | dict(environ or {})
    try:
        yield made
    finally:
        made.clear()
        shutil.rmtree(folder)


def provider_settings(provider: FakeProvider, address: str) -> dict[str, str]:
    """Accounts at all three vendors, reached at the fake provider."""
    return {
        "PUBLIC_URL": address,
        "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM": OUR_NUMBER, "TWILIO_API_URL": provider.url,
        "SENDGRID_API_KEY": "SG.tests", "SENDGRID_FROM": "hello@cole.example", "SENDGRID_API_URL": provider.url,
        "META_APP_SECRET": APP_SECRET, "META_VERIFY_TOKEN": "a word of ours", "META_PAGE_TOKEN": "EAAtests",
        "META_GRAPH_URL": provider.url,
    }  # fmt: skip


def path_of(address: str, house: Installation) -> str:
    """An address of ours in TwiML, as a path."""
    assert address.startswith(house.address), address
    return re.sub(r"^http://[^/]+", "", address)
