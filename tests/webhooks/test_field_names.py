"""What forms call their fields, in the wild and in several languages, and what each kind of value becomes."""

import pytest

from config.consent import agreed
from config.lead import halves, tracking_name
from config.questions import meaning

FORM = "application/x-www-form-urlencoded"
PHONES = ["phone", "tel", "mobile", "phone_number", "phone-number", "phoneNumber", "your-phone", "your-tel", "contact_number", "mobile_no", "whatsapp", "telephone_number", "cell_phone", "tel-123", "your-phone-number", "contact[phone]", "form_fields[phone]", "lead__phone", "lead.phone"] + ["Phone #", "Phone Number *", "What is your phone number?", "Telefon", "Handynummer", "Rückrufnummer", "Teléfono", "Téléphone", "電話番号", "Номер телефона", "전화번호"]  # fmt: skip
EMAILS = ["email", "email_address", "_replyto", "your-email", "e-mail", "EMAIL", "emailAddress", "user_email", "contact[email]", "form_fields[email]", "work_email", "business_email", "mail", "email2", "lead__email"] + ["E-Mail-Adresse", "Correo electrónico", "Courriel", "メールアドレス", "Your best e-mail:", "이메일", "Почта"]  # fmt: skip
NAMES = ["name", "full_name", "fullName", "your-name", "contact_name", "customer_name", "name-1", "form_fields[name]", "client_name", "lead.contact.name"] + ["Full Name", "Your name *", "Nombre", "Nom", "お名前", "氏名", "姓名", "Vor- und Nachname", "Nombre y apellidos", "ФИО"]  # fmt: skip
FIRSTS = ["first_name", "fname", "firstName", "first", "contact.name.first", "name[first]"] + [
    "Vorname",
    "Prénom",
    "Voornaam",
    "名",
    "Имя",
]
LASTS = ["last_name", "lname", "lastName", "last", "contact.name.last", "name[last]"] + [
    "Nachname",
    "Apellidos",
    "Cognome",
    "姓",
    "Фамилия",
]
MESSAGES = ["message", "comments", "details", "your-message", "msg", "notes", "additional_info", "how_can_we_help", "how-can-we-help-you", "project_details", "comment_text", "textarea-1"] + ["Nachricht", "Mensaje", "Votre message", "お問い合わせ内容", "Wiadomość", "Сообщение"]  # fmt: skip
COMPANIES = ["company", "organization", "company_name", "business_name"] + ["Firma", "Unternehmen", "Empresa", "会社名"]


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("phone", "(415) 555-0132", PHONES), ("email", "dana@example.com", EMAILS), ("name", "Dana Cole", NAMES), ("first_name", "Dana", FIRSTS),
        ("last_name", "Cole", LASTS), ("message", "Fix the roof", MESSAGES), ("company", "Acme", COMPANIES),
    ],
)  # fmt: skip
def test_a_field_is_known_by_any_of_its_names(hear, field, value, names):
    expected = {"phone": "+14155550132"}.get(field, value)
    assert {name: hear("form", form={name: value})[0].content.get(field) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize(
    "label",
    ["company size", "company website", "message id", "message_type", "comment_count", "product name", "user_name", "pet name", "name of your dog", "description format"],
)  # fmt: skip
def test_what_asks_about_something_else_is_not_the_field_itself(hear, label):
    content = hear("form", form={label: "fifty", "email": "dana@example.com"})[0].content
    assert content["extra"] == {label: "fifty"}
    assert not content.keys() & {"company", "message", "name"}


def test_a_question_about_a_phone_that_holds_none_asks_for_none(hear):
    content = hear("form", form={"best time to phone you": "after six", "Phone": "(415) 555-0132"})[0].content
    assert (content["phone"], content["extra"]) == ("+14155550132", {"best time to phone you": "after six"})


def test_the_names_of_a_campaign_or_a_form_are_nobodys(hear):
    value = {
        "form": {"id": "9", "name": "Contact"},
        "campaign": {"name": "Spring", "id": 9007199254740993},
        "email": "dana@example.com",
    }
    content = hear("form", value)[0].content
    assert "name" not in content
    assert content["campaign"] == {"name": "Spring", "id": "9007199254740993", "form_id": "9"}
    assert hear("form", {"form": {"name": "Dana Cole", "email": "dana@example.com"}})[0].content["name"] == "Dana Cole"


@pytest.mark.parametrize(
    ("given", "name", "first", "last"),
    [
        ({"name": "Dana Cole"}, "Dana Cole", None, None),
        ({"first_name": "Dana", "last_name": "Cole"}, "Dana Cole", "Dana", "Cole"),
        ({"first_name": "Dana"}, "Dana", "Dana", None),
        ({"Nombre": "María José", "Apellidos": "Núñez Ruiz"}, "María José Núñez Ruiz", "María José", "Núñez Ruiz"),
        ({"Nom": "Dupont", "Prénom": "Jean"}, "Jean Dupont", "Jean", "Dupont"),
        ({"Name": "von Weiß", "Vorname": "Jörg"}, "Jörg von Weiß", "Jörg", "von Weiß"),
        ({"full_name": "Dana Cole", "first_name": "Dana"}, "Dana Cole", "Dana", None),
        ({"full_name": "Liz Smith", "first_name": "Elizabeth"}, "Liz Smith", "Elizabeth", None),
        ({"full_name": "Dana M. Cole", "first_name": "Dana", "last_name": "Cole"}, "Dana M. Cole", "Dana", "Cole"),
    ],
)
def test_names_are_joined_where_they_came_apart_and_never_split(hear, given, name, first, last):
    content = hear("form", form=given)[0].content
    assert (content["name"], content.get("first_name"), content.get("last_name")) == (name, first, last)


def test_a_lone_half_is_no_reason_to_guess():
    assert (
        halves("Dana Cole", "", "") == ("", "")
        and halves("", "Dana", "") == ("Dana", "")
        and halves("dana cole", "", "Cole") == ("", "Cole")
    )


@pytest.mark.parametrize(
    ("typed", "phone", "kept"),
    [
        ("p:+14155550198", "+14155550198", {}),
        ("WhatsApp: +1 415 555 0198", "+14155550198", {}),
        ("+1 (415) 555-0198 ext 5", "+14155550198", {"phone_extension": "5"}),
        ("0014155550198", "+14155550198", {}),
        ("+1 415 555 0198 / +1 415 555 0100", "+14155550198", {}),
        ("\u202a+14155550198\u202c", "+14155550198", {}),
        ("5550198", None, {"phone_as_typed": "5550198"}),  # no area code: nobody could be called back
        ("1.41556E+10", None, {"phone_as_typed": "1.41556E+10"}),
        ("+2562533", None, {"phone_as_typed": "+2562533"}),
        ("+8656696", None, {"phone_as_typed": "+8656696"}),
        ("+464", None, {"phone_as_typed": "+464"}),
        ("Unavailable", None, {"phone_as_typed": "Unavailable"}),
    ],
)
def test_a_phone_as_people_type_it(hear, typed, phone, kept):
    content = hear("form", form={"name": "Dana", "phone": typed})[0].content
    assert (content.get("phone"), content.get("extra", {})) == (phone, kept)


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("Dana Cole <Dana@Example.com>", "dana@example.com"), ("dana@example.com;", "dana@example.com"), ("<dana@example.com>", "dana@example.com"),
        ("dana@example.com, tom@example.com", "dana@example.com"), (" Dana+roof@Example.com ", "dana+roof@example.com"), ("dana@example", None),
        ("dana at example.com", None), ("x@y\r\nBcc: z@z.example", None),
    ],
)  # fmt: skip
def test_an_address_as_people_type_it(hear, typed, email):
    assert hear("form", form={"name": "Dana", "email": typed})[0].content.get("email") == email


