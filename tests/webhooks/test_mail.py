"""E-mail: charsets, raw mode, the new words, threads, proof, and machines that must never be answered."""

import base64
import json
from email.message import EmailMessage

import pytest

from config import normal
from config.links import thread_tag
from routing.team import Source
from webhooks.mail.markup import text_of
from webhooks.mail.words import new_words

KEY = "a-key-of-the-address-24chars"
HEADERS = {
    "From": "Dana Cole <Dana@Example.com>",
    "Message-ID": "<m1@mail.example.com>",
    "Date": "Tue, 24 Nov 2026 09:58:00 -0600",
}
ENVELOPE = {"to": ["sales@in.cole.example"], "from": "dana@example.com"}


@pytest.fixture
def inbound(front):
    front.sources["mail"] = Source("mail", "sendgrid_inbound", secrets=(KEY,))
    return front


def post(front, fields, files=(), path=f"/{KEY}"):
    """What SendGrid posts; fields are texts or bytes."""
    pieces = []
    for name, value in fields.items():
        pieces += [f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode(), value if isinstance(value, bytes) else value.encode(), b"\r\n"]  # fmt: skip
    for name, data in files:
        head = f'--xYzZY\r\nContent-Disposition: form-data; name="attachment1"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
        pieces += [head.encode(), data, b"\r\n"]
    return front.post(f"mail{path}", b"".join([*pieces, b"--xYzZY--\r\n"]), Content_Type="multipart/form-data; boundary=xYzZY")


def mail(front, text="Do you do gutters?", files=(), more=None, **headers):
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\n" for name, value in given.items())
    fields = {"headers": lines, "from": given["From"], "to": "sales@in.cole.example", "subject": "Gutters", "text": text, "envelope": json.dumps(ENVELOPE)}  # fmt: skip
    return post(front, {**fields, **(more or {})}, files)


def test_a_mail_is_a_message_of_its_sender(inbound):
    assert mail(inbound, files=[("plan.pdf", b"%PDF" * 10)]).status_code == 200
    said = inbound.last.content
    assert (inbound.last.event, inbound.last.external_id) == ("message", "email:<m1@mail.example.com>")
    assert (said["name"], said["email"], said["message"], said["channel"]) == ("Dana Cole", "dana@example.com", "Do you do gutters?", "email")  # fmt: skip
    assert said["submitted_at"] == "2026-11-24T15:58:00Z"
    assert said["attachments"] == [{"name": "plan.pdf", "type": "application/pdf", "size": 40}]
    assert said["extra"]["subject"] == "Gutters"


def test_each_part_has_its_own_charset(inbound):
    charsets = json.dumps({"text": "iso-8859-1", "subject": "windows-1251", "from": "UTF-8"})
    more = {"text": "Größe: 5 m² – café".encode("cp1252"), "subject": "Крыша".encode("cp1251"), "charsets": charsets}
    mail(inbound, more=more)
    assert (inbound.last.content["message"], inbound.last.content["extra"]["subject"]) == ("Größe: 5 m² – café", "Крыша")
    mail(inbound, more={"charsets": '{"text": "klingon"}', "text": "Größe"}, Message_ID="<m2@x>")
    assert inbound.last.content["message"] == "Größe"


def test_encoded_headers_are_read(inbound):
    mail(
        inbound,
        From="=?UTF-8?Q?Zo=C3=AB_Ruiz?= <zoe@example.com>",
        Subject="=?UTF-8?B?" + base64.b64encode("Dächer".encode()).decode() + "?=",
    )
    assert (inbound.last.content["name"], inbound.last.content["extra"]["subject"]) == ("Zoë Ruiz", "Dächer")


