import io
import json
import logging

import pytest
import structlog

from config import logs
from config.settings import Settings


@pytest.fixture
def lines():
    """What the process logs, read back line by line."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("web", Settings(), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def test_an_event_is_one_json_line_with_its_ids(lines):
    structlog.get_logger("webhooks").info("lead_arrived", lead=5125550111, source="website")
    (line,) = lines()
    assert line["event"] == "lead_arrived"
    assert line["lead"] == 5125550111  # an id is a number, not a phone number
    assert (line["role"], line["level"], line["logger"]) == ("web", "info", "webhooks")
    assert line["at"].endswith("Z")


@pytest.mark.parametrize(
    "text",
    [
        "no route to +15125550111",
        "no route to +44 20 7946 0018",
        "to=(512) 555-0111 failed",
        "call 512-555-0111 now",
        "5125550111 is unreachable",
        "dana.o'hara+leads@mail.example.org bounced",
    ],
)
def test_phone_numbers_and_addresses_are_masked_even_in_a_librarys_own_words(lines, text):
    logging.getLogger("some.library").warning("oops: %s", text)
    (line,) = lines()
    assert "[phone]" in line["event"] or "[email]" in line["event"]
    assert "555" not in line["event"]
    assert "7946" not in line["event"]
    assert "@" not in line["event"]


@pytest.mark.parametrize(
    "text", ["2026-11-22T10:19:00+00:00", "SM0123456789abcdef0123456789abcdef", "lead A7 due 10:04", "port 54321"]
)
def test_instants_and_ids_are_left_alone(text):
    assert logs.masked(text) == text


def test_a_nested_value_is_masked_too():
    assert logs.masked({"to": ["+15125550111", 7]}) == {"to": ["[phone]", 7]}


def test_a_stack_trace_is_masked_and_stays_on_one_line(lines):
    try:
        raise ValueError("cannot text +15125550111")
    except ValueError:
        structlog.get_logger().exception("send_failed", message_id=3)
    (line,) = lines()
    assert "Traceback" in line["exception"]
    assert "[phone]" in line["exception"]
    assert "5125550111" not in line["exception"]


def test_hostile_text_cannot_break_out_of_its_line(lines):
    structlog.get_logger().info("form_posted", name='Dana\n{"event":"fake"}\x1b[31m' + "x" * 10_000)
    (line,) = lines()
    assert line["event"] == "form_posted"
    assert len(line["name"]) < 5_000
