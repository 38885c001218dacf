"""What a good team file becomes."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from config.teamfile import TeamFileError, check, export, load
from routing.hours import ALWAYS
from routing.team import Cap, Leave, OfferStyle, QueueOrder, QuietHours, Ramp, Rung, RungAction, Team, Words


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def with_(small: str, old: str, new: str) -> str:
    assert small.count(old) == 1, f"{old!r} must stand once in the small file"
    return small.replace(old, new)


def test_a_small_file_and_its_defaults(small: str, settings: Settings):
    team = load(small, settings=settings, version=7)
    assert team.version == 7 and team.site.name == "Acme" and team.site.region == "US"
    assert team.quiet_hours == QuietHours(21 * 60, 8 * 60)
    assert list(team.reps) == ["priya", "tom"]
    priya, tom = team.reps.values()
    assert (priya.name, priya.rank, priya.phone, priya.cap) == ("Priya", 0, "+15125550111", Cap(12, 3, None))
    assert (tom.rank, tom.cap, tom.weight, tom.ramp, tom.leave) == (1, Cap(10, 3, None), 1, None, ())
    assert priya.calendar is team.calendars["office"]
    assert (team.calendars["always"].weekly, team.calendars["always"].zone) == (ALWAYS.weekly, "America/Chicago")
    sales = team.pools["sales"]
    assert (sales.members, sales.strategy, sales.offer) == (("priya", "tom"), "least_loaded", OfferStyle.ONE_AT_A_TIME)
    assert (sales.offer_for, sales.queue, sales.managers, sales.directors) == (
        minutes(2),
        QueueOrder.FRESH_FIRST,
        ("kim",),
        ("kim",),
    )
    website = team.sources["website"]
    assert (website.secrets, website.acknowledge, website.words, website.dedupe_for) == ((), True, Words(), minutes(10))
    (rest,) = team.rules
    assert (rest.id, rest.pool, rest.sla, rest.when) == ("rest", "sales", "hot", None)


def test_the_small_file_is_nothing_to_warn_of(small: str, settings: Settings):
    assert check(small, settings).warnings == []


def test_a_ladder_counts_from_arrival_in_time_or_in_shares_of_the_promise(small: str, settings: Settings):
    hot = load(small, settings=settings).slas["hot"]
    assert (hot.accept_within, hot.first_response_within, hot.acknowledged_for) == (minutes(2), minutes(5), minutes(30))
    assert hot.rungs == (Rung(RungAction.REMIND, minutes(3.75), "owner"), Rung(RungAction.TELL, minutes(5), "pool_managers"))


def test_an_sla_without_a_ladder_still_tells_somebody(small: str, settings: Settings):
    text = small[: small.index("    ladder:")] + small[small.index("sources:") :]
    rungs = load(text, settings=settings).slas["hot"].rungs
    assert [(rung.action, rung.who, rung.at) for rung in rungs] == [
        (RungAction.REMIND, "owner", minutes(3.75)),
        (RungAction.TELL, "pool_managers", minutes(5)),
        (RungAction.TELL, "director", minutes(10)),
    ]
    assert rungs[-1].every == minutes(30)


@pytest.mark.parametrize(
    ("written", "cap"),
    [
        ("8", Cap(8, 3, None)),
        ("{open: 8, per_day: 20}", Cap(8, 3, 20)),
        ("{unanswered: none}", Cap(10, None, None)),
        ("{open: none, unanswered: 1}", Cap(None, 1, None)),
        ("none", Cap(None, None, None)),
        ("", Cap(10, 3, None)),
        ("{open: }", Cap(10, 3, None)),
    ],
)
def test_caps(small: str, settings: Settings, written: str, cap: Cap):
    assert load(with_(small, "cap: 12", f"cap: {written}"), settings=settings).reps["priya"].cap == cap


def test_a_promise_shorter_than_the_usual_time_to_accept(small: str, settings: Settings):
    text = with_(with_(small, "    accept_within: 2m\n", ""), "first_response_within: 5m", "first_response_within: 3m")
    hot = load(text.replace("at: 5m", "at: 75%"), settings=settings).slas["hot"]
    assert hot.accept_within == minutes(3)
    assert [rung.at for rung in hot.rungs] == [minutes(2.25), minutes(2.25)], "two rungs may be reached together"


def test_a_source_with_an_sla_of_its_own(small: str, settings: Settings):
    text = with_(small, "type: form", "{type: form, pool: sales, sla: slow}").replace("website:\n    {", "website: {")
    text = with_(text, "slas:\n", "slas:\n  slow: {clock: office}\n").replace("send_to: sales}", "send_to: sales, sla: hot}")
    assert load(text, settings=settings).sources["website"].sla == "slow"
    bare = load(text.replace(", pool: sales, sla: slow", ""), settings=settings).sources["website"]
    assert (bare.pool, bare.sla) == (None, None), "the rules decide"


@pytest.mark.parametrize(
    ("written", "style", "ring"),
    [
        ("assign", OfferStyle.ASSIGN, 3),
        ("one-at-a-time", OfferStyle.ONE_AT_A_TIME, 3),
        ("One_At_A_Time", OfferStyle.ONE_AT_A_TIME, 3),
        ("broadcast", OfferStyle.BROADCAST, 3),
        ("ring", OfferStyle.RING, 3),
        ('"ring: 5"', OfferStyle.RING, 5),
        ("{ring: 2}", OfferStyle.RING, 2),
    ],
)
def test_offers(small: str, settings: Settings, written: str, style: OfferStyle, ring: int):
    pool = load(with_(small, "managers: [kim]", f"managers: [kim]\n    offer: {written}"), settings=settings).pools["sales"]
    assert (pool.offer, pool.ring) == (style, ring)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+15125550111", "+15125550111"),  # without quotes YAML would make a number of it
        ('"(512) 555-0111"', "+15125550111"),
        ("512 555 0111", "+15125550111"),
        ('"+49 30 901820"', "+4930901820"),
        ('"(555) 555-0100"', "+15555550100"),  # no such area, but made-up people live there
    ],
)
def test_phones_become_e164(small: str, settings: Settings, written: str, kept: str):
    team = load(with_(small, 'phone: "+15125550111"', f"phone: {written}"), settings=settings)
    assert team.reps["priya"].phone == kept


def test_a_number_without_country_is_of_the_default_region(small: str, settings: Settings):
    text = with_(small, "America/Chicago}", "Europe/London, default_region: gb}")
    team = load(with_(text, '"+15125550111"', '"020 7946 0111"'), settings=settings)
    assert team.site.region == "GB" and team.reps["priya"].phone == "+442079460111"


def test_yaml_that_bites_elsewhere(small: str, settings: Settings):
    """YAML 1.1 readers take 17:30 for 1050 and NO for false."""
    text = with_(
        small,
        "{id: rest, send_to: sales}",
        "{id: norway, when: {country: {in: [NO, SE]}}, send_to: sales}\n  - {id: rest, send_to: sales}",
    )
    team = load(with_(text, '"09:00-17:00"', "[[09:00, 17:30]]"), settings=settings)
    assert team.rules[0].when == {"country": {"in": ["NO", "SE"]}}
    assert team.calendars["office"].weekly[0] == ((540, 1050),)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("none", None),
        ("", QuietHours(1260, 480)),
        ('"22:30-07:00"', QuietHours(1350, 420)),
        ("20:00-09:00", QuietHours(1200, 540)),
    ],
)
def test_quiet_hours(small: str, settings: Settings, written: str, kept: QuietHours | None):
    text = with_(small, "hours:\n  office", f"channels: {{sms: {{quiet_hours: {written}}}}}\nhours:\n  office")
    assert load(text, settings=settings).quiet_hours == kept


def test_ramp_leave_skills_and_weight(small: str, settings: Settings):
    more = """cap: 12
    ramp: {from: 2026-11-02, weeks: 6, start: 25%}
    leave: [{from: 2026-12-24, to: 2026-12-31}, {from: 2027-02-01, to: 2027-02-01}]
    skills: Spanish
    weight: 2
    email: Priya@ACME.example"""
    priya = load(with_(small, "cap: 12", more), settings=settings).reps["priya"]
    assert priya.ramp == Ramp(date(2026, 11, 2), 6, 0.25)
    assert priya.leave == (Leave(date(2026, 12, 24), date(2026, 12, 31)), Leave(date(2027, 2, 1), date(2027, 2, 1)))
    assert (priya.skills, priya.weight, priya.email) == (frozenset({"spanish"}), 2, "Priya@acme.example")


def test_what_a_source_may_say(small: str, settings: Settings):
    more = """type: form
    pool: sales
    thanks: https://www.acme.example/thanks
    allowed_origins: [https://www.acme.example/, "http://localhost:3000"]
    dedupe: {within: 30d}
    map: {phone: your_tel_field}
    region: gb
    per_minute: 60
    per_address: 40
    honeypot: website2
    secret: env:CRM_SECRET
    acknowledge: {sms: "Hi {{ first_name }}", email_subject: Thanks}"""
    website = load(with_(small, "type: form", more), settings=settings).sources["website"]
    assert (website.pool, website.sla) == ("sales", "hot"), "the promise is that of the last rule"
    assert website.origins == ("https://www.acme.example", "http://localhost:3000")
    assert (website.dedupe_for, website.fields, website.region) == (timedelta(days=30), {"phone": "your_tel_field"}, "GB")
    assert (website.per_minute, website.per_address, website.honeypot) == (60, 40, "website2")
    assert website.secrets == ("open sesame", "please")
    assert website.words == Words(sms="Hi {{ first_name }}", email_subject="Thanks") and website.acknowledge


def test_a_source_may_have_a_number_of_its_own(small: str, settings: Settings):
    team = load(with_(small, "type: form", 'type: form\n    from: "(512) 555-0199"'), settings=settings)
    assert team.sources["website"].sender == "+15125550199"
    with pytest.raises(TeamFileError) as broken:
        load(with_(small, "type: form", "type: form\n    from: Acme"), settings=settings)
    assert "sources.website.from" in str(broken.value) and "Write it with country code" in str(broken.value)
    crm = "type: form\n  crm: {type: salesforce, secret: env:CRM_SECRET, from: '+15125550199'}"
    with pytest.raises(TeamFileError, match="from"):  # its leads are nobody's to text
        load(with_(small, "type: form", crm), settings=settings)


def test_a_secret_may_stand_in_a_file(small: str, settings: Settings, tmp_path: Path):
    (tmp_path / "sesame").write_text("open\n")
    text = with_(small, "type: form", f"type: form\n    secret: [env:CRM_SECRET, file:{tmp_path / 'sesame'}]")
    assert load(text, settings=settings).sources["website"].secrets == ("open sesame", "please", "open")


def test_without_keys_the_provider_secrets_are_local_ones(small: str, settings: Settings):
    more = """type: form
  calls: {type: twilio-voice, secret: env:TWILIO_AUTH_TOKEN, ring_for: 15s, voicemail: no, greeting: Hello}
  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}
  ads: {type: meta, secret: env:META_APP_SECRET}"""
    sources = load(with_(small, "type: form", more), settings=settings).sources
    assert sources["calls"].type == "twilio_voice" and sources["calls"].secrets == settings.twilio_tokens
    assert sources["ads"].secrets == (settings.meta_app_secret,)
    calls = {"ring_for": timedelta(seconds=15), "voicemail": False, "greeting": "Hello", "closed_greeting": ""}
    assert calls.items() <= sources["calls"].options.items() and sources["texts"].options == {}


def test_synonyms(small: str, settings: Settings):
    text = (
        with_(small, "first_response_within", "first_touch")
        .replace("ladder:", "steps:")
        .replace("    managers:", "    pick: round-robin\n    managers:")
    )
    team = load(text, settings=settings)
    assert team.slas["hot"] == load(small, settings=settings).slas["hot"]
    assert team.pools["sales"].strategy == "round_robin"


def test_the_first_sketch_of_the_file_reads_with_few_changes(settings: Settings):
    text = """
