"""Who wrote: one person per address, however they come and however many deliveries meet."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from routing.events import OfferAccepted
from store import advance, identifying, people
from store.people import Who
from store.saving import Crowded
from store.together import Together
from tests.firm import Firm, at_once, team

ONE = team({"priya": "cap: 100"}, {"sales": "members: [priya]"})
DANA = "+15125550143"


@pytest.fixture
def firm(database):
    made = Firm(database, ONE)
    yield made
    made.engine.dispose()


def who(**said: object) -> Who:
    """What a delivery says, and nothing else."""
    return Who(
        **{"name": None, "phone": None, "email": None, "handles": {}, "locale": None, "zone": None, "wrote_at": None, **said}
    )


def resolve(firm: Firm, *found: Who):
    """Resolved and kept, in one transaction."""
    with firm.engine.begin() as db:
        return met(db, found, firm.now)


def met(db, found, now):
    """Who they are, written down."""
    meeting, asks = people.meet(db, found), Together(db)
    meeting.ask(asks, now)
    asks.send()
    meeting.settle(db, now)
    people.learn(asks, {person.id: people.words_of(person) for person in meeting.known})
    asks.send()
    return meeting.persons


def test_twenty_parallel_deliveries_about_one_new_person_make_one_person(firm):
    for n in range(20):
        firm.record(firm.a_form(phone=DANA, message=f"message {n}"))
    at_once(*[firm.drain for _ in range(8)])
    assert firm.count("people") == firm.count("addresses") == 1
    assert {row.error for row in firm.rows("SELECT error FROM inbox WHERE done_at IS NOT NULL")} == {None}
    assert {row.person_id for row in firm.rows("SELECT DISTINCT person_id FROM leads")} == {
        firm.rows("SELECT id FROM people")[0].id
    }
    firm.is_sound()


def test_who_meets_the_same_new_person_second_is_told_to_decide_again(firm):
    with firm.engine.connect() as slow, firm.engine.connect() as quick:
        slow.execute(text("SET lock_timeout = '10s'"))
        stranger = identifying.identify(slow, [who(phone=DANA)])
        assert stranger.new == set(stranger.ids)
        met(quick, [who(phone=DANA)], firm.now)
        quick.commit()
        asks = Together(slow)
        answer = identifying.add(asks, stranger)
        asks.send()
        with pytest.raises(Crowded):
            identifying.check(stranger, answer)


def test_an_address_belongs_to_one_person_and_new_ones_are_added_to_them(firm):
    (first,) = resolve(firm, who(phone=DANA, name="Dana"))
    (second,) = resolve(firm, who(phone=DANA, email="dana@example.com"))
    (third,) = resolve(firm, who(email="dana@example.com", name="Dana Cole"))
    assert first.id == second.id == third.id
    assert (third.name, third.phone, third.email) == ("Dana Cole", DANA, "dana@example.com")


def test_people_of_one_batch_who_share_an_address_are_one(firm):
    one, other, third = resolve(firm, who(phone=DANA), who(phone=DANA, email="d@example.com"), who(email="d@example.com"))
    assert one.id == other.id == third.id
    assert firm.count("people") == 1


def test_whoever_gives_no_address_is_somebody_of_their_own(firm):
    one, other = resolve(firm, who(name="A"), who(name="B"))
    assert one.id != other.id
    assert {one.name, other.name} == {"A", "B"}


def test_what_is_not_said_stays_as_it_was(firm):
    resolve(firm, who(phone=DANA, name="Dana", zone="America/Chicago", locale="es", handles={"whatsapp": "1512"}))
    (again,) = resolve(firm, who(phone=DANA, handles={"messenger": "620"}))
    assert (again.name, again.zone, again.locale) == ("Dana", "America/Chicago", "es")
    assert again.handles == {"whatsapp": "1512", "messenger": "620"}
    stored = firm.rows("SELECT * FROM people")[0]
    assert (stored.name, stored.zone, stored.handles) == ("Dana", "America/Chicago", again.handles)


def test_two_handles_in_one_batch_are_both_kept(firm):
    resolve(firm, who(phone=DANA, handles={"whatsapp": "1512"}), who(phone=DANA, handles={"messenger": "620"}))
    assert firm.rows("SELECT handles FROM people")[0].handles == {"whatsapp": "1512", "messenger": "620"}


def test_when_they_last_wrote_never_goes_back(firm):
    resolve(firm, who(phone=DANA, wrote_at=firm.now))
    resolve(firm, who(phone=DANA, wrote_at=firm.now - timedelta(hours=1)))
    assert firm.rows("SELECT wrote_at FROM people")[0].wrote_at == firm.now


def test_a_stop_on_any_address_is_known_at_once(firm):
    stops = "INSERT INTO suppressions VALUES ('sms', :p, 'STOP', :now), ('messenger', '620', 'STOP', :now), ('email', 'e@x.com', 'b', :now)"
    firm.do(stops, p=DANA, now=firm.now)
    dana, eve, omar = resolve(firm, who(phone=DANA), who(handles={"messenger": "620"}), who(email="o@x.com"))
    assert dana.opted_out == {"sms"}
    assert eve.opted_out == {"messenger"}
    assert omar.opted_out == set()


def test_writing_by_phone_means_being_awake_and_a_form_does_not(firm):
    by_text = people.who({"channel": "sms", "phone": DANA}, firm.now)
    by_form = people.who({"channel": "form", "phone": DANA}, firm.now)
    assert (by_text.wrote_at, by_form.wrote_at) == (firm.now, None)


def test_who_has_a_person_s_lead_is_the_rep_they_return_to(firm):
    (code,) = firm.arrive(phone=DANA)
    assert firm.rows("SELECT last_rep FROM people")[0].last_rep is None, "an offer is not yet a bond"
    firm.happen(code, OfferAccepted("priya", "page"))
    assert firm.rows("SELECT last_rep FROM people")[0].last_rep == "priya"


def test_two_deliveries_of_one_known_person_at_once_are_one_lead(firm):
    """The first begins a lead; the second, decided by another process at the same moment, is a word on it."""
    for turn in range(8):
        phone = f"+1512555{1000 + turn}"
        resolve(firm, who(phone=phone))
        twice = firm.record(*(firm.a_form(phone=phone, message=words) for words in ("A quote?", "For a roof.")))
        at_once(*(partial(advance.decide, firm.engine, each.inbox_id, firm.now) for each in twice))
        leads = firm.rows("SELECT l.id FROM leads l JOIN people p ON p.id = l.person_id WHERE p.phone = :phone", phone=phone)
        assert len(leads) == 1
