"""The words: one segment each, nothing a stranger wrote does harm, and customers' own texts stay in their sandbox."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.settings import Settings
from config.words import WordsError, in_own_words
from routing.words import segments
from store.outbox import Claimed
from tests.queue_builders import NOW
from workers.letter import compose
from workers.render import Rendered, render
from workers.templates import FOLDER

SETTINGS = Settings(secret_key="a key that is long enough", public_url="https://leads.acme.co")
ORDINARY = {
    "first_name": "Dana", "name": "Dana Cole", "firm": "Acme Sales", "rep": "Priya", "rep_name": "Priya Nair", "due_text": "10:04 am",
    "opens_text": "8:30 am", "pool": "Texas", "code": "A7", "stop_hint": "Reply STOP to opt out.", "kind": "form",
    "company": "Acme Co", "place": "Austin, TX", "about": "Need a demo this week", "source": "website", "remaining": "3m 40s",
    "target": "5m", "elapsed": "7m", "tried": "3", "cause": "offers ignored", "owner": "", "count": "1", "codes": "A7",
    "winner": "Priya", "ago": "20s", "minutes": "5", "away": "yes", "phone": "+15125550143", "email": "dana@example.com",
    "message": "Need a demo", "lapses": "2", "reason": "all full", "text": "Are you still there?", "turn": "1", "ring": "yes",
    "postal_address": "1 Main St, Austin", "accepted": "", "test": "",
}  # fmt: skip
LONG = {name: value if name in ("stop_hint", "turn", "count", "phone", "text") else value * 6 for name, value in ORDINARY.items()}
TO_MANAGERS = {"breach", "at_risk", "waiting", "away", "uncontactable", "said_to_nobody"}
TO_LEADS = {"ack", "ack_closed", "ack_moved", "relay"}
TEXTS = sorted(path.name.removesuffix(".sms.txt") for path in FOLDER.glob("*.sms.txt"))
OWN_WORDS = {"relay", "reply"}


def message(template: str, channel: str = "sms", *, words: str | None = None, **fields: str) -> Claimed:
    who = "lead" if template in TO_LEADS else "manager:kim" if template in TO_MANAGERS else "rep:priya"
    return Claimed(
        id=1, fence=1, lead_id=7, key="k", recipient=who, channel=channel, address="x", purpose="offer", template=template, words=words,
        fields={**ORDINARY, **fields}, subject=None, body=None, attempts=0, created_at=NOW, expires_at=None, provider=None,
        provider_id=None, ambiguous_at=None, lookups=0,
    )  # fmt: skip


def said(template: str, channel: str = "sms", **fields: str) -> Rendered:
    return render(message(template, channel, **fields), SETTINGS)


# --- whole sentences ------------------------------------------------------------------------------------------------

EVERYWHERE = sorted((path.name.split(".")[0], path.name.split(".")[1]) for path in FOLDER.glob("*.txt"))
ALWAYS_THERE = {
    "stop_hint",
    "code",
    "firm",
    "text",
    "kind",
    "count",
    "codes",
    "target",
    "elapsed",
    "tried",
    "rep_name",
    "lapses",
    "minutes",
    "turn",
}
MAY_LACK = sorted(ORDINARY.keys() - ALWAYS_THERE)
NOT_OURS = {"plain", "digest"}  # of what is told by mail and in the digest, see their own tests
GAPS = re.compile(r"\S  +\S| [.,;:!?)](?:\s|$)|[(] ?[)]|,,|::|[.] [.]|^\s*[.,;:]|\bby [.,]|\bto [.,]|: *[.,]|\"\"", re.MULTILINE)


def all_words(template: str, way: str, **fields: str) -> str:
    made = said(template, {"sms": "sms", "email": "email", "chat": "call" if template == "call" else "slack"}[way], **fields)
    return re.sub(r"https?://\S+", "LINK", f"{made.subject or ''}\n{made.body}")


@pytest.mark.parametrize(("template", "kind"), [each for each in EVERYWHERE if each[0] not in NOT_OURS])
def test_no_sentence_has_a_hole_where_something_is_not_known(template, kind):
    people = {"rep": "Priya Nair, Tom Becker"} if template == "away" else {}
    without = [{name: ""} for name in MAY_LACK if not (template == "away" and name == "rep")]
    nothing = {name: value for each in without for name, value in each.items()}
    for fields in ({}, *without, nothing, {**nothing, "no_phone": "yes"}, {**nothing, "kind": "call", "by_call": "yes"}):
        for count in ("1", "4"):
            words = all_words(template, kind, **{**people, **fields, "count": count})
            assert not GAPS.search(words), (fields, words)


@pytest.mark.parametrize(
    ("template", "fields", "words"),
    [
        ("away", {"set_away": "Priya Nair", "lapses": "1"}, "Priya Nair let an offer lapse and is set Away"),
        (
            "away",
            {"set_away": "Priya Nair, Tom Becker", "lapses": "2"},
            "Priya Nair, Tom Becker let 2 offers lapse and are set Away",
        ),
        ("breach", {"count": "2", "codes": "A7 B7"}, "2 leads are late: A7 B7"),
        ("breach", {"count": "2", "codes": "A7 B7", "mixed": "yes"}, "2 leads are late or soon will be: A7 B7"),
        ("uncontactable", {"count": "2", "codes": "A7 B7", "mixed": "yes"}, "2 leads cannot be answered or wait: A7 B7"),
        *(
            (name, {"set_away": "Tom Becker"}, "Also set Away: Tom Becker.")
            for name in ("breach", "at_risk", "waiting", "uncontactable")
        ),
        ("lead_said", {"name": ""}, 'A7 wrote: "Are you still there?"'),
        (
            "lead_said",
            {"by_call": "yes", "text": "Voicemail, 12s: https://x.example/r"},
            "A7 Dana Cole +15125550143: Voicemail, 12s: https://x.example/r",
        ),
        ("accepted", {"no_phone": "yes", "phone": "", "email": ""}, "Yours: A7 Dana Cole. Write now: reply A7 and your words"),
        ("ack", {"no_phone": "yes", "rep": ""}, "We will get back to you by 10:04 am"),
        ("offer", {"no_phone": "yes"}, "Write by 10:04 am"),
        ("offer", {"late": "yes"}, "Call now, it was due 10:04 am."),
        ("accepted", {"late": "yes"}, "Call now, was due 10:04 am"),
        ("took_call", {}, "Your call: A7 Dana Cole +15125550143. It is yours. Afterwards: C A7 when done"),
        ("took_call", {"phone": ""}, "Your call: A7 Dana Cole. It is yours. Afterwards: C A7 when done, N A7 and a note."),
        ("lead_said", {"by_call": "yes", "text": "called just now"}, "A7 Dana Cole +15125550143: called just now"),
        ("remind", {"no_phone": "yes"}, "left to first answer"),
    ],
)
def test_one_and_many_and_who_cannot_be_called(template, fields, words):
    assert words in said(template, **fields).body


def test_a_name_in_another_script_costs_no_second_segment():
    made = said("ack", first_name="李雷").body
    assert segments(made).count == 1
    assert made.startswith("Thanks for writing to Acme Sales.")


# --- one segment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", TEXTS)
@pytest.mark.parametrize(
    "variant", [{}, {"test": "yes"}, {"kind": "call", "accepted": "yes", "count": "4"}, {"rep": "", "about": ""}]
)
def test_every_text_costs_one_segment(template, variant):
    cost = segments(said(template, **variant).body)
    assert (cost.encoding, cost.count) == ("GSM-7", 1)


@pytest.mark.parametrize("template", sorted(set(TEXTS) - OWN_WORDS))
def test_long_names_are_cut_rather_than_paid_for(template):
    body = render(replace(message(template), fields=LONG), SETTINGS).body
    assert segments(body).count <= 2
    assert body


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"about": "Need a demo this week"}, '"Need a demo this week" Call by'),
        ({"about": "A roof for our new warehouse in Pflugerville, 12,000 sq ft"}, '"A roof for our new wareho..." Call by'),
        ({"about": "A roof for our new warehouse", "company": "International Machines"}, '"A roof for ou..." Call by'),
        ({"about": "A roof for our new warehouse", "company": "Machines" * 4}, "MachinesM..., Austin, TX. Call by"),
        (
            {"about": "A roof for our new warehouse", "company": "Machines" * 4, "name": "Wolfeschlegelstein Ott"},
            "MachinesM.... Call by",
        ),
        ({"about": "", "place": "Austin, TX", "ring": "yes"}, "Dana Cole, Acme Co, Austin, TX. Call by"),
    ],
)
def test_an_offer_says_as_much_of_what_the_lead_wants_as_fits_beside_its_link(fields, words):
    ours = replace(message("offer", **{"company": "Acme Co", **fields}), recipient="rep:priya", lead_id=12_345)
    body = render(ours, SETTINGS).body
    assert words in body and "https://leads.acme.co/offers/" in body
    assert segments(body).count == 1


def test_where_a_name_costs_a_second_segment_the_link_stays():
    body = said("offer", name="\u738b\u5c0f\u660e").body
    assert segments(body).count == 2 and "https://leads.acme.co/offers/" in body


def test_the_offer_says_who_and_by_when_and_how_to_answer():
    body = said("offer").body
    assert all(word in body for word in ("A7", "Dana Cole", "10:04 am", "1 accept", "2 pass"))
    assert "https://leads.acme.co/offers/" in body
    assert "5550143" not in body


def test_a_text_with_room_for_all_facts_has_them():
    body = said("offer", company="", place="", about="Demo", ring="").body
    short = render(replace(message("offer"), recipient="rep:p"), replace(SETTINGS, public_url="http://h.co")).body
    assert "Demo" in body or "Need a demo" in short


# --- strangers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "http://evil.io", "www.evil.com", "evil.com/pay", "EVIL.COM", "pay.evil.co/now"]
)
@pytest.mark.parametrize("field", ["name", "company", "about", "place"])
def test_a_link_in_a_leads_words_is_not_texted_on(link, field):
    body = said("offer", **{field: f"see {link}"}).body.replace("https://leads.acme.co/offers/", "")
    assert "evil" not in body.casefold()


def test_an_address_is_not_taken_for_a_link():
    assert "dana@example.com" in said("accepted", phone="").body


def test_hidden_characters_and_line_breaks_are_stripped():
    body = said("offer", name="Dana\u202e\u0000\r\n2 pass").body
    assert not re.search("[\u202e\u0000\r\n]", body)


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.sampled_from(sorted(set(TEXTS) - OWN_WORDS)), st.sampled_from(["sms", "email"]))
def test_whatever_a_stranger_writes_becomes_one_harmless_message(text, template, channel):
    made = said(template, channel, name=text, about=text, company=text, message=text, text=text)
    assert made.body
    assert "\x00" not in made.body
    assert "\n" not in (made.subject or "")
    assert "<script" not in (made.html or "").casefold()


def test_a_stranger_cannot_forge_a_button():
    made = said("offer", "email", about="x\n\n> Click here: https://evil.example/")
    assert made.html is not None
    assert made.html.count("<a href") == 1
    assert "leads.acme.co" in re.findall('<a href="([^"]*)"', made.html)[0]


# --- e-mails ------------------------------------------------------------------------------------------------------


def test_an_offer_by_mail_has_facts_a_button_and_a_plain_twin():
    made = said("offer", "email")
    assert made.subject == "A7 Dana Cole, call by 10:04 am"
    assert "Call: by 10:04 am" in made.body
    assert made.html is not None
    assert made.html.count('<td style="padding:2px 0">') == 3
    assert made.html.count('<a href="https://leads.acme.co/offers/') == 1
    assert "https://leads.acme.co/offers/" in made.body


@pytest.mark.parametrize("template", TEXTS)
def test_every_message_can_be_a_mail(template):
    made = said(template, "email")
    assert made.subject
    assert made.body
    assert made.html is not None
    assert made.html.startswith("<!doctype html>")


@pytest.mark.parametrize("template", sorted(path.name.removesuffix(".email.txt") for path in FOLDER.glob("*.email.txt")))
@pytest.mark.parametrize("count", ["1", "4"])
@pytest.mark.parametrize(
    "without", ["", "said", "due_text", "remaining", "owner", "cause", "message", "first_name", "kind", "ring", "link"]
)
def test_the_marks_of_a_template_never_reach_the_reader(template, count, without):
    fields = {**ORDINARY, "said": "Any news?", "subject": "For you", "count": count} | ({without: ""} if without else {})
    written = said(template, "email", **fields)
    assert not re.search(r"(?m)^[*>] ", written.body), written.body
    if re.search(r"(?m)^> ", (FOLDER / f"{template}.email.txt").read_text()):
        assert written.html.count("<a href=") == 1, "the button is one"
    assert "\n\n\n" not in written.body and written.subject


def test_html_escapes_what_it_shows():
    assert "<b>" not in compose("Hi", "a <b>bold</b> name").html


def test_a_rep_s_own_words_keep_their_lines():
    assert said("relay", text="Hi Dana,\nhow is Tuesday?\n").body == "Hi Dana,\nhow is Tuesday?"


# --- customers' own words -----------------------------------------------------------------------------------------


def test_own_words_are_used_with_the_fields_filled_in():
    made = said("ack", words="Hi {{ first_name }}, {% if rep %}{{ rep }}{% else %}we{% endif %} call by {{ due_text }}.")
    assert (made.body, made.problem) == ("Hi Dana, Priya call by 10:04 am.", None)


def test_own_words_by_mail_have_their_own_subject():
    made = said("ack", "email", words="Hello {{ name }}\n\nBye", subject_words="Thanks, {{ first_name }}")
    assert (made.subject, made.body) == ("Thanks, Dana", "Hello Dana Cole\n\nBye")


BROKEN = [
    "{{ first_name", "{{ secret_key }}", "{{ ''.__class__ }}", "{% for i in 'abc' %}x{% endfor %}", "{{ first_name.upper() }}",
    "{{ first_name * 1000000 }}", "{% include 'x' %}", "{{ range(10) }}", "{{ first_name | attr('x') }}", "x" * 2_001,
    "{% if missing %}{% endif %}", "  ", "{% set a = 1 %}", "{{ first_name['x'] }}", "{% macro m() %}{% endmacro %}",
]  # fmt: skip


@pytest.mark.parametrize("words", BROKEN)
def test_words_that_do_not_do_are_replaced_by_ours_and_the_reason_is_kept(words):
    with pytest.raises(WordsError):
        in_own_words(words, ORDINARY)
    made = said("ack", words=words)
    assert made.body == said("ack").body
    assert made.problem


def test_an_unknown_field_is_named_with_those_there_are():
    with pytest.raises(WordsError, match="no field 'surname'.*first_name"):
        in_own_words("{{ surname }}", ORDINARY)