version: 1
site: {name: Acme Sales, url: "https://leads.acme.example", time_zone: America/Chicago, default_region: US}
channels:
  sms: {provider: twilio, from: "+15125550100", quiet_hours: "21:00-08:00 lead-local"}
  email: {provider: sendgrid, from: "Acme <hello@acme.example>"}
hours: {office: {mon-fri: "08:30-17:30", sat: "10:00-14:00", holidays: US-TX}}
managers: [{id: kim, phone: "+15125550190"}]
reps:
  - {id: priya, phone: "+15125550111", email: priya@acme.example, skills: [spanish], cap: {open: 12, per_day: 20}, weight: 2}
  - {id: tom, phone: "+15125550112", email: tom@acme.example, ramp: {from: 2026-11-01, weeks: 4, start: 25%}}
pools: {texas: {members: [priya, tom], pick: weighted, offer: one-at-a-time, offer_for: 2m, managers: [kim]}}
sources:
  website: {type: form, dedupe: {within: 30d}, map: {email: contact.email, phone: contact.tel}}
rules:                      # first match wins; the last must have no `when`
  - {id: vip, when: {all: [{employees: {gte: 200}}, {country: {in: [US, CA]}}]}, send_to: texas, sla: hot}
  - {id: rest, send_to: texas, sla: normal}
