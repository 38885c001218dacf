"""`python -m workers.write_events > docs/events.md`."""

import sys

from workers.events_page import page

if __name__ == "__main__":
    sys.stdout.write(page())
