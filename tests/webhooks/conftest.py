"""A front door with a small team behind it and a store in memory: what was heard can be read back."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from freezegun import freeze_time
from werkzeug.test import TestResponse

from config.settings import Settings
from config.teamfile.rules import rulebook
from routing.codes import code_of
from routing.hours import Calendar
from routing.model import Bench, Kind, Lead, Person, Seat, State, Status
from routing.model import Policy as LeadPolicy
from routing.team import Pool, Rule, Site, Sla, Source, Team
from store.advance import After
from store.inbox import Received, Recorded
from webhooks.app import Door, routes
from webhooks.delivery import Delivery
from webhooks.registry import TYPES
from webhooks.twilio_requests import sign

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Chicago
TOKEN = "12345"
APP_SECRET = "meta_app_secret_for_tests_0123456"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OFFICE = Calendar("America/Chicago", weekly=dict.fromkeys(range(5), ((8 * 60 + 30, 17 * 60),)))
SITE = Site("Cole Heating", zone="America/Chicago", region="US")
FORM = "application/x-www-form-urlencoded"

SETTINGS = Settings(
    public_url="https://leads.example.com",
    secret_key="a key that only the tests know",
    given_twilio_sid="AC0123456789abcdef0123456789abcdef",
    given_twilio_tokens=("old token", TOKEN),
    twilio_from="+14155550199",
    given_meta_app_secret=APP_SECRET,
    given_meta_verify_token="leadAdsRockPlayer",
    given_sendgrid_webhook_key="MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGpVeRPPV7lHBNH6RdfSFxPKAG10UsyO1KXp2AeQenpI14Y5QcXOMMEANFp3PZrm1OBUaUyPBZsBp6W1Cd/LlKA==",
)  # fmt: skip
SOURCES = (
    Source("website", "form"),
    Source("shop", "form", origins=("https://shop.example",), thanks="https://shop.example/thanks", fields={"phone": "ring me"}),
    Source("backend", "form", secrets=("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", WHSEC)),
    Source("tiny", "form", per_minute=2),
    Source("calls", "twilio_voice"),
    Source("texts", "twilio_messaging"),
    Source("texts-de", "twilio_messaging", region="DE"),
    Source("meta", "meta"),
)


@dataclass
class Memory:
    """Stands in for the store: one lead per new key, the same answer for the same key."""

    rows: dict[tuple[str, str], tuple[int, Received]] = field(default_factory=dict)
    reports: list[object] = field(default_factory=list)
    asked: int = 0
    rings: int = 0
    decided: list[int] = field(default_factory=list)
    state: State = field(default_factory=State)
    fails: bool = False
    cannot_decide: bool = False

    def record(self, received: Sequence[Received], now: datetime) -> list[Recorded]:
        if self.fails:
            raise ConnectionError("the database is away")
        self.asked += len(received)
        return [self._one(each) for each in received]

    def decide(self, inbox_id: int, now: datetime) -> After | None:
        self.decided.append(inbox_id)
        if self.cannot_decide:
            raise TimeoutError("the pool is locked")
        return after(self.state)

    def receive(self, reports: Sequence[object], now: datetime) -> None:
        if self.fails:
            raise ConnectionError("the database is away")
        self.reports += reports

    def ring(self) -> None:
        self.rings += 1

    @property
    def heard(self) -> list[Received]:
        return [received for _, received in self.rows.values()]

    def _one(self, new: Received) -> Recorded:
        keys = [new.external_id, str(new.content.get("also", ""))]
        found = next((self.rows[(new.source, key)] for key in keys if (new.source, key) in self.rows), None)
        number, first = found or (len(self.rows) + 1, new)
        if not found:
            self.rows[(new.source, new.external_id)] = (number, new)
        conflict = bool(found) and sha256(first.body).digest() != sha256(new.body).digest()
        return Recorded(number, code_of(number), bool(found), conflict)


def after(state: State) -> After:
    """The view of a decision: Bob and Ann sit in the pool."""
    pool = Pool("sales", "Sales", ("bob", "ann"), calendar=OFFICE)
    policy = LeadPolicy(1, SITE, SOURCES[4], pool, Sla("s"), Rule("all", "sales", "s"))
    seats = {name: Seat(name, name.title(), rank, phone=phone) for rank, (name, phone) in enumerate(PHONES.items())}
    lead = Lead(1, "A1", Kind.CALL, "calls", "call", Person(1, "Dana Cole", phone="+15125550143"), NOW)
    return After(lead=lead, state=state, policy=policy, why="", bench=Bench(named=seats))


PHONES = {"bob": "+15125550111", "ann": "+15125550122"}


class Front:
    """What a stranger can do, and what was heard of it."""

    def __init__(self) -> None:
        self.settings, self.store, self.site = SETTINGS, Memory(), SITE
        self.dropped: list[tuple[str, str]] = []
        self.sources = {source.id: source for source in SOURCES}
        self.use_settings()

    def use_settings(self, **changes: object) -> None:
        """Open the door again, with these settings changed."""
        self.settings, store = replace(self.settings, **changes), self.store
        count = lambda source, sign: self.dropped.append((source, sign))  # noqa: E731
        self.door = Door(self.settings, store.record, store.decide, self.team, store.receive, store.ring, count)
        self.app = Flask("front")
        self.app.register_blueprint(routes(self.door))
        self.client = self.app.test_client()

    def alter(self, source: str, **options: object) -> None:
        """Change the type's own keys of a source."""
        self.sources[source] = replace(self.sources[source], options=options)

    def team(self) -> Team:
        return Team(1, self.site, {}, {}, {}, self.sources, (), {}, {}, rulebook(), phones=frozenset(PHONES.values()))

    def post(self, path: str, data: bytes | Mapping[str, str], **headers: str) -> TestResponse:
        """POST /webhooks/<path>; header names with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/webhooks/{path}", data=data, headers=given)

    def post_json(self, path: str, value: object, **headers: str) -> TestResponse:
        return self.post(path, json.dumps(value).encode(), **{"Content_Type": "application/json", **headers})

    def call(self, path: str, token: str = TOKEN, **params: str) -> TestResponse:
        """What Twilio posts, properly signed."""
        made = self.app.test_request_context(data=params).request
        body = made.get_data()
        url = f"{self.settings.public_url}/webhooks/{path}"
        return self.post(path, body, Content_Type=FORM, **sign(url, body, token, NOW))

    @property
    def heard(self) -> list[Received]:
        return self.store.heard

    @property
    def last(self) -> Received:
        return self.store.heard[-1]

    def will_ring(self, rep: str) -> None:
        self.store.state = State(status=Status.RINGING, offered_to=(rep,))

    def will_not_ring(self) -> None:
        self.store.state = State(status=Status.WAITING)


@pytest.fixture
def front(freezer_at_ten: None) -> Front:
    return Front()


@pytest.fixture
def freezer_at_ten() -> Iterator[object]:
    """The clock stands at NOW until a test ticks it."""
    with freeze_time(NOW) as frozen:
        yield frozen


@pytest.fixture
def payload() -> object:
    """A recorded request by name: payload("twilio_sms")."""
    return lambda name: json.loads((DATA / "payloads" / f"{name}_1.json").read_text())


@pytest.fixture
def hear(front: Front) -> Callable[..., list[Received]]:
    """What a source of that kind makes of a value (sent as JSON), of fields (sent as a form), or of an address (a GET).

    hear("typeform", {...}) · hear("elementor", form={...}) · hear("make", url="?name=Dana"); `fields`, `options`, `region` of the source.
    """

    def parsed(
        kind: str, value: object = None, *, form: Mapping[str, object] | None = None, url: str = "", **about: object
    ) -> list[Received]:
        is_form, body = form is not None, urlencode(form, doseq=True) if form is not None else json.dumps(value)
        source = Source("heard", kind, **about)  # type: ignore[arg-type]
        query = dict(parse_qsl(url.partition("?")[2]))
        return TYPES[kind].parse(
            Delivery(
                "GET" if url else "POST", f"https://leads.example.com/webhooks/heard{url}", {"content-type": FORM if is_form else "application/json"},
                b"" if url else body.encode(), source=source, site=SITE, settings=front.settings, received_at=NOW, query=query,
            )
        )  # fmt: skip

    return parsed


@pytest.fixture(params=sorted(TYPES))
def kind(request: pytest.FixtureRequest) -> object:
    """Every kind of source there is."""
    return TYPES[request.param]
