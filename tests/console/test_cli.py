"""The command line: what it prints, its exit codes, and that an expected failure is one line and never a traceback."""

import json
import re
import shutil
import tempfile
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import psycopg
import pytest

from config import clock
from config.settings import Settings
from console import cli, speed
from console.commands.leads import since
from console.commands.reps import instant_of
from console.output import table
from console.startup import lay_ground
from store import policies, schema
from store.engine import connect

SAMPLE = Path("config/team.yaml")


@pytest.fixture
def headroom(monkeypatch, tmp_path, capsys):
    """Runs a command line as a user would who has set nothing; returns (exit code, stdout, stderr)."""
    for name in ("DATABASE_URL", "REDIS_URL", "HEADROOM_TEAM", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEADROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SECRET_KEY", "a-key-for-tests-of-32-characters")

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.run([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def with_team(headroom, database, monkeypatch):
    """The same with a database in which the sample team file is in force."""
    monkeypatch.setenv("DATABASE_URL", database)
    assert headroom("apply", SAMPLE)[0] == 0
    return headroom


def rows(database: str, question: str) -> list[tuple]:
    with psycopg.connect(database) as connection:
        return connection.execute(question).fetchall()


def add_lead(database: str, code: str, *, late: bool = False) -> None:
    """A lead at rest with one step, as the worker would have written it."""
    number = ord(code[0]) - ord("A") + 1
    with psycopg.connect(database, autocommit=True) as connection:
        person = connection.execute("INSERT INTO people (name, created_at) VALUES ('Dana', now()) RETURNING id").fetchone()[0]
        connection.execute(
            "INSERT INTO leads (id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, matched, arrived_at, status,"
            " owner, response_due_at, breached_at, changed_at) VALUES (%s, %s, %s, 'website', 'form', 'form', 'sales', 1, 'everything-else',"
            " 'hot', '{\"no condition: every lead\"}', now() - interval '1 hour', 'accepted', 'priya', now() + %s, %s, now())",
            (number, code, person, timedelta(minutes=-50 if late else 50), datetime.now(UTC) if late else None),
        )
        connection.execute(
            "INSERT INTO steps (lead_id, at, event, was, became, owner, why, details) VALUES (%s, now(), 'LeadArrived', 'new', 'offered',"
            " 'priya', 'offered to priya: most room of 2', '{\"tom: full\"}')",
            (number,),
        )


class TestUse:
    def test_help_names_every_command(self, headroom):
        code, out, _ = headroom("--help")
        assert code == 0
        for name in (
            "up", "web", "worker", "clock", "migrate", "check", "diff", "apply", "export", "test-lead", "why", "due", "leads", "report", "rep",
            "doctor", "backup", "restore",
        ):  # fmt: skip
            assert re.search(rf"^  {name} ", out, re.MULTILINE), name

    def test_bad_use_is_2(self, headroom):
        assert headroom("fly")[0] == 2
        assert headroom("backup")[0] == 2
        assert headroom("leads", "--most", "none")[0] == 2

    def test_without_any_database_one_line_says_what_to_do(self, headroom):
        code, out, err = headroom("leads")
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert "headroom up" in err

    def test_a_database_that_is_gone_is_one_line(self, headroom, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://headroom:x@127.0.0.1:1/headroom")
        code, _, err = headroom("leads")
        assert code == 1
        assert err.count("\n") == 1
        assert "headroom doctor" in err

    def test_settings_that_do_not_do_are_all_named(self, headroom, monkeypatch):
        monkeypatch.setenv("PORT", "many")
        monkeypatch.setenv("DATABASE_URL", "mysql://somewhere")
        code, _, err = headroom("leads")
        assert code == 2
        assert "PORT" in err
        assert "DATABASE_URL" in err

    def test_a_data_folder_that_cannot_be_is_one_line(self, headroom, monkeypatch, tmp_path):
        (tmp_path / "a file").write_text("")
        monkeypatch.setenv("HEADROOM_DATA", str(tmp_path / "a file"))
        code, _, err = headroom("up")
        assert code == 1
        assert "cannot be made or used" in err and "Set HEADROOM_DATA" in err

    def test_no_password_is_told(self, headroom, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://headroom:geheim@127.0.0.1:1/headroom")
        _, out, err = headroom("leads")
        assert "geheim" not in out + err

    def test_the_version_is_told(self, headroom):
        code, out, _ = headroom("--version")
        assert code == 0
        assert out.startswith("headroom")

    def test_a_mistake_of_ours_is_one_line_without_the_data_it_stumbled_over(self, headroom, monkeypatch):
        def stumble(*_: object, **__: object) -> None:
            raise KeyError("dana@example.com")

        monkeypatch.setattr("console.commands.team.looked_at", stumble)
        code, out, err = headroom("check", SAMPLE)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "KeyError at test_cli.py" in err
        assert "dana" not in err


class TestCheck:
    def test_the_sample_is_fine(self, headroom):
        code, out, _ = headroom("check", SAMPLE)
        assert code == 0
        assert "can be used" in out or "is fine" in out

    def test_a_wrong_file_is_told_line_by_line(self, headroom, tmp_path):
        broken = tmp_path / "team.yaml"
        broken.write_text(SAMPLE.read_text().replace("members: [priya, tom]", "members: [priya, tim]"))
        line = next(n for n, text in enumerate(broken.read_text().splitlines(), 1) if "priya, tim" in text)
        code, out, _ = headroom("check", broken)
        assert code == 1
        assert f"line {line}" in out
        code, out, _ = headroom("check", broken, "--json")
        assert code == 1
        assert line in {error["line"] for error in json.loads(out)["errors"]}

    def test_a_file_that_is_not_there_is_a_finding(self, headroom, tmp_path):
        code, out, _ = headroom("check", tmp_path / "none.yaml")
        assert code == 1
        assert "cannot be read" in out


class TestDue:
    @pytest.fixture
    def hours(self, tmp_path):
        """A team file whose office has a lunch break and lives through summer time."""
        path = tmp_path / "team.yaml"
        office = 'hours:\n  night: {daily: "22:00-06:00"}\n  never: {mon: closed}\n'
        path.write_text(re.sub(r"^hours:.*\n", office, SAMPLE.read_text(), count=1, flags=re.MULTILINE))
        return path

    def test_it_shows_its_working(self, headroom):
        code, out, _ = headroom("due", "--hours", "office", "--from", "2026-03-06T16:00", "--minutes", "300", "--file", SAMPLE)
        assert code == 0
        assert out.splitlines() == [
            "300 min of office (America/Chicago) from Fri 2026-03-06 16:00:00 CST",
            "  Fri 2026-03-06 16:00:00 CST to 17:30:00 CST         90 min        210 left",
            "  Sat 2026-03-07 10:00:00 CST to 13:30:00 CST        210 min          0 left",
            "due 2026-03-07T19:30:00+00:00  =  Sat 2026-03-07 13:30:00 CST",
        ]

    def test_a_night_in_which_the_clocks_go_forward_is_an_hour_short(self, headroom, hours):
        words = ("due", "--hours", "night", "--from", "2026-03-08T04:00:00+00:00", "--minutes", "480", "--file", hours, "--json")
        code, out, _ = headroom(*words)
        found = json.loads(out)
        assert code == 0
        assert found["working"][0]["minutes"] == 420  # 22:00 CST to 06:00 CDT
        assert found["due_at"] == "2026-03-09T04:00:00+00:00"
        assert found["due_local"] == "2026-03-08T23:00:00-05:00"

    def test_never_is_a_problem(self, headroom, hours):
        code, out, _ = headroom("due", "--hours", "never", "--from", "2026-03-08", "--minutes", "1", "--file", hours)
        assert code == 1
        assert "never" in out

    def test_unknown_hours_are_bad_use_and_the_known_are_named(self, headroom):
        code, _, err = headroom("due", "--hours", "offise", "--from", "2026-03-08", "--minutes", "1", "--file", SAMPLE)
        assert code == 2
        assert "office" in err

    def test_an_instant_that_is_none_is_bad_use(self, headroom):
        assert headroom("due", "--hours", "office", "--from", "tomorrow", "--minutes", "1", "--file", SAMPLE)[0] == 2


class TestTeamInForce:
    def test_migrate_tells_the_version(self, headroom, empty_database, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", empty_database)
        code, out, _ = headroom("migrate")
        version = rows(empty_database, "SELECT version_num FROM alembic_version")[0][0]
        assert (code, out) == (0, f"The schema is at version {version}.\n")

    def test_apply_puts_it_in_force_once(self, with_team, database):
        code, out, _ = with_team("apply", SAMPLE, "--json")
        assert (code, json.loads(out)["version"]) == (0, 1)  # the same text again is no new version
        assert rows(database, "SELECT count(*) FROM policies") == [(1,)]

    def test_a_wrong_file_is_refused_and_the_team_in_force_stays(self, with_team, database, tmp_path):
        broken = tmp_path / "team.yaml"
        broken.write_text(SAMPLE.read_text().replace("members: [priya, tom]", "members: [priya, tim]"))
        code, _, err = with_team("apply", broken)
        assert code == 1
        assert "stays" in err
        code, out, _ = with_team("apply", broken, "--json")
        told = json.loads(out)
        assert (code, told["version"], told["errors"][0]["key"]) == (1, None, "pools.sales.members")
        assert rows(database, "SELECT count(*) FROM policies") == [(1,)]

    def test_diff_tells_what_would_change(self, with_team, tmp_path):
        changed = tmp_path / "team.yaml"
        changed.write_text(SAMPLE.read_text().replace("cap: 8 ", "cap: 5 "))
        code, out, _ = with_team("diff", changed, "--json")
        assert code == 0
        (change,) = json.loads(out)["changes"]
        assert change.startswith("rep tom")
        assert with_team("diff", SAMPLE)[1] == "No difference.\n"
        assert with_team("diff", changed, "--against", changed)[1] == "No difference.\n"

    def test_diff_of_a_file_that_would_be_refused_says_so(self, with_team, tmp_path):
        broken = tmp_path / "team.yaml"
        broken.write_text(SAMPLE.read_text().replace("offer_for: 2m", "offer_for: soon"))
        code, out, _ = with_team("diff", broken)
        assert code == 1
        assert out.startswith("pool sales: offer_for 2m -> soon\n") and "pools.sales.offer_for: must be" in out
        assert "1 to mend before this file can be used." in out
        code, out, _ = with_team("diff", broken, "--json")
        assert code == 1
        assert [fault["key"] for fault in json.loads(out)["errors"]] == ["pools.sales.offer_for"]

    def test_export_gives_the_same_team_back(self, with_team, tmp_path):
        code, out, _ = with_team("export")
        copy = tmp_path / "copy.yaml"
        copy.write_text(out)
        assert code == 0
        assert with_team("diff", copy)[1] == "No difference.\n"

    def test_before_the_first_apply_export_says_so(self, headroom, database, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", database)
        code, _, err = headroom("export")
        assert code == 1
        assert "headroom apply" in err


class TestLeads:
    def test_none_yet(self, with_team):
        assert with_team("leads") == (0, "No leads.\n", "")

    def test_late_ones_only(self, with_team, database):
        add_lead(database, "A1")
        add_lead(database, "B1", late=True)
        assert [lead["code"] for lead in json.loads(with_team("leads", "--json")[1])] == ["B1", "A1"]
        assert [lead["code"] for lead in json.loads(with_team("leads", "--late", "--json")[1])] == ["B1"]
        assert "late" in with_team("leads")[1]

    def test_why_tells_rule_choice_and_who_was_passed_over(self, with_team, database):
        add_lead(database, "A1")
        code, out, _ = with_team("why", "a1")
        assert code == 0
        assert "A1 is accepted, with priya" in out
        assert "no condition: every lead" in out
        assert "offered to priya: most room of 2" in out
        assert "tom: full" in out

    def test_why_of_no_lead_is_one_line(self, with_team):
        code, _, err = with_team("why", "Z9")
        assert (code, err.count("\n")) == (1, 1)


class TestRep:
    def test_off_and_on_again(self, with_team, database):
        code, out, _ = with_team("rep", "off", "priya", "--until", "2h")
        assert code == 0
        assert "Priya Shah is off until" in out
        assert rows(database, "SELECT presence FROM reps WHERE id = 'priya'") == [("off",)]
        code, out, _ = with_team("rep", "on", "priya")
        assert "on duty" in out
        assert rows(database, "SELECT presence, presence_until FROM reps WHERE id = 'priya'") == [("on", None)]

    def test_a_cap_by_hand_and_back_to_the_team_file(self, with_team):
        assert json.loads(with_team("rep", "cap", "tom", "2", "--json")[1])["cap_open"] == 2
        assert json.loads(with_team("rep", "cap", "tom", "team", "--json")[1])["cap_open"] == 8

    def test_bad_use(self, with_team):
        code, _, err = with_team("rep", "off", "nobody")
        assert code == 2
        assert "priya" in err
        assert with_team("rep", "cap", "tom", "lots")[0] == 2
        assert with_team("rep", "off", "tom", "--until", "someday")[0] == 2

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("2h", "2026-11-20T18:30:00+00:00"),
            ("17:30", "2026-11-20T23:30:00+00:00"),  # Chicago is six hours behind
            ("8:30", "2026-11-21T14:30:00+00:00"),  # over for today: tomorrow
            ("mon 8:30", "2026-11-23T14:30:00+00:00"),
            ("fri 10:00", "2026-11-27T16:00:00+00:00"),  # this Friday's is over
            ("2026-12-24T12:00", "2026-12-24T18:00:00+00:00"),
            ("2026-12-24T12:00+00:00", "2026-12-24T12:00:00+00:00"),
        ],
    )
    def test_until_is_understood(self, words, expected):
        friday = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
        assert instant_of(words, "America/Chicago", friday) == datetime.fromisoformat(expected)

    @pytest.mark.parametrize("words", ["someday", "25:00", "2026-13-01", "2020-01-01T00:00"])
    def test_until_is_refused(self, words):
        with pytest.raises(click.BadParameter):
            instant_of(words, "America/Chicago", datetime(2026, 11, 20, 16, 30, tzinfo=UTC))


class TestBackup:
    def test_restore_brings_back_what_was_backed_up(self, with_team, database, tmp_path):
        add_lead(database, "A1")
        file = tmp_path / "backup.dump"
        code, out, _ = with_team("backup", file, "--json")
        assert code == 0, out
        assert json.loads(out) == {"file": str(file), "bytes": file.stat().st_size}
        assert file.stat().st_mode & 0o777 == 0o600
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DELETE FROM steps")
            connection.execute("DELETE FROM leads")
        code, out, err = with_team("restore", file, "--yes")
        assert code == 0, err
        assert rows(database, "SELECT code FROM leads") == [("A1",)]

    def test_numbers_given_out_since_the_backup_are_not_given_out_again(self, with_team, database, tmp_path):
        file = tmp_path / "backup.dump"
        assert with_team("backup", file)[0] == 0
        drawn = "SELECT nextval('lead_numbers'), nextval(pg_get_serial_sequence('outbox', 'id')) FROM generate_series(1, 9000)"
        since_then = max(rows(database, drawn))
        version = rows(database, "SELECT max(version) FROM policies")
        assert with_team("restore", file, "--yes")[0] == 0
        [next_ones] = rows(database, drawn.partition(" FROM ")[0])
        assert next_ones[0] > since_then[0] and next_ones[1] > since_then[1]
        assert rows(database, "SELECT max(version) FROM policies") == version

    def test_a_file_that_is_no_backup_changes_nothing(self, with_team, database, tmp_path):
        add_lead(database, "A1")
        file = tmp_path / "backup.dump"
        file.write_text("hello")
        code, _, err = with_team("restore", file, "--yes")
        assert (code, err.count("\n")) == (1, 1)
        assert rows(database, "SELECT code FROM leads") == [("A1",)]

    def test_a_folder_that_is_not_there_is_named(self, with_team, tmp_path):
        code, _, err = with_team("backup", tmp_path / "none" / "backup.dump")
        assert code == 1
        assert str(tmp_path / "none") in err


class TestDoctor:
    def test_every_fault_comes_with_what_to_do(self, with_team, monkeypatch):
        monkeypatch.setenv("PORT", "1")  # nothing listens there
        code, out, _ = with_team("doctor", "--json")
        found = {finding["part"]: finding for finding in json.loads(out)}
        assert code == 1
        assert found["database"]["is_well"]
        assert found["team in force"]["is_well"]
        assert not found["clock"]["is_well"]
        assert "headroom clock" in found["clock"]["mend"]
        assert not found["web"]["is_well"]
        assert all(finding["mend"] for finding in found.values() if not finding["is_well"])

    @pytest.mark.parametrize(
        ("address", "part", "what"),
        [
            ("https://localhost:8443/in", "endpoint desk", "localhost is not called"),
            (
                "http://127.0.0.1:9/in",
                "endpoints",
                "cannot be read with these settings",
            ),  # allowed where it was applied, not here
        ],
    )
    def test_it_tries_the_endpoints_of_the_team_in_force(self, with_team, database, tmp_path, address, part, what):
        (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        more = f"\nendpoints: {{desk: {{url: '{address}', secret: 'file:{tmp_path / 'secret'}'}}}}\n"
        settings = replace(Settings.read(role="cli"), private_urls=("127.0.0.1",))
        engine = connect(database, role="test", size=2)
        policies.apply(engine, SAMPLE.read_text() + more, settings, clock.now(), "a test")
        engine.dispose()
        _, out, _ = with_team("doctor", "--json")
        [found] = [finding for finding in json.loads(out) if finding["part"] == part]
        assert not found["is_well"] and what in found["what"] and found["mend"]


class TestOwnDatabase:
    def test_a_stopped_service_is_read_by_starting_its_database_for_the_moment(self, headroom, data_of_a_stopped_service):
        code, out, err = headroom("leads")
        assert (code, out, err) == (0, "No leads.\n", "")
        assert headroom("leads")[0] == 0  # and it was stopped again


@pytest.fixture
def data_of_a_stopped_service(monkeypatch):
    """What `headroom up` leaves behind: a folder with a database that does not run."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    monkeypatch.setenv("HEADROOM_DATA", str(folder))
    ground = lay_ground(Settings.read(role="up"), lambda _line: None)
    schema.migrate(ground.settings.database_url)
    engine = connect(ground.settings.database_url, role="test", size=4)
    policies.apply(engine, SAMPLE.read_text(), ground.settings, clock.now(), "a test")
    engine.dispose()
    ground.clear()
    yield folder
    shutil.rmtree(folder)


def test_columns_line_up():
    lines = table(["lead", "name"], [["A1", "Dana"], ["B12", "Bo"]])
    assert "\n".join(lines) == textwrap.dedent("""\
        lead  name
        A1    Dana
        B12   Bo""")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.24, "0.2s"), (9.97, "10s"), (42, "42s"), (59.7, "1m 0s"), (119.8, "2m 0s"), (220, "3m 40s")]
)
def test_spans_are_short(seconds, words):
    assert since(timedelta(seconds=seconds)) == words


class TestReport:
    def test_it_tells_the_four_instants_apart(self, with_team):
        code, out, _ = with_team("report", "--json")
        found = json.loads(out)
        assert code == 0
        assert [each["name"] for each in found["instants"]] == ["acknowledgement", "attempt", "response", "contact"]
        assert found["in_time"]["share"] is None
        code, out, _ = with_team("report", "--days", "30", "--pool", "sales")
        assert code == 0 and "answered in time: none decided yet" in out

    def test_what_only_reps_say_is_counted_beside_it(self):
        kept = {"met": 3, "missed": 1, "open": 0, "share": 0.75, "reported": 2}
        report = {"leads": 4, "pool": None, "since": "2026-11-20T00:00:00Z", "instants": [], "in_time": kept}
        assert speed.lines(report)[-1] == "answered in time: 75.0% (3 of 4, 2 of these as the rep reports, 0 not yet due)"
        assert "rep reports" not in speed.lines({**report, "in_time": {**kept, "reported": 0}})[-1]

    def test_a_pool_that_is_none_is_named(self, with_team):
        code, out, err = with_team("report", "--pool", "nowhere")
        assert (code, out) == (1, "") and "There is no pool 'nowhere'" in err
