"""Providers that are away, hang, break off, fail after they have accepted, throttle, refuse and report crossed."""

import random
import time
from itertools import pairwise

import pytest

from tests.chaos import faults
from tests.chaos.firm import manager_phone
from tests.chaos.promises import hold, is_up
from tests.chaos.trial import LONG, Trial, Writer
from tests.fakes import FAIL_AFTER_ACCEPT, RESET_AFTER_ACCEPT, Behaviour, Sent, hang, refuse, throttle, twilio_signature
from tests.installation import ACCOUNT, TOKEN, path_of

pytestmark = pytest.mark.chaos
UNTIL_BOUND = 75.0  # the lease of a call is 30 s, look-ups come 15, 45 and 90 s after its beginning


def test_f04_killed_while_the_provider_holds_the_call(trial: Trial):
    trial.texts.once("twilio", hang(8))
    [writer] = trial.write(1)
    sent = the_text_to(trial, writer)
    faults.kill(trial, "worker")
    faults.kill(trial, "clock")
    trial.saw["bound_after_s"] = trial.until(lambda: is_bound(trial, sent), UNTIL_BOUND, "the SID is known")
    hold(trial)
    assert [each.id for each in trial.texts.to(writer.phone)] == [sent.id]


def test_f05_killed_before_the_call_has_left(trial: Trial):
    """The attempt is on record, and the provider saw nothing: only its list can tell, and only when it has been read twice."""
    trial.texts.clog()
    [writer] = trial.urgent()
    trial.until(lambda: is_being_called(trial, writer), 10, "the call has begun")
    faults.kill(trial, "worker")
    faults.kill(trial, "clock")
    trial.texts.mend()
    assert not trial.texts.to(writer.phone)
    waited = trial.until(lambda: trial.texts.to(writer.phone), 150, "the text after all")
    trial.saw |= {"sent_after_s": waited, "look_ups": trial.texts.calls("twilio", "GET")}
    hold(trial)
    [sent] = trial.texts.to(writer.phone)
    assert trial.count("SELECT count(*) FROM attempts WHERE message_id = :id", id=int(sent.message_id)) == 2
    assert waited >= 55  # not before the second look-up, a minute after the attempt


def test_f24_twilio_is_down(trial: Trial):
    trial.texts.cut()
    cut = time.time()
    with trial.writing(5, urgent_every=20):
        time.sleep(120 if LONG else 45)
    mended = time.time()
    trial.everybody_is_answered(40)
    waits = trial.answered_after()
    trial.texts.mend()
    trial.until(lambda: breaker(trial, "twilio") == "closed", 40, "the lane is open again")
    late = [each for each in trial.texts.sent if is_ack(trial, each)]
    began = [row.at for row in trial.rows(BEGUN, since=cut, until=mended)]
    probes = [at for at in began if at > began[4] + 3]  # after five failures, and the calls that were under way then
    trial.saw |= {
        "by_mail_after_at_most_s": round(waits[-1], 1),
        "probes_while_down": len(probes),
        "probes_after": trial.count(PROBES_AFTER, since=mended),
        "late_acks": len(late),
    }
    assert waits[-1] <= 35
    assert probes and all(later - earlier >= 14 for earlier, later in pairwise(probes)), "more than one probe in 15 s"
    assert trial.saw["probes_after"] == 1
    assert not late
    hold(trial, told_within=40)


BEGUN = """
    SELECT extract(epoch FROM started_at)::float AS at FROM attempts JOIN outbox ON outbox.id = message_id AND channel = 'sms'
    WHERE started_at BETWEEN to_timestamp(:since) AND to_timestamp(:until) ORDER BY 1
"""
# what is begun in the very commit that records the probe's answer bears the same instant, and is none
PROBES_AFTER = """
    SELECT count(*) FROM attempts JOIN outbox ON outbox.id = message_id AND channel = 'sms' WHERE started_at > to_timestamp(:since)
    AND started_at < (SELECT min(finished_at) FROM attempts WHERE provider_id LIKE 'SM%' AND started_at > to_timestamp(:since))
    AND outcome = 'accepted'
"""


