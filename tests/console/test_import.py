"""Leads out of a CSV file: what is read, what would happen, and what is imported once."""

import json

import psycopg
import pytest

from console import cli
from console.csv_leads import Wanted, columns, lines
from console.sheets import NotCsv, read

SHEET = """Name,E-Mail,Telefon,Anliegen,Created at,utm_source
Dana Cole,Dana@Example.com,(512) 555-0143,Need a roof,2026-11-20,google
Tom Becker,,+49 171 1234567,"Gutters, ""all"" of them",,
Nobody,,,No address,,
Ann Lee,ann(at)example.com,512 555 0144,,someday,
Dana C.,dana@example.com,,Again,,
"""
MAP = {"phone": "Telefon", "message": "Anliegen"}


def as_lines(body: bytes, theirs=MAP, **how):
    sheet = read(body, **how)
    return list(lines(sheet, theirs, Wanted("website")))


def test_a_row_is_a_common_lead():
    dana, tom, *_ = as_lines(SHEET.encode())
    assert (dana.row, dana.faults) == (2, ())
    said = dana.content
    assert (said["name"], said["email"], said["phone"], said["message"]) == (
        "Dana Cole",
        "dana@example.com",
        "+15125550143",
        "Need a roof",
    )
    assert (said["submitted_at"], said["utm"], said["kind"]) == ("2026-11-20T00:00:00Z", {"source": "google"}, "form")
    assert (tom.content["phone"], tom.content["message"]) == ("+491711234567", 'Gutters, "all" of them')


