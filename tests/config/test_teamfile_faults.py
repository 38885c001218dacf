"""What is wrong with a team file: each fault with its line, its key and a way to mend it, and all of them at once."""

from dataclasses import replace

import pytest

from config.settings import Settings
from config.teamfile import TeamFileError, check, load
from config.teamfile.tree import LARGEST

# An edit of the small file (what, with what) and the line, key and words of the one problem it must give.
ONE_FAULT = [
    ("version: 1", "version: 2", 1, "version", "from 1 to 1"),
    ("version: 1\n", "\n", 2, "version", "Add `version: 1`"),
    ("America/Chicago", "America/Chicgo", 2, "site.time_zone", "Did you mean 'America/Chicago'?"),
    ("America/Chicago", "America", 2, "site.time_zone", "not a time zone"),
    ("America/Chicago", "../../etc/passwd", 2, "site.time_zone", "not a time zone"),
    ("America/Chicago}", "America/Chicago, default_region: Texas}", 2, "site.default_region", "two letters"),
    ("America/Chicago}", "America/Chicago, numbers: ['+1512']}", 2, "site.numbers", "is not a telephone number"),
    ("name: Acme", "nme: Acme", 2, "site.nme", "Did you mean 'name'?"),
    ("site: {name: Acme", "site: {name: ''", 2, "site.name", "is missing"),
    ("mon-fri:", "mon-fry:", 5, "hours.office.mon-fry", "Did you mean 'mon-fri'?"),
    ("mon-fri:", "mon-fri-sat:", 5, "hours.office.mon-fri-sat", "Did you mean 'mon-fri'?"),
    ("mon-fri:", "werktags:", 5, "hours.office.werktags", "Days are mon ... sun"),
    ('"09:00-17:00"', '"9 to 5"', 5, "hours.office.mon-fri", "'9 to 5' is not a stretch of hours"),
    ('"09:00-17:00"', '"09:00-25:00"', 5, "hours.office.mon-fri", "no clock shows"),
    ('"09:00-17:00"', '"09:00-12:60"', 5, "hours.office.mon-fri", "no clock shows"),
    ('"09:00-17:00"', '"24:00-06:00"', 5, "hours.office.mon-fri", "no clock shows"),
    ('"09:00-17:00"', '"09:00-17:00"\n    wed: closed', 6, "hours.office.wed", "wed is given twice"),
    ('"09:00-17:00"', '"09:00-17:00"\n    zone: Mars/Olympus', 6, "hours.office.zone", "not a time zone"),
    ('"09:00-17:00"', '"09:00-17:00"\n    holidays: US-TS', 6, "hours.office.holidays", "Write US, or one of US-AK, US-AL"),
    ('"09:00-17:00"', '"09:00-17:00"\n    holidays: Texas', 6, "hours.office.holidays", "Use a country (US)"),
    ('"09:00-17:00"', '"09:00-17:00"\n    overrides: {2026-02-30: closed}', 6, "hours.office.overrides.2026-02-30", "not a date"),
    ('"09:00-17:00"', '"09:00-17:00"\n    overrides: [2026-12-24]', 6, "hours.office.overrides", "a mapping of dates"),
    ('  office:\n    mon-fri: "09:00-17:00"', '  office: 9-5', 4, "hours.office", "a mapping of days"),
    ("  office:\n", '  always: {mon: "09:00-17:00"}\n  office:\n', 4, "hours.always", "built in"),
    ('"+15125550190"', '"+1512"', 7, "managers.kim.phone", "is not a telephone number"),
    ("director: true", "director: maybe", 7, "managers.kim.director", "true or false"),
    ("director: true", "at_most_per_hour: 0", 7, "managers.kim.at_most_per_hour", "from 1 to"),
    ("director: true", "slack: https://hooks.example.com/T0/s3cret", 7, "managers.kim.slack", "Copy member ID"),
    ("director: true", "teams: https://hooks.example.com/T0/s3cret", 7, "managers.kim.teams", "must not stand in the team file"),
    ("director: true", "tell_by: [pigeon]", 7, "managers.kim.tell_by", "There are sms, email, slack, teams"),
    ("director: true", "tell_by: [slack]", 7, "managers.kim.tell_by", "Add `slack:` or `teams:`"),
    ("members: [priya, tom]", 'members: [priya, tom]\n    digest: {slack: C0SALES01}', 19, "pools.sales.digest.at", "is missing"),
    ("members: [priya, tom]", 'members: [priya, tom]\n    digest: {at: "25:00", slack: C0SALES01}', 19, "pools.sales.digest.at", "not a time"),
    ("members: [priya, tom]", 'members: [priya, tom]\n    digest: {at: "17:30"}', 19, "pools.sales.digest", "is sent nowhere"),
    ("members: [priya, tom]", 'members: [priya, tom]\n    digest: {at: "17:30", teams: env:NO_SUCH}', 19, "pools.sales.digest.teams", "not set"),
    ("cap: 12", "slack: priya", 11, "reps.priya.slack", "Copy member ID"),
    ("  - id: priya\n    phone", "  - phone", 9, "reps.1.id", "is missing"),
    ("id: tom", "id: Tom B", 13, "reps.Tom B", "small letters"),
    ("id: tom", "id: priya", 13, "reps.priya.id", "the first is in line 9"),
    ('"+15125550112"', '"+15125550111"', 14, "reps.tom.phone", "same phone as priya"),
    ("cap: 12", "cap: -1", 11, "reps.priya.cap", "from 0 to"),
    ("cap: 12", f"cap: {'9' * 5000}", 11, "reps.priya.cap", "from 0 to"),
    ("cap: 12", "cap: {opn: 12}", 11, "reps.priya.cap.opn", "Did you mean 'open'?"),
    ("cap: 12", "cap: [12]", 11, "reps.priya.cap", "a single value"),
    ("cap: 12", "email: priya(at)acme", 11, "reps.priya.email", "is not an e-mail address"),
    ("cap: 12", "weight: 0", 11, "reps.priya.weight", "from 1 to"),
    ("cap: 12", "weigth: 2", 11, "reps.priya.weigth", "Did you mean 'weight'?"),
    ("cap: 12", "skills: [[spanish]]", 11, "reps.priya.skills", "list of plain words"),
    ("cap: 12", "ramp: {from: soon}", 11, "reps.priya.ramp.from", "Write it as 2026-12-24"),
    ("cap: 12", "ramp: {from: 2026-11-01, start: 250%}", 11, "reps.priya.ramp.start", "from 1% to 100%"),
    ("cap: 12", "ramp: {from: 2026-11-01, start: 0%}", 11, "reps.priya.ramp.start", "from 1% to 100%"),
    ("cap: 12", "ramp: {from: 2026-11-01, start: nan}", 11, "reps.priya.ramp.start", "from 1% to 100%"),
    ("cap: 12", "leave: [{from: 2026-12-24, to: 2026-12-20}]", 11, "reps.priya.leave[0].to", "is before"),
    ("cap: 12", "leave: [{from: 2026-12-24}]", 11, "reps.priya.leave[0].to", "is missing"),
    ("cap: 12\n    hours: office", "cap: 12\n    hours: ofice", 12, "reps.priya.hours", "Did you mean 'office'?"),
    ("[priya, tom]", "[priya, tomm]", 18, "pools.sales.members", "Did you mean 'tom'?"),
    ("[priya, tom]", "[priya, tom, priya]", 18, "pools.sales.members", "names 'priya' twice"),
    ("[priya, tom]", "\n      - priya\n      - bob", 20, "pools.sales.members", "no 'bob' here. Known: priya, tom."),
    ("managers: [kim]", "managers: [kin]", 20, "pools.sales.managers", "Did you mean 'kim'?"),
    ("managers: [kim]", "offer: {ring: 0}", 20, "pools.sales.offer.ring", "from 1 to 20"),
    ("managers: [kim]", "offer: shout", 20, "pools.sales.offer", "Known: assign, one_at_a_time"),
    ("managers: [kim]", "offer_for: 2", 20, "pools.sales.offer_for", "Write it as 30s, 2m"),
    ("managers: [kim]", "offer_for: 9s", 20, "pools.sales.offer_for", "from 10s to 366d"),
    ("managers: [kim]", "offer_for: 400d", 20, "pools.sales.offer_for", "Write it as 30s, 2m"),
    ("managers: [kim]", "offer_for: 2 months", 20, "pools.sales.offer_for", "Write it as 30s, 2m"),
    ("managers: [kim]", "strategy: round_robbin", 20, "pools.sales.strategy", "Did you mean 'round_robin'?"),
    ("managers: [kim]", "queue: newest_first", 20, "pools.sales.queue", "Did you mean"),
    ("accept_within: 2m", "accept_within: 6m", 24, "slas.hot.accept_within", "longer than first_response_within"),
    ("first_response_within: 5m", "first_response_within: fast", 25, "slas.hot.first_response_within", "Write it as 30s, 2m"),
    ("clock: office", "clock: offices", 23, "slas.hot.clock", "Did you mean 'office'?"),
    ("at: 75%, do: remind", "do: remind", 27, "slas.hot.ladder[0].at", "Add `at: 4m`"),
    ("at: 75%, do: remind", "at: 75%", 27, "slas.hot.ladder[0].do", "Add `do: remind`"),
    ("at: 75%, do: remind", "at: 75%, do: remnd", 27, "slas.hot.ladder[0].do", "Did you mean 'remind'?"),
    ("at: 75%, do: remind", "at: 6m, do: remind", 28, "slas.hot.ladder[1].at", "before the rung above"),
    ("at: 75%, do: remind", "at: -5%, do: remind", 27, "slas.hot.ladder[0].at", "length of time or a share"),
    ("who: pool_managers", "who: the_boss", 28, "slas.hot.ladder[1].who", "Known: director"),
    (", who: pool_managers", "", 28, "slas.hot.ladder[1].who", "whom shall this rung tell"),
    ("type: form", "type: fom", 31, "sources.website.type", "Did you mean 'form'?"),
    ("type: form", "thanks: https://acme.example", 30, "sources.website.type", "Add `type:`"),
    ("type: form", "type: form\n    thanks: acme.example", 32, "sources.website.thanks", "Write it as https://"),
    ("type: form", "type: form\n    allowed_origins: acme.example", 32, "sources.website.allowed_origins", "Scheme and host only"),
    ("type: form", "type: form\n    pool: sale", 32, "sources.website.pool", "Did you mean 'sales'?"),
    ("type: form", "type: form\n    secret: s3cret", 32, "sources.website.secret", "must not stand in the team file"),
    ("type: form", "type: form\n    secret: [env:CRM_SECRT]", 32, "sources.website.secret", "CRM_SECRT is not set"),
    ("type: form", "type: form\n    secret: file:/no/such/file", 32, "sources.website.secret", "cannot be read"),
    ("type: form", "type: twilio_voice", 30, "sources.website.secret", "Add `secret: env:TWILIO_AUTH_TOKEN`"),
    ("type: form", "type: meta", 30, "sources.website.secret", "Add `secret: env:META_APP_SECRET`"),
    ("type: form", "type: form\n    ring_for: 18s", 32, "sources.website.ring_for", "not known here"),
    ("type: form", "type: form\n    acknowledge: {sms: 'Hi {{ name'}", 32, "sources.website.acknowledge.sms", "not a template"),
    ("type: form", "type: form\n    acknowledge: {sms: 'Hi {{ nmae }}'}", 32, "sources.website.acknowledge.sms", "There are code, due_text"),
    ("type: form", "type: form\n    acknowledge: {email: '{{ name.__class__ }}'}", 32, "sources.website.acknowledge.email", "only text"),
    ("type: form", "type: form\n    acknowledge: {sms: '{% for x in name %}{% endfor %}'}", 32, "sources.website.acknowledge.sms", "may be used here"),
    ("type: form", "type: form\n    acknowledge: {sms: '{{ 9 ** 9 }}'}", 32, "sources.website.acknowledge.sms", "only text"),
    ("type: form", "type: form\n    acknowledge: {sms: '{{ name | tojson }}'}", 32, "sources.website.acknowledge.sms", "'tojson' is not allowed"),
    ("type: form", "type: form\n    acknowledge: perhaps", 32, "sources.website.acknowledge", "true or false"),
    ("type: form", "type: form\n    fields: [phone]", 32, "sources.website.fields", "a mapping"),
    ("type: form", "type: form\n    region: USA", 32, "sources.website.region", "two letters"),
    ("type: form", "type: form\n    dedupe: {by: [email], within: 1h}", 32, "sources.website.dedupe.by", "not known here"),
    ("send_to: sales}", "send_to: sale}", 33, "rules.rest.send_to", "Did you mean 'sales'?"),
    (", send_to: sales}", "}", 33, "rules.rest.send_to", "Add `send_to:`"),
    ("send_to: sales}", "send_to: sales, sla: hott}", 33, "rules.rest.sla", "Did you mean 'hot'?"),
    ("send_to: sales}", "send_to: sales, when: {state: TX}}", 33, "rules.rest.when", "must match every lead"),
    ("{id: rest, send_to: sales}", "{id: rest, send_to: sales, when: TX}\n  - {id: all, send_to: sales}", 33, "rules.rest.when", "condition"),
    ("{id: rest, send_to: sales}", "{id: a, send_to: sales, when: {x: {gtee: 2}}}\n  - {id: b, send_to: sales}", 33, "rules.a.when", "gte"),
    ("{id: rest, send_to: sales}", "{id: a, send_to: sales, when: {in_hours: ofice}}\n  - {id: b, send_to: sales}", 33, "rules.a.when", "office"),
    ("rules:\n  - {id: rest, send_to: sales}", "rules: []", 32, "rules", "no rule"),
    ("rules:\n  - {id: rest, send_to: sales}", "rules: {id: rest}", 32, "rules", "must be a list"),
    ("rules:", "ruls: []\nrules:", 32, "ruls", "Did you mean 'rules'?"),
    ("sources:\n  website:\n    type: form", "sources:", 29, "sources", "is missing or empty"),
    ("sources:\n  website:", "sources:\n  Web Site:", 30, "sources.Web Site", "small letters"),
    ("    cap: 12\n", "    cap: 12\n    cap: 13\n", 12, "reps.priya.cap", "the first is in line 11"),
    ("cap: 12", "cap: &a 12\n    weight: *a", 12, "reps.priya.weight", "alias"),
    ("cap: 12", "cap: !!python/object:os.system 12", 11, "reps.priya.cap", "YAML tag"),
    ("cap: 12", "[a, b]: 12", 11, "reps.priya", "not a word"),
    ("cap: 12", 'name: "Pri\\0ya"', 11, "reps.priya.name", "U+0000"),
    ("cap: 12", 'name: "Pri\\ud800ya"', 11, "reps.priya.name", "U+D800"),
    ("cap: 12", 'name: "\\x1b[2J"', 11, "reps.priya.name", "U+001B"),
    ("hours:\n  office:", "channels: {sms: {quiet_hours: 09:00-09:00}}\nhours:\n  office:", 3, "channels.sms.quiet_hours", "must be one stretch"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "key", "words"), ONE_FAULT, ids=[f"{row[3]} {row[4]}"[:60] for row in ONE_FAULT])