def test_the_raw_mode_is_the_same_mail(inbound):
    raw = EmailMessage()
    for name, value in {**HEADERS, "Subject": "Dächer", "To": "sales@in.cole.example"}.items():
        raw[name] = value
    raw.set_content("Können Sie kommen?\n", charset="iso-8859-1")
    raw.add_alternative("<p>Können Sie kommen?</p>", subtype="html")
    raw.add_attachment(b"12345", maintype="image", subtype="png", filename="roof.png")
    post(inbound, {"email": raw.as_bytes(), "envelope": json.dumps(ENVELOPE), "SPF": "pass"})
    said = inbound.last.content
    assert (said["name"], said["message"], said["extra"]["subject"]) == ("Dana Cole", "Können Sie kommen?", "Dächer")
    assert said["attachments"] == [{"name": "roof.png", "type": "image/png", "size": 5}]


def test_html_alone_is_read(inbound):
    mail(inbound, text="", more={"html": "<style>p{}</style><p>Need a <b>roof</b></p><blockquote>old</blockquote>"})
    assert inbound.last.content["message"] == "Need a roof"


def test_a_mail_without_words_says_its_subject(inbound):
    mail(inbound, text="")
    assert inbound.last.content["message"] == "Gutters"


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("Call me: (512) 555-0143", "+15125550143"),
        ("Thanks\n-- \nDana\n512.555.0143", "+15125550143"),
        ("512-555-0143 or 512-555-0144", None),
        ("Call you at +1 415-555-0199?", None),
        ("Yes\n\nOn Tue, Sales <s@cole.example> wrote:\n> Our number is 512-555-0100", None),
        ("On 2026-02-03, order 1234567890", None),
    ],
)
def test_a_number_in_the_words_is_a_guess(inbound, text, phone):
    mail(inbound, text=text)
    said = inbound.last.content
    assert said.get("phone") == phone
    assert said["extra"].get("phone_is_a_guess") == (True if phone else None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"X_Auto_Response_Suppress": "All"},
        {"Precedence": "bulk"},
        {"Precedence": "list"},
        {"Return_Path": "<>"},
        {"List_Unsubscribe": "<mailto:x@example.com>"},
        {"List_Id": "<news.example.com>"},
        {"From": "MAILER-DAEMON@example.com"},
        {"From": "no-reply@example.com"},
        {"From": "Shop <noreply+123@example.com>"},
        {"From": "do_not_reply@example.com"},
        {"From": "postmaster@example.com"},
        {"From": "Us <headroom@example.com>"},
        {"Content_Type": "multipart/report; report-type=delivery-status"},
        {"Subject": "Automatic reply: Gutters"},
        {"Subject": "Undeliverable: Gutters"},
    ],
)
def test_a_machine_is_kept_and_never_heard(inbound, headers):
    assert mail(inbound, **headers).status_code == 200
    assert [each.event for each in inbound.heard] == ["auto_reply"]
    assert not {"email", "phone", "message"} & set(inbound.last.content)


def test_an_empty_envelope_is_a_bounce(inbound):
    mail(inbound, more={"envelope": '{"to": ["sales@in.cole.example"], "from": ""}'})
    assert inbound.last.event == "auto_reply"


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "no"}, {"From": "Norah Reply <norah.reply@example.com>"}, {"Subject": "Out of office space?"}, {"X_Auto_Response_Suppress": "None"}])  # fmt: skip
def test_a_person_is_a_person(inbound, headers):
    mail(inbound, **headers)
    assert inbound.last.event == "message"


def test_an_address_with_our_mark_is_the_leads_thread(inbound):
    tag = thread_tag(inbound.settings, "A7")
    mail(inbound, more={"envelope": json.dumps({"to": [f"Sales+{tag.upper()}@in.cole.example"], "from": "dana@example.com"})})
    assert inbound.last.content["thread"] == "A7"
    mail(inbound, Message_ID="<m2@x>", To=f"sales+{tag[:-1]}0@in.cole.example, sales+a8-{tag[3:]}@in.cole.example")
    assert "thread" not in inbound.last.content


def test_the_mails_it_answers_are_named(inbound):
    mail(inbound, In_Reply_To="<b@x>", References="<a@x> <b@x>")
    assert inbound.last.content["in_reply_to"] == ["b@x", "a@x"]


