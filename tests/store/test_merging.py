"""Two people are made one and taken apart again: nothing is lost, nobody is acknowledged twice, a STOP holds for both."""

import random

import pytest

from routing.codes import number_of
from routing.events import HumanResponded, OfferAccepted
from store import merging, splitting
from store.inbox import Received
from tests.firm import Firm, at_once, team

TEAM = team({"priya": "cap: 20", "tom": "cap: 20"}, {"sales": "members: [priya, tom]"})
HOME, OFFICE = "+15125550143", "+15125550144"
BRAZIL_OLD, BRAZIL_NEW = "+551188887777", "+5511988887777"


@pytest.fixture
def firm(database):
    made = Firm(database, TEAM)
    yield made
    made.is_sound()
    made.engine.dispose()


def person_of(firm: Firm, code: str) -> int:
    return firm.lead(code).person_id


def person(firm: Firm, number: int):
    return firm.rows("SELECT * FROM people WHERE id = :id", id=number)[0]


def merge(firm: Firm, one: str, other: str) -> merging.Merged:
    return merging.merge(firm.engine, person_of(firm, one), person_of(firm, other), by="Kim", now=firm.now)


def split(firm: Firm, code: str) -> splitting.Split:
    return splitting.split(firm.engine, number_of(code) or 0, by="Kim", now=firm.now)


def says(firm: Firm, words: str, *, phone: str = HOME, channel: str = "sms") -> None:
    content = {"kind": "message", "channel": channel, "phone": phone, "message": words}
    firm.record(Received("texts", f"SM{firm.count('inbox')}", "message", content, words.encode(), {}, firm.now))
    firm.drain()


def acks(firm: Firm) -> list[str]:
    return [row.state for row in firm.rows("SELECT state FROM outbox WHERE purpose = 'ack' ORDER BY id")]


# --- who is taken for whom ----------------------------------------------------------------------------------------


def test_a_shared_number_with_another_name_is_a_suggestion_and_no_merge(firm):
    (maria,) = firm.arrive(name="Maria Cole", phone=HOME)
    (john,) = firm.arrive(name="John Cole", phone=HOME)
    assert person_of(firm, maria) != person_of(firm, john)
    [found] = merging.suggestions(firm.engine, person_of(firm, john))
    assert (found["name"], found["why"], found["code"]) == ("Maria Cole", "the same number, another name", maria)
    (again,) = firm.arrive(name="john cole", phone=HOME, key="later", message="and the gutter")
    assert firm.count("leads") == 2, "within the window it is a word on his own lead"
    assert firm.count("likenesses") == 1


def test_words_from_a_shared_number_go_to_whoever_talks_with_us(firm):
    (maria,) = firm.arrive(name="Maria Cole", phone=HOME)
    firm.after(minutes=1)
    (john,) = firm.arrive(name="John Cole", phone=HOME)
    says(firm, "hello?")
    assert "the lead wrote by sms" in firm.why(john)
    assert firm.count("leads") == 2


def test_twenty_parallel_webhooks_about_one_new_person_make_one_person(firm):
    names = ("Dana Cole", "dana cole", "DANA COLE", "Dana", "D. Cole")
    for n in range(20):
        firm.record(firm.a_form(phone=HOME, email="Dana@example.com" if n % 2 else None, name=names[n % 5], key=f"f{n}"))
    at_once(*[firm.drain for _ in range(8)])
    assert firm.count("people") == 1
    assert firm.count("leads") == 1
    assert len(acks(firm)) == 1


def test_twenty_parallel_webhooks_of_two_people_at_one_number_make_two(firm):
    for n in range(20):
        firm.record(firm.a_form(phone=HOME, name=("Maria Cole", "John Cole")[n % 2], key=f"f{n}"))
    at_once(*[firm.drain for _ in range(8)])
    assert sorted(row.name for row in firm.rows("SELECT name FROM people")) == ["John Cole", "Maria Cole"]
    assert firm.count("leads") == 2
    assert firm.count("likenesses") == 1


