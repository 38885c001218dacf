"""What can never work although every word is right."""

import json
from datetime import date

import pytest

from config.settings import Settings
from config.teamfile import check

# An edit of the small file, and the key and words of the warning it must give.
ODD = [
    ("members: [priya, tom]", "members: []", "pools.sales", "has no members"),
    ("    managers: [kim]\n", "", "pools.sales", "has no managers"),
    ("members: [priya, tom]", "members: [priya]", "reps.tom", "is in no pool"),
    ("cap: 12", "cap: 0", "reps.priya.cap", "is zero (open)"),
    ("cap: 12", "cap: {unanswered: 0}", "reps.priya.cap", "is zero (unanswered)"),
    ("cap: 12", "cap: {per_day: 0}", "reps.priya.cap", "is zero (per_day)"),
    ('    phone: "+15125550112"\n', "", "reps.tom", "neither phone nor e-mail"),
    ('phone: "+15125550190", ', "", "managers.kim", "neither phone nor e-mail"),
    ('"+15125550112"', '"+15125550190"', "reps.tom.phone", "also manager kim's"),
    ("    cap: 12\n    hours: office\n", "", "reps.priya", "on shift day and night"),
    ("hours:\n  office:", "hours:\n  nights: {}\n  office:", "hours.nights", "is never open"),
    ("hours:\n  office:", 'hours:\n  nights: {mon: "22:00-22:00"}\n  office:', "hours.nights", "is never open"),
    ("hours:\n  office:", 'hours:\n  nights: {mon: "22:00-22:00"}\n  office:', "hours.nights.mon", "'22:00-22:00' holds no time"),
    ("hours:\n  office:", 'hours:\n  fair: {overrides: {2040-05-01: "10:00-12:00"}}\n  office:', None, ""),
    ("hours:\n  office:", "channels: {sms: {quiet_hours: none}}\nhours:\n  office:", "channels.sms.quiet_hours", "are off"),
    ("    managers: [kim]", "    managers: [kim]\n    offer_for: 3m", "pools.sales.offer_for", "longer than accept_within of hot (2m)"),
    ("    managers: [kim]", "    managers: [kim]\n    offer_for: 1h30m", "pools.sales.offer_for", "first_response_within of hot (5m)"),
    ("      - {at: 5m, do: tell, who: pool_managers}\n", "", "slas.hot.ladder", "ends without telling anybody"),
    ("    managers: [kim]\n", "", "slas.hot.ladder", "pool sales has none"),
    ("who: pool_managers", "who: director, every: 10m", None, ""),
    ("    managers: [kim]", "    managers: [kim]\n    offer: assign\n    offer_for: 3m", None, ""),
    ("    managers: [kim]", "    managers: [kim]\n    offer_for: 2m", None, ""),
    ("type: form", "type: form\n    acknowledge: false", "sources.website.acknowledge", "no answer until a person calls"),
    ("type: form", "type: twilio_voice\n    secret: env:CRM_SECRET\n    ring_for: 25s", "sources.website.ring_for", "above 20s"),
    ("send_to: sales}", "send_to: sales, needs: [welsh]}", "rules.rest.needs", "nobody in sales has welsh"),
    ("- {id: rest, send_to: sales}", "- {id: all, send_to: sales}\n  - {id: rest, send_to: sales}", "rules.rest", "can never be reached"),
    ("pools:\n", "pools:\n  west: {members: [tom], hours: office, managers: [kim]}\n", "pools.west", "gets no leads"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), ODD, ids=[f"{row[2]} {row[3]}"[:60] for row in ODD])
def test_what_cannot_work_is_warned_of(small: str, settings: Settings, old: str, new: str, key: str | None, words: str):
    assert small.count(old) == 1
    result = check(small.replace(old, new), settings)
    assert result.errors == [] and result.team is not None, "a warning never stops a file"
    if key is None:
        assert result.warnings == []
        return
    assert any(problem.key == key and words in problem.reason and problem.hint for problem in result.warnings), result.warnings


def test_a_warning_has_the_line_of_what_it_is_about(small: str, settings: Settings):
    (warning,) = check(small.replace("cap: 12", "cap: 0"), settings).warnings
    assert warning.line == 11
    text = small.replace("- {id: rest, send_to: sales}", "- {id: all, send_to: sales}\n  - {id: rest, send_to: sales}")
    (warning,) = check(text, settings).warnings
    assert warning.line == 34