@pytest.mark.parametrize(
    ("more", "proved"),
    [
        ({"dkim": "{@example.com : pass}"}, True),
        ({"dkim": "{@mailer.example : pass, @example.com : fail}"}, False),
        ({"dkim": "{@notexample.com : pass}"}, False),
        ({"dkim": "none", "SPF": "pass"}, True),
        ({"SPF": "pass", "envelope": '{"to": ["s@in.cole.example"], "from": "x@mailer.example"}'}, False),
        ({"SPF": "softfail"}, False),
        ({}, False),
    ],
)
def test_who_sent_it_is_proved_by_their_own_domain(inbound, more, proved):
    mail(inbound, more=more)
    assert inbound.last.content["authentic"] is proved


@pytest.mark.parametrize(
    ("sender", "proved"), [("dana@notexample.com", False), ("dana@mail.example.com", True), ("dana@com", False)]
)
def test_a_domain_that_only_looks_alike_proves_nothing(inbound, sender, proved):
    mail(inbound, From=sender, more={"dkim": "{@example.com : pass}"})
    assert inbound.last.content["authentic"] is proved


def test_sent_again_it_is_one_and_without_an_id_too(inbound):
    mail(inbound)
    mail(inbound)
    assert len(inbound.heard) == 1
    for _ in range(2):
        post(inbound, {"from": "tom@example.com", "text": "hi", "subject": "x"})
    assert len(inbound.heard) == 2


def test_a_large_mail_is_taken_and_its_files_are_not_kept(inbound):
    assert mail(inbound, files=[("film.mov", b"x" * 3_000_000)]).status_code == 200
    assert inbound.last.content["attachments"][0]["size"] == 3_000_000
    assert len(inbound.last.body) < 10_000
    assert json.loads(inbound.last.body)["text"] == "Do you do gutters?"


@pytest.mark.parametrize("fields", [{}, {"from": "nobody"}, {"email": b"\x00\xff"}, {"from": "", "headers": "From: @"}])
def test_what_is_no_mail_is_kept_and_answered_since_a_refusal_would_lose_it(inbound, fields):
    assert post(inbound, fields).status_code == 200
    assert [each.event for each in inbound.heard] == ["unreadable"]


def test_without_the_key_nothing_is_even_read(inbound):
    environ = {"wsgi.input": _Unreadable(), "CONTENT_LENGTH": "20000000", "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert inbound.client.post("/webhooks/mail/another-key-of-22-characters", environ_overrides=environ).status_code == 403


class _Unreadable:
    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read before the key was seen")

    readline = readinto = read


def test_without_the_key_nothing_is_taken(inbound):
    assert post(inbound, {"from": "dana@example.com"}, path="").status_code == 401
    assert post(inbound, {"from": "dana@example.com"}, path="/another-key-of-22-characters").status_code == 403
    assert inbound.heard == []


@pytest.mark.parametrize(
    ("mail_text", "said"),
    [
        ("Yes, Friday.\n\nOn Tue, 3 Feb 2026 at 10:00, Sales <s@x.example> wrote:\n> When?\n> S", "Yes, Friday."),
        ("On Tue, 3 Feb 2026 at 10:00, Sales <s@x.example> wrote:\n> When?\n\nFriday.\n> Where?\nHere.", "Friday.\nHere."),
        ("Yes\n\nOn Tue, 3 Feb 2026 at 10:00 AM Cole Heating Sales\n<s@x.example> wrote:\n\nunmarked", "Yes"),
        ("Ja\n\nAm 3. Feb. 2026 um 10:00 schrieb Vertrieb <v@x.example>:\n> Wann?", "Ja"),
        ("Oui\n\nLe mar. 3 févr. 2026 à 10:00, Ventes <v@x.example> a écrit :\n> Quand ?", "Oui"),
        ("Ok\n________________________________\nFrom: Sales <s@x>\nSent: Monday\nTo: Dana\nSubject: Re: x\n\nold", "Ok"),
        ("Ok\n\n-----Original Message-----\nFrom: Sales\n\nold", "Ok"),
        ("From: Dana <d@x>\nSent: Monday\nTo: Sales\nSubject: roof\n\nI need a roof", "From: Dana <d@x>\nSent: Monday\nTo: Sales\nSubject: roof\n\nI need a roof"),
        ("On Friday I wrote:\nnothing", "On Friday I wrote:\nnothing"),
        ("> all\n> quoted", "> all\n> quoted"),
        ("Hi\n-- \nDana Cole", "Hi"),
        ("", ""),
    ],
)  # fmt: skip
def test_only_the_new_words_count(mail_text, said):
    assert new_words(mail_text) == said
    assert new_words(mail_text.replace("\n", "\r\n")) == said


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello&nbsp;there<br>two</p>", "Hello there\ntwo"),
        ("<div>Yes</div><div class='gmail_quote'>On Tue wrote<p>old</p></div>", "Yes"),
        ("<p>Yes<br>no<script>alert(1)</script>", "Yes\nno"),
        ("<div>a</div></div></p><div>b", "a\n\nb"),
        ("<div>" * 100_000 + "deep", "deep"),
    ],
)
def test_html_is_read_as_it_is_seen(html, text):
    assert text_of(html) == text