def test_what_is_wrong_is_said_with_its_row():
    faults = {line.row: line.faults for line in as_lines(SHEET.encode()) if line.faults}
    assert faults == {
        4: ("has neither a phone number nor an e-mail address",),
        5: ("the e-mail address 'ann(at)example.com' is none", "the date 'someday' is not understood (write 2026-11-24 or 2026-11-24T09:00:00-06:00)"),
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_separators_are_found_out(encoding, separator, end):
    text = end.join([separator.join(["Name", "Email", "Größe"]), separator.join(["Zoë Ruiz", "zoe@example.com", "5 m²"])])
    [zoe] = as_lines(text.encode(encoding), {})
    assert (zoe.content["name"], zoe.content["extra"]["Größe"]) == ("Zoë Ruiz", "5 m²")


def test_an_encoding_and_a_separator_can_be_told():
    assert (
        as_lines("Name^Email\nГость^g@example.com".encode("cp1251"), {}, encoding="cp1251", separator="^")[0].content["name"]
        == "Гость"
    )


@pytest.mark.parametrize(
    ("body", "how", "words"),
    [
        (b"", {}, "empty"),
        (b"\n \n", {}, "empty"),
        (b"only one thing\nx", {}, "holds only 'only one thing'"),
        ("é,b".encode("cp1252"), {"encoding": "utf-8"}, "byte 0 does not fit utf-8"),
        (b"a,b", {"encoding": "klingon"}, "no encoding 'klingon'"),
        (b"a,b\n\x81\x8d,\x8f", {}, "neither UTF-8 nor Windows"),
        (b'name,email\n"' + b"x" * 200_000, {}, "row 2"),
    ],
)
def test_what_is_no_csv_is_refused_in_words(body, how, words):
    with pytest.raises(NotCsv, match=words):
        as_lines(body, {}, **how)


def test_a_row_with_too_many_cells_is_not_guessed_at():
    [line] = as_lines(b"name,email\nCole, Dana,dana@example.com", {})
    assert line.row == 2
    assert "has 3 cells for 2 columns" in line.faults[0]


def test_line_breaks_in_a_cell_and_blank_rows_keep_the_count():
    one, two = as_lines(b'email,message\na@example.com,"one\ntwo"\n\nb@example.com,x', {})
    assert (one.content["message"], one.row, two.row) == ("one\ntwo", 2, 5)


def test_the_guard_of_a_spreadsheet_is_taken_off():
    assert as_lines(b"phone,email\n'+15125550143,x@example.com", {})[0].content["phone"] == "+15125550143"


def test_columns_say_what_they_are_taken_for():
    assert columns(read(SHEET.encode()), MAP) == {
        "Name": "name", "E-Mail": "email", "Telefon": "phone", "Anliegen": "message", "Created at": "submitted_at", "utm_source": "tracking",
    }  # fmt: skip


def test_the_same_row_has_the_same_key_wherever_it_stands():
    one, *_ = as_lines(b"email,name\na@example.com,Ann", {})
    two = as_lines(b"email,name\nb@example.com,Bob\na@example.com,Ann", {})[1]
    assert one.key == two.key
    assert as_lines(b"email,submission_id\na@example.com,77", {})[0].key == "import:77"


@pytest.fixture
def headroom(monkeypatch, tmp_path, capsys, database):
    """Runs a command line on a database with the sample team."""
    for name, value in {
        "DATABASE_URL": database,
        "SECRET_KEY": "a-key-for-tests-of-32-characters",
        "HEADROOM_DATA": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leads.csv").write_text(SHEET, encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.run([str(word) for word in words])
        return code, *capsys.readouterr()

    assert run("apply")[0] == 0
    return run


IMPORT = ("import", "leads.csv", "--source", "website", "--map", "phone=Telefon", "--map", "message=Anliegen")


def inbox(database: str) -> list[tuple]:
    with psycopg.connect(database) as connection:
        return connection.execute("SELECT content->>'name', event, content->>'is_test' FROM inbox ORDER BY id").fetchall()


def test_a_dry_run_shows_everything_and_keeps_nothing(headroom, database):
    code, said, _ = headroom(*IMPORT, "--dry-run")
    assert code == 1
    for words in ("Read as utf-8", "Telefon", "new lead", "same person as row 2", "row 4: has neither", "Nothing was imported"):
        assert words in said
    assert inbox(database) == []


def test_it_asks_before_people_are_written_to(headroom, database):
    code, _, wrong = headroom(*IMPORT)
    assert code == 2
    assert "--yes" in wrong
    assert inbox(database) == []


def test_the_good_rows_are_imported_once(headroom, database):
    code, said, _ = headroom(*IMPORT, "--yes")
    assert (code, "3 imported." in said) == (1, True)
    assert inbox(database) == [("Dana Cole", "form", "false"), ("Tom Becker", "form", "false"), ("Ann Lee", "form", "false")]
    code, said, _ = headroom(*IMPORT, "--yes", "--json")
    found = json.loads(said)
    assert (found["imported"], found["counts"]["came before"]) == (0, 3)
    assert len(inbox(database)) == 3


def test_they_can_be_marked_as_a_test(headroom, database):
    headroom(*IMPORT, "--yes", "--test")
    assert {row[2] for row in inbox(database)} == {"true"}


def test_who_is_known_is_said(headroom, database):
    with psycopg.connect(database, autocommit=True) as connection:
        person = connection.execute("INSERT INTO people (name, created_at) VALUES ('Dana', now()) RETURNING id").fetchone()[0]
        connection.execute("INSERT INTO addresses VALUES ('email', 'dana@example.com', %s)", [person])
    assert "new lead of a known person" in headroom(*IMPORT, "--dry-run")[1]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("import", "nowhere.csv", "--source", "website"), "No such file"),
        (("import", "leads.csv", "--source", "nobody"), "There is no source nobody"),
        (("import", "leads.csv", "--source", "website", "--map", "phone"), "then =, then the column"),
        (("import", "leads.csv", "--source", "website", "--map", "fax=Telefon"), "write one of name"),
        (("import", "leads.csv", "--source", "website", "--map", "phone=Fax"), "There is no column Fax; row 1 names: Name"),
        (("import", "leads.csv", "--source", "website", "--separator", "ab"), "must be one character"),
    ],
)
def test_bad_use_is_one_line(headroom, words, fault):
    code, _, wrong = headroom(*words)
    assert (code, fault in wrong) == (2, True)
