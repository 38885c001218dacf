"""docs/reliability.md names rows, files and tests: those that prove what it says. They must be there; so must the version before."""

import re
from pathlib import Path

import pytest

from tests.chaos import version_before

HERE = Path(__file__).parents[1]
SAID = (HERE.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
TESTS = {path: path.read_text(encoding="utf-8") for path in HERE.rglob("test_*.py")}


def test_every_row_that_can_be_run_is_there():
    rows = set(re.findall(r"make chaos ROW=(\w+)", SAID))
    names = [
        found
        for path, words in TESTS.items()
        if path.parent.name == "chaos"
        for found in re.findall(r"\bf\d\d\w*|test_\w+", words)
    ]
    assert len(rows) > 30
    assert [row for row in sorted(rows) if not any(row in name for name in names)] == []


def test_every_file_and_test_it_names_is_there():
    files = set(re.findall(r"tests/[\w/]+\.py", SAID))
    tests = set(re.findall(r"(?<!/)\btest_\w+(?!\w|\.py)", SAID))
    defined = {name for words in TESTS.values() for name in re.findall(r"def (test_\w+)\(", words)}
    assert [name for name in sorted(files) if not (HERE.parent / name).exists()] == []
    assert len(tests) > 15
    assert sorted(tests - defined - {path.stem for path in TESTS}) == []


def test_the_version_before_comes_out_of_the_history(tmp_path):
    try:
        earlier = version_before.find()
    except version_before.NoHistory as why:
        pytest.skip(str(why))
    there = version_before.unpack(earlier, tmp_path)
    found = sorted(path.name for path in (there / version_before.MIGRATIONS).iterdir() if path.name[:4].isdigit())
    assert tuple(found) == earlier.migrations
    assert (
        found == sorted(path.name for path in (version_before.HOUSE / version_before.MIGRATIONS).glob("[0-9]*.py"))[: len(found)]
    )
    assert {line.partition(":")[0] for line in (there / "Procfile").read_text().splitlines()} == {
        "release",
        "web",
        "worker",
        "clock",
    }