def test_numbers_in_a_text_are_found_once():
    assert normal.phones_in("(512) 555-0143, 512.555.0143, zip 78701-1234, $1,200.50, 2026-02-03", "US") == ["+15125550143"]


@pytest.mark.parametrize(
    ("charset", "sent", "said"),
    [
        ("iso-2022-jp", "屋根の見積もりをお願いします".encode("iso-2022-jp"), "屋根の見積もりをお願いします"),
        ("ISO-8859-1", "Größe – 5 m²".encode("cp1252"), "Größe – 5 m²"),
        ("iso-8859-15", "Prix 5 €".encode("iso-8859-15"), "Prix 5 €"),
        ("koi8-r", "Крыша".encode("koi8-r"), "Крыша"),
        ("gb2312", "屋顶".encode("gb18030"), "屋顶"),
        ("big5", "屋頂".encode("big5"), "屋頂"),
        ("euc-kr", "지붕".encode("euc-kr"), "지붕"),
        ("us-ascii", "ñandú".encode(), "ñandú"),
        ("us-ascii", "ñandú".encode("cp1252"), "ñandú"),
        ("UTF-8", "ñandú".encode("cp1252"), "ñandú"),
        ("utf-7-klingon", "ñandú".encode(), "ñandú"),
        ("utf-16", "ñandú".encode("utf-16"), "ñandú"),
        ("", "ñandú".encode(), "ñandú"),
        (None, "ñandú".encode("cp1252"), "ñandú"),
        ("rot13", "ñandú".encode(), "ñandú"),
        ("base64", "ñandú".encode(), "ñandú"),
    ],
)
@pytest.mark.parametrize("part", ["text", "html"])
def test_words_in_any_charset(inbound, part, charset, sent, said):
    charsets = json.dumps({"text": charset, "html": charset} if charset is not None else {})
    mail(inbound, more={"text": b"", part: sent, "charsets": charsets})
    assert inbound.last.content["message"] == said


@pytest.mark.parametrize("charsets", ["", "{broken", "[]", '{"text": {"x": 1}}', '{"text": null}'])
def test_odd_charsets_are_utf8(inbound, charsets):
    mail(inbound, text="Dächer", more={"charsets": charsets})
    assert inbound.last.content["message"] == "Dächer"