def test_a_fault_is_told_with_line_key_and_hint(
    small: str, settings: Settings, old: str, new: str, line: int, key: str, words: str
):
    assert small.count(old) == 1
    found = [problem for problem in check(small.replace(old, new), settings).errors if problem.key == key]
    assert found, [str(problem) for problem in check(small.replace(old, new), settings).errors]
    assert found[0].line == line
    assert words in f"{found[0].reason} {found[0].hint}"
    assert found[0].hint or "given twice" in found[0].reason, "every problem says how to mend it"
    assert "s3cret" not in str(found[0])


@pytest.mark.parametrize(("old", "new"), [(row[0], row[1]) for row in ONE_FAULT])
def test_one_fault_is_told_once_not_wherever_the_name_is_used(small: str, settings: Settings, old: str, new: str):
    errors = check(small.replace(old, new), settings).errors
    assert 1 <= len(errors) <= 2, [str(problem) for problem in errors]  # two where the fault takes something else along


def test_all_faults_are_told_at_once_in_the_order_of_the_file(small: str, settings: Settings):
    small = small.replace("cap: 12", "cap: 12\n    weight: 0  # read after the cap, as pools are after slas")
    text = (
        small.replace("America/Chicago", "Mars")
        .replace("cap: 12", "cap: lots")
        .replace("[priya, tom]", "[pria]")
        .replace("clock: office", "clock: noon")
    )
    with pytest.raises(TeamFileError) as caught:
        load(text.replace("type: form", "typ: form"), settings=settings)
    problems = caught.value.problems
    assert [(problem.line, problem.key) for problem in problems] == [
        (2, "site.time_zone"),
        (11, "reps.priya.cap"),
        (12, "reps.priya.weight"),
        (19, "pools.sales.members"),
        (24, "slas.hot.clock"),
        (31, "sources.website.type"),
    ]
    message = str(caught.value)
    assert message.startswith("the team file has 6 problems:\n  line 2: site.time_zone: 'Mars' is not a time zone.")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "is empty"),
        ("# nothing\n", 1, "is empty"),
        ("- a\n- b\n", 1, "not a mapping"),
        ("version: 1\nsite: {name: Acme\nreps:\n", 3, "not valid YAML"),
        ("version: 1\nsite:\n\tname: Acme\n", 3, "not with tabs"),
        ("version: 1\n---\nversion: 1\n", 2, "not valid YAML"),
        ("version: 1\nsite: {name: A\x00cme}\n", 2, "plain UTF-8"),
        ("a: " + "[" * 5000 + "\n", 1, "nested too deeply"),
        ("a: " + "{b: " * 5000 + "\n", 1, "nested too deeply"),
        ("version: 1\nversion: 1\n", 2, "given twice"),
        ("version: 1\n" + "# padding\n" * (LARGEST // 10), 1, "larger than 4,000,000 bytes"),
    ],
)
def test_text_that_is_no_team_file(settings: Settings, text: str, line: int, words: str):
    told = [problem for problem in check(text, settings).errors if words in f"{problem.reason} {problem.hint}"]
    assert [problem.line for problem in told] == [line]


