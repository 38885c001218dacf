"""What is in hand of the inbox while it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.model import Person
from store.batch import After


@dataclass(slots=True)
class Item:
    """A row of the inbox in hand."""

    id: int
    source: str
    event: str
    content: Mapping[str, Any]
    received_at: datetime
    number: int | None
    lead_id: int | None = None
    person: Person | None = None
    after: After | None = None
    is_early: bool = False
