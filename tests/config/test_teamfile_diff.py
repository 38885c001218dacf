"""What changed between two team files, in words."""

import pytest

from config.teamfile import TeamFileError, diff

# An edit of the small file and the lines that tell of it.
CHANGES = [
    ("cap: 12", "cap: 8", ["rep priya: cap.open 12 -> 8"]),
    ("cap: 12", "cap: {open: 12}", []),
    ("cap: 12", "cap: {open: 12, per_day: 20}", ["rep priya: cap.per_day (not set) -> 20"]),
    ("cap: 12", "cap: 12  # a comment", []),
    ("[priya, tom]", "[tom, priya]", ["pool sales: members priya, tom -> tom, priya"]),
    ("America/Chicago", "Europe/Berlin", ["site: time_zone America/Chicago -> Europe/Berlin"]),
    ("at: 75%", "at: 50%", ["sla hot: ladder[1].at 75% -> 50%"]),
    ("ladder:", "steps:", []),
    ('"09:00-17:00"', '"09:00-18:00"', ["hours office: mon-fri 09:00-17:00 -> 09:00-18:00"]),
    ("  website:\n    type: form", "  web: {type: form}", ["source website removed", "source web added"]),
    ("  - id: tom", "  - id: ann", ["rep tom removed", "rep ann added"]),
    ("  - {id: rest", "  - {id: vip, when: {vip: 1}, send_to: sales}\n  - {id: rest", ["rule vip added"]),
    ("version: 1", "version: 1\nchannels: {sms: {quiet_hours: none}}", ["channels: sms.quiet_hours (not set) -> none"]),
]


@pytest.mark.parametrize(("old", "new", "lines"), CHANGES)
def test_a_change_is_told_in_words(small: str, old: str, new: str, lines: list[str]):
    assert small.count(old) == 1
    assert diff(small, small.replace(old, new)) == lines


def test_the_order_of_rules_counts(small: str):
    two = small + "  - {id: more, send_to: sales}\n"
    turned = small.replace("  - {id: rest", "  - {id: more, send_to: sales}\n  - {id: rest")
    assert diff(two, turned) == ["rules: order rest, more -> more, rest"]


def test_what_is_no_yaml_cannot_be_compared(small: str):
    with pytest.raises(TeamFileError, match="not valid YAML"):
        diff(small, "a: [")