def test_f25_twilio_hangs(trial: Trial):
    trial.texts.always("twilio", hang(60, accept=False))
    with trial.writing(3, urgent_every=15):
        time.sleep(5)
        trial.saw["mail_meanwhile_s"] = [seconds_until_a_mail(trial, number) for number in range(3)]
        time.sleep(15)
    assert is_up(trial, "/health/engine")
    trial.texts.always("twilio", Behaviour())
    trial.everybody_is_answered(150)
    longest = trial.rows("SELECT max(extract(epoch FROM finished_at - started_at))::float AS s FROM attempts")[0].s
    trial.saw |= {"answered_at_most_s": round(trial.answered_after()[-1], 1), "calls": trial.texts.calls("twilio")}
    trial.saw["longest_call_s"] = round(longest, 1)
    assert max(trial.saw["mail_meanwhile_s"]) <= 5
    assert longest <= 15
    hold(trial, told_within=150)


def seconds_until_a_mail(trial: Trial, number: int) -> float:
    """Somebody without a phone writes."""
    to = f"mail{number}@people.example"
    began = time.monotonic()
    answer = trial.post("/webhooks/website", {"name": "Dana", "email": to, "message": f"by mail {number}"})
    assert answer is not None and answer.status == 202
    trial.until(lambda: trial.mails.to(to), 20, "a mail to who has no phone")
    return round(time.monotonic() - began, 1)


@pytest.mark.parametrize(
    "behaviour", [RESET_AFTER_ACCEPT, FAIL_AFTER_ACCEPT], ids=["f26_reset_after_accept", "f27_500_after_accept"]
)
def test_accepted_but_the_answer_is_lost(trial: Trial, behaviour: Behaviour):
    trial.texts.once("twilio", *[behaviour] * 10)
    trial.write(100, per_second=20)
    trial.everybody_is_answered(90)
    trial.until(
        lambda: trial.count("SELECT count(*) FROM outbox WHERE state IN ('ambiguous', 'sending')") == 0, 200, "no doubts are left"
    )
    ours = {sent.message_id for sent in trial.texts.sent}
    known = {str(row.id) for row in trial.rows("SELECT id FROM outbox WHERE provider = 'twilio' AND provider_id IS NOT NULL")}
    trial.saw |= {"texts": len(trial.texts.sent), "bound": len(ours & known), "acks_by_mail": len(acks(trial, trial.mails.sent))}
    assert len(trial.texts.sent) == len(ours), "a text went out twice"
    assert ours <= known
    hold(trial)


