"""The door: verify, parse, record, answer. It never decides (but where a caller waits), never sends, never waits for a provider."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from flask import Blueprint, Response, request

from config import clock
from config.settings import Settings
from routing.team import Source, Team
from store import advance
from store.advance import After
from store.engine import Engine
from store.inbox import Received, Recorded
from store.last_team import LastTeam
from store.receipts import Report
from webhooks import limits, receipts, receiving
from webhooks.answers import Answer, as_json
from webhooks.bodies import LARGEST_BATCH
from webhooks.delivery import Delivery
from webhooks.errors import NotRecorded, Refused, Robot, Unknown, Unreadable, WrongMethod, WrongType
from webhooks.keeping import Keeper
from webhooks.receiving import METHODS, RETRY
from webhooks.registry import TYPES, SourceType

log = structlog.get_logger("webhooks")


@dataclass(frozen=True, slots=True)
class Door:
    """Whom the door knows: who writes things down, decides, knows the team, applies receipts, rings, and counts dropped robots."""

    settings: Settings
    record: Callable[[Sequence[Received], datetime], list[Recorded]]
    decide: Callable[[int, datetime], After | None]
    team: Callable[[], Team]
    receive: Callable[[Sequence[Report], datetime], object]
    ring: Callable[[], None]
    dropped: Callable[[str, str], None] = lambda _source, _sign: None


def blueprint(
    engine: Engine,
    settings: Settings,
    ring: Callable[[], None],
    dropped: Callable[[str, str], None] = lambda _source, _sign: None,
) -> Blueprint:
    """The routes /webhooks and /receipts on a real store, with a spool for when it is away. `dropped(source, sign)` counts robots."""
    keeper = Keeper(engine, settings, ring)
    return routes(
        Door(
            settings,
            record=keeper.record,
            decide=lambda inbox_id, now: advance.decide(engine, inbox_id, now),
            team=LastTeam(engine, settings),
            receive=keeper.receive,
            ring=ring,
            dropped=dropped,
        )
    )


def routes(door: Door) -> Blueprint:
    """The same on whatever the door knows."""
    made, buckets = Blueprint("webhooks", __name__), limits.Buckets()

    def hear_source(source_id: str, step: str = "") -> Response:
        return hear(door, buckets, source_id, step)

    rule = "/webhooks/<source_id>"
    made.add_url_rule(rule, view_func=hear_source, methods=METHODS, provide_automatic_options=False)
    made.add_url_rule(f"{rule}/<step>", view_func=hear_source, methods=METHODS, provide_automatic_options=False)
    receipts.add_routes(made, door.settings, door.receive, door.ring)
    made.register_error_handler(Refused, lambda refused: receiving.response(receiving.refusal(refused)))
    made.register_error_handler(Exception, unforeseen)
    return made


def hear(door: Door, buckets: limits.Buckets, source_id: str, step: str) -> Response:
    """One request to a source, from the raw bytes to the answer."""
    now, team = clock.now(), _team(door)
    source, kind = _known(team, source_id, step)
    delivery = _delivery(door, team, source, step if step in kind.steps else "", now)
    delivery = replace(delivery, path_key="" if step in kind.steps else step)
    try:
        delivery = _with_body(door, kind, delivery)
        answer = _answered(door, buckets, kind, delivery)
    except Refused as refused:
        log.info("webhook_refused", source=source.id, step=delivery.step, status=refused.status, what=refused.what)
        answer = kind.refuse(refused) if kind.refuse else receiving.refusal(refused)
    return receiving.response(answer, kind.cors(delivery) if kind.cors else ())


def _with_body(door: Door, kind: SourceType, delivery: Delivery) -> Delivery:
    """The bytes, before anything else looks at the form. Who may send many of them shows the key first."""
    if delivery.method not in ("POST", "PUT", "PATCH"):
        return delivery
    if kind.largest_body > LARGEST_BATCH:
        kind.verify(delivery, _secrets(door.settings, kind, delivery.source))
    return replace(delivery, body=receiving.raw_body(request, kind.largest_body))


def unforeseen(error: Exception) -> Response:
    """The last net: nobody sees a traceback; the id in the answer is the one in the log."""
    request_id = uuid.uuid4().hex
    log.error("request_failed", request_id=request_id, route=request.endpoint, exc_info=error)
    return receiving.response(as_json(500, {"error": {"what": "Something failed on our side", "request_id": request_id}}))


def _answered(door: Door, buckets: limits.Buckets, kind: SourceType, delivery: Delivery) -> Answer:
    ask = {"GET": kind.handshake or kind.show, "OPTIONS": kind.preflight}.get(delivery.method)
    if ask:
        return ask(delivery)
    _check_method(kind, delivery)
    secrets = _secrets(door.settings, kind, delivery.source)
    if not secrets or kind.is_by_key(delivery):
        _check_limits(buckets, delivery, with_address=not secrets)
    kind.verify(delivery, secrets)
    received = _parsed(door, kind, delivery)
    recorded = _record(door, received, delivery)
    after = _decide(door, recorded, delivery) if delivery.step in kind.decides_now else None
    if recorded:
        door.ring()
    return kind.answer(delivery, recorded, after)


def _known(team: Team, source_id: str, step: str) -> tuple[Source, SourceType]:
    source = team.sources.get(source_id)
    kind = TYPES.get(source.type) if source else None
    if source is None or kind is None:
        raise Unknown("There is no such source", where="the address", mend="Use the id of a source of the team file.")
    if step and step not in kind.steps and not (kind.key_alone or kind.key_instead):
        raise Unknown(
            "This source has no such step", where="the address", mend=f"Steps of {kind.name}: {', '.join(sorted(kind.steps))}."
        )
    return source, kind


def _team(door: Door) -> Team:
    try:
        return door.team()
    except Exception as error:
        log.error("team_not_read", exc_info=error)
        raise NotRecorded(
            "The team file in force cannot be read", where="our database", mend="Send it again.", headers=RETRY
        ) from error


def _delivery(door: Door, team: Team, source: Source, step: str, now: datetime) -> Delivery:
    return Delivery(
        method=request.method,
        url=receiving.public_url(request, door.settings.public_url),
        headers=receiving.headers_of(request),
        body=b"",
        source=source,
        site=team.site,
        settings=door.settings,
        received_at=now,
        step=step,
        query=receiving.query_of(request),
        remote_address=receiving.remote_address(request, door.settings.trusted_proxies),
        team_phones=team.phones,
    )


def _check_method(kind: SourceType, delivery: Delivery) -> None:
    if delivery.method not in kind.verbs:
        allow = (("Allow", ", ".join(kind.methods)),)
        raise WrongMethod("Leads are posted", where="the method", mend="Use POST.", headers=allow)
    if delivery.method != "GET" and delivery.mimetype not in kind.content_types:
        mend = f"Send one of: {', '.join(sorted(kind.content_types))}."
        raise WrongType("This content type is not spoken here", where="the Content-Type header", mend=mend)


def _parsed(door: Door, kind: SourceType, delivery: Delivery) -> list[Received]:
    try:
        return kind.parse(delivery)
    except Robot as robot:
        log.info("robot_dropped", source=delivery.source.id, sign=robot.sign)
        door.dropped(delivery.source.id, robot.sign)
        return []
    except Unreadable as unreadable:
        if not kind.keeps_unreadable:
            raise
        log.warning("webhook_unreadable", source=delivery.source.id, what=unreadable.what)
        return [receiving.kept_unread(delivery, unreadable)]


def _check_limits(buckets: limits.Buckets, delivery: Delivery, *, with_address: bool) -> None:
    """Only for senders nobody vouches for, or a key alone that may have leaked: what is signed is never dropped."""
    source, address = delivery.source, limits.household(delivery.remote_address)
    of_address = ("per_address", f"{source.id} {address}", limits.per_address(source))
    of_source = ("per_minute", source.id, source.per_minute)
    for name, key, most in (of_address, of_source) if with_address else (of_source,):
        wait = buckets.seconds_to_wait(key, most)
        if wait:
            raise receiving.too_many(wait, name, most)


def _secrets(settings: Settings, kind: SourceType, source: Source) -> tuple[str, ...]:
    """The source's own secrets, else the provider's from the settings; one text may hold several, separated by commas."""
    shared = getattr(settings, kind.settings_secrets) if kind.settings_secrets else ()
    given = source.secrets or ((shared,) if isinstance(shared, str) else shared)
    return tuple(part.strip() for each in given for part in each.split(",") if part.strip())


def _record(door: Door, received: Sequence[Received], delivery: Delivery) -> list[Recorded]:
    if not received:
        return []
    try:
        return door.record(received, delivery.received_at)
    except Exception as error:
        log.error("webhook_not_recorded", source=delivery.source.id, step=delivery.step, exc_info=error)
        raise NotRecorded("It could not be written down", where="our database", mend="Send it again.", headers=RETRY) from error


def _decide(door: Door, recorded: Sequence[Recorded], delivery: Delivery) -> After | None:
    """A caller must hear something even when the decision fails; a worker makes it later, the event is on disk."""
    if not recorded or recorded[0].receipt:
        return None
    try:
        return door.decide(recorded[0].inbox_id, delivery.received_at)
    except Exception as error:
        log.error("decision_failed", source=delivery.source.id, step=delivery.step, inbox=recorded[0].inbox_id, exc_info=error)
        return None