def test_the_ninth_digit_makes_no_second_person_and_no_second_stop(firm):
    (code,) = firm.arrive(name="Ana Souza", phone=BRAZIL_NEW)
    says(firm, "oi", phone=BRAZIL_OLD, channel="whatsapp")
    assert firm.count("people") == firm.count("leads") == 1
    says(firm, "STOP", phone=BRAZIL_OLD, channel="whatsapp")
    closed = {(row.channel, row.address) for row in firm.rows("SELECT channel, address FROM suppressions")}
    assert closed == {(channel, number) for channel in ("sms", "whatsapp") for number in (BRAZIL_OLD, BRAZIL_NEW)}
    says(firm, "START", phone=BRAZIL_NEW)
    assert firm.count("suppressions") == 0


def test_a_plus_tag_with_the_same_name_is_the_same_person_and_with_another_a_suggestion(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=None, email="dana+ads@example.com")
    firm.after(minutes=30)
    (second,) = firm.arrive(name="Dana Cole", phone=None, email="dana@example.com")
    (other,) = firm.arrive(name="Tom Lee", phone=None, email="dana+tom@example.com")
    assert person_of(firm, first) == person_of(firm, second) != person_of(firm, other)
    assert [row["why"] for row in merging.suggestions(firm.engine, person_of(firm, other))] == [
        "the same mailbox but for the plus-tag"
    ]


def test_a_name_that_a_platform_shows_neither_parts_people_nor_replaces_a_given_one(firm):
    (code,) = firm.arrive(name="Dana Cole", phone=HOME)
    content = {"kind": "message", "channel": "whatsapp", "phone": HOME, "message": "hi", "name": "Mom of 3"}
    firm.record(Received("texts", "wa1", "message", content, b"", {}, firm.now))
    firm.drain()
    assert firm.count("people") == firm.count("leads") == 1
    assert person(firm, person_of(firm, code)).name == "Dana Cole"


# --- by hand ------------------------------------------------------------------------------------------------------


def test_a_merge_makes_one_person_with_one_open_lead_and_one_acknowledgement(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME, message="a roof")
    firm.after(minutes=1)
    (second,) = firm.arrive(name="Dana Cole", phone=OFFICE, message="and a gutter")
    firm.happen(second, OfferAccepted("tom", "sms"))
    done = merge(firm, first, second)
    assert done.folded == (number_of(second),)
    assert firm.lead(first).person_id == firm.lead(second).person_id == done.kept
    assert (firm.lead(first).status, firm.lead(first).owner) == ("accepted", "tom"), "who accepted goes on with both"
    assert (firm.lead(second).status, firm.lead(second).state["outcome"]) == ("closed", "merged")
    assert firm.lead(first).response_due_at < firm.lead(second).response_due_at, "the clock of the first inquiry"
    assert sorted(acks(firm)) == ["pending", "suppressed"]
    assert "Kim says that it is the same person" in firm.why(second)
    assert f"{second} is the same person: it goes on here, with" in firm.why(first)
    assert firm.rows("SELECT 1 FROM outbox WHERE template = 'lead_said' AND fields ->> 'text' = 'and a gutter'")


def test_an_acknowledgement_that_went_out_is_not_followed_by_another(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME)
    (second,) = firm.arrive(name="Dana Cole", phone=OFFICE)
    firm.do("UPDATE outbox SET state = 'sent' WHERE purpose = 'ack' AND lead_id = :lead", lead=number_of(second))
    merge(firm, first, second)
    assert acks(firm) == ["suppressed", "sent"]


