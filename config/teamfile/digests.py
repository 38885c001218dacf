"""The daily message about a pool: at what local time, and to which Slack channel or Teams webhook."""

import re

from config.teamfile.people import Context, read_slack, read_teams
from config.teamfile.section import Section
from routing.team import Digest

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def read_digest(section: Section, context: Context) -> Digest | None:
    """`digest: {at: "17:30", slack: C0123456, teams: env:NAME}`; None without the key."""
    if section.node("digest") is None:
        return None
    part = section.part("digest")
    text = part.text("at", needed=True) or ""
    clock = _CLOCK.fullmatch(text)
    if text and not clock:
        part.fail("at", f"{text!r} is not a time of the day.", 'Write it in quotes: "17:30", in the time zone of the pool.')
    slack, teams = read_slack(part, context), read_teams(part, context)
    if not (slack or teams or part.node("slack") or part.node("teams")):
        section.fail(
            "digest", "is sent nowhere.", "Add `slack: C...` (a channel's id) or `teams: env:NAME` (a workflow's webhook)."
        )
    part.close()
    return Digest(int(clock[1]) * 60 + int(clock[2]), slack, teams) if clock and (slack or teams) else None