def test_of_several_the_first_counts_and_the_others_are_kept(hear):
    content = hear("form", {"email": ["a@example.com", "b@example.com"], "phones": ["415 555 0132", "415 555 0133"]})[0].content
    assert (content["email"], content["phone"]) == ("a@example.com", "+14155550132")
    assert "b@example.com" in str(content["extra"]) and "415 555 0133" in str(content["extra"])


@pytest.mark.parametrize(
    ("value", "yes"),
    [
        ("on", True), ("1", True), ("Yes, text me", True), ("I agree to receive texts. Consent is not a condition. Text STOP to opt out.", True),
        ("granted", True), ("ja", True), ("sí", True), (True, True), (["0", "1"], True), (["0"], False), ("off", False), ("0", False), ("", False), (None, False),
        ("no", False), ("No, thanks", False), ("I do not agree", False), ("Ich stimme nicht zu", False), ("undefined", False), ("maybe", False), ({"a": 1}, False),
    ],
)  # fmt: skip
def test_what_counts_as_a_yes(value, yes):
    assert agreed(value) is yes


def test_a_box_whose_value_is_its_words_tells_them(hear):
    words = "I agree to receive texts from Acme"
    assert hear("form", form={"sms_consent": words})[0].content["consent"] == [
        {"key": "sms_consent", "value": True, "text": words}
    ]
    behind = hear("form", form={"consent": ["0", "1"]})[0].content["consent"]
    assert behind == [{"key": "consent", "value": True}]  # a hidden 0 stands before the ticked box


