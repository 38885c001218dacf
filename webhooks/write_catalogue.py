"""Writes docs/sources.md to standard output: `python -m webhooks.write_catalogue > docs/sources.md`."""

import sys

from webhooks import catalogue
from webhooks.registry import TYPES


def main() -> None:
    """Every type that tells about itself, in the order of the names."""
    sys.stdout.write(catalogue.page({name: kind.docs for name, kind in TYPES.items() if kind.docs}))


if __name__ == "__main__":
    main()