def test_f30_twilio_asks_to_slow_down(trial: Trial):
    trial.texts.always("twilio", throttle(5))
    since = time.time()
    trial.write(60, per_second=10)
    time.sleep(24)
    asked, until = trial.texts.calls("twilio"), time.time()
    trial.texts.always("twilio", Behaviour())
    began = [int((row.at - since) // 5) for row in trial.rows(BEGUN, since=since, until=until)]
    by_five_seconds = [began.count(window) for window in range(max(began) + 1)]
    trial.saw |= {"calls_in_30_s": asked, "by_five_seconds": by_five_seconds}
    trial.saw["all_answered_after_s"] = trial.everybody_is_answered(40)
    assert asked <= 30
    assert max(by_five_seconds[1:]) <= SENDERS * 2, "Retry-After is 5 s: nobody begins with more than one, or comes back sooner"
    hold(trial)


SENDERS = 3  # processes that send: two of the worker, and the clock


def test_f31_twilio_refuses_our_keys(trial: Trial):
    trial.texts.always("twilio", refuse(401, 20003))
    trial.write(30, per_second=15)
    trial.until(lambda: notice(trial, "provider:twilio"), 10, "the operator is told")
    time.sleep(10)
    asked = trial.texts.calls("twilio")
    trial.texts.always("twilio", Behaviour())
    trial.saw["resumed_after_s"] = trial.until(lambda: breaker(trial, "twilio") == "closed", 75, "the lane is open again")
    trial.everybody_is_answered(60)
    trial.saw["calls_while_refused"] = asked
    assert asked <= 3
    assert not notice(trial, "provider:twilio")
    hold(trial)


def test_f32_the_person_said_stop_to_the_carrier(trial: Trial):
    trial.texts.once("twilio", refuse(400, 21610))
    [writer] = trial.write(1)
    trial.until(lambda: suppressed(trial, writer), 15, "the number is suppressed")
    before = trial.texts.calls("twilio")
    again = writes_again(trial, writer)
    trial.everybody_is_answered(20)
    asked = [a for a in trial.texts.asked[before:] if writer.phone.removeprefix("+").encode() in a.body]
    trial.saw |= {"mails": len(trial.mails.to(writer.email)), "later_calls": len(asked)}
    assert again
    assert not asked
    hold(trial)


@pytest.mark.parametrize("code", [21211, 21614], ids=["f33_21211", "f33_21614"])
def test_a_number_that_cannot_be_texted(trial: Trial, code: int):
    trial.texts.once("twilio", refuse(400, code))
    [writer] = trial.write(1)
    trial.saw["by_mail_after_s"] = trial.until(lambda: trial.mails.to(writer.email), 15, "the mail instead")
    time.sleep(5)
    tried = [
        asked for asked in trial.texts.asked if writer.phone.removeprefix("+").encode() in asked.body and b"Dana" in asked.body
    ]
    trial.saw["calls"] = len(tried)
    assert len([asked for asked in tried if b"To=%2B" + writer.phone[1:].encode() in asked.body]) == 1
    hold(trial)


@pytest.mark.parametrize("code", ["30003", "30005", "30006", "30007", "30008"])
def test_f34_the_carrier_did_not_deliver(trial: Trial, code: str):
    [writer] = trial.write(1)
    sent = the_text_to(trial, writer)
    assert trial.report(sent, "undelivered", code=code) == 204
    trial.saw["by_mail_after_s"] = trial.until(lambda: trial.mails.to(writer.email), 15, "the mail instead")
    trial.saw["suppressed"] = suppressed(trial, writer)
    time.sleep(3)
    assert len(trial.texts.to(writer.phone)) == 1
    if code in ("30005", "30006"):
        assert suppressed(trial, writer)
    hold(trial)


def test_f35_reports_come_five_times_and_crossed(trial: Trial):
    trial.write(20)
    trial.everybody_is_answered(20)
    texts = list(trial.texts.sent)
    reports = [(sent, status) for sent in texts for status in ("sent", "delivered") for _ in range(5)]
    trial.random.shuffle(reports)
    answers = [trial.report(sent, status) for sent, status in reports]
    states = trial.rows("SELECT state, count(*) AS n FROM outbox WHERE channel = 'sms' GROUP BY state")
    trial.saw |= {"reports": len(reports), "states": {row.state: row.n for row in states}}
    assert set(answers) == {204}
    assert (
        trial.count(
            "SELECT count(*) FROM outbox WHERE id = ANY(:ids) AND state <> 'delivered'", ids=[int(s.message_id) for s in texts]
        )
        == 0
    )
    hold(trial)


def test_f37_a_forged_report_changes_nothing(trial: Trial):
    first, second = trial.write(2)
    one, other = the_text_to(trial, first), the_text_to(trial, second)
    trial.until(lambda: is_bound(trial, one) and is_bound(trial, other), 10, "both are sent")
    before = states_of(trial, one, other)
    forged = {
        "wrong signature": trial.report(one, "failed", token="not the token"),
        "another account": trial.report(one, "failed", account="AC" + "6" * 32),
        "no signature": trial.house.post(
            f"/receipts/twilio/{one.message_id}", {"MessageSid": one.id, "MessageStatus": "failed"}
        ).status,
        "another message's": captured(trial, other, sent_to=one),
    }
    trial.saw |= {"answers": forged}
    time.sleep(2)
    assert states_of(trial, one, other) == before
    assert set(forged.values()) <= {401, 403}
    hold(trial)


def test_f39_both_providers_are_down(trial: Trial):
    """In the long form for 11 minutes: an acknowledgement that promised a call within 6 s is no longer true 10 minutes after that."""
    trial.texts.cut()
    trial.mails.cut()
    early = trial.write(20, per_second=10)
    urgent = trial.urgent(3)
    time.sleep(660 if LONG else 45)
    assert not trial.sent
    trial.texts.mend()
    trial.mails.mend()
    trial.until(lambda: breaker(trial, "twilio") == breaker(trial, "sendgrid") == "closed", 60, "both are back")
    [late] = trial.write(1)
    trial.until(lambda: trial.to(late), 20, "who writes now is answered at once")
    trial.until(lambda: all(both_ways(trial, writer) for writer in urgent), 90, "each manager is told on both channels")
    stale = trial.count("SELECT count(*) FROM outbox WHERE purpose = 'ack' AND sent_at > expires_at")
    trial.saw |= {"answered_all_the_same": sum(bool(trial.to(writer)) for writer in early), "of": len(early)}
    trial.saw |= {"urgent_answered": sum(bool(trial.to(writer)) for writer in urgent), "stale": stale}
    assert trial.saw["answered_all_the_same"] == len(early), "their hour was not over yet"
    assert stale == 0
    assert not (LONG and trial.saw["urgent_answered"])
    hold(trial, told_within=(660 if LONG else 45) + 75)


def both_ways(trial: Trial, writer: Writer) -> bool:
    """Was the manager of an urgent lead told by text and by mail?"""
    number = int(writer.source[1:])
    return bool(trial.texts.to(manager_phone(number)) and trial.mails.to(f"m{number}@cole.example"))


# --- what was seen ------------------------------------------------------------------------------------------------------------


def the_text_to(trial: Trial, writer: Writer) -> Sent:
    """The first text that the provider took for them."""
    trial.until(lambda: trial.texts.to(writer.phone), 20, "a text to the writer")
    return trial.texts.to(writer.phone)[0]


def is_being_called(trial: Trial, writer: Writer) -> bool:
    """Is the attempt to text them on record and not yet over, and no mail under way that the same kill would leave in doubt?"""
    return (
        trial.count(
            "SELECT count(*) FROM outbox WHERE state = 'sending' AND purpose = 'ack' AND address = :to AND NOT EXISTS ("
            "SELECT FROM outbox WHERE channel = 'email' AND state IN ('pending', 'claimed', 'sending'))",
            to=writer.phone,
        )
        == 1
    )


def is_bound(trial: Trial, sent: Sent) -> bool:
    """Do we know that the provider has it, and by which name?"""
    return (
        trial.count("SELECT count(*) FROM outbox WHERE id = :id AND provider_id = :sid", id=int(sent.message_id), sid=sent.id)
        == 1
    )


def states_of(trial: Trial, *sent: Sent) -> list[tuple[str, str]]:
    """State and provider's name of each."""
    found = trial.rows(
        "SELECT state, provider_id FROM outbox WHERE id = ANY(:ids) ORDER BY id", ids=[int(s.message_id) for s in sent]
    )
    return [(row.state, row.provider_id) for row in found]


def captured(trial: Trial, genuine: Sent, *, sent_to: Sent) -> int:
    """A genuine report of one message, posted with its own signature to the address of another; returns the answer's status."""
    form = {"MessageSid": genuine.id, "MessageStatus": "failed", "AccountSid": ACCOUNT}
    signature = twilio_signature(genuine.callback, form, TOKEN)
    return trial.house.post(path_of(sent_to.callback, trial.house), form, X_Twilio_Signature=signature).status


def is_ack(trial: Trial, sent: Sent) -> bool:
    """Is it for a writer?"""
    return sent.to in {writer.phone for writer in trial.writers}


def acks(trial: Trial, sent: list[Sent]) -> list[Sent]:
    """Those that went to writers."""
    addresses = {address for writer in trial.writers for address in (writer.phone, writer.email)}
    return [each for each in sent if each.to in addresses]


def breaker(trial: Trial, provider: str) -> str:
    """The state of the provider's breaker."""
    return next((row.state for row in trial.rows("SELECT state FROM breakers WHERE provider = :p", p=provider)), "closed")


def notice(trial: Trial, key: str) -> bool:
    """Is the operator told of it now?"""
    return trial.count("SELECT count(*) FROM notices WHERE key = :key AND over_at IS NULL", key=key) == 1


def suppressed(trial: Trial, writer: Writer) -> bool:
    """Will we never text them again?"""
    return trial.count("SELECT count(*) FROM suppressions WHERE address = :to AND channel = 'sms'", to=writer.phone) == 1


def writes_again(trial: Trial, writer: Writer) -> bool:
    """The same person, with new words."""
    said = {"name": "Dana again", "phone": writer.phone, "email": writer.email, "message": f"once more {random.random()}"}
    answer = trial.post("/webhooks/website", said, key=f"{writer.key}-again")
    return answer is not None and answer.status in (200, 202)
