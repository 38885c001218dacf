"""Paths into a JSON value, as a team file names them: `$.contact.email`, `lead.phones[0]`, `$["first name"]`. No code, no wildcards."""

import re
from functools import lru_cache

LONGEST = 200  # characters
_STEP = re.compile(r"""\.?([^.\[\]"'$\s][^.\[\]]*)|\[(\d{1,4})\]|\[(?:"([^"\]]+)"|'([^'\]]+)')\]""")

Step = str | int


class PathError(ValueError):
    """The text is no path; the message says where it stops being one."""


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """The keys and positions of a path. Raises PathError."""
    text = path.strip().removeprefix("$")
    found: list[Step] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if not step:
            raise PathError(f"{path!r} stops being a path at {text[at:][:20]!r}")
        key, position = step[1] or step[3] or step[4], step[2]
        found.append(int(position) if position is not None else key)
        at = step.end()
    if not found or len(path) > LONGEST:
        raise PathError(f"{path[:60]!r} names nothing")
    return tuple(found)


def read(value: object, path: str) -> object:
    """What stands there, None where nothing does. Raises PathError for what is no path."""
    for step in steps(path):
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value
