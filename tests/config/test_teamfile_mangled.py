"""The sample team file, mangled at random: never a traceback, always lines and keys, and what passes survives the way back.

A failure comes again with its seed. More: MANGLED=5000 MANGLED_SEED=7 pytest tests/config/test_teamfile_mangled.py
"""

import os
import re
from pathlib import Path
from random import Random

import pytest

from config.settings import Settings
from config.teamfile import check, diff, export
from config.teamfile.tree import LARGEST

SAMPLE = Path("config/team.yaml").read_text()
SEED, TIMES = int(os.environ.get("MANGLED_SEED", "1")), int(os.environ.get("MANGLED", "60"))
VALUES = (
    "null", "~", "[]", "{}", '""', "-1", "0", "1e999", ".inf", ".nan", "NO", "off", "17:30", "2026-13-45", "2026-12-24", "2026-02-30",
    "!!python/object:os.system x", "*a", "&a x", '"\\ud800"', '"\\0"', "\t", "x" * 3000, "0x10", "[1, [2, [3]]]", "{a: {b: c}}", "🙂",
    "ａｂｃ", "true", "|-\n  x", "> y", "? z", "- q", "9" * 24, "America/Nowhere", "../../etc/passwd", "env:", "env:NOPE", "file:/dev/null",
    '"{{ 7*7 }}"', '"{% for %}"', "24:00-24:00", "25:00-26:00", "08:30-12:00-13:00", "100%", "-5%", "5m5m", "99999999d", "١٢", "+1", "@",
    "`x`", "%", "!!binary aGk=", "<<: {a: 1}", "__class__", "\u2028", "\x85", "\u200b", "\ufeff", "{{", "}",
)  # fmt: skip
SIGNS = ("\0", "\x07", *"{}[]:\"'#&*!|>%@`é,-?\n\r\t", "\u202e")


def a_line(random, lines):
    return random.randrange(len(lines))


def lose(random, lines):
    del lines[a_line(random, lines)]


def repeat(random, lines):
    lines.insert(a_line(random, lines), random.choice(lines))


def swap(random, lines):
    one, other = a_line(random, lines), a_line(random, lines)
    lines[one], lines[other] = lines[other], lines[one]


def revalue(random, lines):
    at = a_line(random, lines)
    lines[at] = re.sub(r"^(\s*(?:- )?[\w-]+:).*", lambda found: f"{found[1]} {random.choice(VALUES)}", lines[at])


def revalue_inside(random, lines):
    at = a_line(random, lines)
    lines[at] = re.sub(r":\s*[^,{}\[\]]+", lambda found: random.choice([found[0], f": {random.choice(VALUES)}"]), lines[at])


def reword(random, lines):
    at, words = a_line(random, lines), re.findall(r"[\w-]{3,}", SAMPLE)
    lines[at] = re.sub(r"[\w-]{3,}", lambda found: random.choice([found[0], found[0], random.choice(words)]), lines[at])


def recount(random, lines):
    at = a_line(random, lines)
    lines[at] = re.sub(r"\d+", lambda _: random.choice(["-1", "0", "9" * 12, "1.5", "1e400", "٣", "0b1", "NaN"]), lines[at])


def shift(random, lines):
    at = a_line(random, lines)
    lines[at] = random.choice([" " * random.randrange(9), "\t"]) + lines[at].lstrip()


def stain(random, lines):
    at = a_line(random, lines)
    place = random.randint(0, len(lines[at]))
    lines[at] = lines[at][:place] + random.choice(SIGNS) + lines[at][place + random.randrange(2) :]


def cut(random, lines):
    del lines[random.randint(1, len(lines)) :]


def add_a_key(random, lines):
    at = a_line(random, lines)
    if found := re.match(r"(\s*)(- )?[\w-]+:", lines[at]):
        name = random.choice(["foo", "id", "name", "when", "hours", "cap", "?", "1", "null", "on"])
        lines.insert(at + 1, f"{found[1]}{'  ' if found[2] else ''}{name}: {random.choice(VALUES)}")


MANGLE = (lose, repeat, swap, revalue, revalue_inside, reword, recount, shift, stain, cut, add_a_key)


def mangled(random):
    lines = SAMPLE.split("\n")
    for _ in range(random.choice([1, 1, 1, 2, 3, 6])):
        random.choice(MANGLE)(random, lines)
        lines = lines or [""]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(SEED * 10, SEED * 10 + 4))
def test_a_mangled_file_is_refused_in_words_or_read_the_same_both_ways(seed: int):
    random, settings = Random(seed), Settings.read({"SECRET_KEY": "a key of enough letters"}, None, role="check")
    fine = 0
    for _ in range(TIMES // 4):
        text = mangled(random)
        result = check(text, settings)
        assert (result.team is None) == bool(result.errors), text
        for problem in (*result.errors, *result.warnings):
            assert 1 <= problem.line <= text.count("\n") + text.count("\r") + 2, (problem, text)
            assert problem.key and problem.reason, text
            assert str(problem).encode(), "can be printed"
        if result.team:
            fine += 1
            written = export(text)
            assert check(written, settings).team == result.team, text
            assert diff(text, written) == [], text
            assert export(written) == written, text
    assert 0 < fine < TIMES // 4


def test_ten_thousand_reps_of_a_full_line_each_fit():
    line = '  - {id: rep-10000, name: Maximiliana Featherstonehaugh, phone: "+1 512 555 0143", email: m.featherstonehaugh@acme.example, cap: 12, hours: office}\n'
    assert 10_000 * (len(line) + len("rep-10000, ")) < LARGEST


@pytest.mark.parametrize(
    "name", ["2026-02-30", "2026-02-30T99:00:00Z", "1e999", "0x1F", "1_000", "NO", ".inf", "012", "1.10", "&a x"]
)
def test_what_yaml_would_read_its_own_way_is_written_back_as_it_was(small: str, settings: Settings, name: str):
    text = small.replace("name: Acme", f"name: {name}").replace("cap: 12", "cap: 12\n    name: &a Priya  # twice the same anchor")
    team = check(text, settings).team
    assert team is not None and team.site.name == name.removeprefix("&a ")
    assert check(export(text), settings).team == team and "# twice" in export(text)