slas:
  hot: {clock: office, first_touch: 5m, steps: [{at: 2m, do: reoffer}, {at: 4m, do: remind}, {at: 5m, do: tell, who: pool_managers}]}
  normal: {clock: office, first_touch: 30m, steps: [{at: 25m, do: remind}, {at: 30m, do: tell, who: pool_managers}]}
"""
    result = check(text, settings)
    assert result.errors == [] and isinstance(result.team, Team)
    assert result.team.calendars["office"].weekly[5] == ((600, 840),)
    elsewhere = [problem.key for problem in result.warnings if "is not read from this file" in problem.reason]
    assert elsewhere == [
        "site.url",
        "channels.sms.provider",
        "channels.sms.from",
        "channels.email.provider",
        "channels.email.from",
    ]


def test_a_path_is_read_and_so_is_text(small: str, settings: Settings, tmp_path: Path):
    file = tmp_path / "team.yaml"
    file.write_text(small, encoding="utf-8-sig")
    assert load(file, settings=settings) == load(str(file), settings=settings) == load(small, settings=settings)


def test_a_file_that_is_not_there_is_told_so(settings: Settings, tmp_path: Path):
    with pytest.raises(TeamFileError, match="cannot be read: No such file.*HEADROOM_TEAM"):
        load(tmp_path / "none.yaml", settings=settings)


def test_a_file_that_is_no_text_is_told_so(settings: Settings, tmp_path: Path):
    (tmp_path / "team.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TeamFileError, match="not UTF-8"):
        load(tmp_path / "team.yaml", settings=settings)


def test_export_keeps_comments_and_the_team(small: str, settings: Settings):
    text = with_(small, "cap: 12", "cap: 12   # she asked for it").replace("reps:", "# the people\nreps:")
    written = export(text)
    assert "# she asked for it" in written and "# the people" in written
    assert load(written, settings=settings) == load(text, settings=settings)
    assert export(written) == written


def test_what_is_no_yaml_is_not_written_back(small: str):
    for text in ("a: [", small.replace("cap: 12", "cap: 12\n    cap: 13")):
        with pytest.raises(TeamFileError):
            export(text)