@pytest.mark.parametrize(
    ("sender", "name", "email"),
    [
        ("Dana Cole <Dana+Roof@Example.com>", "Dana Cole", "dana+roof@example.com"),
        ("dana@example.com", None, "dana@example.com"),
        ('"Cole, Dana" <dana@example.com>', "Cole, Dana", "dana@example.com"),
        ("dana@example.com <dana@example.com>", None, "dana@example.com"),
        ("=?UTF-8?B?PGRhbmFAb2xkLmV4YW1wbGU+?= <dana@example.com>", None, "dana@example.com"),
        ("Dana Cole <dana@example.com>, Tom <tom@example.com>", "Dana Cole", "dana@example.com"),
        ("=?iso-2022-jp?B?GyRCOzNFREJATzobKEI=?= <yamada@example.jp>", "山田太郎", "yamada@example.jp"),
        ("=?utf-8?q?Zo=C3=AB_?= =?utf-8?q?Ruiz?= <zoe@example.com>", "Zoë Ruiz", "zoe@example.com"),
        ("DANA@EXAMPLE.COM (Dana Cole)", "Dana Cole", "dana@example.com"),
    ],
)
def test_who_wrote_is_told_by_from(inbound, sender, name, email):
    mail(inbound, From=sender, more={"envelope": '{"to": ["sales@in.cole.example"], "from": "bounce-7@mailer.example"}'})
    assert (inbound.last.content.get("name"), inbound.last.content["email"]) == (name, email)


def test_a_header_that_lost_its_letters_gives_way_to_the_field(inbound):
    fields = {"headers": "From: Zo\ufffd <zoe@example.com>\nSubject: D\ufffdcher\nMessage-ID: <m9@x>\n", "from": "Zoë <zoe@example.com>", "subject": "Dächer", "text": "Hi"}  # fmt: skip
    post(inbound, fields)
    assert (inbound.last.content["name"], inbound.last.content["extra"]["subject"]) == ("Zoë", "Dächer")


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Roof", "Auto-Reply: Roof", "Autoreply: Roof", "Out of Office", "Out of office: Roof", "Out of the office - back Monday", "OUT OF OFFICE RE: Roof",
        "Automatische Antwort: Dach", "Abwesenheitsnotiz: Dach", "Abwesend: Dach", "Réponse automatique : Toit", "Respuesta automática: Techo", "Resposta automática: Telhado",
        "Risposta automatica: Tetto", "Automatisch antwoord: Dak", "Afwezigheidsbericht: Dak", "Autosvar: Tak", "自动回复: 屋顶", "自動返信：屋根", "Автоответ: Крыша",
        "Undeliverable: Roof", "Undelivered Mail Returned to Sender", "Delivery Status Notification (Failure)", "Mail delivery failed: returning message to sender",
        "Returned mail: see transcript for details", "Failure notice", "Delivery failure (dana@example.com)", "Unzustellbar: Dach",
    ],
)  # fmt: skip
def test_a_machines_subject_is_known_in_any_language(inbound, subject):
    mail(inbound, Subject=subject)
    assert inbound.last.event == "auto_reply"


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "Out of office hours, can you come?"},
        {"Subject": "Autosvar på frågan"},
        {"Subject": "Undelivered roof tiles, please help me"},
        {"Subject": "Abwesend am Montag, bitte Dienstag"},
        {"Feedback_ID": "1.us-east-1.x:AmazonSES"},
        {"Precedence": "first-class"},
        {"Auto_Submitted": "No"},
        {"From": "Noreen Plyer <noreen@example.com>"},
        {"From": "Bounce House Rentals <bouncehouse@example.com>"},
        {"Return_Path": "<dana@example.com>"},
        {"X_Spam_Score": "9"},
    ],
)
def test_a_person_whose_mail_only_looks_a_bit_like_a_machines(inbound, headers):
    mail(inbound, **headers)
    assert inbound.last.event == "message"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"}, {"Auto_Submitted": "AUTO-GENERATED"}, {"X_Autoreply": "yes"}, {"X_Autorespond": "x"}, {"X_Auto_Response_Suppress": "OOF, AutoReply"},
        {"Precedence": "Junk"}, {"Precedence": "auto_reply"}, {"List_Post": "<mailto:l@x>"}, {"X_Failed_Recipients": "dana@example.com"}, {"X_Loop": "x"},
        {"From": "Microsoft Outlook <postmaster@example.com>"}, {"From": "noreply2@example.com"}, {"From": "bounces+123-abc=in.cole.example@mailer.example"},
        {"From": "notifications@github.example", "Reply_To": "reply+x@reply.github.example", "List_ID": "<r.github.example>"},
        {"From": "no-reply@example.com", "Reply_To": "no-reply@example.com"},
        {"From": "no-reply@example.com", "Reply_To": "headroom@example.com"},
        {"From": "no-reply@example.com", "Reply_To": "dana@example.com", "Auto_Submitted": "auto-generated"},
    ],
)  # fmt: skip
def test_every_mark_of_a_machine_counts(inbound, headers):
    mail(inbound, **headers)
    assert inbound.last.event == "auto_reply"


