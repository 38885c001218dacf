"""WhatsApp's statuses come in with the messages, doubled and crossed: each moves its message forward and never back."""

from itertools import permutations

import pytest

from store.inbox import Received
from tests.firm import Firm, team


@pytest.fixture
def firm(database):
    made = Firm(database, team({"priya": "cap: 5"}, {"sales": "members: [priya]"}))
    made.arrive(phone="+15125550143", channel="whatsapp", handles={"whatsapp": "15125550143"})
    made.do(
        "UPDATE outbox SET state = 'sent', channel = 'whatsapp', provider = 'whatsapp', provider_id = 'wamid.A1', rank = 1 WHERE purpose = 'ack'"
    )
    yield made
    made.engine.dispose()


def told(firm: Firm, status: str, *, of: str = "wamid.A1", code: str = "") -> None:
    content = {"provider": "whatsapp", "provider_id": of, "status": status, "code": code, "external_id": f"{of}:{status}"}
    key = f"whatsapp_status:{of}:{status}:{firm.count('inbox')}"
    firm.record(Received("website", key, "delivery_receipt", content, b"", {}, firm.now))
    firm.drain()


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
def test_the_highest_rank_stands(firm, order):
    for status in (*order, *order):
        told(firm, status)
    [message] = firm.rows("SELECT state, rank FROM outbox WHERE purpose = 'ack'")
    assert (message.state, message.rank) == ("delivered", 6)
    assert firm.count("leads") == 1


def test_a_failed_one_waits_for_somebody_to_act_and_a_strangers_is_only_kept(firm):
    told(firm, "failed", code="131047")
    [message] = firm.rows("SELECT state, error_code FROM outbox WHERE purpose = 'ack'")
    assert (message.state, message.error_code) == ("failed", "131047")
    told(firm, "delivered", of="wamid.other")
    assert len(firm.rows("SELECT 1 FROM receipts WHERE applied_at IS NULL")) == 1
