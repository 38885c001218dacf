"""A conversation under attack: by mail and by text, with pictures and without end, on other channels, after the end, by who has left."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from routing.events import OutcomeReported
from routing.instants import in_time, speeds
from store import reports_instants
from tests.fakes import FakeProvider
from tests.story import SETTINGS, SMALL_TEAM, Phone

MAILS = itertools.count(1)
WITHOUT_TOM = SMALL_TEAM.replace("members: [priya, tom, ana]", "members: [priya]")


def mails(story, sender: str, words: str, **said: object) -> str:
    """Somebody's mail, as the source hears it; returns its Message-ID."""
    number = next(MAILS)
    message_id = f"<{number}@mail.{sender.rpartition('@')[2]}>"
    content = {
        "kind": "message", "channel": "email", "email": sender, "message": words, "authentic": True,
        "extra": {"subject": f"Subject {number}"}, **said,
    }  # fmt: skip
    story.receive("website", f"email:{message_id}", "message", content)
    story.settle()
    return message_id


def taken_by_priya(story, **said: object):
    """Dana's lead is Priya's, and both have read all."""
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole", **said)
    priya.replies(f"1 {dana.code}")
    assert story.status(dana.code) == ("accepted", "priya")
    story.after(minutes=1)
    return priya.has_read_all(), dana.has_read_all()


# --- by mail ------------------------------------------------------------------------------------------------------


def test_a_rep_answers_by_mail_and_the_lead_gets_it_by_text_without_the_reps_own_number(story):
    priya, dana = taken_by_priya(story)
    mails(story, priya.email, f"We come on Friday.\n\nPriya Shah\nAcme\nMobile (512) 555-0111\n{priya.email}", thread=dana.code)
    words = dana.gets_sms("We come on Friday", "Priya Shah")
    assert "0111" not in words and priya.email not in words
    assert story.status(dana.code) == ("responded", "priya")
    priya.gets_email("A1: sent")
    dana.replies("Fine")
    priya.gets_email("Fine")
    assert story.lead(dana.code)["state"]["contacted_at"] == story.now.isoformat()


