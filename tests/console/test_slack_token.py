"""What `headroom doctor` finds out about Slack: asked with the very token, within seconds, and every fault with its remedy."""

import json
import socketserver
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from config.settings import Settings
from console import slack_token
from console.commands import doctor

TOKEN = "xoxb-a-token-of-the-tests"
GOOD = {"ok": True, "team": "Acme", "user": "headroom", "url": "https://acme.slack.com/"}
ALL = "chat:write,im:write,im:history"


@contextmanager
def slack(answer, *, status=200, scopes=ALL, seconds=0.0):
    """Slack on loopback, which answers every question like this."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.path, self.headers["Authorization"]))
            time.sleep(seconds)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-OAuth-Scopes", scopes)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_):
            """Whoever hung up first is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def look(url):
    return doctor._slack(Settings(slack_bot_token=TOKEN, slack_api_url=url))


def test_a_good_token_is_told_by_whose_it_is():
    with slack(GOOD) as (url, asked):
        found = look(url)
    assert (found.is_well, found.what, found.mend) == (True, "the token is good: headroom in Acme", "")
    assert asked == [("/api/auth.test", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("invalid_auth", "Copy the Bot User OAuth Token"),
        ("token_revoked", "Install the app again"),
        ("account_inactive", "Install the app again"),
        ("org_login_required", "moved into an organisation"),
        ("fatal_error", "try again in a few minutes"),
        ("a_new_word", "Copy the Bot User OAuth Token"),
    ],
)
def test_a_refused_token_comes_with_its_remedy(error, mend):
    with slack({"ok": False, "error": error}) as (url, _):
        found = look(url)
    assert not found.is_well
    assert error in found.what and mend in found.mend
    assert TOKEN not in found.what + found.mend


def test_a_token_that_may_not_post_is_found_before_the_first_offer():
    with slack(GOOD, scopes="im:write") as (url, _):
        found = look(url)
    assert not found.is_well
    assert "may not chat:write" in found.what and "install again" in found.mend


@pytest.mark.parametrize(
    ("answer", "status", "mend"),
    [
        (b"<html>a proxy</html>", 200, "try again"),
        ({"ok": True}, 503, "try again"),
        (b"", 404, "SLACK_API_URL"),
        ([1], 200, "try again"),
    ],
)
def test_whatever_else_answers_is_a_finding_and_no_crash(answer, status, mend):
    with slack(answer, status=status) as (url, _):
        found = look(url)
    assert not found.is_well and mend in found.mend


def test_a_silent_slack_does_not_hold_up_the_doctor(monkeypatch):
    monkeypatch.setattr(slack_token, "SECONDS", 0.2)
    with slack(GOOD, seconds=1.0) as (url, _):
        found = look(url)
    assert (found.is_well, "no answer in time" in found.what) == (False, True)


def test_nobody_there_and_no_token_at_all():
    found = look("http://127.0.0.1:9")
    assert not found.is_well and "cannot be reached" in found.what
    assert doctor._slack(Settings()).is_well
