"""What machines ask: alive, ready, turning, clean, and numbers."""

import re

from prometheus_client.parser import text_string_to_metric_families


def test_alive_and_ready(client):
    assert client.get("/livez").json == {"alive": True}
    assert client.get("/readyz").json["ready"] is True


def test_the_engine_turns_while_the_clock_ticks(house, client):
    never = client.get("/health/engine")
    assert never.status_code == 503 and "headroom clock" in never.json["why"]
    house.rows("INSERT INTO beats (name, at) VALUES ('clock', '2026-11-24T16:00:00Z')")
    assert client.get("/health/engine").json["turning"] is True
    house.frozen.tick(10)
    assert client.get("/health/engine").status_code == 200
    house.frozen.tick(1)
    stopped = client.get("/health/engine")
    assert stopped.status_code == 503 and stopped.json["last_tick_at"] == "2026-11-24T16:00:00Z"


def test_the_engine_says_when_the_clock_works_alone(house, client):
    def state() -> tuple[int, bool]:
        answer = client.get("/health/engine")
        assert answer.json["degraded"] == bool(answer.json["why"])
        return answer.status_code, answer.json["degraded"]

    house.rows("""INSERT INTO beats (name, at, detail) VALUES ('clock', '2026-11-24T16:00:00Z', '{"pid": 1, "bell": "none"}')""")
    assert state() == (200, False)  # without REDIS_URL that is as it was wanted
    house.rows('UPDATE beats SET detail = \'{"bell": "silent"}\'')
    assert state() == (200, True)
    house.rows('UPDATE beats SET detail = \'{"bell": "heard"}\'')
    assert state() == (200, True)  # no worker was ever there
    house.rows("INSERT INTO beats (name, at) VALUES ('worker', '2026-11-24T15:59:00Z')")
    assert state() == (200, False)
    house.rows("UPDATE beats SET at = at - interval '1 second' WHERE name = 'worker'")
    assert state() == (200, True)
    house.frozen.tick(11)
    assert state() == (503, True)


def test_the_auditor_answers_in_json(house, client):
    house.lead()
    house.send()
    assert client.get("/ops/invariants").json["clean"] is True
    house.rows("UPDATE alarms SET due_at = due_at - interval '1 day'")
    found = client.get("/ops/invariants").json
    assert found["clean"] is False and found["findings"]


def test_the_numbers_are_prometheus_and_name_nobody(house, client):
    house.lead()
    house.lead("Somebody", phone=None)
    house.send()
    house.rows("INSERT INTO beats (name, at) VALUES ('clock', '2026-11-24T15:59:58Z')")
    house.frozen.tick(30)
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    found = {
        (s.name, *s.labels.values()): s.value for family in text_string_to_metric_families(answer.text) for s in family.samples
    }
    assert found["headroom_leads_open", "offered"] == 1 and found["headroom_leads_open", "quarantined"] == 1
    assert found["headroom_waiting_age_seconds",] == 30
    assert found["headroom_beat_age_seconds", "clock"] == 32
    assert found["headroom_messages", "sms", "sent"] >= 2
    assert found["headroom_alarms_armed",] >= 1 and found["headroom_alarms_late",] == 0
    assert found["headroom_inbox_waiting",] == 0
    assert any(name[0] == "headroom_http_requests_total" for name in found)
    assert not re.search(r"Dana|5125550143|ann@", answer.text)
