"""The rules of contact as files: each with a date and a source, in force from its day on, and clear about what is wrong in them."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.rules import write_page, write_states
from config.settings import Settings
from config.teamfile import TeamFileError, check, load
from config.teamfile.rules import HERE, READERS, RulesError, rulebook
from routing import wishes
from routing.contact import Allowed, Held, Suppressed, Writing, may_write
from routing.rulebook import Rulebook, TextHours, caps_on, classes_on, day_of, hours_on, in_force, open_for, said, states_on
from routing.team import QuietHours

BOOK = rulebook()
TODAY = date(2026, 11, 26)


def test_every_entry_says_when_it_was_read_from_when_on_it_holds_and_where_it_stands():
    entries = [entry for kind in READERS for entry in getattr(BOOK, kind)]
    assert {field.name for field in fields(Rulebook)} == set(READERS)
    assert len(entries) > 100
    for entry in entries:
        assert date(2025, 1, 1) < entry.as_of <= datetime.now(UTC).date(), entry.id
        assert date(1990, 1, 1) < entry.in_force_from, entry.id
        assert len(entry.source) > 10, entry.id


def test_a_file_is_named_by_its_kind_and_the_day_on_which_it_was_read():
    for path in HERE.glob("*.yaml"):
        kind, _, day = path.stem.partition("-")
        assert kind in READERS
        assert date.fromisoformat(day) <= datetime.now(UTC).date()


def test_the_states_are_those_of_the_library():
    """A new area code is noticed when the library is renewed: `python -m config.rules.write_states DATE`."""
    known = states_on(BOOK, TODAY).areas
    assert known == {area: (f"US-{state}", zones) for area, (state, zones) in write_states.areas().items()}
    assert len(known) > 350
    assert max(HERE.glob("states-*.yaml")).read_text().count("- id: us-") == len({region for region, _ in known.values()}) == 56


# --- dates ---------------------------------------------------------------------------------------------------------------


def hours(id_: str, begins: date, opens: int, until: date | None = None) -> TextHours:
    weekly = dict.fromkeys(range(7), ((opens * 60, 20 * 60),))
    return TextHours(id_, TODAY, begins, "a law", until, region="US-TX", weekly=weekly)


def test_a_rule_begins_and_ends_on_its_day_and_the_newest_in_force_counts():
    old, new = hours("us-tx", date(2020, 1, 1), 9), hours("us-tx", date(2027, 3, 1), 10)
    ended = hours("us-xx", date(2020, 1, 1), 9, until=date(2026, 12, 1))
    for entries in ((old, new, ended), (ended, new, old)):
        assert set(in_force(entries, date(2026, 11, 30))) == {old, ended}
        assert in_force(entries, date(2026, 12, 1)) == (old,)
        assert in_force(entries, date(2027, 2, 28)) == (old,)
        assert in_force(entries, date(2027, 3, 1)) == (new,)
        assert in_force(entries, date(2019, 12, 31)) == ()


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2027-02-28T14:30:00", "2027-02-28T15:00:00"),  # 8:30 in Austin: 9:00 is the old rule's hour
        ("2027-03-01T05:30:00", "2027-03-01T16:00:00"),  # 23:30 the night before: by morning the new one is in force
        ("2027-03-01T15:30:00", "2027-03-01T16:00:00"),
    ],
)
def test_the_hours_of_a_state_change_on_the_day_there(at, until):
    book = Rulebook(hours=(hours("us-tx", date(2020, 1, 1), 9), hours("us-tx", date(2027, 3, 1), 10)), states=BOOK.states)
    text = Writing("notice", "sms", quiet=QuietHours(1320, 420), zone="America/Chicago", phone="+15125550143")
    verdict = may_write(text, book, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert isinstance(verdict, Held)
    assert verdict.until == datetime.fromisoformat(until).replace(tzinfo=UTC)


def test_words_begin_at_midnight_in_new_york(tmp_path):
    (tmp_path / "words-2027-01-01.yaml").write_text(
        "as_of: 2026-11-26\nin_force_from: 2027-01-01\nsource: a rule to come\nentries:\n  - {id: enough, means: stop, words: [enough]}\n"
    )
    book = rulebook(tmp_path)
    before = datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC)
    assert wishes.reads_as("Enough!", wishes.lexicon(book, before)) is None
    assert wishes.reads_as("Enough!", wishes.lexicon(book, before + timedelta(seconds=1))) == "stop"
    assert wishes.reads_as("Enough!", wishes.lexicon(BOOK, before + timedelta(days=99))) is None, "nobody else's file"


def test_a_cap_and_a_window_that_come_later_begin_by_themselves(tmp_path):
    (tmp_path / "caps-2027.yaml").write_text(
        "entries:\n  - {id: everywhere, at_most: 2, as_of: 2026-11-26, in_force_from: 2027-01-01, source: a rule to come}\n"
    )
    (tmp_path / "windows-2027.yaml").write_text(
        "entries:\n  - {id: whatsapp, ours: 12h, as_of: 2026-11-26, in_force_from: 2027-01-01, source: a rule to come}\n"
    )
    book = rulebook(tmp_path)
    before, after = datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
    ack = Writing("ack", "email", acked_today=2)
    assert isinstance(may_write(ack, book, before), Allowed)
    assert may_write(ack, book, after) == Suppressed("the person had 2 acknowledgements in a day already", code="cap")
    for now, verdict in ((before, Allowed), (after, Suppressed)):
        assert isinstance(may_write(Writing("reply", "whatsapp", heard_at=now - timedelta(hours=13)), book, now), verdict)


def test_what_is_worked_out_for_a_day_is_kept():
    for worked_out in (said, hours_on, open_for, caps_on, classes_on, states_on):
        assert worked_out(BOOK, TODAY) is worked_out(BOOK, TODAY)
    assert day_of(datetime(2026, 11, 27, 4, 59, tzinfo=UTC)) == TODAY, "a day begins in New York"


# --- faults --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("hours-1.yaml", "entries:\n  - {id: x, where: US-TX}", "line 2: hours-1.yaml: entries.x.allowed: allows no hour"),
        ("hours-1.yaml", "entries:\n  - {id: x, allowed: {daily: '8-9'}, where: A}", "hours-1.yaml: entries.x.allowed.daily: '8-9' is not a stretch"),
        ("hours-1.yaml", "entries:\n  - {id: x, allowed: {dayly: '08:00-09:00'}, where: A}", "'dayly' is not a day"),
        ("hours-1.yaml", "entries:\n  - {id: x, allowed: {daily: '08:00-09:00'}}", "entries.x.where: or `zone` must be given"),
        ("hours-1.yaml", "entries:\n  - {id: x, allowed: {daily: '08:00-09:00'}, where: A, not_on_holidays_of: US-QQ}", "no holidays are known for 'US-QQ'"),
        ("words-1.yaml", "entries:\n  - {id: x, means: stopp, words: [a]}", "there is no 'stopp' here. Did you mean 'stop'?"),
        ("words-1.yaml", "entries:\n  - {id: x, means: stop}", "words-1.yaml: entries.x.words: are missing"),
        ("caps-1.yaml", "entries:\n  - {id: x, at_most: 0}", "entries.x.at_most: must be a whole number from 1"),
        ("carriers-1.yaml", "entries:\n  - {id: x}", "entries.x.per_minute: or `per_day` must be given"),
        ("windows-1.yaml", "entries:\n  - {id: x, ours: soon}", "entries.x.ours: must be a length of time"),
        ("windows-1.yaml", "entries:\n  - {id: x, hours: 3h}", "the key 'hours' is not known here"),
        ("windows-1.yaml", "entries:\n  - {id: x, ours: 3h}", "entries.x.as_of: is missing"),
        ("windows-1.yaml", "entries:\n  - {id: x, ours: 3h}", "entries.x.source: is missing"),
        ("windows-1.yaml", "entries:\n  - {ours: 3h}", "entries.?.id: is missing"),
        ("windows-1.yaml", "entries: {x: 3}", "entries: must be a list"),
        ("windows-1.yaml", "entries: [", "is not valid YAML"),
        ("quiet-1.yaml", "entries: []", "quiet-1.yaml is of no known kind"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_file_and_line_and_no_traceback(tmp_path, small, name, text, told):
    (tmp_path / name).write_text(text)
    settings = Settings.read({"HEADROOM_RULES": str(tmp_path)}, None, role="check")
    found = check(small, settings)
    assert any(told in str(problem) for problem in found.errors), [str(each) for each in found.errors]
    with pytest.raises(TeamFileError):
        load(small, settings=settings)


def test_a_folder_that_is_not_there_is_told(tmp_path, small):
    settings = Settings.read({"HEADROOM_RULES": str(tmp_path / "none")}, None, role="check")
    assert "Set HEADROOM_RULES to the folder" in str(check(small, settings).errors[0])
    with pytest.raises(RulesError, match="is not a folder"):
        rulebook(tmp_path / "none")


def test_a_check_tells_which_rules_begin_later(tmp_path, small):
    (tmp_path / "hours-own.yaml").write_text(
        "entries:\n  - {id: us-ut, where: US-UT, allowed: {daily: '09:00-20:00'}, as_of: 2026-11-26, in_force_from: 2999-05-01, source: Utah to come}\n"
    )
    settings = Settings.read({"HEADROOM_RULES": str(tmp_path)}, None, role="check")
    assert "Rules of contact that begin by themselves: us-ut (hours) on 2999-05-01." in check(small, settings).notes
    assert load(small, settings=settings).rulebook is rulebook(tmp_path)


def test_the_page_says_what_the_rules_say():
    page = Path("docs/contact.md").read_text(encoding="utf-8")
    assert page == write_page.with_tables(page, BOOK), "python -m config.rules.write_page docs/contact.md"
    assert "| US-TX | mon-sat 09:00-21:00, sun 12:00-21:00 | 2009-04-01 (2026-11-26) |" in page
    assert "| US-AL | mon-sat 08:00-20:00, sun closed, never on public holidays there |" in page
    assert "| `t` | 75 a minute |" in page
