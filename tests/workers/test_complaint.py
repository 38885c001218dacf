"""A database that is away for an hour is worth sixty lines, not four thousand tracebacks."""

import pytest
from structlog.testing import capture_logs

from config import clock
from store.reports import StoreFault
from workers.answer import answer
from workers.complaint import Complaint


@pytest.fixture
def steady(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("workers.complaint.monotonic", lambda: now[0])
    assert clock.monotonic() != now[0]
    return now


def test_one_line_at_first_then_one_a_minute_with_the_count_then_relief(steady):
    complaint = Complaint("tick_failed", "ticks_again")
    with capture_logs() as said:
        for _ in range(150):
            complaint.make(StoreFault("connection refused\nIs the server running?"))
            steady[0] += 1
        complaint.end()
        complaint.end()
    assert [(line["event"], line.get("times")) for line in said] == [
        ("tick_failed", None), ("tick_failed", 61), ("tick_failed", 121), ("ticks_again", 150)
    ]  # fmt: skip
    assert said[0]["reason"] == "SQLAlchemyError: connection refused"
    assert not any(line.get("exc_info") for line in said)


def test_what_is_not_the_databases_fault_is_shown_whole_once(steady):
    complaint = Complaint("tick_failed", "ticks_again")
    fault = KeyError("pool")
    with capture_logs() as said:
        complaint.make(StoreFault("gone"))
        complaint.make(fault)
        complaint.make(fault)
    assert [line["exc_info"] for line in said] == [None, fault]


class Busy:
    """Work that has more to do, is done, or finds no database: as told, one by one."""

    def __init__(self, *told: object) -> None:
        self.told = list(told)

    def until_done(self) -> bool:
        told = self.told.pop(0)
        if isinstance(told, Exception):
            raise told
        return bool(told)


def test_a_worker_that_finds_no_database_says_so_once_and_goes_on_when_it_is_back(steady):
    work, rings, complaint = Busy(*[StoreFault("gone")] * 50, False, True), [], Complaint("work_failed", "works_again")
    with capture_logs() as said:
        for _ in range(52):
            answer(lambda: work, lambda: rings.append(1), complaint)
    assert [(line["event"], line.get("times")) for line in said] == [("work_failed", None), ("works_again", 50)]
    assert rings == [1], "there was more to do after the first look"


def test_a_mistake_of_ours_is_left_to_celery(steady):
    with pytest.raises(KeyError):
        answer(lambda: Busy(KeyError("pool")), lambda: None, Complaint("work_failed", "works_again"))
