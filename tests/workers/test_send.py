"""The protocol of sending, on real PostgreSQL against a provider that misbehaves."""

from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from store import breakers, doubts, outbox, receipts
from store.breakers import Breaker
from store.outbox import Lane
from tests.fakes import ACCEPT, FAIL_AFTER_ACCEPT, RESET_AFTER_ACCEPT, hang, refuse, throttle
from tests.queue_builders import DANA, NOW, a_lead, a_message, rows, the_message
from workers.lookups import look_up
from workers.send import Sender, send_due

OFFER = {"recipient": "rep:priya", "purpose": "offer", "template": "offer", "expires_at": None}
FIVE = timedelta(seconds=5)


@pytest.fixture
def sender(engine, settings, wire) -> Iterator[Sender]:
    sender = Sender(engine, settings, wire=wire)
    yield sender
    sender.finish(NOW)
    sender.close()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def state(engine, message: int) -> str:
    return str(the_message(engine, message)["state"])


def test_what_is_due_goes_out_once_and_is_on_record(engine, sender, provider):
    dana = a_lead(engine)
    text, mail = a_message(engine, dana), a_message(engine, dana, channel="email", address="dana@example.com")
    offer = a_message(engine, dana, address="+15125550111", **OFFER)
    send_due(sender, NOW)
    send_due(sender, after(1))
    assert [state(engine, m) for m in (text, mail, offer)] == ["sent", "sent", "sent"]
    assert sorted(s.message_id for s in provider.sent) == sorted(map(str, (text, mail, offer)))
    assert the_message(engine, text)["body"] == provider.to(DANA)[0].body
    assert sorted(s["why"] for s in rows(engine, "steps", lead_id=dana)) == ["acknowledged by email", "acknowledged by sms"]
    assert [a["outcome"] for a in rows(engine, "attempts", message_id=text)] == ["accepted"]
    assert provider.violations() == []


def test_a_database_that_goes_while_answers_come_in_costs_no_answer_and_no_room(engine, sender, provider, monkeypatch):
    provider.always("twilio", hang(0.05))
    lane = sender.lanes.by_channel["sms"]
    lane.width = 8
    ids = [a_message(engine, a_lead(engine), address=f"+151255501{n:02}") for n in range(8)]
    while not lane.flying:
        sender.step(NOW, patience=0)
    wait(sender._under_way)  # all have been answered, and nobody has looked
    lane.breaker = Breaker("twilio", "throttled", NOW)  # so that an answer is news for the table of breakers
    with monkeypatch.context() as gone:
        gone.setattr(breakers, "closed", lambda *_: (_ for _ in ()).throw(OperationalError("", {}, Exception("gone"))))
        with pytest.raises(OperationalError):
            sender.step(NOW, claim=False)
    send_due(sender, after(1))
    assert lane.flying == 0
    assert [state(engine, message) for message in ids] == ["sent"] * 8
    assert sorted(int(sent.message_id) for sent in provider.sent) == ids


def test_a_hundred_messages_go_out_once_each(engine, sender, provider):
    dana = a_lead(engine)
    ids = [a_message(engine, dana, address=f"+151255501{n:02}") for n in range(100)]
    send_due(sender, NOW)
    assert sorted(int(s.message_id) for s in provider.sent) == ids


def test_refused_connections_are_tried_again_later(engine, settings, wire, provider):
    gone = Sender(engine, replace(settings, twilio_api_url="http://127.0.0.1:1"), wire=wire)
    message = a_message(engine, a_lead(engine))
    send_due(gone, NOW)
    row = the_message(engine, message)
    assert (row["state"], row["attempts"]) == ("pending", 1)
    assert timedelta(seconds=0.8) <= row["not_before"] - NOW <= timedelta(seconds=1.2)
    back = Sender(engine, settings, wire=wire)
    send_due(back, after(2))
    assert state(engine, message) == "sent"


def test_a_wrong_number_is_not_tried_again_and_somebody_is_told(engine, sender, provider):
    provider.always("twilio", refuse(400, 21211))
    message = a_message(engine, a_lead(engine))
    send_due(sender, NOW)
    send_due(sender, after(120))
    assert state(engine, message) == "failed"
    assert provider.calls("twilio") == 1
    [waiting] = receipts.waiting(engine, NOW)
    assert (waiting.message_id, waiting.code) == (message, "21211")


def test_who_opted_out_is_never_written_to_again(engine, sender, provider):
    provider.once("twilio", refuse(400, 21610))
    dana = a_lead(engine)
    first = a_message(engine, dana)
    send_due(sender, NOW)
    second = a_message(engine, dana)
    send_due(sender, after(1))
    assert (state(engine, first), state(engine, second)) == ("failed", "suppressed")
    assert provider.calls("twilio") == 1


