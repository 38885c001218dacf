"""Signed links: they carry what was put in, for as long as they should, and nothing else opens them."""

import pytest
from freezegun import freeze_time

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


@pytest.mark.parametrize("how", ["", "x", "a.b.c", "\u00e9", "another installation", "a manager's", "one letter more"])
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
