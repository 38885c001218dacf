"""Texts that a carrier did not deliver: one more try for a phone that was out of reach, and a word when our sender is filtered."""

from collections.abc import Collection
from datetime import datetime

import structlog

from routing.sending import FILTERED_MANY, FILTERED_WITHIN, Fault, once_more
from store import notices, outbox, undelivered
from store.engine import Engine
from store.outbox import Claimed
from store.receipts import Waiting

log = structlog.get_logger(__name__)

STATUS = "try_again"  # a report of our own, due when the text may be tried again
SECOND = ":again"


def after_report(engine: Engine, message: Claimed, report: Waiting, *, meaning: Fault, now: datetime) -> None:
    """What a carrier's report asks for beside another channel."""
    wait = once_more(meaning, message.purpose, is_second=message.key.endswith(SECOND))
    if wait is not None:
        undelivered.look_again(engine, message.id, status=STATUS, at=now + wait)
    if meaning is Fault.FILTERED:
        _tell_if_many(engine, report, now)


def try_again(engine: Engine, message: Claimed, now: datetime, *, lost: Collection[str]) -> None:
    """The same once more, unless it has become untrue or reached them another way. Asked twice, it is still one more text."""
    stem = message.key.removesuffix(message.channel)
    if not undelivered.is_still_wanted(engine, message.id, now, stem=stem, lost=lost):
        return
    row = {
        "lead_id": message.lead_id, "key": f"{message.key}{SECOND}", "recipient": message.recipient, "channel": message.channel,
        "address": message.address, "purpose": message.purpose, "template": message.template, "words": message.words,
        "fields": message.fields, "expires_at": message.expires_at,
    }  # fmt: skip
    if outbox.write(engine, now, row):
        log.info("text_tried_again", message=message.id, lead=message.lead_id)


def _tell_if_many(engine: Engine, report: Waiting, now: datetime) -> None:
    filtered = undelivered.with_code(engine, report.provider, report.code or "", since=now - FILTERED_WITHIN)
    if filtered < FILTERED_MANY:
        return
    words = (
        f"Carriers filter our sender: {filtered} texts in an hour were not delivered (error {report.code}). The e-mails went out where "
        f"there is an address. Change the words of the texts, and check the sender's registration and its links with {report.provider}."
    )
    if notices.raise_notice(engine, f"filtered:{report.provider}", words, now):
        log.error("sender_filtered", provider=report.provider, code=report.code, texts=filtered)
