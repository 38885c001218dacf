"""A story per test: a fresh database and the small team; `tell(team)` for another one."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from tests.story import SMALL_TEAM, TUESDAY_NINE, Story


@pytest.fixture
def tell(database: str) -> Iterator[Callable[..., Story]]:
    """Begins a story with a team file and an instant of one's own."""
    begun: list[Story] = []

    def begin(team: str = SMALL_TEAM, *, at: datetime = TUESDAY_NINE) -> Story:
        begun.append(Story(database, team, at=at))
        return begun[-1]

    yield begin
    for story in begun:
        story.close()


@pytest.fixture
def story(tell: Callable[..., Story]) -> Story:
    """Tuesday, 9:00, three reps, two managers."""
    return tell()
