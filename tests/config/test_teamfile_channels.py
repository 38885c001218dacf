"""The channels in a team file: how fast texts may leave, and what the platforms have approved."""

import pytest

from config.settings import Settings
from config.teamfile import check, diff, export, load
from routing.approved import Approved, Template
from routing.pacing import Pace, Rate
from routing.team import QuietHours

SID = "HX0123456789abcdef0123456789abcdef"


def with_channels(small: str, channels: str) -> str:
    return small.replace("hours:\n  office", f"channels:\n{channels}\nhours:\n  office", 1)


@pytest.mark.parametrize(
    ("written", "pace"),
    [
        ("", Pace(Rate("long_code"))),
        ("class: C", Pace(Rate("c"))),
        ("class: toll-free", Pace(Rate("toll_free"))),
        ("class: t, brand: low", Pace(Rate("t", "low"))),
        ("class: t, brand: lower-mid, per_day: 900", Pace(Rate("t", "lower_mid", per_day=900))),
        ("per_minute: 30", Pace(Rate(per_minute=30))),
        (
            'class: d, senders: {"+1 800 555 0100": {class: toll_free}, MG0123456789abcdef0123456789abcdef: {per_minute: 9}}',
            Pace(Rate("d"), {"+18005550100": Rate("toll_free"), "MG0123456789abcdef0123456789abcdef": Rate(per_minute=9)}),
        ),
    ],
)
def test_a_pace_is_a_class_a_tier_or_numbers_of_ones_own(small, settings, written, pace):
    assert load(with_channels(small, f"  sms: {{a2p: {{{written}}}}}"), settings=settings).pace == pace


@pytest.mark.parametrize("channels", ["  sms: {}", "  sms: {a2p: none}", "  sms:\n    a2p:", "  email: {}"])
def test_without_a_pace_there_is_none(small, settings, channels):
    assert load(with_channels(small, channels), settings=settings).pace is None
    assert load(small, settings=settings).pace is None


def test_a_check_reads_the_pace_back(small, settings):
    found = check(
        with_channels(small, '  sms: {a2p: {class: t, brand: low, senders: {"+18005550100": {class: toll_free}}}}'), settings
    )
    assert found.errors == []
    assert any(
        note.startswith(
            "Texts from your senders together: 75 segments a minute, 2,000 a day (then acknowledgements go by e-mail until midnight in America/Los_Angeles)"
        )
        for note in found.notes
    ), found.notes
    assert "Texts from +18005550100: 180 segments a minute: one toll-free number." in found.notes


TEMPLATE = Template(sid=SID, variables={"1": "{{ first_name }}", "2": "{{ due_text }}"})


@pytest.mark.parametrize(
    ("channels", "approved"),
    [
        (
            f'  whatsapp: {{template: {{sid: {SID}, variables: {{1: "{{{{ first_name }}}}", 2: "{{{{ due_text }}}}"}}}}}}',
            Approved(TEMPLATE),
        ),
        (
            f'  whatsapp: {{template: {{sid: {SID}, variables: ["{{{{ first_name }}}}", "{{{{ due_text }}}}"]}}}}',
            Approved(TEMPLATE),
        ),
        (
            '  whatsapp: {reply_template: {name: rep_wrote, language: en_US, variables: {who: "{{ rep }}", what: "{{ text }}"}}}',
            Approved(None, Template(name="rep_wrote", language="en_US", variables={"who": "{{ rep }}", "what": "{{ text }}"})),
        ),
        ("  meta: {human_agent: true}", Approved(human_agent=True)),
        ("  whatsapp: {template: none}", Approved()),
        (
            f"""  whatsapp: {{template: {{sid: {SID}, variables: ['{{{{ first_name | default("there", true) }}}}']}}}}""",
            Approved(Template(sid=SID, variables={"1": '{{ first_name | default("there", true) }}'})),
        ),
    ],
)
def test_what_is_approved(small, settings, channels, approved):
    assert load(with_channels(small, channels), settings=settings).approved == approved