def test_who_was_answered_stays_answered_and_the_clock_stops(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME)
    (second,) = firm.arrive(name="Dana Cole", phone=OFFICE)
    firm.happen(first, OfferAccepted("priya", "sms"))
    firm.happen(second, HumanResponded("tom", "call", reported=True))
    merge(firm, first, second)
    assert (firm.lead(first).status, firm.lead(first).owner) == ("responded", "tom")
    assert firm.rows("SELECT 1 FROM outbox WHERE recipient = 'rep:priya' AND template = 'withdrawn'")


def test_a_stop_of_either_holds_for_both_and_a_split_takes_back_only_what_the_merge_spread(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME)
    (second,) = firm.arrive(name="Dana Cole", phone=OFFICE)
    says(firm, "STOP", phone=HOME)
    merge(firm, first, second)
    assert {row.address for row in firm.rows("SELECT address FROM suppressions")} == {HOME, OFFICE}
    split(firm, second)
    assert {row.address for row in firm.rows("SELECT address FROM suppressions")} == {HOME}
    merge(firm, first, second)
    says(firm, "STOP", phone=OFFICE)
    split(firm, second)
    assert {row.address for row in firm.rows("SELECT address FROM suppressions")} == {HOME, OFFICE}, "that one is their own"


def test_a_split_gives_back_what_was_merged_and_the_lead_goes_on(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME, email="dana@example.com")
    (second,) = firm.arrive(name="Rob Diaz", phone=OFFICE)
    before = {firm.lead(code).person_id: person(firm, firm.lead(code).person_id)._mapping for code in (first, second)}
    addresses = set(firm.rows("SELECT kind, value, person_id FROM addresses"))
    merge(firm, first, second)
    firm.after(minutes=1)
    says(firm, "it is Rob", phone=OFFICE)
    assert firm.count("leads") == 2
    undone = split(firm, second)
    assert undone.leads == (number_of(second),)
    assert set(firm.rows("SELECT kind, value, person_id FROM addresses")) == addresses
    for number, was in before.items():
        now = person(firm, number)._mapping
        assert {name: now[name] for name in ("name", "phone", "email", "handles", "merged_into")} == {
            name: was[name] for name in ("name", "phone", "email", "handles", "merged_into")
        }
    assert firm.lead(second).status == "offered"
    assert firm.lead(second).closed_at is None
    assert "goes on by itself" in firm.why(second)
    assert len([state for state in acks(firm) if state == "pending"]) == 1, "never two acknowledgements"
    assert merging.suggestions(firm.engine, firm.lead(first).person_id) == []


def test_a_lead_that_was_taken_for_a_known_persons_gets_a_person_of_its_own(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME)
    firm.after(minutes=30)
    (second,) = firm.arrive(name="Dana", phone=HOME, email="other.dana@example.com")
    apart = split(firm, second)
    assert firm.lead(first).person_id != firm.lead(second).person_id == apart.person
    assert person(firm, firm.lead(first).person_id).email is None
    firm.after(minutes=30)
    (third,) = firm.arrive(name="Dana", phone=None, email="other.dana@example.com")
    assert firm.lead(third).person_id == apart.person


def test_what_cannot_be_merged_or_split_says_why(firm):
    (code,) = firm.arrive(name="Dana Cole", phone=HOME)
    with pytest.raises(merging.CannotMerge, match="one person already"):
        merge(firm, code, code)
    with pytest.raises(splitting.CannotSplit, match="no other lead"):
        split(firm, code)
    with pytest.raises(LookupError):
        split(firm, "Z9")


def test_a_suggestion_that_was_turned_down_is_not_made_again(firm):
    (maria,) = firm.arrive(name="Maria Cole", phone=HOME)
    (john,) = firm.arrive(name="John Cole", phone=HOME)
    merging.dismiss(firm.engine, person_of(firm, maria), person_of(firm, john), by="Kim", now=firm.now)
    firm.arrive(name="John Cole", phone=HOME, key="again")
    assert merging.suggestions(firm.engine, person_of(firm, john)) == []