def test_refused_keys_stop_the_lane_without_a_storm_and_it_comes_back(engine, sender, provider):
    provider.always("twilio", refuse(401, 20003))
    dana = a_lead(engine)
    ids = [a_message(engine, dana, expires_at=None) for _ in range(20)]
    mail = a_message(engine, dana, channel="email", address="dana@example.com")
    for second in range(0, 30, 5):
        send_due(sender, after(second))
    assert provider.calls("twilio") - provider.calls("sendgrid") <= 3
    assert {state(engine, m) for m in ids} == {"pending"}
    assert state(engine, mail) == "sent"
    [notice] = rows(engine, "notices")
    assert "refuses us" in str(notice["text"])
    provider.always("twilio", ACCEPT)
    offers = [a_message(engine, dana, **OFFER) for _ in range(3)]
    send_due(sender, after(61))
    send_due(sender, after(62))
    assert {state(engine, m) for m in offers} == {"sent"}
    assert rows(engine, "notices")[0]["over_at"] is not None


def test_asked_to_slow_down_it_waits_as_long_and_loses_nothing(engine, sender, provider):
    provider.once("twilio", throttle(5))
    dana = a_lead(engine)
    ids = [a_message(engine, dana) for _ in range(3)]
    send_due(sender, NOW)
    assert provider.sent == []
    send_due(sender, after(4))
    assert provider.sent == []
    for second in (6, 7, 8):
        send_due(sender, after(second))
    assert sorted(int(s.message_id) for s in provider.sent) == ids


def test_five_failures_open_the_breaker_and_one_probe_closes_it(engine, settings, wire, provider):
    provider.always("twilio", refuse(503))
    sender = Sender(engine, settings, wire=wire)
    dana = a_lead(engine)
    for second in range(6):
        a_message(engine, dana, at=after(second), **OFFER)
        send_due(sender, after(second))
    assert breakers.states(engine)["twilio"].state == "open"
    asked = provider.calls("twilio")
    waiting = a_message(engine, dana, at=after(10), **OFFER)
    send_due(sender, after(10))
    assert (provider.calls("twilio"), state(engine, waiting)) == (asked, "pending")
    provider.always("twilio", ACCEPT)
    send_due(sender, after(22))
    send_due(sender, after(23))
    assert state(engine, waiting) == "sent"
    assert breakers.states(engine)["twilio"].state == "closed"


def test_only_one_process_probes(engine):
    breakers.stopped(engine, "twilio", NOW, why="test")
    later = after(60)
    assert [breakers.take_probe(engine, "twilio", later) for _ in range(2)] == [True, False]


def test_a_stale_acknowledgement_is_not_sent(engine, sender, provider):
    message = a_message(engine, a_lead(engine), expires_at=NOW)
    send_due(sender, NOW)
    assert (state(engine, message), provider.asked) == ("expired", [])


def test_quiet_hours_hold_a_text_until_morning(engine, sender, provider):
    night = datetime.fromisoformat("2026-11-25T04:00:00+00:00")  # 22:00 in Chicago
    message = a_message(engine, a_lead(engine), at=night, purpose="notice", expires_at=None)
    send_due(sender, night)
    row = the_message(engine, message)
    assert (row["state"], row["not_before"].isoformat()) == ("pending", "2026-11-25T15:00:00+00:00"), "9:00 in Texas"
    assert provider.asked == []


def test_an_acknowledgement_that_quiet_hours_would_make_untrue_gives_way_at_once(engine, sender):
    night = datetime.fromisoformat("2026-11-25T04:00:00+00:00")
    message = a_message(engine, a_lead(engine), at=night)
    send_due(sender, night)
    assert state(engine, message) == "failed"
    assert receipts.waiting(engine, night)[0].code == "quiet_hours"


def test_words_we_do_not_have_fail_alone(engine, sender, provider):
    dana = a_lead(engine)
    broken, fine = a_message(engine, dana, template="no_such"), a_message(engine, dana)
    send_due(sender, NOW)
    assert (state(engine, broken), state(engine, fine)) == ("failed", "sent")


# --- in doubt -----------------------------------------------------------------------------------------------------