@pytest.mark.parametrize(
    ("channels", "line", "key", "words"),
    [
        ("  sms: {a2p: {class: z}}", 4, "channels.sms.a2p.class", "there is no 'z' here"),
        ("  sms:\n    a2p: {class: low}", 5, "channels.sms.a2p.class", "there is no 'low' here"),
        ("  sms:\n    a2p:\n      brand: c", 6, "channels.sms.a2p.brand", "there is no 'c' here"),
        ("  sms: {a2p: {per_minute: 0}}", 4, "channels.sms.a2p.per_minute", "from 1 to 1000000"),
        ("  sms: {a2p: {per_day: lots}}", 4, "channels.sms.a2p.per_day", "whole number"),
        ("  sms: {a2p: {klass: c}}", 4, "channels.sms.a2p.klass", "Did you mean 'class'?"),
        ('  sms: {a2p: {senders: {"12": {}}}}', 4, "channels.sms.a2p.senders.12", "'12' is no sender"),
        ("  sms: {a2p: {senders: {MG1: {class: t}}}}", 4, "channels.sms.a2p.senders.MG1", "is no sender"),
        ('  sms: {a2p: {senders: {"+15125550100": {clas: t}}}}', 4, "channels.sms.a2p.senders.+15125550100.clas", "not known here"),
        ("  sms: {a2p: fast}", 4, "channels.sms.a2p", "must hold keys and values"),
        ("  whatsapp: {template: {}}", 4, "channels.whatsapp.template.sid", "or `name` must be given"),
        (f"  whatsapp: {{template: {{sid: {SID}, name: a}}}}", 4, "channels.whatsapp.template.sid", "one of them"),
        ("  whatsapp: {template: {sid: HX1}}", 4, "channels.whatsapp.template.sid", "'HX1' is no ContentSid"),
        ("  whatsapp: {template: {name: Hello There, language: en}}", 4, "channels.whatsapp.template.name", "is no template's name"),
        ("  whatsapp: {template: {name: hello, language: English}}", 4, "channels.whatsapp.template.language", "is no language"),
        ("  whatsapp: {template: {name: hello}}", 4, "channels.whatsapp.template.language", "'' is no language"),
        (f'  whatsapp: {{template: {{sid: {SID}, variables: {{1: "{{{{ nmae }}}}"}}}}}}', 4, "channels.whatsapp.template.variables.1", "there is no field 'nmae'"),
        (f'  whatsapp: {{template: {{sid: {SID}, variables: {{1: "{{{{ text }}}}"}}}}}}', 4, "channels.whatsapp.template.variables.1", "there is no field 'text'"),
        (f"  whatsapp: {{template: {{sid: {SID}, variables: {{1: []}}}}}}", 4, "channels.whatsapp.template.variables.1", "must be a text"),
        (f"  whatsapp: {{template: {{sid: {SID}, variables: hello}}}}", 4, "channels.whatsapp.template.variables", "must be a mapping or a list"),
        (f'  whatsapp: {{reply_template: {{sid: {SID}, variables: {{1: "{{{{ rep }}}}"}}}}}}', 4, "channels.whatsapp.reply_template.variables", "the rep's words would be lost"),
        (f"  whatsapp: {{reply_template: {{sid: {SID}}}}}", 4, "channels.whatsapp.reply_template.variables", "would be lost"),
        ("  meta: {human_agent: perhaps}", 4, "channels.meta.human_agent", "must be true or false"),
        ("  whatsap: {}", 4, "channels.whatsap", "Did you mean 'whatsapp'?"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_key(small, settings, channels, line, key, words):
    errors = check(with_channels(small, channels), settings).errors
    assert [(problem.line, problem.key) for problem in errors] == [(line, key)], errors
    assert words in f"{errors[0].reason} {errors[0].hint}"


def test_a_template_of_the_other_carrier_is_warned_of(small):
    by_meta = Settings.read({"WHATSAPP_TOKEN": "a-token", "WHATSAPP_PHONE_ID": "123"}, None, role="check")
    twilio = {"TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "+15125550100"}
    by_twilio = Settings.read({**twilio, "PUBLIC_URL": "https://leads.example.com"}, None, role="check")
    sid = with_channels(small, f"  whatsapp: {{template: {{sid: {SID}}}}}")
    name = with_channels(small, "  whatsapp: {template: {name: hello, language: en}}")
    warned = [
        [problem.key for problem in check(text, how).warnings if "whatsapp" in problem.key]
        for text in (sid, name)
        for how in (by_meta, by_twilio)
    ]
    assert warned == [["channels.whatsapp.template.sid"], [], [], ["channels.whatsapp.template.name"]]


@pytest.mark.parametrize(
    ("written", "warned"), [('"19:00-12:00"', False), ('"12:00-14:00"', False), ('"20:30-11:30"', False), ('"10:00-20:00"', True)]
)
def test_quiet_hours_that_leave_no_time_are_warned_of(small, settings, written, warned):
    text = with_channels(small, f"  sms: {{quiet_hours: {written}}}")
    found = [problem for problem in check(text, settings).warnings if problem.key == "channels.sms.quiet_hours"]
    assert bool(found) == warned
    assert isinstance(load(text, settings=settings).quiet_hours, QuietHours)


def test_channels_are_exported_and_compared_like_all_else(small, settings):
    text = with_channels(small, "  sms: {a2p: {class: t}}\n  meta: {human_agent: true}")
    assert load(export(text), settings=settings) == load(text, settings=settings)
    assert diff(text, text.replace("class: t", "class: c")) == ["channels: sms.a2p.class t -> c"]
