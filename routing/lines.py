"""Several business numbers: a rep's open leads speak through different ones, so that a bare answer says by its number which it is about."""

from collections.abc import Sequence


def pick(numbers: Sequence[str], used: Sequence[str]) -> str:
    """The number for one more lead of a rep whose other open leads use `used`: the one used least, the first of these."""
    return min(numbers, key=lambda number: (used.count(number), numbers.index(number)))
