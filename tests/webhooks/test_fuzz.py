"""Whatever is posted to a source, with a genuine signature or without: never a 5xx, and what was taken can be decided.

The sources are those of the registry, so a new one is fuzzed by itself. FUZZ_EXAMPLES (40 per source) and FUZZ_SEED (1) make it
longer or other: `make fuzz`.
"""

import base64
import os
import random
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from freezegun import freeze_time
from sqlalchemy import text
from structlog.testing import capture_logs

from config import clock
from config.local_secrets import local_signing_key
from config.settings import Settings
from store import advance, policies
from store.engine import connect
from tests.hostile import Hostile, at_every_path, hostile
from webhooks.errors import Refused
from webhooks.registry import TYPES, SourceType
from wsgi import make_app

EXAMPLES, SEED = int(os.environ.get("FUZZ_EXAMPLES", "40")), int(os.environ.get("FUZZ_SEED", "1"))
TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
PUBLIC = "https://leads.example.com"
TEAM = """
version: 1
site: {name: Cole Heating, time_zone: America/Chicago, default_region: US}
channels: {sms: {quiet_hours: none}}
hours: {office: {mon-fri: "08:30-17:30"}}
managers: [{id: kim, name: Kim Ortega, phone: "+1 512 555 0190", email: kim@cole.example}]
reps: [{id: ann, name: Ann Novak, phone: "+1 512 555 0111", email: ann@cole.example, cap: {open: 5, unanswered: 2}, hours: always}]
pools: {sales: {name: Sales, members: [ann], strategy: least_loaded, offer: one_at_a_time, offer_for: 2m, managers: [kim], directors: [kim]}}
slas: {hot: {clock: office, accept_within: 4m, first_response_within: 8m, ladder: [{at: 8m, do: tell, who: pool_managers, every: 10m}]}}
rules: [{id: everything, send_to: sales, sla: hot}]
sources:
"""
UNDECIDED = """
SELECT source, event, error FROM inbox
WHERE done_at IS NULL AND event <> 'fetch_required' AND coalesce(error, '') NOT LIKE 'came before what it belongs to%'
"""
QUERIES = (
    "%ff%00=%zz",
    "hub.mode=subscribe&hub.challenge=%00%ff",
    "key=" + "k" * 3_000,
    "&".join(f"a{n}=1" for n in range(1_200)),
    "=&=&[]={}",
    "name=%ed%a0%80",
)


class Target:
    """The application on its database, with a source of every kind, each with its example's secret."""

    def __init__(self, url: str, data: Path) -> None:
        environ = {f"SECRET_OF_{name.upper()}": kind.example.secret for name, kind in TYPES.items()}
        self.settings = Settings(
            database_url=url,
            secret_key="a key that only the tests know",
            public_url=PUBLIC,
            data=data,
            environ=environ,
            web_threads=2,
        )
        lines = [f"  {name}: {{type: {name}, per_minute: 100000, secret: env:SECRET_OF_{name.upper()}}}" for name in TYPES]
        self.engine = connect(url, role="test", size=2)
        policies.apply(self.engine, TEAM + "\n".join(lines) + "\n", self.settings, TUESDAY, "the tests")
        self.app = make_app(self.settings)

    def close(self) -> None:
        self.engine.dispose()
        self.app.extensions["engine"].dispose()

    def decide_all(self) -> list[str]:
        """Do what a worker would do with everything that was taken; the events of the log that are complaints."""
        with capture_logs() as said:
            while advance.drain_inbox(self.engine, clock.now(), 20):
                pass
        return [line["event"] for line in said if line["log_level"] in ("error", "critical")]

    def taken(self) -> int:
        with self.engine.connect() as db:
            return db.execute(text("SELECT count(*) FROM inbox")).scalar_one()

    def undecided(self) -> list[tuple]:
        with self.engine.connect() as db:
            return [tuple(row) for row in db.execute(text(UNDECIDED))]


@pytest.fixture
def target(database: str, tmp_path: Path) -> Iterator[Target]:
    with freeze_time(TUESDAY):
        made = Target(database, tmp_path)
        yield made
        made.close()


def rng_of(name: str) -> random.Random:
    return random.Random(SEED * 1_000_003 + zlib.crc32(name.encode()))


