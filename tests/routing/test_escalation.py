"""Whom a rung tells: never nobody where the team has somebody."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.teamfile.rules import rulebook
from routing.escalation import Contact, UnknownTarget, get, names
from routing.model import Bench, Facts, Kind, Lead, Person, Policy, Seat, State
from routing.team import Manager, Pool, Rep, Rule, Site, Sla, Source, Team

REPS = {
    rep: Rep(rep, rep.title(), phone=f"+151255501{number}", email=f"{rep}@acme.example")
    for number, rep in enumerate(["ann", "bob", "cy"], 10)
}
RITA = Manager("rita", "Rita", phone="+15125550190", email="rita@acme.example")
OMAR = Manager("omar", "Omar", email="omar@acme.example")
MUTE = Manager("mute", "Mute", slack="U8")


def facts(*, managers=(RITA, OMAR), pool=None, state=None, bench=None):
    """Dana's lead in the Texas pool."""
    pool = pool or Pool("texas", "Texas", ("ann", "bob", "cy"), managers=("rita",), directors=("omar",))
    site, source, sla, rule = Site("Acme"), Source("website", "form"), Sla("hot"), Rule("rest", pool.id, "hot")
    team = Team(1, site, REPS, {manager.id: manager for manager in managers}, {pool.id: pool}, {}, (rule,), {}, {}, rulebook())
    lead = Lead(7, "A7", Kind.FORM, "website", "form", Person(1, "Dana"), datetime(2026, 11, 23, 16, tzinfo=UTC))
    return Facts(lead, state or State(), Policy(1, site, source, pool, sla, rule), bench or Bench(), team)


def told(target, given_facts):
    return [contact.to for contact in get(target).contacts(given_facts)]


def test_the_targets_are_the_files_of_the_folder():
    assert names() == ("director", "owner", "pool_managers", "whole_pool")
    with pytest.raises(UnknownTarget, match=r"no escalation target 'pool-managers'; did you mean pool_managers\?"):
        get("pool-managers")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State(owner="bob"), ["rep:bob"]),
        (State(offered_to=("cy", "ann")), ["rep:cy", "rep:ann"]),
        (State(owner="bob", offered_to=("cy",)), ["rep:bob"]),
        (State(), []),
        (State(owner="gone"), []),
    ],
)
def test_the_owner_or_those_who_hold_the_offer_are_reminded(state, expected):
    assert told("owner", facts(state=state)) == expected


def test_a_contact_carries_every_way_to_reach_the_person():
    zoe = Manager("zoe", "Zoe", phone="+15125550191", email="zoe@acme.example", slack="U7")
    pool = Pool("texas", "Texas", (), managers=("zoe",))
    expected = Contact("manager:zoe", "Zoe", phone="+15125550191", email="zoe@acme.example", slack="U7")
    assert get("pool_managers").contacts(facts(managers=(zoe,), pool=pool)) == (expected,)
    ann = get("owner").contacts(facts(state=State(owner="ann")))
    assert ann == (Contact("rep:ann", "Ann", phone="+15125550110", email="ann@acme.example"),)


@pytest.mark.parametrize(
    ("pool_managers", "directors", "as_manager", "as_director"),
    [
        (("rita",), ("omar",), ["rita"], ["omar"]),
        (("rita", "omar", "rita"), (), ["rita", "omar"], ["rita", "omar"]),
        ((), ("omar",), ["rita", "omar"], ["omar"]),
        ((), (), ["rita", "omar"], ["rita", "omar"]),
        (("left_last_year",), ("left_too",), ["rita", "omar"], ["rita", "omar"]),
        (("mute",), ("mute",), ["rita", "omar"], ["rita", "omar"]),
    ],
)
def test_who_cannot_be_reached_is_stood_in_for(pool_managers, directors, as_manager, as_director):
    given_facts = facts(managers=(RITA, OMAR, MUTE), pool=Pool("texas", "Texas", (), managers=pool_managers, directors=directors))
    assert told("pool_managers", given_facts) == [f"manager:{name}" for name in as_manager]
    assert told("director", given_facts) == [f"manager:{name}" for name in as_director]


def seat(rep, **how):
    return Seat(rep, rep.title(), 0, **how)


@pytest.mark.parametrize(
    ("bench", "state", "expected"),
    [
        (Bench(able=(seat("cy"), seat("ann"))), State(), ["rep:cy", "rep:ann"]),
        (Bench(able=(seat("cy"),), named={"bob": seat("bob", open=9), "cy": seat("cy")}), State(), ["rep:cy", "rep:bob"]),
        (Bench(able=(seat("cy"),), named={"bob": seat("bob", absence="off shift")}), State(), ["rep:cy"]),
        (Bench(able=(seat("cy"), seat("ann"))), State(declined_by=("cy",)), ["rep:ann"]),
        (Bench(named={"stranger": seat("stranger")}), State(), ["manager:rita"]),
        (Bench(), State(), ["manager:rita"]),
    ],
)
def test_the_whole_pool_is_who_is_at_work_else_the_managers(bench, state, expected):
    assert told("whole_pool", facts(bench=bench, state=state)) == expected


def test_a_rep_of_another_pool_is_not_told():
    pool = Pool("west", "West", ("ann",), managers=("rita",))
    assert told("whole_pool", facts(pool=pool, bench=Bench(able=(seat("ann"),), named={"bob": seat("bob")}))) == ["rep:ann"]


def test_a_team_without_managers_wakes_its_reps():
    assert told("whole_pool", facts(managers=())) == ["rep:ann", "rep:bob", "rep:cy"]


A_MANAGER = st.builds(Manager, st.sampled_from("abcd"), st.just("M"), email=st.sampled_from([None, "m@acme.example"]))
MANAGERS = st.lists(A_MANAGER, max_size=4, unique_by=lambda manager: manager.id)
NAMED = st.lists(st.sampled_from("abcdxy"), max_size=3).map(tuple)


@given(managers=MANAGERS, in_pool=NAMED, directors=NAMED, target=st.sampled_from(["pool_managers", "director", "whole_pool"]))
def test_the_last_rung_is_never_empty_where_there_is_a_manager(managers, in_pool, directors, target):
    given_facts = facts(managers=managers, pool=Pool("texas", "Texas", (), managers=in_pool, directors=directors))
    contacts = get(target).contacts(given_facts)
    assert bool(contacts) == bool(managers)
    assert len({contact.to for contact in contacts}) == len(contacts)
    assert contacts == get(target).contacts(given_facts)
    if any(manager.email for manager in managers):
        assert all(contact.email for contact in contacts)
