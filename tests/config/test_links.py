"""Signed links: they carry what was put in, for as long as they should, and nothing else opens them."""

import re

import pytest
from freezegun import freeze_time
from itsdangerous import URLSafeTimedSerializer

from config import links
from config.settings import Settings

OURS = Settings(secret_key="a key that only the tests know", public_url="https://leads.cole.example")
THEIRS = Settings(secret_key="somebody else's key")


def test_an_offer_link_carries_lead_rep_and_turn():
    link = links.make_offer_link(OURS, 7, "ann", 3)
    assert link.startswith("https://leads.cole.example/offers/")
    assert links.read_offer_token(OURS, link.rpartition("/")[2]) == links.OfferLink(7, "ann", 3)


def test_a_managers_link_carries_lead_and_manager():
    link = links.make_manager_link(OURS, 7, "kim")
    assert links.read_manager_token(OURS, link.rpartition("/")[2]) == links.ManagerLink(7, "kim")


@pytest.mark.parametrize("rep", ["ann", "zo\u00eb.b", "x-1", "a b/c", "-"])
def test_a_link_is_short_and_ends_in_a_digit_whoever_it_is_for(rep):
    """Telephones make a link of what looks like one, and leave a hyphen at its end out."""
    for lead in range(1, 200):
        offer, manager = links.offer_token(OURS, lead, rep, 12), links.manager_token(OURS, lead, rep)
        assert links.read_offer_token(OURS, offer) == links.OfferLink(lead, rep, 12)
        assert links.read_manager_token(OURS, manager) == links.ManagerLink(lead, rep)
        assert re.fullmatch(r"[A-Za-z0-9_.-]+[0-9]", offer) and re.fullmatch(r"[A-Za-z0-9_.-]+[0-9]", manager)
    assert len(links.offer_token(OURS, 12_345, "priya", 1)) == 33


@pytest.mark.parametrize(("was", "becomes"), [("ann", "bob"), (".3.", ".4."), (".7", ".8"), (".7", ".07"), (".7", "")])
def test_nothing_that_a_link_says_can_be_changed(was, becomes):
    token = links.offer_token(OURS, 7, "ann", 3)
    with pytest.raises(links.LinkForged):
        links.read_offer_token(OURS, token.replace(was, becomes))


@pytest.mark.parametrize("part", [0, 1])
def test_neither_signature_nor_instant_can_be_changed(part):
    parts = links.offer_token(OURS, 7, "ann", 3).split(".")
    parts[part] = parts[part][:-1] + ("Q" if parts[part][-1] != "Q" else "A")
    with pytest.raises(links.LinkForged):
        links.read_offer_token(OURS, ".".join(parts))


def test_a_link_of_the_version_before_opens_for_its_day():
    old = URLSafeTimedSerializer(OURS.secret_key, salt="offer").dumps([7, "ann", 3])
    assert links.read_offer_token(OURS, old) == links.OfferLink(7, "ann", 3)
    managers = URLSafeTimedSerializer(OURS.secret_key, salt="manager").dumps([7, "kim"])
    assert links.read_manager_token(OURS, managers) == links.ManagerLink(7, "kim")
    with pytest.raises(links.LinkForged):
        links.read_offer_token(OURS, managers)


def test_a_link_lives_a_day():
    with freeze_time("2026-11-24T16:00:00Z") as frozen:
        token = links.offer_token(OURS, 7, "ann", 3)
        frozen.tick(24 * 3600)
        assert links.read_offer_token(OURS, token).rep == "ann"
        frozen.tick(2)
        with pytest.raises(links.LinkExpired):
            links.read_offer_token(OURS, token)


def forged(how: str) -> str:
    match how:
        case "another installation":
            return links.offer_token(THEIRS, 7, "ann", 3)
        case "a manager's":
            return links.manager_token(OURS, 7, "kim")
        case "one letter more":
            return links.offer_token(OURS, 7, "ann", 3) + "x"
        case other:
            return other


@pytest.mark.parametrize(
    "how",
    [
        "",
        "x",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e.f",
        "\u00e9",
        "\u00e9.b.c.d",
        "another installation",
        "a manager's",
        "one letter more",
    ],
)
def test_no_other_token_opens_an_offer(how):
    with pytest.raises(links.LinkForged):
        links.read_offer_token(OURS, forged(how))


def test_a_test_mark_is_ours_and_fresh():
    with freeze_time("2026-11-24T16:00:00Z") as frozen:
        token = links.make_test_token(OURS)
        assert links.is_test_token(OURS, token)
        assert not links.is_test_token(THEIRS, token) and not links.is_test_token(OURS, links.offer_token(OURS, 1, "ann", 1))
        frozen.tick(6 * 60)
        assert not links.is_test_token(OURS, token)


def test_while_the_key_is_changed_links_of_the_old_one_still_open_and_new_ones_need_the_new_one():
    before = Settings(secret_key="the key before this one")
    now = Settings(secret_key="the key from today on", old_secret_keys=("an even older one", "the key before this one"))
    after = Settings(secret_key="the key from today on")
    offer, tag = links.offer_token(before, 7, "ann", 3), links.thread_tag(before, "A7")
    assert links.read_offer_token(now, offer).rep == "ann" and links.read_thread_tag(now, tag) == "A7"
    new_offer, new_tag = links.offer_token(now, 7, "ann", 3), links.thread_tag(now, "A7")
    assert links.read_offer_token(after, new_offer).rep == "ann" and links.read_thread_tag(after, new_tag) == "A7"
    for settings, token, mark in ((before, new_offer, new_tag), (after, offer, tag)):
        assert links.read_thread_tag(settings, mark) is None
        with pytest.raises(links.LinkForged):
            links.read_offer_token(settings, token)