@pytest.mark.parametrize("address", ["headroom@example.com", "Sales@in.cole.example", "sales+a7-0123456789ab@in.cole.example"])
def test_our_own_mail_that_comes_back_is_a_loop(inbound, address):
    inbound.use_settings(sendgrid_reply_to="sales@in.cole.example")
    mail(inbound, From=f"Cole Heating <{address}>")
    assert (inbound.last.event, inbound.last.content["why"]) == ("auto_reply", "from our own address")


def test_a_mail_with_an_id_of_ours_is_a_loop_whoever_sent_it(inbound):
    mail(inbound, Message_ID=f"<{thread_tag(inbound.settings, 'A7')}.1@leads.example.com>")
    assert (inbound.last.event, inbound.last.content["why"]) == ("auto_reply", "our own mail came back")


def test_what_a_forms_page_mails_is_of_whoever_filled_it_in(inbound):
    mail(
        inbound,
        From="Website <noreply@forms.example>",
        Reply_To="Dana Cole <Dana@Example.com>",
        more={"dkim": "{@forms.example : pass}"},
    )
    said = inbound.last.content
    assert (inbound.last.event, said["name"], said["email"], said["authentic"]) == (
        "message",
        "Dana Cole",
        "dana@example.com",
        False,
    )
    assert said["extra"]["sent_by"] == "noreply@forms.example"
    mail(inbound, From="Ann Novak <ann@example.com>", Reply_To="other@example.com", Message_ID="<m2@x>")
    assert inbound.last.content["email"] == "ann@example.com", "a person's own From says who they are"


def test_a_mail_without_an_id_is_known_by_what_it_says(inbound):
    for text in ("Roof", "Roof", "Gutters"):
        post(
            inbound, {"headers": "From: dana@example.com\nDate: Tue, 24 Nov 2026 09:58:00 -0600\n", "text": text, "subject": "x"}
        )
    assert len(inbound.heard) == 2
    assert all(each.external_id.startswith("email:derived:") for each in inbound.heard)


@pytest.mark.parametrize(
    "date",
    ["Tue, 24 Nov 2026 09:58:00 -0600", "24 Nov 2026 15:58:00 GMT", "Tue, 24 Nov 2026 15:58:00 +0000 (UTC)", "yesterday", ""],
)
def test_when_it_was_written(inbound, date):
    mail(inbound, Date=date)
    known = "2026-11-24T15:58:00Z" if "2026" in date else None
    assert inbound.last.content.get("submitted_at") == known


@pytest.mark.parametrize(
    "odd", ["envelope", "attachment-info", "attachments", "content-ids", "spam_score", "dkim", "SPF", "to", "subject", "html"]
)
def test_odd_fields_hide_no_mail(inbound, odd):
    for n, value in enumerate(
        ("", "\x00", "[" * 50, '{"from": 7, "to": 7}', "x" * 5000, "\ud83c".encode("utf-8", "surrogatepass"))
    ):
        assert mail(inbound, more={odd: value}, Message_ID=f"<m{n}@x>").status_code == 200
    assert {each.event for each in inbound.heard} == {"message"}
    assert len(inbound.heard) == 6