@pytest.mark.parametrize(
    ("spelled", "ours"),
    [
        ("utm_source", "utm_source"), ("UTM Source", "utm_source"), ("utm-medium", "utm_medium"), ("utmCampaign", "utm_campaign"),
        ("lead.utm.term", "utm_term"), ("utm[content]", "utm_content"), ("GCLID", "gclid"), ("click_ids.li_fat_id", "li_fat_id"),
        ("tracking[fbclid]", "fbclid"), ("source", ""), ("medium", ""), ("utm", ""), ("utm_id", ""), ("my_gclid_note", ""),
    ],
)  # fmt: skip
def test_tracking_in_every_spelling(spelled, ours):
    assert tracking_name(spelled) == ours


def test_tracking_comes_from_fields_then_from_every_address_the_first_first(hear):
    form = {
        "utm_source": "", "UTM Source": "google", "page_url": "https://a.example/?utm_source=bing&utm_medium=cpc",
        "landing_page_url": "https://a.example/?utm_medium=email&utm_campaign=spring&gclid=g1", "url": "https://a.example/#/form?msclkid=m1",
    }  # fmt: skip
    content = hear("form", form=form)[0].content
    assert content["utm"] == {"source": "google", "medium": "cpc", "campaign": "spring"}
    assert content["click_ids"] == {"gclid": "g1", "msclkid": "m1"}
    assert content["extra"]["page_url"] == form["page_url"]


@pytest.mark.parametrize(
    "path", ["contact.mail_address", "$.contact.mail_address", "people[0].mail_address", '$["the contact"]["mail address"]']
)
def test_the_source_may_name_a_field_by_its_path(hear, path):
    value = {
        "contact": {"mail_address": "dana@example.com"},
        "people": [{"mail_address": "dana@example.com"}],
        "the contact": {"mail address": "dana@example.com"},
    }
    content = hear("form", {**value, "name": "Dana"}, fields={"email": path, "company": "nowhere.at.all", "phone": "$[["})[
        0
    ].content
    assert (content["email"], content["name"]) == ("dana@example.com", "Dana")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("name=Jos%E9+N%FA%F1ez", FORM),
        ("name=Jos%E9+N%FA%F1ez&_charset_=iso-8859-1", FORM),
        ("name=Jos%C3%A9+N%C3%BA%C3%B1ez&_charset_=UTF-8", FORM),
        ("name=Jos%E9+N%FA%F1ez", f"{FORM}; charset=windows-1252"),
    ],
)
def test_pages_in_older_charsets_are_read(front, body, content_type):
    front.post("website", body.encode(), Content_Type=content_type)
    assert front.last.content["name"] == "José Núñez"
    assert "_charset_" not in str(front.last.content)


def test_a_page_in_shift_jis_says_so(front):
    front.post("website", b"name=%8ER%93c&_charset_=Shift_JIS", Content_Type=FORM)
    assert front.last.content["name"] == "山田"


def test_too_many_fields_are_refused_in_whatever_charset(front):
    many = b"&".join(b"f%d=%%E9" % n for n in range(1_001))
    assert front.post("website", many, Content_Type=FORM).status_code == 413
    assert front.post("website", many + b"&x=\xe9", Content_Type=FORM).status_code == 413


def test_long_questions_say_nothing():
    assert (
        meaning("phone") == "phone"
        and meaning("Would you rather be reached by phone or have us visit you at home some time next week?") == ""
    )
