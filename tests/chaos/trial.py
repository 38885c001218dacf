"""One row of the fault matrix: the real processes, leads from outside, and two providers whose logs are the truth about sends.

PostgreSQL and Redis belong to the trial and not to `headroom up`, so that a row can take them away for as long as it likes.
"""

import base64
import json
import os
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.local_secrets import local_signing_key, local_verify_key
from console.embedded import Postgres, Redis
from console.processes import wait_until
from store.engine import connect
from tests.chaos.carrier import Carrier
from tests.chaos.firm import URGENT, team
from tests.chaos.watch import Watch
from tests.fakes import Sent
from tests.installation import ACCOUNT, TOKEN, Installation, Posted, provider_settings

HANDS = 16  # who post at once
SENDGRIDS = "the key of SendGrid's event webhook"
SIGNED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LONG = bool(os.environ.get("CHAOS_LONG"))  # the minutes of the matrix, not the seconds that show the same


@dataclass(slots=True)
class Writer:
    """Somebody who writes: one key, one phone, one address, however often they must try."""

    number: int
    source: str
    key: str
    at: datetime
    code: str | None = None
    taken_at: datetime | None = None
    codes: set[str] = field(default_factory=set)  # all that they were told
    answers: list[int] = field(default_factory=list)  # statuses, 0 for none
    seconds: list[float] = field(default_factory=list)

    @property
    def phone(self) -> str:
        return f"+1713{2_000_000 + self.number}"

    @property
    def email(self) -> str:
        return f"dana{self.number}@people.example"

    @property
    def is_urgent(self) -> bool:
        return self.source.startswith("u")


