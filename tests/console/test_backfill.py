"""`headroom backfill`: what it asks a worker for, and what it refuses."""

import pytest

from console import cli


@pytest.fixture
def headroom(house, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DATABASE_URL", house.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", "a-key-for-tests-of-32-characters")
    monkeypatch.setenv("HEADROOM_DATA", str(tmp_path))

    def run(*words: str) -> tuple[int, str, str]:
        return cli.run(["backfill", *words]), *capsys.readouterr()

    return run


def test_it_leaves_a_wish_for_the_worker(house, headroom):
    code, out, _ = headroom("meta", "--since", "2026-11-01")
    assert code == 0
    assert "since 2026-11-01 00:00 UTC" in out
    [row] = house.rows("SELECT event, content FROM inbox")
    assert row["event"] == "fetch_required"
    assert row["content"]["fetch"] == {"vendor": "meta", "missed_since": "2026-11-01T00:00:00+00:00", "only": ""}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("website", "--since", "2026-11-01"), "no source that can be asked"),
        (("nowhere", "--since", "2026-11-01"), "no source that can be asked"),
        (("meta", "--since", "yesterday"), "is no instant"),
        (("meta", "--since", "2030-01-01"), "in the future"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(house, headroom, words, said):
    code, _, err = headroom(*words)
    assert code == 2
    assert said in err
    assert house.rows("SELECT 1 FROM inbox") == []