def test_aliases_cannot_blow_the_file_up(settings: Settings):
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 60))
    errors = check(f"l0: &l0 [lol]\n{levels}\n", settings).errors
    assert any("alias" in problem.reason for problem in errors) and len(errors) < 2000


@pytest.mark.parametrize("key", ["site", "hours", "managers", "reps", "pools", "slas", "sources", "rules", "channels"])
@pytest.mark.parametrize(
    "value", ["7", "text", "[1, 2]", "{a: 1}", "[{a: 1}]", "{a: {b: [c]}}", "null", "2026-12-24", "[[x]]", "{1: 2}"]
)
def test_no_shape_of_a_part_crashes_the_reader(small: str, settings: Settings, key: str, value: str):
    rest = [part for part in _parts(small) if not part.startswith(f"{key}:")]
    result = check("".join(rest) + f"{key}: {value}\n", settings)
    assert (result.team is None) == bool(result.errors)


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for line in text.splitlines(keepends=True):
        if line[0] in " -":
            parts[-1] += line
        else:
            parts.append(line)
    return parts


@pytest.mark.parametrize("value", ["", " ", ",", " , ,"])
def test_a_secret_that_is_nothing_but_commas_is_none(small: str, settings: Settings, value: str):
    given = replace(settings, environ={"CRM_SECRET": value})
    text = small.replace("type: form", "type: typeform\n    secret: env:CRM_SECRET")
    assert [problem.reason for problem in check(text, given).errors] == ["CRM_SECRET is not set in the environment."]


@pytest.mark.parametrize(("line", "words"), [("min_fill: 2s", ""), ("min_fill: 0s", ""), ("min_fill: 2m", "above 10s"), ("min_fill: soon", "a length of time from 0"), ("most_links: 3", ""), ("most_links: -1", "a whole number from 0")])  # fmt: skip
def test_what_a_form_takes_for_a_robot(small: str, settings: Settings, line: str, words: str):
    found = check(small.replace("type: form", f"type: form\n    {line}"), settings)
    said = [
        str(problem) for problem in (*found.errors, *found.warnings) if "min_fill" in problem.key or "most_links" in problem.key
    ]
    assert (words in "".join(said)) if words else said == []
    assert (len(said) == 1) is bool(words)
