"""Buttons pressed in Slack, and what the team writes by e-mail."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from store import advance, inbox, policies
from store.engine import connect
from store.inbox import Received
from tests.invariants import broken
from tests.queue_builders import DANA, NOW, rows

TEAM = (Path(__file__).parents[2] / "config" / "team.yaml").read_text(encoding="utf-8")
LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    policies.apply(engine, TEAM, Settings(secret_key="a key that only the tests know"), NOW, "the tests")
    hear(engine, "form", kind="form", channel="form", name="Dana Cole", phone=DANA, email="dana@example.com")
    yield engine
    assert broken(engine) == []
    engine.dispose()


def hear(engine: Engine, event: str, *, now: bool = False, **content: object):
    """It is heard; decided by the worker, or at once for somebody who waits."""
    key = f"{event}:{len(rows(engine, 'inbox'))}"
    [recorded] = inbox.record(engine, [Received("website", key, event, {"kind": "message", **content}, b"", {}, LATER)], LATER)
    if now:
        return advance.decide(engine, recorded.inbox_id, LATER)
    assert advance.drain_inbox(engine, LATER) == 1
    return None


def press(engine: Engine, action: str, by: str, *, now: bool = True, code: str = ""):
    code = code or str(lead(engine)["code"])
    return hear(engine, "agent_action", now=now, channel="slack", action=action, by=by, code=code, reply_to="https://hooks.slack.com/actions/1")  # fmt: skip


def mail(engine: Engine, sender: str, words: str, **more: object):
    hear(engine, "message", **{"channel": "email", "email": sender, "message": words, "authentic": True, **more})


def lead(engine: Engine) -> dict[str, object]:
    [found] = rows(engine, "leads")
    return found


def answers(engine: Engine, channel: str) -> list[str]:
    return [str(m["fields"]["text"]) for m in rows(engine, "outbox", channel=channel, template="reply")]


@pytest.mark.parametrize("now", [True, False])
def test_a_rep_accepts_in_slack(engine, now):
    rep = str(lead(engine)["holders"][0])
    after = press(engine, "accept", rep, now=now)
    assert (lead(engine)["status"], lead(engine)["owner"]) == ("accepted", rep)
    assert after is None or after.state.owner == rep
    assert len(answers(engine, "slack")) == 1
    assert "accepted" in answers(engine, "slack")[0]


def test_a_rep_passes_in_slack_and_the_next_is_asked(engine):
    [first] = lead(engine)["holders"]
    press(engine, "pass", first)
    assert lead(engine)["holders"] not in ([], [first])


def test_who_is_too_late_hears_so(engine):
    [first] = lead(engine)["holders"]
    other = {"priya": "tom", "tom": "priya"}.get(first, "priya")
    press(engine, "accept", first)
    press(engine, "accept", other)
    assert lead(engine)["owner"] == first
    assert "too late" in answers(engine, "slack")[1]


def test_a_manager_is_on_it(engine):
    press(engine, "acknowledge", "kim")
    assert lead(engine)["state"]["acknowledged_by"] == "kim"


@pytest.mark.parametrize(
    ("action", "by", "code", "words"),
    [
        ("accept", "", "", "does not know you"),
        ("accept", "somebody", "", "does not know you"),
        ("acknowledge", "priya", "", "means nothing"),
        ("", "priya", "", "means nothing"),
        ("accept", "priya", "Z999", "There is no lead Z999"),
        ("accept", "priya", "lead_42", "There is no lead lead_42"),
    ],
)
def test_what_cannot_be_done_is_said(engine, action, by, code, words):
    before = lead(engine)["state"]
    assert press(engine, action, by, code=code) is None
    assert words in answers(engine, "slack")[0]
    assert lead(engine)["state"] == before


def test_a_rep_accepts_by_mail_and_is_answered_by_mail(engine):
    rep = str(lead(engine)["holders"][0])
    mail(engine, f"{rep}@acme.example", "1")
    assert lead(engine)["owner"] == rep
    mail(engine, f"{rep}@acme.example", "L")
    assert len(answers(engine, "email")) == 1


def test_a_reps_own_words_in_the_thread_are_the_first_response(engine):
    rep = str(lead(engine)["holders"][0])
    mail(engine, f"{rep}@acme.example", "1", thread=lead(engine)["code"])
    mail(engine, f"{rep}@acme.example", "Hello Dana, we can come on Friday. Does 9 suit you?", thread=lead(engine)["code"])
    assert lead(engine)["status"] == "responded"
    [said] = rows(engine, "outbox", template="relay")
    assert "Friday" in str(said["fields"]["text"])


def test_the_same_words_without_a_thread_are_answered_with_a_hint(engine):
    mail(engine, "priya@acme.example", "Hello Dana, we can come on Friday. Does 9 suit you?")
    assert "not understood" in answers(engine, "email")[0]
    assert rows(engine, "outbox", template="relay") == []


def test_a_leads_own_mail_is_a_word_on_their_lead(engine):
    mail(engine, "dana@example.com", "One more thing: it is a tile roof.")
    assert [step["data"]["text"] for step in rows(engine, "steps", event="MessageArrived")] == [
        "One more thing: it is a tile roof."
    ]
    assert len(rows(engine, "leads")) == 1


def test_a_mail_that_nobody_vouches_for_is_not_obeyed(engine):
    rep = str(lead(engine)["holders"][0])
    for words in ("1", "off", "A1 We do it for half the price"):
        mail(engine, f"{rep}@acme.example", words, authentic=False)
    assert lead(engine)["status"] == "offered"
    assert rows(engine, "reps", id=rep)[0]["presence"] == "on"
    assert len(answers(engine, "email")) == 3
    assert "could not be proved" in answers(engine, "email")[0]


def offer_was_mailed(engine: Engine, provider_id: str) -> None:
    with engine.begin() as db:
        set_id = text("UPDATE outbox SET provider = 'sendgrid', provider_id = :id WHERE template = 'offer'")
        assert db.execute(set_id, {"id": provider_id}).rowcount


def test_the_mail_it_answers_says_which_lead(engine):
    offer_was_mailed(engine, "14c5d75ce93")
    rep = str(lead(engine)["holders"][0])
    mail(engine, f"{rep}@acme.example", "We can come on Friday, Dana", in_reply_to=["14c5d75ce93.dfd.64b469@geopod-ismtpd-1"])
    assert lead(engine)["status"] == "responded"


def test_an_answer_from_another_address_is_on_the_leads_thread(engine):
    mail(engine, "dana.at.work@example.com", "Writing from work", thread=lead(engine)["code"])
    assert len(rows(engine, "leads")) == 1
    mail(engine, "somebody@example.com", "A new question", in_reply_to=["nobody@x"])
    assert len(rows(engine, "leads")) == 2


def test_a_number_in_a_mail_takes_nobody_elses_person(engine):
    mail(engine, "tom@example.com", "hi")
    mail(engine, "tom@example.com", f"Ring me at {DANA}", phone=DANA, extra={"phone_is_a_guess": True})
    assert len(rows(engine, "people")) == 2
    dana, first, second = (row["lead_id"] for row in rows(engine, "inbox"))
    assert first == second != dana


def test_stop_by_mail_stops_mails(engine):
    mail(engine, "dana@example.com", "STOP")
    assert [(row["channel"], row["address"]) for row in rows(engine, "suppressions")] == [("email", "dana@example.com")]
