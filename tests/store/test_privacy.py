"""Whoever asks to be forgotten is forgotten everywhere, is never written to again, and others lose nothing by it."""

import json

import pytest
from sqlalchemy import text

from routing.codes import number_of
from routing.events import HumanResponded, NoteAdded, OfferAccepted
from store import advance, merging, outbox, privacy
from store.inbox import Received
from store.outbox import Lane
from store.sealing import Seal
from store.tables import metadata
from tests.firm import SETTINGS, Firm, at_once, team
from workers.send import Sender

TEAM = team({"priya": "cap: 20", "tom": "cap: 20"}, {"sales": "members: [priya, tom]"})
PHONE, EMAIL = "+15125550143", "dana.cole@zenith.example"
SAID = {
    "name": "Dana Cole", "first_name": "Dana", "phone": PHONE, "email": EMAIL, "company": "Zenith Dental", "message": "A zebra in my kitchen",
    "extra": {"address": "12 Elm Street"}, "click_ids": {"gclid": "Cj0zebra"},
}  # fmt: skip
TRACES = ("dana", "5125550143", "zenith", "zebra", "elm street", "cj0")
EVERYWHERE = {"inbox", "people", "addresses", "leads", "steps", "outbox", "suppressions", "receipts"}


@pytest.fixture
def firm(database):
    made = Firm(database, TEAM)
    yield made
    made.engine.dispose()


def everything(firm: Firm) -> dict[str, str]:
    """Every table as text, bytes decoded, in lower case."""
    found = {}
    for name, table in metadata.tables.items():
        columns = ", ".join(
            f"encode({c.name}, 'escape')" if str(c.type) in ("BLOB", "BYTEA") else f"CAST({c.name} AS text)"
            for c in table.columns
        )
        found[name] = str(firm.rows(f"SELECT {columns} FROM {name} AS t")).lower()
    return found


def traces(firm: Firm) -> dict[str, set[str]]:
    """Which words of the person stand in which table."""
    return {name: found for name, words in everything(firm).items() if (found := {trace for trace in TRACES if trace in words})}


def say(firm: Firm, words: str, *, event: str = "message", sender: str = PHONE) -> None:
    content = {"kind": "message", "channel": "sms", "phone": sender, "message": words}
    firm.record(
        Received(
            "texts",
            f"SM{firm.count('inbox')}",
            event,
            content,
            f"From={sender}&Body={words}".encode(),
            {"x-from": sender},
            firm.now,
        )
    )
    firm.drain()


def sent(firm: Firm) -> None:
    """All that is due is written and sent, to the letter box."""
    sender = Sender(firm.engine, SETTINGS)
    sender.step(firm.now)
    sender.finish(firm.now)
    sender.close()


@pytest.fixture
def dana(firm) -> str:
    """A lead with all that can happen: texts, notes, an answer, reports, lists, a STOP. Its code."""
    [recorded] = firm.record(
        Received(
            "website",
            "f1",
            "form",
            {"kind": "form", "channel": "form", **SAID},
            json.dumps(SAID).encode(),
            {"referer": "https://x.example/?email=" + EMAIL},
            firm.now,
        )
    )
    firm.drain()
    code = recorded.lead or ""
    sent(firm)
    owner = firm.lead(code).state["offered_to"][0]
    firm.happen(code, OfferAccepted(owner, "sms"))
    firm.after(minutes=1)
    firm.happen(code, NoteAdded("Priya", "Dana wants it gone by Friday"))
    say(firm, "It is a big zebra")
    say(firm, "L", sender=firm_phone(firm, owner))
    assert "Dana" in firm.rows("SELECT body, fields FROM outbox WHERE lead_id IS NULL")[0].fields["text"], (
        "the list of open leads"
    )
    firm.happen(code, HumanResponded(owner, "text", text="Hello Dana, we take zebras"))
    sent(firm)
    firm.do(
        "INSERT INTO receipts (provider, key, message_id, status, body, received_at)"
        " SELECT 'twilio', 'r1', id, 'delivered', jsonb_build_object('To', CAST(:phone AS text)), :now FROM outbox WHERE recipient = 'lead' LIMIT 1",
        phone=PHONE, now=firm.now,
    )  # fmt: skip
    say(firm, "STOP")
    firm.after(minutes=1)
    return code


def firm_phone(firm: Firm, rep: str) -> str:
    return {"priya": "+15125552000", "tom": "+15125552001"}[rep]


def erase(firm: Firm, **asked: str) -> privacy.Erased | None:
    return privacy.erase(firm.engine, asked, firm.now)