def test_an_answer_that_was_lost_is_found_by_look_up_and_not_sent_twice(engine, sender, provider):
    provider.once("twilio", RESET_AFTER_ACCEPT)
    dana = a_lead(engine)
    message = a_message(engine, dana)
    send_due(sender, NOW)
    assert state(engine, message) == "ambiguous"
    assert look_up(engine, sender.lanes, after(14)) == 0
    assert look_up(engine, sender.lanes, after(15)) == 1
    row = the_message(engine, message)
    assert (row["state"], row["provider_id"]) == ("sent", provider.sent[0].id)
    send_due(sender, after(200))
    assert len(provider.sent) == 1
    assert rows(engine, "leads", id=dana)[0]["acked_at"] == after(15)


def test_only_two_clean_look_ups_prove_that_it_did_not_go_out(engine, sender, provider):
    provider.once("twilio", replace(RESET_AFTER_ACCEPT, accept=False))
    message = a_message(engine, a_lead(engine))
    send_due(sender, NOW)
    looked = []
    for second in range(0, 150, 5):
        if look_up(engine, sender.lanes, after(second)):
            looked.append(second)
        send_due(sender, after(second))
    assert looked == [15, 45, 90]
    assert (state(engine, message), len(provider.sent)) == ("sent", 1)


def test_a_list_that_cannot_be_read_proves_nothing(engine, settings, sender, wire, provider):
    provider.once("twilio", replace(RESET_AFTER_ACCEPT, accept=False))
    message = a_message(engine, a_lead(engine))
    send_due(sender, NOW)
    cut_off = Sender(engine, replace(settings, twilio_api_url="http://127.0.0.1:1"), wire=wire)
    for second in (15, 30, 45, 60):
        assert look_up(engine, cut_off.lanes, after(second)) == 1
    assert look_up(engine, sender.lanes, after(90)) == 1  # the first clean one
    assert (state(engine, message), provider.sent) == ("ambiguous", [])
    look_up(engine, sender.lanes, after(105))
    send_due(sender, after(105))
    assert (state(engine, message), len(provider.sent)) == ("sent", 1)


def test_a_list_that_hides_what_it_took_is_asked_until_it_shows(engine, sender, provider):
    provider.once("twilio", FAIL_AFTER_ACCEPT)
    provider.lists_what_it_took = False
    message = a_message(engine, a_lead(engine))
    send_due(sender, NOW)
    look_up(engine, sender.lanes, after(15))
    assert state(engine, message) == "ambiguous"
    provider.lists_what_it_took = True
    look_up(engine, sender.lanes, after(45))
    assert (state(engine, message), len(provider.sent)) == ("sent", 1)


def test_mail_in_doubt_waits_for_events_then_acks_stay_uncertain_and_alarms_go_again(engine, sender, provider):
    provider.once("sendgrid", RESET_AFTER_ACCEPT, RESET_AFTER_ACCEPT)
    dana = a_lead(engine)
    mail = {"channel": "email", "address": "kim@acme.example"}
    ack = a_message(engine, dana, **mail)
    alarm = a_message(engine, dana, **mail, recipient="manager:kim", purpose="alarm", template="breach", expires_at=None)
    send_due(sender, NOW)
    for second in (15, 60, 119):
        look_up(engine, sender.lanes, after(second))
    assert (state(engine, ack), state(engine, alarm)) == ("ambiguous", "ambiguous")
    look_up(engine, sender.lanes, after(121))
    assert (state(engine, ack), state(engine, alarm)) == ("uncertain", "pending")
    assert [w.message_id for w in receipts.waiting(engine, after(121))] == [ack]
    send_due(sender, after(122))
    assert [s.message_id for s in provider.sent].count(str(alarm)) == 2


# --- crashes ------------------------------------------------------------------------------------------------------


def test_killed_after_the_claim_another_sends_it(engine, sender, provider):
    message = a_message(engine, a_lead(engine))
    outbox.claim(engine, NOW, [Lane(("sms",), 1)])  # and dies here
    doubts.release(engine, after(5))
    send_due(sender, after(5))
    assert (state(engine, message), len(provider.sent)) == ("sent", 1)


def test_killed_in_mid_call_it_is_looked_up_not_repeated(engine, settings, wire, provider):
    dying = Sender(engine, settings, wire=wire)
    message = a_message(engine, a_lead(engine))
    dying.step(NOW)  # the provider has it, our result is not on disk; and it dies here
    assert (state(engine, message), len(provider.sent)) == ("sending", 1)
    doubts.release(engine, after(30))
    other = Sender(engine, settings, wire=wire)
    look_up(engine, other.lanes, after(30))
    send_due(other, after(31))
    assert (state(engine, message), len(provider.sent)) == ("sent", 1)
    dying.finish(after(40))  # the dead one wakes: its result changes nothing
    assert the_message(engine, message)["provider_id"] == provider.sent[0].id
    assert len(rows(engine, "attempts", message_id=message)) == 1