def test_words_that_meet_a_merge_reach_the_person_who_is_kept(firm):
    (first,) = firm.arrive(name="Dana Cole", phone=HOME)
    (second,) = firm.arrive(name="Dana Cole", phone=OFFICE)
    content = {"kind": "message", "channel": "sms", "phone": OFFICE, "message": "hello"}
    firm.record(Received("texts", "late", "message", content, b"", {}, firm.now))
    at_once(firm.drain, lambda: merge(firm, first, second))
    firm.drain()
    assert firm.count("leads") == 2
    assert firm.rows("SELECT count(*) FROM leads WHERE closed_at IS NULL")[0][0] == 1


# --- one person on many channels at once ----------------------------------------------------------------------------


def everything_dana_does(firm: Firm) -> list[Received]:
    """Twenty deliveries of one new person, on six channels, in the order in which the network brings them."""
    found = []
    for n in range(20):
        kind = ("form", "sms", "email", "whatsapp", "call", "form")[n % 6]
        said: dict[str, object] = {"kind": "message", "channel": kind, "message": f"word {n}"}
        if kind == "form":
            said |= {"kind": "form", "name": ("Dana Cole", "dana cole")[n % 2], "phone": HOME, "email": "dana@example.com"}
        elif kind == "email":
            said |= {"email": "dana@example.com", "name": "Dana Cole"}
        else:
            said |= {"phone": HOME, **({"handles": {"whatsapp": HOME[1:]}} if kind == "whatsapp" else {})}
        event = {"form": "form", "call": "missed_call"}.get(kind, "message")
        said |= {"kind": "call", "reason": "no answer"} if kind == "call" else {}
        source = "website" if kind in ("form", "email") else "texts"
        found.append(Received(source, f"all:{n}", event, said, str(n).encode(), {}, firm.now))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_twenty_parallel_webhooks_over_several_channels_make_one_person(firm, seed):
    said = everything_dana_does(firm)
    random.Random(seed).shuffle(said)
    firm.record(*said)
    at_once(*[firm.drain for _ in range(8)])
    there = "SELECT id FROM people WHERE merged_into IS NULL"
    assert len(firm.rows(there)) == 1
    assert len(firm.rows("SELECT id FROM leads WHERE closed_at IS NULL")) == 1
    assert {row.person_id for row in firm.rows("SELECT person_id FROM leads")} == {firm.rows(there)[0].id}
    firm.is_sound()


def mails(firm):
    """Dana writes an e-mail, and nothing else is known of her."""
    said = {"kind": "message", "channel": "email", "email": "dana@example.com", "message": "hi"}
    firm.record(Received("website", "m1", "message", said, b"", {}, firm.now))
    firm.drain()


def test_a_mail_and_a_text_become_one_by_the_form_that_has_both(firm):
    mails(firm)
    says(firm, "hello")
    assert firm.count("people") == 2
    (code,) = firm.arrive(name="Dana Cole", phone=HOME, email="dana@example.com")
    assert len(firm.rows("SELECT id FROM leads WHERE closed_at IS NULL")) == 1
    assert "Headroom says that" in firm.why(firm.rows("SELECT code FROM leads ORDER BY id")[0].code)
    assert code


def test_whom_we_have_known_for_longer_is_only_suggested(firm):
    mails(firm)
    firm.after(days=3)
    says(firm, "hello")
    firm.arrive(name="Dana Cole", phone=HOME, email="dana@example.com")
    assert len(firm.rows("SELECT id FROM people WHERE merged_into IS NULL")) == 2
    assert firm.count("likenesses") == 1


def test_a_familys_mailbox_makes_nobody_one_with_anybody(firm):
    firm.arrive(name="Maria Cole", phone=None, email="coles@example.com")
    firm.arrive(name="John Cole", phone=HOME, email=None)
    firm.arrive(name="John Cole", phone=HOME, email="coles@example.com", key="both")
    assert len(firm.rows("SELECT id FROM people WHERE merged_into IS NULL")) == 2
