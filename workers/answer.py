"""What a worker does when the bell rings."""

from collections.abc import Callable

from store.reports import StoreFault
from workers.complaint import Complaint
from workers.work import Work


def answer(work: Callable[[], Work], ring: Callable[[], None], complaint: Complaint) -> None:
    """Do whatever is due, at most for 20 s; then ring for the next worker.

    A database that is away is no news at every ring (there may be one for every lead that goes on the spool); the clock rings again.
    """
    try:
        is_done = work().until_done()
    except StoreFault as fault:
        complaint.make(fault)
        return
    complaint.end()
    if not is_done:
        ring()