class Trial:
    """Processes, providers and everybody who wrote. Use it inside `with`. `by_hand`: the row starts the processes itself."""

    def __init__(self, *, seed: int = 1, body: str | None = None, with_redis: bool = True, by_hand: bool = False) -> None:
        self.random = random.Random(seed)
        self.writers: list[Writer] = []
        self.saw: dict[str, object] = {}
        self.rude_answers: list[tuple[int, str]] = []
        self._body, self._with_redis, self._by_hand = body or team(), with_redis, by_hand
        self._numbers, self._urgent = count(1), count(1)
        self._lock, self._reported = threading.Lock(), 0

    def __enter__(self) -> "Trial":
        with ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="headroom-chaos-"))
            self.folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.postgres = Postgres(self.folder / "servers")
            self.database_url = self.postgres.start()
            stack.callback(self.postgres.stop)
            self.redis = Redis(self.folder / "servers")
            self.redis_url = self.redis.start() if self._with_redis else None
            stack.callback(self.redis.stop)
            self.texts, self.mails = stack.enter_context(Carrier()), stack.enter_context(Carrier())
            self.house = Installation(self.folder, self._body)
            self.house._environ |= self._environ()
            stack.callback(self.house.clear)
            if not self._by_hand:
                self.house.start()
            self.engine = connect(self.database_url, role="trial", size=4)
            stack.callback(self.engine.dispose)
            self.watch = Watch(self.engine)
            self.watch.start()
            stack.callback(self.watch.stop)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _environ(self) -> dict[str, str]:
        bell = {"REDIS_URL": self.redis_url} if self.redis_url else {}
        return {
            **provider_settings(self.texts, self.house.address), "SENDGRID_API_URL": self.mails.url, **bell,
            "DATABASE_URL": self.database_url, "SIGNED_SECRET": SIGNED_SECRET, "SENDGRID_WEBHOOK_KEY": local_verify_key(SENDGRIDS),
        }  # fmt: skip

    # --- what is there ----------------------------------------------------------------------------------------------

    def rows(self, query: str, **values: object) -> list[Any]:
        """Rows of a query."""
        with self.engine.connect() as db:
            return list(db.execute(text(query), values).all())

    def count(self, query: str, **values: object) -> int:
        """The one number of a query; -1 while the database is away."""
        try:
            return int(self.rows(query, **values)[0][0])
        except SQLAlchemyError:
            return -1

    @property
    def sent(self) -> list[Sent]:
        """What both providers took."""
        return [*self.texts.sent, *self.mails.sent]

    def to(self, writer: Writer) -> list[Sent]:
        """What a writer was sent."""
        return [*self.texts.to(writer.phone), *self.mails.to(writer.email)]

    @property
    def taken(self) -> list[Writer]:
        """Those who were answered 2xx."""
        return [writer for writer in self.writers if writer.taken_at]

    def keep_logs(self, folder: Path) -> None:
        """Copy what the processes have said, and how each call to a provider ended that was not simply accepted."""
        shutil.copytree(self.house.data / "logs", folder, dirs_exist_ok=True)
        shutil.copy(self.house.output, folder / "output")
        with suppress(SQLAlchemyError):  # the database may be what the row took away
            odd = self.rows("SELECT * FROM attempts WHERE outcome IS DISTINCT FROM 'accepted' ORDER BY started_at")
            (folder / "attempts").write_text("\n".join(str(tuple(row)) for row in odd))

    # --- people write -----------------------------------------------------------------------------------------------

    def begins_anew(self) -> None:
        """Only what is written and sent from now on is looked at: what went out before a disaster, the backup does not know."""
        self.writers.clear()
        self.texts.sent.clear()
        self.mails.sent.clear()

    def somebody(self, source: str = "website") -> Writer:
        """One more person who will write."""
        with self._lock:
            number = next(self._numbers)
            writer = Writer(number, source, f"marker-{number:05}", datetime.now(UTC))
            self.writers.append(writer)
            return writer

    def writes(self, writer: Writer) -> int:
        """One try; returns the status, 0 for a broken connection."""
        said = {"name": f"Dana {writer.number}", "phone": writer.phone, "email": writer.email, "message": writer.key}
        began = time.monotonic()
        answer = self.post(f"/webhooks/{writer.source}", said, key=writer.key)
        writer.seconds.append(time.monotonic() - began)
        writer.answers.append(answer.status if answer else 0)
        if answer and 200 <= answer.status < 300:
            writer.code = json.loads(answer.text).get("lead") or writer.code  # none yet for what was spooled
            writer.codes.add(str(writer.code))
            writer.taken_at = writer.taken_at or datetime.now(UTC)
        return writer.answers[-1]

    def post(self, path: str, said: object, *, key: str | None = None) -> Posted | None:
        """JSON; None for a broken connection."""
        headers = {"Content_Type": "application/json", **({"Idempotency_Key": key} if key else {})}
        try:
            return self.house.post(path, json.dumps(said).encode(), **headers)
        except (OSError, HTTPException):
            return None

    def urgent(self, number: int = 1) -> list[Writer]:
        """So many people write at once to pools whose SLA is over after 6 s; each pool only once in a trial."""
        writers = [self.somebody(f"u{next(self._urgent)}") for _ in range(number)]
        for writer in writers:
            self.writes(writer)
        return writers

    def write(self, number: int, *, per_second: float = 0) -> list[Writer]:
        """So many people write, at that rate or as fast as we can; returns when all have an answer or none."""
        writers = [self.somebody() for _ in range(number)]
        with ThreadPoolExecutor(HANDS) as hands:
            for at, writer in enumerate(writers):
                if per_second and at:
                    time.sleep(1 / per_second)
                hands.submit(self.writes, writer)
        return writers

    @contextmanager
    def writing(self, per_second: float, *, urgent_every: int = 0) -> Iterator[None]:
        """People keep writing in the background; every so many-th is urgent, while there are pools for them."""
        over = threading.Event()
        hands = ThreadPoolExecutor(HANDS)

        def run() -> None:
            for turn in count(1):
                if over.wait(1 / per_second):
                    return
                source = "website"
                if urgent_every and turn % urgent_every == 0 and (pool := next(self._urgent)) <= URGENT:
                    source = f"u{pool}"
                hands.submit(self.writes, self.somebody(source))

        thread = threading.Thread(target=run, name="writers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            hands.shutdown()

    def answers(self) -> dict[str, int]:
        """How often those who wrote had which answer; "0" is a connection that broke."""
        counted = Counter(answer for writer in self.writers for answer in writer.answers)
        return {str(status): counted[status] for status in sorted(counted)}

    def all_try_again(self, within: float = 60.0) -> int:
        """Whoever had no 2xx sends the same again until they have; returns how many there were."""
        left = [writer for writer in self.writers if not writer.taken_at]
        ends = time.monotonic() + within
        for writer in left:
            while not 200 <= self.writes(writer) < 300:
                assert time.monotonic() < ends, f"{writer.key} is still not taken: {writer.answers}"
                time.sleep(0.2)
        return len(left)

    def is_rude(self) -> None:
        """Broken input at any moment: never a 5xx, never a traceback."""
        bodies = [b"{", b"\xff\xfe\x00", b"[" * 20_000, b'{"name": NaN, "phone": 1e400}', b'"just text"', b"null", b""]
        for body in bodies:
            try:
                answer = self.house.post("/webhooks/website", body, Content_Type="application/json")
            except (OSError, HTTPException):
                continue
            self.rude_answers.append((answer.status, answer.text))

    # --- the providers say ------------------------------------------------------------------------------------------

    def report(self, sent: Sent, status: str, *, code: str | None = None, token: str = TOKEN, account: str = ACCOUNT) -> int:
        """A signed delivery report; returns the answer's status."""
        return self.texts.report(sent, status, token=token, code=code, account=account)

    def mails_are_reported(self) -> None:
        """SendGrid says of every mail it took that it was delivered. It does so in life, and it is all we ever learn of a mail in doubt."""
        with self._lock:
            news, self._reported = self.mails.sent[self._reported :], len(self.mails.sent)
        events = [
            {"event": "delivered", "sg_event_id": s.id, "sg_message_id": s.id, "headroom_message_id": s.message_id} for s in news
        ]
        body, at = json.dumps(events).encode(), str(int(time.time()))
        signature = base64.b64encode(local_signing_key(SENDGRIDS).sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        marks = {"X_Twilio_Email_Event_Webhook_Signature": signature, "X_Twilio_Email_Event_Webhook_Timestamp": at}
        answer = self.house.post("/receipts/sendgrid", body, Content_Type="application/json", **marks)
        assert answer.status == 204, answer

    # --- waiting ----------------------------------------------------------------------------------------------------

    def until(self, is_so: Any, within: float, what: str) -> float:
        """Seconds until something is so; fails when it is not in time."""
        began = time.monotonic()
        assert wait_until(is_so, within), f"not within {within:.0f} s: {what}"
        return round(time.monotonic() - began, 1)

    def everybody_is_answered(self, within: float) -> float:
        """Seconds until whoever was taken has got a text or a mail."""

        def waiting() -> list[str]:
            reached = {sent.to for sent in self.sent}
            return [w.key for w in self.taken if w.phone not in reached and w.email not in reached]

        began = time.monotonic()
        wait_until(lambda: not waiting(), within)
        assert not waiting(), f"not acknowledged within {within:.0f} s: {waiting()[:10]} ({len(waiting())} in all)"
        return round(time.monotonic() - began, 1)

    def answered_after(self) -> list[float]:
        """Seconds from the 2xx to the first message, of everybody, sorted."""
        first: dict[str, datetime] = {}
        for sent in self.sent:
            first[sent.to] = min(sent.at, first.get(sent.to, sent.at))
        spans = []
        for writer in self.taken:
            at = min((first[to] for to in (writer.phone, writer.email) if to in first), default=None)
            if at and writer.taken_at:
                spans.append(max(0.0, (at - writer.taken_at).total_seconds()))
        return sorted(spans)
