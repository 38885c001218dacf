from config.heartbeat import beat, beat_file


def test_a_beat_touches_the_roles_file(tmp_path):
    (tmp_path / "run").mkdir()
    beat(tmp_path, "clock")
    assert beat_file(tmp_path, "clock").exists()


def test_without_a_supervisor_a_beat_does_nothing(tmp_path):
    beat(tmp_path, "clock")
    assert list(tmp_path.iterdir()) == []
