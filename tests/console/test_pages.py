"""What people see on the board, on a lead's page and in the letter box."""

import re

import pytest

from console.web import ROUTES
from tests.console.conftest import csrf

PAGES = [route.path for route in ROUTES if route.method == "GET" and "<" not in route.path]


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_the_first_start_shows_what_to_do_and_what_is_done(client):
    page = words(client.get("/"))
    assert "First steps 4 of 6 done" in page
    assert "2 reps in 1 pools" in page or "2 reps in 1 pool" in page
    assert "every text and e-mail lands in the letter box" in page
    assert "/webhooks/website" in page
    assert "Nobody is waiting. A lead stands here only while no rep has room." in page


def test_a_lead_stands_in_the_column_of_its_state_until_it_is_answered(house, client):
    code = house.lead()
    column = _column(client, "offered")
    assert code in column and "Dana Cole" in column and "Ann Novak" in column and "running" in column
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    assert code not in _column(client, "offered") and code in _column(client, "accepted")
    client.post(house.offer(code, "ann"), data={"do": "talked"})
    assert code in _column(client, "answered") and "on time" in _column(client, "answered")
    assert "100 % 1 of 1" in words(client.get("/"))


def test_nobody_with_room_says_so_on_the_board(house, client):
    for name, phone in (("Omar", "+15125550101"), ("Ivy", "+15125550102"), ("Lee", "+15125550103"), ("Zoe", "+15125550104")):
        house.lead(name, phone=phone)
    waiting = _column(client, "waiting")
    assert "Zoe" in waiting and "full" in waiting
    assert "Headroom now 0 more leads" in words(client.get("/"))


def test_a_running_clock_becomes_a_risk_and_then_late(house, client):
    house.lead()
    assert "running" in _column(client, "offered")
    house.frozen.tick(6.1 * 60)
    assert "at risk" in _column(client, "offered")
    house.frozen.tick(2 * 60)
    assert "late" in _column(client, "offered")


def test_out_of_hours_the_promise_is_paused(house, client):
    house.frozen.move_to("2026-11-25T03:00:00Z")  # 9 pm in Chicago
    house.lead()
    assert "paused" in _column(client, "offered")


def test_a_lead_nobody_could_answer_is_on_top_with_what_to_do(house, client):
    code = house.lead("Somebody", phone=None)
    page = words(client.get("/"))
    assert f"{code} Somebody" in page and "no usable phone" in page and "reach the person another way" in page


def test_an_operators_notice_is_on_top_until_it_is_over(house, client):
    house.rows(
        "INSERT INTO notices (key, text, since, seen_at) VALUES ('skew', 'The clock is 41 s ahead. Set it right.', now(), now())"
    )
    assert "The clock is 41 s ahead" in client.get("/").text
    house.rows("UPDATE notices SET over_at = now()")
    assert "41 s ahead" not in client.get("/").text


def test_test_leads_are_marked_and_counted_in_no_figure_of_today(house, client):
    code = house.lead(is_test=True)
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    client.post(house.offer(code, "ann"), data={"do": "talked"})
    assert "TEST" in _column(client, "answered")
    assert "nothing due yet" in client.get("/").text