@pytest.mark.parametrize("asked", [{"phone": PHONE}, {"email": EMAIL}, {"code": "the lead's"}], ids=str)
def test_after_an_erasure_no_table_holds_a_word_of_the_person(firm, dana, asked):
    assert traces(firm).keys() >= EVERYWHERE
    done = erase(firm, **({"code": dana} if "code" in asked else asked))
    assert done and done.leads == (number_of(dana),) and done.deliveries >= 3 and done.messages >= 3 and done.addresses == 2
    assert traces(firm) == {} and {row.digest for row in firm.rows("SELECT digest FROM inbox WHERE body = ''")} == {""}
    firm.is_sound()


def test_what_stays_is_that_a_lead_came_and_how_long_it_took(firm, dana):
    before = firm.lead(dana)
    steps = firm.count("steps", lead_id=before.id)
    erase(firm, code=dana)
    after = firm.lead(dana)
    for name in ("code", "source", "pool", "rule", "owner", "arrived_at", "accepted_at", "responded_at", "response_due_at"):
        assert getattr(after, name) == getattr(before, name)
    assert firm.count("steps", lead_id=before.id) == steps + 1
    assert "accepted by sms" in firm.why(dana) and privacy.FORGOTTEN in firm.why(dana) and "closed: erased" in firm.why(dana)


def test_only_seals_of_the_addresses_are_kept(firm, dana):
    erase(firm, phone=PHONE)
    kept = firm.rows("SELECT channel, address, reason FROM suppressions")
    assert len(kept) == 2 and {(row.channel, row.reason) for row in kept} == {("all", "erased")}
    assert all(row.address.startswith("sealed:") and len(row.address) == len("sealed:") + 64 for row in kept)


def test_the_room_of_the_rep_is_free_again_and_alarms_are_silent(firm, dana):
    owner = firm.lead(dana).owner
    assert firm.rep(owner).open == 1
    erase(firm, code=dana)
    assert firm.rep(owner).open == 0 and firm.lead(dana).status == "closed"
    assert firm.count("alarms", lead_id=number_of(dana), armed=True) == 0
    advance.ring_alarms(firm.engine, firm.after(days=2))
    assert "closed: erased" in firm.why(dana).splitlines()[-1]


def test_an_open_offer_is_taken_back(firm):
    [code] = firm.arrive(**SAID)
    [rep] = firm.lead(code).holders
    erase(firm, email=EMAIL)
    assert firm.lead(code).status == "closed" and firm.held_by(rep) == [] and firm.rep(rep).unanswered == 0
    firm.is_sound()


def test_whoever_was_erased_and_comes_back_is_heard_but_never_written_to(firm, dana):
    erase(firm, phone=PHONE)
    firm.after(days=1)
    [code] = firm.arrive(phone=PHONE, name="Dana Cole", email=EMAIL, message="Hello again")
    assert firm.lead(code).status == "offered", "a rep may still call them"
    assert firm.count("outbox", recipient="lead", lead_id=number_of(code)) == 0
    firm.do(
        "INSERT INTO outbox (lead_id, key, recipient, channel, address, purpose, template, not_before, created_at)"
        " VALUES (:lead, 'late', 'lead', 'email', :email, 'ack', 'ack', :now, :now)",
        lead=number_of(code), email=EMAIL, now=firm.now,
    )  # fmt: skip
    sent(firm)
    assert firm.rows("SELECT state FROM outbox WHERE key = 'late'")[0].state == "suppressed"


def test_another_key_cannot_tell_who_was_erased(firm, dana):
    erase(firm, phone=PHONE)
    from_here = {row.address for row in firm.rows("SELECT address FROM suppressions")}
    assert Seal(SETTINGS.secret_keys)(PHONE) in from_here and Seal(SETTINGS.secret_keys)(EMAIL.upper()) in from_here
    assert Seal(("another key of another house",))(PHONE) not in from_here


def test_strangers_and_namesakes_lose_nothing(firm, dana):
    other = firm.arrive(phone="+17135550001", name="Dana Cole", email="other@elsewhere.example", message="I have a giraffe")[0]
    sent(firm)
    words = everything(firm)
    before = {name: words[name].count("giraffe") for name in words}
    erase(firm, phone=PHONE)
    after = everything(firm)
    assert {name: after[name].count("giraffe") for name in after} == before and before["outbox"] and before["inbox"]
    assert firm.rows("SELECT name FROM people WHERE phone = '+17135550001'")[0].name == "Dana Cole"
    assert firm.lead(other).status == "offered"


def test_the_same_delivery_sent_again_is_had_already_and_brings_nothing_back(firm, dana):
    erase(firm, code=dana)
    again = Received("website", "f1", "form", {"kind": "form", **SAID}, json.dumps(SAID).encode(), {}, firm.now)
    [recorded] = firm.record(again)
    assert recorded.duplicate and not recorded.conflict and recorded.lead == dana
    firm.drain()
    assert traces(firm) == {}