def chosen(content_type: str, body: bytes, types: frozenset[str], rng: random.Random) -> list[Hostile]:
    """A wrong value at every path, and of all the rest as many as there is time for."""
    return [*at_every_path(content_type, body, rng), *hostile(content_type, body, types, rng)[:EXAMPLES]]


def proof_of(kind: SourceType, url: str, body: bytes, secret: str = "") -> Mapping[str, str]:
    """The genuine signature of hostile bytes; none where the vendor's own scheme cannot sign them."""
    try:
        return kind.example.sign(url, body, secret or kind.example.secret, TUESDAY)
    except (ValueError, Refused):
        return {}


def send(client: FlaskClient, path: str, each: Hostile, headers: Mapping[str, str], *, method: str = "POST") -> None:
    given = {name: value for name, value in headers.items() if name != "content-type"} | (
        {"Content-Type": each.content_type} if each.content_type else {}
    )
    answer = client.open(
        path,
        method=method,
        data=each.body,
        headers={k: v.encode("latin-1", "replace").decode("latin-1") for k, v in given.items()},
    )
    said = answer.get_data()
    assert answer.status_code < 500, (
        f"{method} {path} {each.about} {each.content_type!r} {each.body[:2000]!r}: {answer.status_code} {said!r}"
    )
    assert b"Traceback" not in said


def test_no_body_is_answered_with_5xx_and_all_that_was_taken_can_be_decided(target: Target, kind: SourceType):
    rng, client, base = rng_of(kind.name), target.app.test_client(), f"/webhooks/{kind.name}"
    paths = [base, *(f"{base}/{step}" for step in sorted(kind.steps))]
    for each in chosen(kind.example.headers["content-type"], kind.example.body, kind.content_types, rng):
        path = rng.choice(paths)
        proof = proof_of(kind, PUBLIC + path, each.body)
        send(client, path, each, {**kind.example.headers, **proof}, method=rng.choice(sorted(kind.verbs)))
        if rng.random() < 0.3:
            send(
                client,
                path,
                each,
                {**kind.example.headers, **{name: rng.choice(("", "x", "t=1,s=", "v1,\xff", "9" * 400)) for name in proof}},
            )
    for query in QUERIES:
        for method in kind.methods:
            send(
                client,
                f"{base}?{query}",
                Hostile("", b"", "query"),
                proof_of(kind, f"{PUBLIC}{base}?{query}", b""),
                method=method,
            )
    for part in ("%00", "%ff", "..%2f..", "😀", "x" * 3_000):
        send(client, f"{base}/{quote(part, safe='%')}", Hostile("application/json", b"{}", "step"), {})
    assert target.taken(), "not one was let in: the signatures are wrong, and nothing behind the door was fuzzed"
    assert target.decide_all() == []
    assert target.undecided() == []


TWILIO_REPORT = (
    b"MessageSid=SM0123456789abcdef0123456789abcdef&MessageStatus=delivered&ErrorCode=30003&AccountSid=AC1&To=%2B15125550143"
)
SENDGRID_REPORT = b'[{"sg_event_id": "e1", "event": "bounce", "sg_message_id": "m.1", "message_id": "1", "type": "blocked", "timestamp": 1764000000, "reason": "x"}]'


def test_no_delivery_report_is_answered_with_5xx(target: Target):
    rng, client = rng_of("receipts"), target.app.test_client()
    signer = local_signing_key(target.settings.secret_key)
    for each in chosen("application/x-www-form-urlencoded", TWILIO_REPORT, frozenset({"application/x-www-form-urlencoded"}), rng):
        path = rng.choice(
            ("/receipts/twilio/1", "/receipts/twilio/out_1", f"/receipts/twilio/{'9' * 30}", "/receipts/twilio/%00")
        )
        send(client, path, each, proof_of(TYPES["twilio_messaging"], PUBLIC + path, each.body, target.settings.twilio_tokens[0]))
    for each in chosen("application/json", SENDGRID_REPORT, frozenset({"application/json"}), rng):
        signature = signer.sign(b"1726000000" + each.body, ec.ECDSA(hashes.SHA256()))
        proof = {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1726000000",
        }
        send(client, "/receipts/sendgrid", each, proof)