def test_the_live_part_is_sent_once_and_then_only_when_it_changed(house, client):
    first = client.get("/?live=1")
    assert first.status_code == 200 and "<html" not in first.text
    again = client.get("/?live=1", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    house.lead()
    changed = client.get("/?live=1", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and "Dana Cole" in changed.text


@pytest.mark.parametrize("path", ["/", "/outbox", "/leads/A1", "/?live=1", "/outbox?live=1", "/leads/A1?live=1"])
def test_a_caller_without_cookies_polls_with_an_etag_too(house, path):
    house.lead()
    house.send()

    def ask(**headers):
        return house.client().get(path, headers=headers)  # each time a browser that was never here

    tag = ask().headers["ETag"]
    house.frozen.tick(3)
    same = ask(If_None_Match=tag)
    assert same.status_code == 304 and same.data == b""
    house.later(minutes=2)
    house.send()
    assert ask(If_None_Match=tag).status_code == 200, "the offer has lapsed, and that is news on all of them"


def test_a_waiting_board_does_not_change_with_every_second(house, client):
    house.lead()
    tag = client.get("/?live=1").headers["ETag"]
    house.frozen.tick(1)
    changed = client.get("/?live=1", headers={"If-None-Match": tag})
    body = re.sub(r">[0-9ms ]+(left|late)?<", "><", changed.text)
    assert changed.status_code == 304, f"only the browser's own countdown may move: {body[:200]}"


def test_the_wall_has_no_forms(client):
    assert 'class="kiosk"' in client.get("/?kiosk=1").text


def test_the_time_line_tells_every_step_with_its_why(house, client):
    code = house.lead(utm={"campaign": "brand-tx"}, extra={"employees": "250"})
    house.send()
    house.later(seconds=40)
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    page = words(client.get(f"/leads/{code}"))
    assert "Arrived new lead: offered to Ann Novak" in page
    assert "Accepted Ann Novak accepted by page after 40s" in page and "+40s" in page
    assert "Rule everything sends it to Sales , promise hot" in page or "Rule everything sends it to Sales" in page
    assert "Bob Reyes: could take it" in page and "Next would have been Bob Reyes" in page
    assert "utm campaign brand-tx" in page and "employees 250" in page
    assert "Text to Dana Cole (lead)" in page and "What came in: website, form" in page


def test_a_late_yes_is_not_called_accepted(house, client):
    code = house.lead()
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    client.post(house.offer(code, "bob"), data={"do": "accept"})
    assert "Too late Bob Reyes said yes too late" in words(client.get(f"/leads/{code}"))


def test_a_code_in_any_case_and_a_joined_one_lead_to_the_lead(house, client):
    code = house.lead()
    number = house.one(code)["id"] + 1
    house.rows(
        "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at, number, lead_id, done_at)"
        " VALUES ('website', 'twin', 'form', '', '', now(), now(), :number, :lead, now())",
        number=number, lead=house.one(code)["id"],
    )  # fmt: skip
    assert client.get(f"/leads/{code.lower()}").headers["Location"] == f"/leads/{code}"
    assert client.get("/leads/B1").headers["Location"] == f"/leads/{code}"


def test_a_lead_that_is_not_decided_yet_is_said_to_be_on_disk(house, client):
    house.rows(
        "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at, number)"
        " VALUES ('website', 'x', 'form', '', '', now(), now(), 7)"
    )
    page = client.get("/leads/G1")
    assert page.status_code == 200 and "G1 is on disk" in page.text
    assert client.get("/leads/H1").status_code == 404


def test_a_lead_is_assigned_noted_and_acknowledged_by_hand(house, client):
    code = house.lead()
    token = csrf(client, f"/leads/{code}")
    for data in ({"do": "assign", "rep": "bob"}, {"do": "note", "text": "Rang twice"}, {"do": "acknowledge"}):
        assert client.post(f"/leads/{code}", data={**data, "csrf": token}).status_code == 303
    page = words(client.get(f"/leads/{code}"))
    assert house.one(code)["owner"] == "bob"
    assert "assigned it to Bob Reyes" in page and "noted: Rang twice" in page and "is on it" in page
    assert len(house.rung) == 3, "the workers are told each time"
    assert client.post(f"/leads/{code}", data={"do": "assign", "rep": "nobody", "csrf": token}).status_code == 400


def test_strangers_words_are_shown_as_words(house, client):
    code = house.lead("<script>alert(1)</script>", message="<img src=x onerror=alert(1)>", company="<b>Bold</b>")
    house.send()
    house.rows("UPDATE outbox SET body = '<script>alert(1)</script> http://a.example/ <b>Bold</b> <img src=x>'")
    paths = ("/", f"/leads/{code}", "/outbox", house.offer(code, "ann"), house.breach(code))
    for page in map(client.get, paths):
        assert "<script>alert" not in page.text and "<img src=x" not in page.text and "<b>Bold" not in page.text
        assert "&lt;script&gt;alert" in page.text


def test_leads_are_found_by_code_name_and_number(house, client):
    code = house.lead()
    house.lead("Omar Park", phone="+14155550199")
    assert client.get(f"/leads?q={code.lower()}").headers["Location"] == f"/leads/{code}"
    found = words(client.get("/leads?q=omar"))
    assert "Omar Park" in found and "Dana Cole" not in found
    assert "Omar Park" in words(client.get("/leads?q=4155550199"))
    assert "Nothing found" in words(client.get("/leads?q=100%25_"))
    assert client.get("/leads?q=%00%F0").status_code == 200


def test_every_page_is_served_with_headers_that_let_no_other_site_in(house, client):
    code = house.lead()
    for path in [*PAGES, f"/leads/{code}", house.offer(code, "ann"), house.breach(code), "/nothing/here", "/static/headroom.css"]:
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Referrer-Policy"] == "same-origin"
        assert path.startswith("/static") or answer.headers["Cache-Control"] == "no-store", path
        answer.close()


def test_no_page_needs_an_inline_script_or_style(house, client):
    code = house.lead()
    house.send()
    for path in (
        "/",
        "/leads",
        f"/leads/{code}",
        "/outbox",
        "/sign-in",
        house.offer(code, "ann"),
        house.breach(code),
        "/nothing",
    ):
        page = client.get(path).text
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", page), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", page) and "<style" not in page, path
        foreign = [
            a for a in re.findall(r'(?:src|href|action)="(https?:[^"]+)"', page) if not a.startswith(house.settings.public_url)
        ]
        assert foreign == [], path


@pytest.mark.parametrize("path", ["/", "/outbox", "/leads", "/sign-in"])
def test_every_field_has_a_name_for_those_who_cannot_see(house, client, path):
    house.lead()
    house.send()
    page = client.get(path).text
    labelled = set(re.findall(r'<label[^>]*for="([^"]+)"', page))
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        if 'type="hidden"' in tag or " hidden" in tag:
            continue
        assert re.search(r'id="([^"]+)"', tag) and re.search(r'id="([^"]+)"', tag).group(1) in labelled, tag
    assert len(re.findall(r'\sid="([^"]+)"', page)) == len(set(re.findall(r'\sid="([^"]+)"', page))), "ids are unique"


def test_the_letter_box_shows_texts_and_mails_as_sent(house, client):
    code = house.lead(email="dana@acme.example")
    house.send()
    page = words(client.get("/outbox"))
    assert "Messages stay here." in page
    assert "Dana Cole (lead) +15125550143" in page and "Ann Novak (rep)" in page and "1 segment" in page
    only_ann = words(client.get("/outbox?to=rep:ann"))
    assert "Ann Novak (rep) +15125550111" in only_ann and "+15125550143" not in only_ann
    assert "No message" in words(client.get("/outbox?lead=Z9")) and code in words(client.get(f"/outbox?lead={code}"))


def test_a_message_that_waits_says_until_when(house, client):
    house.lead()
    house.rows("UPDATE outbox SET not_before = '2026-11-25T14:00:00Z'")
    assert "held until" in client.get("/outbox").text


def _column(client, key: str) -> str:
    page = client.get("/").text
    found = re.search(rf'data-key="column-{key}".*?</section>', page, re.S)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group()))
