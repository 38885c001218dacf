"""A STOP is a person's, not a number's: it closes every line of theirs, in every spelling, and so does the STOP of whom they are merged with."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from routing import identity
from routing.events import NoteAdded
from store.batch import Batch, run
from store.saving import rows

PHONE_CHANNELS = ("sms", "whatsapp")  # one number, one STOP
OF_PEOPLE = text("""
SELECT kind, value FROM addresses WHERE person_id = :person AND kind NOT LIKE '% of' AND kind <> 'mailbox'
UNION SELECT 'phone', phone FROM people WHERE id = :person AND phone IS NOT NULL
UNION SELECT 'email', email FROM people WHERE id = :person AND email IS NOT NULL
UNION SELECT h.key, h.value FROM people, jsonb_each_text(handles) h WHERE id = :person
""")
OF_SAME_PERSON = text("""
SELECT a.kind, a.value FROM addresses a
WHERE a.person_id IN (SELECT person_id FROM addresses WHERE value IN (:address, :number) AND kind IN ('phone', 'email', 'whatsapp'))
  AND a.kind IN ('phone', 'email', 'whatsapp')
""")
OPEN_AGAIN = text("DELETE FROM suppressions WHERE channel = 'email' AND address = :address AND reason = 'group_unsubscribe'")
STOPPED = text("SELECT DISTINCT channel FROM suppressions WHERE address = ANY(:addresses)")
# words of their own replace what only came by a merge: a split must not take those back
SUPPRESS = text("""
INSERT INTO suppressions (channel, address, reason, since)
SELECT DISTINCT channel, address, :reason, CAST(:now AS timestamptz)
FROM jsonb_to_recordset(CAST(:ways AS jsonb)) AS w(channel text, address text) ORDER BY channel, address ON CONFLICT (channel, address) DO UPDATE SET reason = excluded.reason
  WHERE suppressions.reason LIKE 'merge %' AND excluded.reason NOT LIKE 'merge %'
""")
STOPPED_MAIL = text(
    "SELECT address FROM suppressions WHERE channel = 'email' AND address = ANY(:addresses) AND reason NOT LIKE 'merge %'"
)
RESUME = text("""
DELETE FROM suppressions s USING jsonb_to_recordset(CAST(:ways AS jsonb)) AS w(channel text, address text)
WHERE s.channel = w.channel AND s.address = w.address
""")

MAILS = text("""
SELECT DISTINCT address FROM (
  SELECT a.value AS address, a.person_id FROM addresses a WHERE a.kind = 'email' UNION SELECT p.email, p.id FROM people p WHERE p.email IS NOT NULL
) AS m WHERE m.person_id = (SELECT person_id FROM leads WHERE id = :lead)
""")
Way = dict[str, object]


def stop(db: Connection, ways: Iterable[Way], reason: str, now: datetime) -> bool:
    """Nothing goes out by these (channel, address) any more. Known ones stay as they are; False when all were known."""
    return db.execute(SUPPRESS, {"ways": rows(ways), "now": now, "reason": reason[:200]}).rowcount > 0


def resume(db: Connection, ways: Iterable[Way]) -> None:
    """They wrote START."""
    db.execute(RESUME, {"ways": rows(ways)})


def stop_everywhere(db: Connection, channel: str, address: str, reason: str, now: datetime) -> bool:
    """A provider says that the person behind an address wants no more: all their phones, or all their mails, are closed."""
    number = f"+{address}" if channel == "whatsapp" and address.isdigit() else address  # WhatsApp's ids have no plus
    theirs = db.execute(OF_SAME_PERSON, {"address": address, "number": number}).all()
    if channel in PHONE_CHANNELS:
        ways = by_phone([number, *(row.value for row in theirs if row.value.startswith("+"))])
    else:
        ways = [{"channel": channel, "address": row.value} for row in theirs if row.kind == channel]
    return stop(db, [*ways, {"channel": channel, "address": address}], reason, now)


def heed_mail(db: Connection, wishes: Iterable[tuple[str, str, bool]], now: datetime) -> None:
    """(address, reason, is it a stop): what a mail provider was told by people itself. Only what it had stopped is opened by it."""
    for address, reason, is_stop in wishes:
        if is_stop:
            stop_everywhere(db, "email", address, reason, now)
        else:
            db.execute(OPEN_AGAIN, {"address": address})


def by_phone(numbers: Iterable[str], channels: Sequence[str] = PHONE_CHANNELS) -> list[Way]:
    """All ways to these lines, in all spellings."""
    every = dict.fromkeys(spelling for number in numbers for spelling in identity.spellings(number))
    return [{"channel": channel, "address": number} for number in every for channel in channels]


def lines_of(db: Connection, person: int) -> list[str]:
    """The phone numbers of a person."""
    return [row.value for row in db.execute(OF_PEOPLE, {"person": person}) if row.kind == "phone" or row.value.startswith("+")]


def stop_for_both(db: Connection, person: int, reason: str, now: datetime) -> None:
    """What any of the person's addresses has stopped, all of the same kind have."""
    theirs = db.execute(OF_PEOPLE, {"person": person}).all()
    stopped = set(db.execute(STOPPED, {"addresses": [row.value for row in theirs]}).scalars())
    ways = [way for row in theirs for way in closed(row.kind, row.value, stopped)]
    if ways:
        stop(db, ways, reason, now)


def closed(kind: str, value: str, stopped: set[str]) -> list[Way]:
    """The ways to one address that are closed when these channels are."""
    wanted: list[str] = [kind]
    if kind == "phone" or value.startswith("+"):
        wanted = ["sms", "whatsapp", "call"]
        stopped = stopped | set(PHONE_CHANNELS) if stopped & set(PHONE_CHANNELS) else stopped
    channels = [channel for channel in (*wanted, "all") if channel in stopped]
    spelt = identity.spellings(value) if value.startswith("+") else (value,)
    return [{"channel": channel, "address": each} for channel in channels for each in spelt]


def unsubscribe(engine: Engine, lead_id: int, now: datetime) -> None:
    """No more mail to the person of this lead; on its timeline. Twice is once. Raises LookupError for a lead that does not exist."""

    def work(batch: Batch) -> None:
        batch.load([lead_id])
        mails = set(batch.db.execute(MAILS, {"lead": lead_id}).scalars())
        if mails <= set(batch.db.execute(STOPPED_MAIL, {"addresses": sorted(mails)}).scalars()):
            return
        stop(batch.db, [{"channel": "email", "address": address} for address in sorted(mails)], "unsubscribed", now)
        batch.happen(lead_id, NoteAdded("the lead", "no more e-mail (unsubscribed)"))

    run(engine, work, now)
