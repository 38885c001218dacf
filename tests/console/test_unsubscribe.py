"""The way out of every mail: opening the link changes nothing, one click of a mail program ends it."""

from config.links import make_unsubscribe_link


def link(house, code: str) -> str:
    return "/" + make_unsubscribe_link(house.settings, house.one(code)["id"]).split("/", 3)[3]


def test_a_scanner_that_opens_the_link_changes_nothing_and_one_click_ends_the_mail(house):
    code = house.lead(email="dana@acme.example")
    stranger = house.client()
    page = stranger.get(link(house, code))
    assert page.status_code == 200
    assert house.rows("SELECT * FROM suppressions") == []
    done = stranger.post(link(house, code), data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    [row] = house.rows("SELECT channel, address, reason FROM suppressions")
    assert row == {"channel": "email", "address": "dana@acme.example", "reason": "unsubscribed"}
    assert "unsubscribed" in house.rows("SELECT why FROM steps ORDER BY id DESC LIMIT 1")[0]["why"]
    stranger.post(link(house, code))
    assert len(house.rows("SELECT * FROM suppressions")) == 1


def test_a_link_that_was_changed_does_not_open(house):
    code = house.lead(email="dana@acme.example")
    assert house.client().post(link(house, code)[:-2] + "xx").status_code == 403
    assert house.rows("SELECT * FROM suppressions") == []