@pytest.mark.parametrize(
    ("pool_hours", "reps_hours", "gap"),
    [
        ('{mon-fri: "09:00-17:00", sat: "10:00-14:00"}', '{mon-fri: "09:00-17:00"}', "Sat 10:00-14:00 has nobody on shift"),
        ('{mon: "09:00-17:00"}', '{mon: "09:00-12:00, 13:00-17:00"}', "Mon 12:00-13:00 has nobody"),
        ('{mon: "09:00-17:00"}', '{mon: "10:00-16:00"}', "Mon 09:00-10:00, Mon 16:00-17:00 has nobody"),
        ('{fri: "22:00-06:00"}', '{fri: "22:00-24:00"}', "Sat 00:00-06:00 has nobody"),
        ('{fri: "22:00-06:00"}', '{fri: "09:00-17:00"}', "Fri 22:00-Sat 06:00 has nobody"),
        ('{sun: "12:00-24:00"}', '{sun: "12:00-20:00"}', "Sun 20:00-24:00 has nobody"),
        ('{daily: "09:00-17:00"}', '{mon: "09:00-17:00"}', "Fri 09:00-17:00 and 2 more times a week has nobody"),
        ("24/7", '{mon: "09:00-17:00", zone: Europe/Berlin}', "Mon 00:00-02:00, Mon 10:00-"),
        ("24/7", "{}", "the whole week has nobody"),
        ('{mon: "09:00-17:00"}', '{mon: "16:00-23:00", zone: Europe/Berlin}', "Mon 16:00-17:00 has nobody"),
        ('{mon: "09:00-17:00"}', '{mon: "16:00-00:00", zone: Europe/Berlin}', None),
        ('{sun: "20:00-04:00"}', '{sun: "20:00-04:00"}', None),
    ],
)
def test_an_hour_of_the_week_that_nobody_covers_is_named(
    small: str, settings: Settings, pool_hours: str, reps_hours: str, gap: str | None
):
    text = small.replace('  office:\n    mon-fri: "09:00-17:00"', f"  office: {pool_hours}\n  shift: {reps_hours}")
    head, tail = text.split("pools:\n")
    result = check(head.replace("hours: office", "hours: shift") + "pools:\n" + tail, settings)
    found = [problem.reason for problem in result.warnings if problem.key == "pools.sales"]
    assert result.errors == []
    assert (gap is None and not found) or (gap is not None and gap in found[0]), found


def test_a_clock_that_runs_while_nobody_works_is_named(small: str, settings: Settings):
    result = check(small.replace("clock: office", "clock: always"), settings)
    (warning,) = result.warnings
    assert warning.key == "pools.sales" and "while the clock of hot runs" in warning.reason
    assert "Mon 00:00-09:00, Mon 17:00-Tue 09:00" in warning.reason


def test_a_rule_that_asks_for_office_hours_is_not_blamed_for_the_night(small: str, settings: Settings):
    rules = "{id: day, when: {all: [{in_hours: office}, {state: TX}]}, send_to: sales, sla: round}\n  - {id: rest, send_to: sales, sla: hot}"
    text = small.replace("{id: rest, send_to: sales}", rules).replace(
        "slas:\n", "slas:\n  round: {clock: always, accept_within: 2m, ladder: [{at: 100%, do: tell, who: pool_managers}]}\n"
    )
    assert check(text, settings).warnings == []


def test_a_channel_without_keys_cannot_acknowledge(small: str):
    mail_only = Settings.read(
        {"SENDGRID_API_KEY": "SG.1", "SENDGRID_FROM": "hello@acme.example", "SECRET_KEY": "a key of enough letters"},
        None,
        role="check",
    )
    text = small.replace("type: form", "type: twilio_messaging\n    secret: env:TWILIO_AUTH_TOKEN")
    (warning,) = check(text, mail_only).warnings
    assert warning.key == "sources.website" and "no way to acknowledge" in warning.reason
    assert check(small, mail_only).warnings == []


def test_one_skill_of_two_is_not_enough(small: str, settings: Settings):
    text = small.replace("cap: 12", "skills: [welsh]").replace("send_to: sales}", "send_to: sales, needs: [welsh, roofs]}")
    (warning,) = check(text, settings).warnings
    assert warning.reason == "nobody in sales has roofs, welsh."
    assert check(text.replace("[welsh]", "[welsh, roofs]"), settings).warnings == []


def test_a_week_with_a_holiday_in_it_is_no_gap(small: str, settings: Settings):
    holiday = small.replace('mon-fri: "09:00-17:00"', 'mon-fri: "09:00-17:00"\n    holidays: [2026-11-24]')
    shift = holiday.replace("hours:\n", 'hours:\n  shift: {mon-fri: "09:00-17:00", holidays: [2026-11-25]}\n')
    text = shift.replace("cap: 12\n    hours: office", "hours: shift").replace("[priya, tom]", "[priya]")
    told = check(text, settings, today=date(2026, 11, 22)).warnings
    assert [problem.key for problem in told] == ["reps.tom"]


@pytest.mark.parametrize(
    ("words", "cost"),
    [
        ("Hi {{ first_name }}, we call by {{ due_text }}.", "29 GSM-7, 1 segment"),
        ("Olá {{ first_name }} 👋", "11 UCS-2, 1 segment"),
        ("a" * 161, "161 GSM-7, 2 segments"),
        (
            "Olá {{ first_name }} — we’ll call" + "." * 60,
            "\"Ola Dana - we'll call" + "." * 60 + '" (81 GSM-7, 1 segment)',
        ),  # spelt as it is sent
        ("{{ firm }}" + "." * 60, '"Hargreaves & Daughters' + "." * 60 + '" (82 GSM-7, 1 segment)'),  # by whom it is sent
    ],
)
def test_a_sources_own_text_is_read_back_with_what_it_costs(small: str, settings: Settings, words: str, cost: str):
    body = small.replace("type: form", f"type: form\n    acknowledge: {{sms: {json.dumps(words, ensure_ascii=False)}}}", 1)
    body = body.replace("name: Acme,", "name: Hargreaves & Daughters,", 1)
    notes = check(body, settings).notes
    assert any("acknowledge.sms reads" in note and cost in note for note in notes), notes
