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


def numbers(client):
    """What Prometheus reads."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_the_numbers_are_prometheus_and_name_nobody(house, client):
    house.lead()
    house.lead("Somebody", phone=None)
    house.send()
    house.rows("INSERT INTO beats (name, at) VALUES ('clock', '2026-11-24T15:59:58Z')")
    house.frozen.tick(30)
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    found = numbers(client)
    assert found["headroom_leads_open", "offered"] == 1 and found["headroom_leads_open", "quarantined"] == 1
    assert found["headroom_waiting_age_seconds",] == 30
    assert found["headroom_beat_age_seconds", "clock"] == 32
    assert found["headroom_messages", "sms", "sent"] >= 2
    assert found["headroom_alarms_armed",] >= 1 and found["headroom_alarms_late",] == 0
    assert found["headroom_inbox_waiting",] == 0
    assert client.get("/livez").status_code == client.get("/leads/Q77").status_code - 204 == 200
    again = numbers(client)
    assert again["headroom_http_requests_total", "GET", "/leads/<code>", "404"] >= 1, "by route: a path holds codes and tokens"
    assert again["headroom_http_seconds_count", "GET", "/livez"] >= 1
    assert not re.search(r"Dana|5125550143|ann@", answer.text)


def test_how_long_acknowledging_takes_is_told_of_the_last_quarter_of_an_hour(house, client):
    codes = [house.lead(f"Dana {n}", phone=f"+1512555{n:04}", email=None) for n in range(1, 6)]
    house.lead("Omar", phone="+15125557777", email=None, is_test=True)
    house.rows("UPDATE leads SET acked_at = NULL")
    for seconds, code in zip((1, 2, 3, 4), codes, strict=False):
        house.rows("UPDATE leads SET acked_at = arrived_at + make_interval(secs => :s) WHERE code = :code", s=seconds, code=code)
    found = numbers(client)
    assert found["headroom_leads_recent",] == 5 and found["headroom_leads_unacknowledged",] == 1
    assert found["headroom_acknowledgement_seconds", "0.5"] == 2.5
    assert 3.9 < found["headroom_acknowledgement_seconds", "0.99"] <= 4
    house.frozen.tick(15 * 60 + 1)
    assert ("headroom_acknowledgement_seconds", "0.5") not in numbers(client) and numbers(client)["headroom_leads_recent",] == 0


def test_broken_promises_are_counted_by_cause_for_a_day(house, client):
    assert numbers(client)["headroom_breaches", "all full"] == 0, "an alert needs the 0 before the first"
    house.lead()
    house.later(minutes=9)
    assert numbers(client)["headroom_breaches", "offers ignored"] == 1
    house.rows("UPDATE leads SET is_test = true")
    assert numbers(client)["headroom_breaches", "offers ignored"] == 0
    house.rows("UPDATE leads SET is_test = false")
    house.frozen.tick(24 * 3600)
    assert numbers(client)["headroom_breaches", "offers ignored"] == 0


def test_how_late_an_alarm_rang_is_told_for_five_minutes(house, client):
    house.lead()
    assert numbers(client)["headroom_alarm_lateness_seconds",] == 0
    house.later(minutes=2, seconds=7)
    assert numbers(client)["headroom_alarm_lateness_seconds",] == 7
    house.frozen.tick(301)
    assert numbers(client)["headroom_alarm_lateness_seconds",] == 0


def test_a_provider_that_is_set_up_has_a_breaker_before_it_ever_moved(house, client):
    assert not any(name[0] == "headroom_breaker" for name in numbers(client))
    rows = {"closed": 0, "throttled": 1, "open": 2, "configuration": 2}
    for state in rows:
        house.rows("INSERT INTO breakers (provider, state) VALUES (:name, :state)", name=f"{state}-provider", state=state)
    found = numbers(client)
    assert {state: found["headroom_breaker", f"{state}-provider"] for state in rows} == rows
    object.__setattr__(house.settings, "sendgrid_api_key", "SG.1")
    assert numbers(client)["headroom_breaker", "sendgrid"] == 0
