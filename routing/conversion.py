"""How many leads became something, by how soon they were answered: the firm's own decay curve.

A share of few leads says little, so each comes with its Wilson score interval (Wilson 1927: it stays within 0 and 1 and holds for
small counts and for none). Fast answers and good leads have causes in common, such as hours and reps: the curve shows what goes
together, not what an earlier answer would have won.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

STAGES = ("qualified", "won", "lost")
BOUNDS = tuple(
    timedelta(minutes=m) for m in (1, 5, 10, 30, 60, 24 * 60)
)  # each the first instant that is not in the bucket below it
BUCKETS = ("under 1 min", "1 to 5 min", "5 to 10 min", "10 to 30 min", "30 to 60 min", "1 to 24 h", "over 24 h", "never")
Z_95 = 1.959964  # of the normal distribution, two-sided 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, and between which shares the true one lies with 95 % confidence. None of nothing is no share."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, from low to high; of nothing everything is possible."""
        return wilson(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Speed:
    """The leads of a source (None: of all) that were answered so soon: how many they are, and what they became."""

    source: str | None
    bucket: str
    leads: int
    qualified: Share
    won: Share


def wilson(count: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """The score interval of `count` successes in `of` trials. Raises ValueError when there are more successes than trials."""
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of}")
    if of == 0:
        return 0.0, 1.0
    share, spread = count / of, z * z / of
    middle = share + spread / 2
    reach = z * sqrt(share * (1 - share) / of + spread / (4 * of))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return (0.0 if count == 0 else max(0.0, low)), (1.0 if count == of else min(1.0, high))


def curve(counts: dict[tuple[str, int], tuple[int, int, int]]) -> list[Speed]:
    """All sources together first, then each by its name. `counts`: (source, bucket's number) -> leads, qualified or won, won."""
    everything: dict[tuple[str | None, int], tuple[int, int, int]] = {}
    for (source, bucket), (leads, qualified, won) in counts.items():
        for key in ((None, bucket), (source, bucket)):
            before = everything.get(key, (0, 0, 0))
            everything[key] = (before[0] + leads, before[1] + qualified, before[2] + won)
    names: list[str | None] = [None, *sorted({source for source, _ in counts})] if counts else []
    return [
        Speed(name, word, leads, Share(qualified, leads), Share(won, leads))
        for name in names
        for number, word in enumerate(BUCKETS)
        for leads, qualified, won in [everything.get((name, number), (0, 0, 0))]
    ]