def test_a_message_in_somebodys_hands_is_not_written_back(firm):
    firm.arrive(**SAID)
    taken = outbox.claim(firm.engine, firm.now, [Lane(("sms", "email"), 10)])
    assert taken
    erase(firm, phone=PHONE)
    begun = [outbox.Begun(message.id, message.fence, "twilio", None, "Hello Dana") for message in taken]
    assert outbox.turn(firm.engine, firm.now, begun=begun) == set()
    assert traces(firm) == {} and {row.state for row in firm.rows("SELECT state FROM outbox")} == {"suppressed"}


def test_what_waits_to_be_decided_is_forgotten_too(firm, dana):
    firm.record(firm.a_form(**SAID, key="waits"))
    erase(firm, phone=PHONE)
    firm.drain()
    assert traces(firm) == {}


def test_an_erasure_amid_deliveries_leaves_nothing_of_before(firm, dana):
    for n in range(6):
        firm.record(firm.a_form(**SAID, key=f"more {n}"))
    done: list[object] = []
    at_once(firm.drain, lambda: done.append(erase(firm, phone=PHONE)), firm.drain)
    assert done[0] is not None
    erase(firm, phone=PHONE)  # what came after the first time
    assert traces(firm) == {}
    firm.is_sound()


def test_nobody_is_nobody_and_twice_is_once(firm, dana):
    assert (
        erase(firm, phone="+19995550000") is None
        and erase(firm, email="x@y.example") is None
        and erase(firm, code="zz99") is None
    )
    assert erase(firm, phone=PHONE) and erase(firm, phone=PHONE) is None
    again = erase(firm, code=dana)
    assert again and again.addresses == 0 and firm.count("suppressions") == 2


def test_the_export_holds_everything_about_one_person_and_nobody_else(firm, dana):
    firm.arrive(phone="+17135550001", name="Eve", message="I have a giraffe")
    found = privacy.export_person(firm.engine, {"email": EMAIL})
    assert found is not None
    words = json.dumps(found, default=str).lower()
    for trace in TRACES:
        assert trace in words
    assert "giraffe" not in words and "eve" not in {person["name"] for person in found["people"]}
    assert [lead["code"] for lead in found["leads"]] == [dana]
    assert {each["event"] for each in found["received"]} >= {"form", "message"}
    assert {"lead"} < {message["recipient"].partition(":")[0] for message in found["messages"]}
    assert {o["channel"] for o in found["opt_outs"]} == {"sms", "whatsapp"}


def test_the_export_gives_away_neither_links_that_act_nor_the_teams_addresses(firm, dana):
    found = privacy.export_person(firm.engine, {"phone": PHONE})
    assert found is not None
    said = json.dumps(found["messages"], default=str)
    assert "/offers/..." in said and "+15125552000" not in said and "+15125552001" not in said
    assert privacy.export_person(firm.engine, {"phone": "+19995550000"}) is None


def test_bytes_that_are_no_text_come_out_as_base64(firm, dana):
    with firm.engine.begin() as db:
        db.execute(text("UPDATE inbox SET body = :body WHERE event = 'form'"), {"body": b"\xff\x00"})
    found = privacy.export_person(firm.engine, {"phone": PHONE})
    assert found and found["received"][0]["body"] == "base64:/wA="


def test_a_percent_sign_in_an_address_finds_no_more_than_itself(firm, dana):
    firm.arrive(phone="+17135550002", email="%@zenith.example", name="Percy", message="x")
    erase(firm, phone="+17135550002")
    assert traces(firm).keys() >= EVERYWHERE


def test_whoever_was_merged_into_somebody_is_forgotten_with_them(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=PHONE)
    (second,) = firm.arrive(name="Dana Cole-Zenith", phone="+15125550199", email=EMAIL)
    ids = [firm.lead(code).person_id for code in (first, second)]
    merging.merge(firm.engine, *ids, by="Kim", now=firm.now)
    told = privacy.export_person(firm.engine, {"code": first})
    assert told is not None
    assert [row["by"] for row in told["merges"]] == ["Kim"]
    erased = erase(firm, phone=PHONE)
    assert erased is not None
    assert erased.people == 2
    assert traces(firm) == {}
    assert firm.count("merges") == firm.count("likenesses") == 0


def test_who_was_erased_under_the_key_before_is_still_known_while_it_is_named(firm, dana):
    erase(firm, phone=PHONE)
    kept = {row.address for row in firm.rows("SELECT address FROM suppressions")}
    after = Seal(("the key from today on", SETTINGS.secret_key))
    assert kept & set(after.every(PHONE)) and after(PHONE) not in kept
    assert not kept & set(Seal(("the key from today on",)).every(PHONE))
