"""The Call button on the phone page, and the call played in the letter box: the whole way through our own front door."""

import pytest

from tests.console.conftest import csrf


def asked(served):
    """Ann has the lead and has pressed Call; returns its code and the call's letter."""
    code = served.lead()
    client = served.client()
    client.post(served.offer(code, "ann"), data={"do": "accept"})
    page = client.get(served.offer(code, "ann")).text
    assert "Call from our number" in page and 'href="tel:+15125550143"' in page
    assert client.post(served.offer(code, "ann"), data={"do": "call"}).status_code == 303
    assert "Your phone rings now" in client.get(served.offer(code, "ann")).text
    served.send()
    [letter] = served.rows("SELECT id, body, state, recipient FROM outbox WHERE channel = 'call'")
    assert (letter["state"], letter["recipient"]) == ("sent", "rep:ann") and "Dana Cole" in letter["body"]
    return code, letter


def play(served, letter, how):
    client = served.client()
    assert "Press 1, the lead answers" in client.get("/outbox").text
    return client.post(f"/outbox/{letter['id']}", data={"csrf": csrf(client, "/outbox"), "quick": how})


PLAYED = [
    ("answers", "responded", True, True),
    ("voicemail", "accepted", False, True),
    ("no_answer", "accepted", False, True),
    ("missed", "accepted", False, False),
]


@pytest.mark.parametrize(("how", "status", "is_answered", "is_tried"), PLAYED)
def test_a_call_is_played_in_the_letter_box(served, how, status, is_answered, is_tried):
    code, letter = asked(served)
    assert play(served, letter, how).status_code == 303
    served.work()
    lead = served.one(code)
    assert (lead["status"], lead["responded_at"] is not None) == (status, is_answered)
    assert (lead["attempted_at"] is not None or is_answered) == is_tried


def test_a_call_that_is_over_is_told_in_words(served):
    code, letter = asked(served)
    play(served, letter, "missed")
    served.work()
    again = play(served, letter, "answers")
    assert again.status_code == 502 and "nobody was rung" in again.text
    assert served.one(code)["status"] == "accepted"


def test_only_who_has_it_can_press_call(house, client):
    code = house.lead()
    assert client.post(house.offer(code, "ann"), data={"do": "call"}).status_code == 409
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    client.post(house.offer(code, "ann"), data={"do": "call"})
    second = client.post(house.offer(code, "ann"), data={"do": "call"})
    assert second.status_code == 303, "a double press shows the page of the first"
    assert len(house.rows("SELECT * FROM outbox WHERE channel = 'call'")) == 1
