"""Leads out of a CSV file: what is read, what would happen, and what is imported once."""

import json
from pathlib import Path

import psycopg
import pytest

from console import cli
from console.csv_leads import Wanted, columns, lines
from console.sheets import NotCsv, read
from tests.console.conftest import TEAM

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


def test_each_row_is_kept_as_it_was_read_and_nobody_is_called_by_our_own_number(headroom, database, monkeypatch):
    ours = {
        "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
        "TWILIO_AUTH_TOKEN": "12345",
        "TWILIO_FROM": "+15125550100",
        "PUBLIC_URL": "https://leads.example.com",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    Path("own.csv").write_text("Name,Phone,E-Mail,Löwe\nDana Cole,512 555 0100,dana@example.com,ja\n", encoding="utf-8")
    code, said, wrong = headroom("import", "own.csv", "--source", "website", "--yes")
    assert (code, wrong) == (1, "")
    assert "row 2: the phone number '512 555 0100' is none of theirs." in said
    with psycopg.connect(database) as connection:
        [(body, content)] = connection.execute("SELECT body, content FROM inbox").fetchall()
    cells = [["Name", "Dana Cole"], ["Phone", "512 555 0100"], ["E-Mail", "dana@example.com"], ["Löwe", "ja"]]
    assert json.loads(body.decode()) == cells
    assert ("phone" in content, content["extra"]["phone_as_typed"]) == (False, "512 555 0100")


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


# --- exports of vendors -------------------------------------------------------------------------------------------

META = (
    "id\tcreated_time\tad_id\tad_name\tadset_id\tcampaign_id\tcampaign_name\tform_id\tis_organic\tplatform\twhat_is_your_budget?\tfull_name\tphone_number\temail\n"
    "l:123\t2024-05-02T10:00:00-05:00\tag:1\tAd\tas:2\tc:3\tSpring\tf:4\tfalse\tfb\t5k\tIris West\tp:+14155550199\tIris@Example.com\n"
    "l:124\t2024-05-02T10:00:00-05:00\t\t\t\t\t\tf:4\ttrue\t\t<test lead: dummy data>\t<test lead: dummy data for full_name>\tp:<test lead: dummy data for phone_number>\ttest@example.com\n"
    "l:125\t2024-05-02T10:00:00-05:00\t\t\t\t\t\tf:4\ttrue\t\t<test lead: dummy data>\t<test lead: dummy data for full_name>\tp:<test lead: dummy data for phone_number>\t\n"
)
GOOGLE = (
    "Lead ID,Lead Submit Time,Campaign,Campaign ID,Ad Group ID,GCL ID,Form ID,Full Name,User Email,User Phone,What service do you need?\n"
    'Cjw-1,2024/09/26 12:30:00,Brand,9007199254740993,20000000000,EAI,40000000000,Rosa Parks,rosa@example.com,"=""+13345550147""","HVAC, please\nsoon"\n'
    "Cjw-2,2024/09/26 12:31:00,Brand,9007199254740993,20000000000,,40000000000,Nobody,,1.33455E+10,\n"
)
LINKEDIN = (
    "Lead ID;Created At;Is Test Lead;Form Name;Campaign Name;First Name;Last Name;Email address;Phone number;Company name;Job title\n"
    "fc6a-5;2023-10-04 19:47:42;false;Demo;Spring;Mei;Lin;mei@example.com;'+14155550100;Acme;CEO\n"
    "fc6a-6;2023-10-04 19:47:42;true;Demo;Spring;Test;Test;;;;\n"
)


def exported(text, kind, encoding="utf-8"):
    sheet = read(text.encode(encoding))
    return list(lines(sheet, {}, Wanted("ads", kind)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_metas_own_file_is_read_as_it_is(encoding):
    iris, test, dummy = exported(META, "meta", encoding)
    said = iris.content
    assert (iris.key, said["channel"], said["is_test"], iris.faults) == ("meta_leadgen:123", "ads_form", False, ())
    assert (said["name"], said["phone"], said["email"]) == ("Iris West", "+14155550199", "iris@example.com")
    assert said["campaign"] == {"id": "3", "name": "Spring", "ad_id": "1", "ad_name": "Ad", "adset_id": "2", "form_id": "4"}
    assert (said["submitted_at"], said["extra"]["what_is_your_budget?"]) == ("2024-05-02T15:00:00Z", "5k")
    assert (test.content["is_test"], test.is_dummy, test.faults) == (True, False, ())
    assert (dummy.is_dummy, dummy.faults) == (True, ())


def test_googles_own_file_is_read_as_it_is():
    rosa, nobody = exported(GOOGLE, "google_ads")
    assert (rosa.row, rosa.key) == (2, "google_ads:Cjw-1")
    said = rosa.content
    assert (said["phone"], said["email"], said["click_ids"]) == ("+13345550147", "rosa@example.com", {"gclid": "EAI"})
    assert said["campaign"] == {"id": "9007199254740993", "name": "Brand", "adgroup_id": "20000000000", "form_id": "40000000000"}
    assert (said["submitted_at"], said["extra"]["What service do you need?"]) == ("2024-09-26T12:30:00Z", "HVAC, please soon")
    assert nobody.row == 4  # the row before it has two lines
    assert nobody.faults == (
        "the phone number '1.33455E+10' is none of theirs",
        "has neither a phone number nor an e-mail address",
    )


def test_linkedins_own_file_is_read_as_it_is():
    mei, test = exported(LINKEDIN, "linkedin")
    assert (mei.key, mei.content["name"], mei.content["phone"], mei.content["company"]) == (
        "linkedin:fc6a-5",
        "Mei Lin",
        "+14155550100",
        "Acme",
    )
    assert (test.is_dummy, test.content["is_test"]) == (True, True)


def test_columns_are_known_by_their_words_and_by_what_stands_in_them():
    text = "sep=;\r\nVorname;Nachname;E-Mail-Adresse;Telefonnummer;Ihre Nachricht;;Best time to phone you;Erstellt am\r\nJörg;Weiß;j@example.com;0171 1234567;Hallo;da;after six;2024-05-02\r\n"
    sheet = read(text.encode("cp1252"))
    assert columns(sheet, {}) == {
        "Vorname": "first_name", "Nachname": "last_name", "E-Mail-Adresse": "email", "Telefonnummer": "phone", "Ihre Nachricht": "message",
        "column 6": "kept", "Best time to phone you": "kept", "Erstellt am": "submitted_at",
    }  # fmt: skip
    [joerg] = lines(sheet, {}, Wanted("website", region="DE"))
    assert (joerg.row, joerg.content["name"], joerg.content["phone"]) == (3, "Jörg Weiß", "+491711234567")
    assert joerg.content["extra"]["column 6"] == "da"


@pytest.mark.parametrize(
    ("cells", "what"), [(("after six", "any", ""), "kept"), (("415 555 0100", "415 555 0101", "none"), "phone")]
)
def test_a_column_that_speaks_of_phones_is_one_only_if_they_stand_there(cells, what):
    sheet = read("\n".join(["Best way to phone you,email", *(f"{cell},a@example.com" for cell in cells)]).encode())
    assert columns(sheet, {}) == {"Best way to phone you": what, "email": "email"}


def test_a_quotation_mark_left_open_is_named_by_the_row_in_which_it_was_opened():
    body = b'name,email\nAnn,ann@example.com\n"Bob,bob@example.com\n' + b"x,y\n" * 60_000
    with pytest.raises(NotCsv, match=r"row 3: .*left open"):
        read(body)


def test_what_its_vendor_posted_before_is_not_imported_again(headroom, database, tmp_path):
    line = f"sources:\n  ads: {{type: google_ads, secret: file:{tmp_path / 'key'}}}\n"
    (tmp_path / "team.yaml").write_text(TEAM.replace("sources:\n", line, 1), encoding="utf-8")
    (tmp_path / "google.csv").write_text(GOOGLE, encoding="utf-8")
    (tmp_path / "key").write_text("a google key of 22 letters")
    assert headroom("apply", "team.yaml")[0] == 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at) VALUES ('ads', 'google_ads:Cjw-1', 'form', '', '', now(), now())"
        )
    _, said, _ = headroom("import", "google.csv", "--source", "ads", "--yes", "--json")
    assert json.loads(said)["counts"] == {"came before": 1, "cannot be imported": 1}


def test_thousands_of_rows(headroom, database, tmp_path):
    rows = "\n".join(f"Person {n},p{n}@example.com,Need a roof {n}" for n in range(3_000))
    (tmp_path / "many.csv").write_text(f"name,email,message\n{rows}\n{rows}\n", encoding="utf-8")
    code, said, _ = headroom("import", "many.csv", "--source", "website", "--yes", "--json")
    assert (code, json.loads(said)["imported"]) == (0, 3_000)
    assert json.loads(said)["counts"] == {"new lead": 3_000, "same person as row": 3_000}
    assert len(inbox(database)) == 3_000
