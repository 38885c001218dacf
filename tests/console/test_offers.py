"""The rep's page behind the link, and the manager's: they show on GET, act on POST, and say who was quicker."""

import re

import pytest

from config.links import offer_token


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_opening_a_link_shows_the_lead_and_does_nothing(house, client):
    code = house.lead()
    before = house.rows("SELECT * FROM steps")
    page = client.get(house.offer(code, "ann"))
    assert page.status_code == 200 and "Dana Cole" in page.text and "Acme Co" in page.text and "Need a demo" in page.text
    client.head(house.offer(code, "ann"))
    assert house.rows("SELECT * FROM steps") == before and house.one(code)["status"] == "offered"


def test_number_and_address_are_shown_only_after_accepting(house, client):
    code = house.lead(email="dana@acme.example")
    page = client.get(house.offer(code, "ann"))
    assert "5125550143" not in page.text and "dana@acme.example" not in page.text and "tel:" not in page.text
    assert client.post(house.offer(code, "ann"), data={"do": "accept"}).status_code == 303
    page = client.get(house.offer(code, "ann"))
    assert 'href="tel:+15125550143"' in page.text and 'href="mailto:dana@acme.example"' in page.text
    assert house.one(code)["owner"] == "ann" and house.one(code)["status"] == "accepted"
    step = house.rows("SELECT data FROM steps WHERE event = 'OfferAccepted'")[0]
    assert step["data"]["via"] == "page"


def test_whoever_comes_second_is_told_who_has_it_and_since_when(house, client):
    code = house.lead()
    house.rows('UPDATE leads SET holders = \'{ann,bob}\', state = state || \'{"offered_to": ["ann", "bob"]}\'')
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    house.frozen.tick(20)
    lost = client.post(house.offer(code, "bob"), data={"do": "accept"})
    assert lost.status_code == 409
    assert f"{code} went to Ann Novak 20s ago" in words(lost)
    assert "5125550143" not in lost.text and house.one(code)["owner"] == "ann"


def test_accepting_twice_is_fine(house, client):
    code = house.lead()
    for _ in range(2):
        assert client.post(house.offer(code, "ann"), data={"do": "accept"}).status_code == 303


def test_passing_asks_the_next_rep(house, client):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "pass"})
    assert house.one(code)["holders"] == ["bob"]
    assert "is over" in words(client.get(house.offer(code, "ann")))


def test_busy_passes_the_offer_on_and_asks_nobody_who_is_busy(house, client):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "busy"})
    [ann] = house.rows("SELECT presence, presence_until FROM reps WHERE id = 'ann'")
    assert ann["presence"] == "busy" and ann["presence_until"].isoformat() == "2026-11-24T16:30:00+00:00"
    assert house.one(code)["holders"] == ["bob"]
    client.post(house.offer(code, "ann"), data={"do": "on"})
    assert house.rows("SELECT presence FROM reps WHERE id = 'ann'") == [{"presence": "on"}]


def test_off_lasts_until_midnight_where_the_rep_works(house, client):
    code = house.lead()
    client.post(house.offer(code, "bob"), data={"do": "off"})
    [bob] = house.rows("SELECT presence, presence_until FROM reps WHERE id = 'bob'")
    assert bob["presence"] == "off"
    assert bob["presence_until"].isoformat() in ("2026-11-25T06:00:00+00:00", "2026-11-25T00:00:00+00:00")


@pytest.mark.parametrize(
    ("button", "column", "status"),
    [("talked", "responded_at", {"responded", "closed"}), ("voicemail", "attempted_at", {"accepted"}), ("dialled", "attempted_at", {"accepted"}), ("texted", "responded_at", {"responded"})],
)  # fmt: skip
def test_a_report_is_kept_as_what_it_is(house, client, button, column, status):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    house.frozen.tick(30)
    assert client.post(house.offer(code, "ann"), data={"do": button}).status_code == 303
    lead = house.one(code)
    assert lead[column] is not None and lead["status"] in status
    if column == "attempted_at":
        assert lead["responded_at"] is None, "trying is not reaching"


def test_a_rep_writes_from_the_page_and_the_lead_sees_the_firms_number(house, client):
    code = house.lead()
    assert "not from you" not in client.get(house.offer(code, "ann")).text, "only who has it writes"
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    page = client.get(house.offer(code, "ann"))
    assert "not from you" in page.text and "they will see my number" in page.text
    house.frozen.tick(30)
    assert client.post(house.offer(code, "ann"), data={"do": "say", "text": "Shall I call at four?"}).status_code == 303
    house.send()
    [sent] = house.rows("SELECT address, body, state FROM outbox WHERE purpose = 'reply'")
    assert (sent["address"], sent["body"], sent["state"]) == ("+15125550143", "Shall I call at four?", "sent")
    assert house.one(code)["status"] == "responded"
    assert (
        "Ann Novak" in words(client.get(house.offer(code, "ann")))
        and "Shall I call at four?" in client.get(house.offer(code, "ann")).text
    )
    assert client.post(house.offer(code, "bob"), data={"do": "say", "text": "hi"}).status_code == 409


