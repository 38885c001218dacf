"""Words of other programs, and of people in a hurry: the hint names what to write here, and that word exists."""

import re

import pytest

from config.settings import Settings
from config.teamfile import check
from config.teamfile.meant import _KEYS, _VALUES
from config.teamfile.source_types import source_types
from routing import escalation, strategies
from routing.team import OfferStyle, QueueOrder, RungAction

KNOWN = {
    "do": set(RungAction),
    "who": set(escalation.names()),
    "type": set(source_types()),
    "strategy": set(strategies.names()),
    "offer": set(OfferStyle),
    "queue": set(QueueOrder),
}
PLACES = {  # part of the file: a line of the small file, and the indent below it
    "": ("version: 1\n", ""),
    "reps": ("    cap: 12\n", "    "),
    "pools": ("    members: [priya, tom]\n", "    "),
    "slas": ("    clock: office\n", "    "),
    "sources": ("    type: form\n", "    "),
    "rules": ("  - {id: rest, send_to: sales}\n", "    "),
}
WORDS = [(part, word, hint) for part, words in _KEYS.items() for word, hint in words.items()]


@pytest.mark.parametrize(("key", "word", "meant"), [(k, w, m) for k, words in _VALUES.items() for w, m in words.items()])
def test_a_word_of_elsewhere_leads_to_one_that_is_known_here(key: str, word: str, meant: str):
    assert word not in KNOWN[key], "a word that is known needs no hint"
    named = {meant} if " " not in meant else set(re.findall(r"`(?:do: )?(\w+)", meant))
    assert named <= KNOWN[key] | {"offer", "offer_for"}, named


@pytest.mark.parametrize(("part", "word", "hint"), WORDS, ids=[f"{part}.{word}" for part, word, _ in WORDS])
def test_a_key_of_elsewhere_leads_to_one_that_is_known_here(small: str, settings: Settings, part: str, word: str, hint: str):
    line, indent = PLACES[part]
    small = small.replace("{id: rest, send_to: sales}", "id: rest\n    send_to: sales") if part == "rules" else small
    line = "    send_to: sales\n" if part == "rules" else line

    def faults(key: str) -> list[str]:
        found = check(small.replace(line, f"{line}{indent}{key}: x\n"), settings).errors
        return [f"{problem.reason} {problem.hint}" for problem in found if f"the key {key!r}" in problem.reason]

    told = faults(word)
    assert len(told) == 1, "the key is not known"
    assert hint in told[0]
    if " " not in hint:
        assert faults(hint) == [], "what is hinted at is known"


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("do: remind", "do: alert_manager", "slas.hot.ladder[0].do", "Write `do: tell, who: pool_managers`."),
        ("do: remind", "do: offer-next", "slas.hot.ladder[0].do", "Write `do: reoffer`."),
        ("type: form", "type: webhook", "sources.website.type", "Write `form` for your own pages"),
        ("type: form", "type: SMS", "sources.website.type", "Did you mean 'twilio_messaging'?"),
        ("managers: [kim]", "pick: Weighted Round-Robin", "pools.sales.strategy", "Write `round_robin`"),
        ("managers: [kim]", "offer: shark-tank", "pools.sales.offer", "Did you mean 'broadcast'?"),
        ("hours:\n", "webhooks_out: []\nhours:\n", "webhooks_out", "Write `endpoints:`"),
    ],
)
def test_the_hint_says_what_to_write(small: str, settings: Settings, old: str, new: str, key: str, words: str):
    (found,) = [problem for problem in check(small.replace(old, new, 1), settings).errors if problem.key == key]
    assert found.hint.startswith(words)


@pytest.mark.parametrize("key", ["provider", "account", "from", "token", "auth_token"])
def test_keys_of_the_provider_are_pointed_to_the_environment(small: str, settings: Settings, key: str):
    result = check(small.replace("hours:\n", f"channels: {{sms: {{{key}: env:SOME_NAME}}}}\nhours:\n", 1), settings)
    assert result.errors == []
    (told,) = [warning for warning in result.warnings if warning.key == f"channels.sms.{key}"]
    assert re.search(r"Set TWILIO_\w+ in the environment", told.hint)


@pytest.mark.parametrize(("channel", "key"), [("sms", "token"), ("sms", "auth_token"), ("email", "key"), ("email", "api_key")])
def test_a_secret_in_the_file_is_refused_there_too(small: str, settings: Settings, channel: str, key: str):
    result = check(small.replace("hours:\n", f"channels: {{{channel}: {{{key}: SG.s3cret}}}}\nhours:\n", 1), settings)
    (told,) = result.errors
    assert "must not stand in the team file" in told.reason and "s3cret" not in str(told)


@pytest.mark.parametrize("key", ["zone", "time_zone", "timezone", "tz"])
def test_a_zone_has_several_names(small: str, settings: Settings, key: str):
    team = check(
        small.replace("time_zone: America/Chicago", f"{key}: Asia/Tokyo").replace(
            "  office:\n", f"  office:\n    {key}: Asia/Kolkata\n"
        ),
        settings,
    ).team
    assert team and team.site.zone == "Asia/Tokyo" and team.calendars["office"].zone == "Asia/Kolkata"
