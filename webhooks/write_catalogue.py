"""Writes docs/sources.md to standard output: `python -m webhooks.write_catalogue > docs/sources.md`.

With a file named, its table of the sources is made anew in place: `python -m webhooks.write_catalogue README.md`.
"""

import sys
from pathlib import Path

from webhooks import catalogue
from webhooks.registry import TYPES


def main(paths: tuple[str, ...] = ()) -> None:
    """Every type that tells about itself, in the order of the names."""
    told = {name: kind.docs for name, kind in TYPES.items() if kind.docs}
    for path in map(Path, paths):
        path.write_text(catalogue.renewed(path.read_text(), told))
    if not paths:
        sys.stdout.write(catalogue.page(told))


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