def test_what_could_not_be_sent_from_the_page_is_said_at_once(house, client):
    code = house.lead(email=None)
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    house.rows("INSERT INTO suppressions (channel, address, reason, since) VALUES ('sms', '+15125550143', 'STOP', now())")
    refused = client.post(house.offer(code, "ann"), data={"do": "say", "text": "hello"})
    assert refused.status_code == 409 and "Not sent" in refused.text
    assert house.one(code)["responded_at"] is None
    client.post(house.offer(code, "ann"), data={"do": "talked"})
    assert "Not sent" in client.post(house.offer(code, "ann"), data={"do": "say", "text": "hello"}).text


def test_a_bad_number_is_an_outcome_and_no_response(house, client):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    client.post(house.offer(code, "ann"), data={"do": "bad_number"})
    assert house.one(code)["state"]["outcome"] == "bad_number"


def test_only_the_owner_reports(house, client):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    refused = client.post(house.offer(code, "bob"), data={"do": "talked"})
    assert refused.status_code == 409 and house.one(code)["responded_at"] is None


def test_a_note_is_kept_under_the_reps_name(house, client):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    client.post(house.offer(code, "ann"), data={"do": "note", "text": "Call after 3"})
    assert "Ann Novak noted: Call after 3" in client.get(f"/leads/{code}").text


def test_an_unknown_button_does_nothing(house, client):
    code = house.lead()
    assert client.post(house.offer(code, "ann"), data={"do": "explode"}).status_code == 400
    assert client.post(house.offer(code, "ann")).status_code == 400


def test_a_changed_link_is_refused_and_an_old_one_is_gone(house, client):
    code = house.lead()
    good = house.offer(code, "ann")
    other = house.settings.__class__(secret_key="somebody else's key")
    forged = "/offers/" + offer_token(other, house.one(code)["id"], "ann", 1)
    for path in (good[:-2] + "xx", "/offers/nonsense", forged, house.breach(code).replace("/manage/", "/offers/")):
        for answer in (client.get(path), client.post(path, data={"do": "accept"})):
            assert answer.status_code == 403 and "Open it again from your message" in answer.text and "Dana" not in answer.text
    house.frozen.tick(25 * 3600)
    assert client.get(good).status_code == 410 and client.post(good, data={"do": "accept"}).status_code == 410
    assert house.one(code)["owner"] is None


def test_another_site_cannot_press_the_buttons(house, client):
    code = house.lead()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in (house.offer(code, "ann"), house.breach(code)):
            assert client.post(path, data={"do": "accept"}, headers=headers).status_code == 403
    own = {"Origin": house.settings.public_url, "Sec-Fetch-Site": "same-origin"}
    assert client.post(house.offer(code, "ann"), data={"do": "accept"}, headers=own).status_code == 303


def test_the_page_works_for_a_phone_far_away(house):
    code = house.lead()
    phone = house.client(x_forwarded_for="203.0.113.9")
    assert phone.get(house.offer(code, "ann")).status_code == 200
    assert phone.get(f"/leads/{code}").status_code == 303, "but the operator's pages do not open for it"


def test_the_page_lists_what_else_the_rep_holds(house, client):
    first = house.lead()
    house.lead("Omar Park", phone="+14155550199")
    third = house.lead("Ivy Lind", phone="+14155550198")
    page = client.get(house.offer(first, "ann"))
    assert third in page.text and "Ivy Lind" in page.text and "Omar Park" not in page.text
    onward = re.search(r'href="(/offers/[^"]+)"', page.text)
    assert onward and "Ivy Lind" in client.get(onward.group(1)).text


def test_a_manager_sees_what_was_tried_and_takes_it_over(house, client):
    code = house.lead()
    house.later(minutes=9)
    page = words(client.get(house.breach(code)))
    assert "late" in page and "I am on it" in page and "Bob Reyes" in page and "offered to Ann Novak" in page
    assert client.post(house.breach(code), data={"do": "acknowledge"}).status_code == 303
    assert "Kim Ortega is on it" in words(client.get(house.breach(code)))
    assert client.post(house.breach(code), data={"do": "assign", "rep": "bob"}).status_code == 303
    assert house.one(code)["owner"] == "bob"
    assert "Kim Ortega assigned it to Bob Reyes" in words(client.get(house.breach(code)))
    assert client.post(house.breach(code), data={"do": "assign", "rep": "mallory"}).status_code == 400