def test_a_yes_by_mail_is_called_one_and_said_twice_is_answered(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    for _ in range(2):
        mails(story, priya.email, "1", thread=dana.code)
        story.after(seconds=1)
    assert "Priya Shah accepted by email after 0s" in story.why(dana.code)
    priya.gets_sms(f"{dana.code} is yours already")
    mails(story, priya.email, "2", thread=dana.code)
    assert "Priya Shah passed by email" in story.why(dana.code)


@pytest.fixture
def sendgrid(tell, monkeypatch):
    """A story whose mails go to a provider, so that their headers can be seen."""
    with FakeProvider() as provider:
        settings = replace(SETTINGS, sendgrid_api_key="SG.1", sendgrid_from="sales@acme.example", sendgrid_api_url=provider.url,
                           sendgrid_reply_to="sales@in.acme.example")  # fmt: skip
        monkeypatch.setattr("tests.story.SETTINGS", settings)
        story = tell(WITHOUT_TOM)
        provider.now = lambda: story.now
        story.provider = provider
        yield story


def heads(story, address):
    """The headers of all mails to somebody, oldest first."""
    bodies = [json.loads(asked.body) for asked in story.provider.asked if asked.vendor == "sendgrid"]
    return [(body, body.get("headers", {})) for body in bodies if body["personalizations"][0]["to"][0]["email"] == address]


def test_a_talk_by_mail_is_one_thread_and_shows_nobodys_own_address(sendgrid):
    story, (priya,) = sendgrid, sendgrid.people("priya")
    first = mails(story, "dana@example.com", "Do you do roofs?", extra={"subject": "A roof"})
    priya.replies("1")
    mails(story, priya.email, "We do. When shall we come?", thread="A1")
    second = mails(story, "dana@example.com", "On Friday", extra={"subject": "Re: A roof"}, in_reply_to=[first], thread="A1")
    mails(story, priya.email, "See you then", thread="A1")
    sent = heads(story, "dana@example.com")
    assert [body["subject"] for body, _ in sent] == ["Re: A roof"] * 3
    assert [head["In-Reply-To"] for _, head in sent] == [first, first, second], "never the rep's own mail"
    assert sent[-1][1]["References"] == f"{first} {second}"
    written = str([body for body, _ in sent])
    for private in (priya.phone, priya.email, "mail.acme.example"):
        assert private not in written
    assert {body["reply_to"]["email"].partition("+")[0] for body, _ in sent} == {"sales"}
    to_priya = str([body for body, _ in heads(story, priya.email)])
    assert "Friday" in to_priya
    assert "dana@example.com" not in str([body["reply_to"] for body, _ in heads(story, priya.email)])
    assert story.lead("A1")["state"]["contacted_at"]
    assert story.provider.violations() == []


def test_a_form_answered_by_mail_stays_in_the_thread_that_we_began(sendgrid):
    story = sendgrid
    priya, dana = taken_by_priya(story, phone=None, email="dana@example.com")
    priya.replies("A1 Hello Dana")
    priya.replies("A1 One more thing\n> and what you asked\n* yes\n* no")
    (ack, ack_head), (hello, one), (more, two) = heads(story, "dana@example.com")
    assert hello["subject"] == more["subject"] == f"Re: {ack['subject']}"
    assert one["In-Reply-To"] == two["In-Reply-To"] == ack_head["Message-ID"]
    plain = more["content"][0]["value"].replace("\u2060", "")
    assert "One more thing\n> and what you asked\n* yes\n* no" in plain, (
        "none of their lines is lost or turned into something else"
    )
    assert dana.email == "dana@example.com"


def test_an_old_thread_of_a_closed_lead_sends_nothing_and_says_so(story):
    priya, dana = taken_by_priya(story)
    priya.replies("C")
    priya.has_read_all()
    mails(story, priya.email, "I forgot to tell you", thread=dana.code)
    priya.gets_email("A1 is closed: nothing was sent")
    dana.gets_nothing()
    dana.gets_nothing("email")


# --- long, and with pictures --------------------------------------------------------------------------------------


def test_long_words_of_a_lead_reach_the_rep_whole_by_mail_and_nearly_so_by_text(story):
    priya, dana = taken_by_priya(story)
    words = " ".join(f"word{number:04}" for number in range(500))  # 4,499 characters, as WhatsApp or a mail may bring
    dana.replies(words)
    assert "word0499" in priya.gets_email("word0000")
    assert len(priya.gets_sms("word0000", "word0100")) <= 1_600
    assert story.lead(dana.code)["state"]["said"], "and whoever takes it next has them too"


def test_a_long_text_becomes_several_for_who_has_no_mail(story):
    priya, dana = taken_by_priya(story, email=None)
    words = "\n".join(f"line {number:03} of what Priya wanted to say" for number in range(110))
    mails(story, priya.email, words, thread=dana.code)
    texts = [dana.gets_sms(f"({number}/3)") for number in (1, 2, 3)]
    assert all(len(text) <= 1_600 for text in texts)
    together = "\n".join(text.partition(") ")[2] for text in texts)
    assert [line for line in together.split("\n") if line] == words.split("\n")
    assert story.status(dana.code)[0] == "responded"


def test_a_long_text_goes_by_mail_to_who_has_one(story):
    priya, dana = taken_by_priya(story)
    words = "\n".join(f"line {number:03} of what Priya wanted to say" for number in range(80))
    mails(story, priya.email, words, thread=dana.code)
    assert "line 079" in dana.gets_email("line 000")
    dana.gets_nothing()


def test_a_leads_picture_is_told_and_can_be_found(story):
    priya, dana = taken_by_priya(story)
    picture = [{"url": "https://api.twilio.com/ME1", "type": "image/jpeg"}]
    story.a_message_arrives(dana, "This is the roof", attachments=picture)
    assert "This is the roof [picture]" in priya.gets_sms("This is the roof")
    assert "https://api.twilio.com/ME1" in priya.gets_email("[picture]")
    story.a_message_arrives(dana, "", attachments=picture)
    priya.gets_sms('wrote: "[picture]"')
    assert "https://api.twilio.com/ME1" in story.why(dana.code)


def test_a_picture_alone_begins_a_lead_that_says_so(story):
    (priya,) = story.people("priya")
    story.somebody_writes("", attachments=[{"url": "https://api.twilio.com/ME1", "type": "image/jpeg"}])
    priya.gets_email("Wants: [picture]")


def test_a_reps_picture_is_not_passed_on_and_the_rep_knows(story):
    priya, dana = taken_by_priya(story)
    picture = [{"url": "https://api.twilio.com/ME2", "type": "image/jpeg"}]
    story.a_message_arrives(priya, "A1 This is how it will look", attachments=picture)
    assert dana.gets_sms("This is how it will look").find("ME2") < 0
    priya.gets_sms("A1: sent, without the picture")
    assert "https://api.twilio.com/ME2" in story.why(dana.code), "it is not lost"
    story.a_message_arrives(priya, "", attachments=picture)
    priya.gets_sms("We pass on words")


# --- on another channel, and after the end ------------------------------------------------------------------------


def test_a_lead_who_turns_to_another_channel_is_answered_there_on_one_timeline(story):
    priya, dana = taken_by_priya(story)
    priya.replies("A1 Hello Dana")
    dana.gets_sms("Hello Dana")
    on_whatsapp = Phone(story, "lead", dana.phone, handle=("whatsapp", dana.phone.removeprefix("+")))
    on_whatsapp.replies("I am here now")
    priya.gets_sms("I am here now")
    priya.replies("A1 Here I am too")
    on_whatsapp.gets("whatsapp", "Here I am too")
    dana.gets_nothing()
    mails(story, dana.email, "Better by mail", thread="A1")
    priya.replies("A1 By mail then")
    dana.gets_email("By mail then")
    assert story.codes() == ["A1"]
    why = story.why("A1")
    assert why.index("wrote by whatsapp") < why.index("wrote by email")
    assert story.one("SELECT count(*) AS n FROM people").n == 1


def test_words_after_the_end_are_a_new_lead_of_the_same_person_for_the_same_rep(story):
    priya, dana = taken_by_priya(story)
    priya.replies("A1 Hello")
    priya.replies("C")
    assert story.status("A1")[0] == "closed"
    dana.has_read_all()
    story.after(hours=1)
    priya.has_read_all()
    dana.replies("One more question")
    first, second = story.codes()
    assert story.lead(second)["person_id"] == story.lead(first)["person_id"]
    assert story.lead(second)["holders"] == ["priya"], "who knows them is asked first, whatever the strategy"
    priya.gets_email(second, "One more question")
    dana.gets_sms("thanks for writing")


def test_who_had_them_is_not_asked_when_they_cannot_take_it_soon(story):
    priya, dana = taken_by_priya(story)
    priya.replies("C")
    priya.replies("OFF 2h")
    dana.replies("One more question")
    assert story.lead(story.codes()[1])["holders"] != ["priya"]


# --- who has left -------------------------------------------------------------------------------------------------

PRIYA_HAS_LEFT = "\n".join(line for line in SMALL_TEAM.splitlines() if "id: priya" not in line).replace("members: [priya, tom, ana]", "members: [tom, ana]")  # fmt: skip


def test_what_a_rep_who_has_left_texts_reaches_no_lead_and_is_none(story):
    priya, dana = taken_by_priya(story)
    priya.replies("A1 Hello Dana")
    dana.has_read_all()
    story.takes(PRIYA_HAS_LEFT)
    priya.has_read_all().replies("A1 I am on my way")
    priya.gets_sms("not on the team of Acme any more", "nothing was done or sent")
    dana.gets_nothing()
    assert story.codes() == ["A1"]
    assert "has left the team" in story.why("A1") and "I am on my way" in story.why("A1")
    for words in ("1", "OFF 2h", "L", "C A1"):
        priya.replies(words)
    assert story.codes() == ["A1"]
    assert story.status("A1")[0] == "responded"


def test_whoever_gets_their_number_is_anybody(story):
    priya, _ = taken_by_priya(story)
    story.takes(PRIYA_HAS_LEFT)
    priya.replies("Hello, do you do roofs?")
    assert len(story.codes()) == 2


def test_words_of_a_lead_whose_rep_has_left_reach_the_managers(story):
    priya, dana = taken_by_priya(story)
    kim = story.person("kim")
    priya.replies("A1 Hello Dana")
    story.takes(PRIYA_HAS_LEFT)
    assert story.status("A1") == ("responded", "priya")
    kim.has_read_all()
    dana.replies("Are you coming?")
    kim.gets_sms("A1", "Are you coming?", "has left")
    kim.gets_email("Are you coming?")
    kim.replies("T Tom A1")
    tom = story.person("tom").has_read_all()
    dana.replies("Hello?")
    tom.gets_sms("Hello?")


# --- what counts --------------------------------------------------------------------------------------------------

DRIVING = "I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get where I'm going."


@pytest.mark.parametrize(
    "words", [DRIVING, "I am driving", "Thank you for contacting Cole & Sons! We will get back to you shortly."]
)
def test_what_a_phone_answers_by_itself_is_no_contact(story, words):
    priya, dana = taken_by_priya(story)
    priya.replies("A1 Hello Dana")
    dana.replies(words)
    assert "contacted_at" not in story.lead("A1")["state"]
    assert "answered by itself" in story.why("A1")
    priya.gets_sms(words[:20])
    story.after(minutes=5)
    dana.replies("Back home. Friday is fine")
    assert story.lead("A1")["state"]["contacted_at"] == story.now.isoformat()


def test_a_reps_phone_that_answers_by_itself_is_not_answered_back(story):
    priya, dana = taken_by_priya(story)
    for _ in range(3):
        priya.replies(DRIVING)
    priya.gets_nothing()
    priya.replies("A1")
    priya.gets_sms("What about A1?")
    dana.gets_nothing()


def test_what_a_phone_answers_by_itself_to_a_lead_that_is_done_is_no_new_lead(story):
    priya, dana = taken_by_priya(story)
    priya.replies("A1 Thank you, bye")
    priya.replies("C")
    dana.has_read_all().replies(DRIVING)
    assert story.codes() == ["A1"]
    dana.gets_nothing()
    dana.replies("I'm driving, can you call me at five?")
    assert len(story.codes()) == 2, "but whoever asks for something has written"


def test_nobodys_own_number_is_in_anything_the_other_side_ever_gets(story):
    priya, dana = taken_by_priya(story)
    before = {row.id for row in story.rows("SELECT id FROM outbox")}
    assert dana.phone not in str(story.rows("SELECT body, fields FROM outbox WHERE template = 'offer'"))
    priya.replies("A1 Hello")
    dana.replies("Hello you")
    mails(story, priya.email, "Hello again", thread="A1")
    story.happens("A1", OutcomeReported("priya", "talked"))
    to_lead = str(story.rows("SELECT subject, body, fields FROM outbox WHERE recipient = 'lead'"))
    assert priya.phone not in to_lead and priya.email not in to_lead
    to_rep = story.rows("SELECT id, subject, body FROM outbox WHERE recipient = 'rep:priya'")
    assert all(dana.phone not in f"{row.subject} {row.body}" for row in to_rep if row.id not in before)


def test_the_four_instants_of_one_lead_are_four(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives(name="Dana Cole")
    arrived_at = story.now
    story.after(minutes=1)
    priya.replies("1")
    story.after(minutes=1)
    priya.replies("V")
    story.after(minutes=2)
    priya.replies("A1 I just tried to call you")
    story.after(minutes=3)
    dana.replies("Try again please")
    lives = reports_instants.lives(story.engine, story.team, since=arrived_at, until=story.now + timedelta(seconds=1))
    told = {speed.name: (speed.count, speed.wall[50]) for speed in speeds(lives)}
    minutes = {name: (count, wall / timedelta(minutes=1)) for name, (count, wall) in told.items()}
    assert minutes == {"acknowledgement": (1, 0), "attempt": (1, 2), "response": (1, 4), "contact": (1, 7)}
    kept = in_time(lives, story.now)
    assert (kept.met, kept.missed, kept.still_open) == (1, 0, 0)


def test_a_response_that_only_the_rep_tells_of_is_counted_as_such(story):
    priya, tom = story.people("priya", "tom")
    arrived_at = story.now
    told, written = story.a_lead_arrives(phone="+15125550143"), story.a_lead_arrives(phone="+15125550144")
    priya.replies(f"C {told.code}")
    tom.replies(f"{written.code} on my way")
    lives = reports_instants.lives(story.engine, story.team, since=arrived_at, until=story.now + timedelta(seconds=1))
    kept = in_time(lives, story.now)
    assert (kept.met, kept.reported) == (2, 1)


def test_an_answer_at_once_is_the_first_attempt_too(story):
    priya, dana = taken_by_priya(story)
    priya.replies("A1 Hello Dana")
    lead = story.lead(dana.code)
    assert lead["attempted_at"] == lead["responded_at"] == story.now
    assert "contacted_at" not in lead["state"]
