"""docs/sources.md is what the plug-ins say, and every plug-in says it."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from config.teamfile.source_types import source_types
from webhooks import catalogue, write_catalogue
from webhooks.catalogue import SourceDocs
from webhooks.registry import TYPES

HOUSE = Path(__file__).parents[2]
PAGE, README = HOUSE / "docs" / "sources.md", HOUSE / "README.md"


def test_the_page_is_what_the_plug_ins_say(capsys):
    write_catalogue.main()
    assert PAGE.read_text() == capsys.readouterr().out, "run: python -m webhooks.write_catalogue > docs/sources.md"


def test_the_readme_has_the_table_that_the_plug_ins_say(tmp_path):
    written = README.read_text()
    copy = tmp_path / "README.md"
    copy.write_text(written)
    write_catalogue.main((str(copy),))
    assert copy.read_text() == written, "run: python -m webhooks.write_catalogue README.md"
    assert written.count("](docs/sources.md#") >= len(TYPES)


def test_leads_from_a_file_have_a_row_too():
    for text, link in ((PAGE.read_text(), "](#files)"), (README.read_text(), "](docs/sources.md#files)")):
        [row] = [line for line in text.splitlines() if link in line]
        assert "--dry-run" in row
    assert '<a id="files"></a>' in PAGE.read_text()
    assert "| Source | Verified by | Answers within | Retries | What is mapped |" in README.read_text()


def test_a_table_without_its_marks_is_not_guessed_at():
    with pytest.raises(ValueError, match="marks"):
        catalogue.renewed("# A readme", {})


def test_every_kind_tells_what_an_ops_person_must_know(kind):
    assert isinstance(kind.docs, SourceDocs)
    told = {field.name: getattr(kind.docs, field.name) for field in fields(SourceDocs)}
    assert all(told[name] for name in ("vendor", "verified_by", "answers", "retries", "key", "mapped", "at_vendor"))
    texts = [*told["at_vendor"], *told["options"].values(), *(text for text in told.values() if isinstance(text, str))]
    assert not [text for text in texts if "\n" in text]
    assert re.search(r"at once|within \d+ s", told["answers"]), "the table says within which time each is answered"


def test_the_team_file_knows_each_kinds_own_keys(kind):
    known = source_types()[kind.name]
    assert known.takes_any_key or set(kind.docs.options) == set(known.options)
    assert known.takes_any_key or kind.key_alone == known.key_alone
