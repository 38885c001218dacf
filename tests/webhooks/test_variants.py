"""Shapes in which the vendors of forms really send, one row each: what was sent, and what of the lead it must become."""

import json

import pytest

from routing.team import Source
from tests.webhooks.test_payloads import missing

TOKEN = {"form_id": "F", "token": "tok", "submitted_at": "2026-11-24T15:59:00Z"}


def typeform(answers, fields=(), **more):
    said = {**TOKEN, "answers": answers, "definition": {"id": "F", "title": "T", "fields": list(fields)}, **more}
    return {"event_id": "e", "event_type": "form_response", "form_response": said}


def typed(kind, value, number, field="short_text", ref=""):
    return {"type": kind, kind: value, "field": {"id": number, "type": field, **({"ref": ref} if ref else {})}}


def contact(*parts):
    """A question for contact details, in the words of its owner's language."""
    inside = [{"id": key, "title": title, "subfield_key": key, "type": "short_text", "ref": "9d7c6e6b-1111-4222-8333-444455556666"} for key, title in parts]  # fmt: skip
    return {
        "id": "ci",
        "ref": "who",
        "type": "contact_info",
        "title": "Wie erreichen wir dich?",
        "properties": {"fields": inside},
    }


def jotform(answers, **more):
    return {
        "formID": "203",
        "submissionID": "5123456789012345678",
        "formTitle": "Quote",
        "ip": "203.0.113.7",
        "rawRequest": json.dumps(answers),
        **more,
    }


def webflow(data, *schema, **more):
    kinds = [{"fieldName": name, "fieldType": kind, "fieldElementId": "x"} for name, kind in schema]
    return {"triggerType": "form_submission", "payload": {"name": "C", "data": data, "schema": kinds, "submittedAt": "2022-09-14T12:35:16.117Z", "id": "632", "formId": "f", **more}}  # fmt: skip


ENTRY = {
    "id": "802",
    "form_id": "4",
    "date_created": "2026-02-03 09:12:44",
    "ip": "203.0.113.9",
    "source_url": "https://site.example/",
}
META = {"Date": "3. März 2026", "Time": "14:14", "Page URL": "https://site.example/?utm_source=bing", "User Agent": "Mozilla/5.0", "Remote IP": "203.0.113.20", "Powered by": "Elementor", "form_id": "2f6", "form_name": "C"}  # fmt: skip
UPLOADS = "https://site.example/wp-content/uploads"


def elementor(number, kind, title, value):
    return {f"fields[{number}][{name}]": said for name, said in {"id": number, "type": kind, "title": title, "value": value, "raw_value": value, "required": "1"}.items()}  # fmt: skip


ADVANCED = {"form[id]": "2f6", "form[name]": "C", "meta[date][value]": "3. März", "meta[page_url][value]": "https://site.example/?gclid=x", "meta[remote_ip][value]": "203.0.113.20"}  # fmt: skip
GOOGLE = {
    "lead_id": "Cj-1",
    "api_version": "1.0",
    "form_id": 40000000000,
    "campaign_id": 9007199254740993,
    "google_key": "k",
    "gcl_id": "EAI",
}


def column(kind, value, words=None):
    return {"column_id": kind, "string_value": value, **({"column_name": words} if words else {})}


JSON = [
    ("typeform", typeform([typed("text", "Jörg", "first_name"), typed("text", "Weiß", "last_name"), typed("phone_number", "+4915112345678", "phone_number"), typed("text", "Weiß GmbH", "company")],
        [contact(("first_name", "Vorname*"), ("last_name", "Nachname"), ("phone_number", "Nummer"), ("company", "御社"))]),
        {"name": "Jörg Weiß", "first_name": "Jörg", "last_name": "Weiß", "phone": "+4915112345678", "company": "Weiß GmbH"}),
    ("typeform", typeform([typed("text", "太郎", "first_name"), typed("text", "山田", "last_name")], [contact(("first_name", "名"), ("last_name", "姓"))]), {"first_name": "太郎", "last_name": "山田"}),
    ("typeform", typeform([typed("number", 9007199254740993, "n", "number", "serial"), typed("choice", {"other": "Paris"}, "c", "multiple_choice", "city"),
        typed("multi_format", {"video_url": "https://v.example/1"}, "m", "multi_format", "video"), {"type": "brand_new", "brand_new": {"a": 1}, "field": {"id": "x", "ref": "new"}}]),
        {"extra": {"serial": "9007199254740993", "city": "Paris", "video": "https://v.example/1", "new": "1", "form_id": "F"}}),
    ("typeform", typeform([typed("email", "x@example.com", "e", "email")], hidden={"UTM_Source": "g", "gclid": "1", "page_url": "https://a.example/?utm_term=roof", "name": "Dana Cole", "locale": "de"}),
        {"utm": {"source": "g", "term": "roof"}, "click_ids": {"gclid": "1"}, "name": "Dana Cole", "locale": "de"}),
    ("webflow", webflow({"Name": "Ann Lee", "UTM Source": "google", "Page URL": "https://a.example/?fbclid=1", "Plan": "https://cdn.example/plan.pdf", "Field 2": "Long words here", "Marketing consent": "false"},
        ("Plan", "FormFileUploadInput"), ("Field 2", "FormTextarea"), ("Marketing consent", "FormCheckboxInput")),
        {"name": "Ann Lee", "utm": {"source": "google"}, "click_ids": {"fbclid": "1"}, "attachments": [{"url": "https://cdn.example/plan.pdf", "name": "plan.pdf"}], "message": "Long words here",
         "consent": [{"key": "Marketing consent", "value": False}]}),
    ("webflow", {"name": "Email Form", "site": "s", "data": {"name": "Ann", "email": "ann@example.com"}, "d": "2022-09-14T12:35:16.117Z", "_id": "633"}, {"external_id": "webflow:633", "submitted_at": "2022-09-14T12:35:16.117Z"}),
    ("webflow", webflow({"E-Mail": "J@x.example", "Telefonnummer": "0171 1234567", "Datenschutz": "on"}, ("Datenschutz", "FormCheckboxInput"), id=123),
        {"external_id": "webflow:123", "email": "j@x.example", "consent": [{"key": "Datenschutz", "value": True}]}),
    ("gravity_forms", {**ENTRY, "1.2": "Dr.", "1.3": "Grace", "1.6": "Hopper", "2": "grace@example.com", "10": 'a:2:{i:0;s:4:"Zoë";i:1;a:1:{s:3:"Age";s:1:"3";}}', "11": '["One","Two"]',
        "9": f"{UPLOADS}/gravity_forms/c.png", "8": f'["{UPLOADS}/a.pdf","{UPLOADS}/b.pdf"]', "5.1": "You may contact me by text", "7": "a:broken"},
        {"name": "Grace Hopper", "extra": {"1.2": "Dr.", "10": ["Zoë", "3"], "11": ["One", "Two"], "7": "a:broken"}, "attachments": [{"name": "c.png"}, {"name": "a.pdf"}, {"name": "b.pdf"}]}),
    ("gravity_forms", {"entry": {"id": 1, "form_id": 2, "2": ["a@example.com"]}}, {"external_id": "gravity_forms:2:1", "email": "a@example.com"}),
    ("hubspot", {"vid": 51, "portal-id": 625, "properties": {"firstname": {"value": "Ada"}, "mobilephone": {"value": "+44 7700 900123"}, "interests": {"value": "A;B"}},
        "form-submissions": [{"conversion-id": "old", "timestamp": 1}, {"conversion-id": "new", "timestamp": 1726000000000, "page-url": "https://s.example/?gclid=z"}]},
        {"external_id": "hubspot:625:new", "phone": "+447700900123", "click_ids": {"gclid": "z"}, "extra": {"interests": "A, B", "contact_id": "51"}}),
    ("hubspot", {"objectId": 51, "portalId": 625, "properties": {"firstname": "Ada", "lastname": "Lovelace", "email": "ADA@example.com", "lastmodifieddate": "2024-09-10T20:26:40.123Z"}},
        {"external_id": "hubspot:625:contact:51:2024-09-10T20:26:40.123Z", "name": "Ada Lovelace", "email": "ada@example.com"}),
    ("wpforms", {"Vor- und Nachname": "Ana Diaz", "Rückrufnummer": "0171 1234567", "E-Mail": {"primary": "ana@example.com"}, "upload": f"{UPLOADS}/wpforms/a.pdf", "entry_id": 7, "empty": None},
        {"external_id": "wpforms:7", "name": "Ana Diaz", "email": "ana@example.com", "attachments": [{"url": f"{UPLOADS}/wpforms/a.pdf"}]}),
    ("formspree", {"form": "f1", "submission": {"_replyto": "you@example.com", "email": "Me@example.com", "files": [{"name": "plan.pdf", "url": "https://formspree.io/files/1", "contentType": "application/pdf"}], "consent": ["0", "1"]}},
        {"email": "me@example.com", "attachments": [{"url": "https://formspree.io/files/1", "name": "plan.pdf", "type": "application/pdf"}], "extra": {"_replyto": "you@example.com"}, "consent": [{"value": True}]}),
    ("google_ads", {**GOOGLE, "user_column_data": [column("FIRST_NAME", "Rosa"), column("LAST_NAME", "Parks"), column("WORK_EMAIL", "w@corp.example"), column("EMAIL", "rosa@example.com"), column("VEHICLE_TYPE", "SUV"),
        column("when_do_you_want_to_start?", "Now"), column("q1", "HVAC", "What service do you need?"), column(None, "y", "Only words")], "asset_group_id": 6000000000000000001, "is_test": None},
        {"name": "Rosa Parks", "email": "rosa@example.com", "is_test": False, "campaign": {"asset_group_id": "6000000000000000001", "id": "9007199254740993"},
         "extra": {"WORK_EMAIL": "w@corp.example", "VEHICLE_TYPE": "SUV", "when_do_you_want_to_start?": "Now", "What service do you need?": "HVAC", "Only words": "y"}}),
    ("google_ads", {**GOOGLE, "lead_id": 9007199254740993, "user_column_data": None, "is_test": "true"}, {"external_id": "google_ads:9007199254740993", "is_test": True}),
    ("tiktok", {"event": "lead.created", "create_time": 1615338610, "content": json.dumps({"lead_id": 7300000000000000001, "page_id": 72, "page_name": "Quote", "field_data": [{"name": "full_name", "values": ["T A"]}]})},
        {"external_id": "tiktok:7300000000000000001", "name": "T A", "campaign": {"form_id": "72"}, "extra": {"form_name": "Quote"}, "submitted_at": "2021-03-10T01:10:10Z"}),
    ("zapier", {"lead": {"campaign": {"name": "Spring", "id": "c:9"}, "ad": {"id": "ag:1"}, "email": "i@example.com"}, "utm": {"source": "g", "campaign": "brand"}},
        {"campaign": {"name": "Spring", "id": "9", "ad_id": "1"}, "utm": {"source": "g", "campaign": "brand"}, "email": "i@example.com"}),
    ("zapier", {"leadgen_id": 9007199254740993, "field_data": [{"name": "full_name", "values": ["Iris West"]}, {"name": "phone_number", "values": ["p:+14155550198"]}, {"name": "What? (e.g. 5.000)", "values": ["a", "b"]}]},
        {"external_id": "zapier:9007199254740993", "name": "Iris West", "phone": "+14155550198", "extra": {"What? (e.g. 5.000)": ["a", "b"]}}),
    ("make", {"data": [{"name": "Joe", "emails": [{"value": "joe@example.com"}], "files": [{"url": "https://s.example/a.pdf"}]}]}, {"name": "Joe", "email": "joe@example.com", "attachments": [{"name": "a.pdf"}]}),
    ("make", {"full_name": "<test lead: dummy data for full_name>", "email": "test@fb.com", "id": "l:5"}, {"external_id": "make:l:5", "is_test": True}),
    ("api", {"name": "Dana", "last_name": "Cole", "phone": 5125550143, "consent": [{"key": "sms", "value": "yes", "text": "ok"}], "attachments": ["https://s.example/a.pdf", {"url": "https://s.example/v.mp3", "duration_s": 12}]},
        {"name": "Dana Cole", "phone": "+15125550143", "consent": [{"key": "sms", "value": True}], "attachments": [{"name": "a.pdf"}, {"duration_s": 12}]}),
]  # fmt: skip

FORMS = [
    ("jotform", jotform({"q3_name": {"prefix": "Dr.", "first": "Kin", "middle": "M.", "last": "Lane"}, "q5_phoneNumber": {"country": "49", "area": "30", "phone": "1234567"}, "q7_services": ["Roof", "Gutters"],
        "q11_time": {"timeInput": "10:30", "hourSelect": "10", "minuteSelect": "30", "ampm": "AM"}, "fileUpload": ["https://www.jotform.com/uploads/acme/1/2/roof%20plan.pdf"], "q13_UTM Source": "google"}), {},
        {"name": "Kin Lane", "phone": "+49301234567", "extra": {"services": ["Roof", "Gutters"], "time": "10:30 AM", "name middle": "M."}, "attachments": [{"name": "roof plan.pdf"}], "utm": {"source": "google"}}),
    ("jotform", {"formID": "1", "submissionID": "2", "q3_name[first]": "Kin", "q3_name[last]": "Lane", "q4_phone[area]": "212", "q4_phone[phone]": "555-0187", "q7_services[]": ["Roof", "Gutters"]}, {},
        {"external_id": "jotform:2", "name": "Kin Lane", "first_name": "Kin", "phone": "+12125550187", "extra": {"services": ["Roof", "Gutters"]}}),
    ("jotform", jotform({"q4_handynummer": {"full": "0171 1234567"}, "q3_vollstandigerName": {"first": "Jörg", "last": "Weiß"}, "q9_ihreNachricht": "Bitte anrufen"}), {"region": "DE"},
        {"name": "Jörg Weiß", "phone": "+491711234567", "message": "Bitte anrufen"}),
    ("gravity_forms", {"id": "802", "form_id": "4", "1": "Ana Diaz", "2": "a@example.com", "4": "Hallo\r\nWelt"}, {}, {"name": "Ana Diaz", "message": "Hallo\nWelt"}),
    ("gravity_forms", {"name": "Grace Hopper", "email": "grace@example.com", "message": "Need\r\nquote", "entry_id": "802", "form_id": "4", "consent": "1", "utm_source": "bing"}, {},
        {"external_id": "gravity_forms:4:802", "name": "Grace Hopper", "message": "Need\nquote", "consent": [{"key": "consent", "value": True}], "utm": {"source": "bing"}}),
    ("gravity_forms", {"input_1_3": "Grace", "input_1_6": "Hopper", "id": "1", "form_id": "2"}, {}, {"external_id": "gravity_forms:2:1", "name": "Grace Hopper"}),
    ("elementor", {"Vorname": "Jörg", "Nachname": "Weiß", "E-Mail": "J@x.example", "Telefon": "0171 1234567", "Nachricht": "Hallo", "Ich stimme der Datenschutzerklärung zu": "on", **META}, {"region": "DE"},
        {"name": "Jörg Weiß", "email": "j@x.example", "phone": "+491711234567", "message": "Hallo", "utm": {"source": "bing"}, "consent": [{"value": True}], "extra": {"form_id": "2f6", "remote_address": "203.0.113.20"}}),
    ("elementor", {"Nombre": "María", "Apellidos": "Núñez", "Correo electrónico": "m@x.example", "Teléfono": "612 345 678", "Mensaje": "Hola", "Fecha": "3 marzo", "Hora": "14:14", "URL de la página": "https://s.example/?gclid=1",
        "Agente de usuario": "Mozilla/5.0", "IP remota": "203.0.113.4", "Funciona gracias a": "Elementor", "form_id": "x", "form_name": "C"}, {"region": "ES"},
        {"name": "María Núñez", "first_name": "María", "phone": "+34612345678", "message": "Hola", "click_ids": {"gclid": "1"}, "extra": {"form_id": "x", "form_name": "C", "remote_address": "203.0.113.4", "page_url": "https://s.example/?gclid=1"}}),
    ("elementor", {"Nom": "Zoé Roy", "Adresse e-mail": "z@x.example", "Téléphone": "06 12 34 56 78", "Votre message": "Bonjour", "Date": "x", "Heure": "y", "URL de la page": "https://s.example/?fbclid=1", "Propulsé par": "Elementor", "form_id": "x", "form_name": "C"}, {"region": "FR"},
        {"name": "Zoé Roy", "email": "z@x.example", "phone": "+33612345678", "message": "Bonjour", "click_ids": {"fbclid": "1"}}),
    ("elementor", {"お名前": "山田 太郎", "メールアドレス": "taro@x.example", "電話番号": "090-1234-5678", "お問い合わせ内容": "見積もりを。", "日付": "2026年3月3日", "時間": "14:14", "ページURL": "https://s.example/?utm_source=y", "Powered by": "Elementor", "form_id": "x", "form_name": "C"}, {"region": "JP"},
        {"name": "山田 太郎", "email": "taro@x.example", "phone": "+819012345678", "message": "見積もりを。", "utm": {"source": "y"}}),
    ("elementor", {"No Label name": "Ann Lee", "No Label field_2": "ann@x.example", "No Label field_3": "512 555 0143", "": "hello there you", **META}, {}, {"name": "Ann Lee", "email": "ann@x.example", "phone": "+15125550143"}),
    ("elementor", {"Name": "A", "Website": "https://dana.example", "Datum": "5. Mai", "Plan": f"{UPLOADS}/elementor/forms/a.pdf", **META}, {},
        {"extra": {"Website": "https://dana.example", "Datum": "5. Mai", "page_url": "https://site.example/?utm_source=bing"}, "attachments": [{"name": "a.pdf"}]}),
    ("elementor", {**ADVANCED, **elementor("name", "text", "Ihr Name", "Jörg Weiß"), **elementor("f1", "tel", "", "0171 1234567"), **elementor("f2", "acceptance", "Ich willige ein", "on"), **elementor("f3", "upload", "Plan", f"{UPLOADS}/a.pdf , https://b.example/b.png"),
        **elementor("f4", "checkbox", "Dienste", "Dach, Rinne"), **elementor("utm_source", "hidden", "", "bing")}, {"region": "DE"},
        {"name": "Jörg Weiß", "phone": "+491711234567", "consent": [{"key": "f2", "value": True, "text": "Ich willige ein"}], "attachments": [{"name": "a.pdf"}, {"name": "b.png"}], "utm": {"source": "bing"}, "click_ids": {"gclid": "x"}, "extra": {"Dienste": "Dach, Rinne"}}),
    ("elementor", {"Name": "A", "Ihre URL": "https://dana.example", "Datum": "5. Mai", "Uhrzeit": "14:14", "Remote-IP": "203.0.113.4", "form_id": "x"}, {}, {"extra": {"Ihre URL": "https://dana.example", "page_url": None, "remote_address": "203.0.113.4"}}),
    ("elementor", {**ADVANCED, **elementor("f2", "acceptance", "Terms", ""), "fields[a][value][]": ["A", "B"], "fields[a][type]": "checkbox", "fields[a][title]": "Svc"}, {}, {"consent": [{"key": "f2", "value": False}], "extra": {"Svc": ["A", "B"]}}),
    ("zapier", {"lead__full_name": "Iris West", "lead__phone_number": "p:+14155550198", "lead__campaign__name": "Spring", "lead__ad__id": "ag:1", "id": "l:123", "utm__source": "x"}, {},
        {"external_id": "zapier:l:123", "name": "Iris West", "phone": "+14155550198", "campaign": {"name": "Spring", "ad_id": "1"}, "utm": {"source": "x"}}),
]  # fmt: skip


def ids(table):
    return [f"{row[0]}-{number}" for number, row in enumerate(table)]


@pytest.mark.parametrize(("kind", "value", "expected"), JSON, ids=ids(JSON))
def test_json(hear, kind, value, expected):
    (heard,) = hear(kind, value)
    assert missing(expected, dict(heard.content)) == []


@pytest.mark.parametrize(("kind", "form", "about", "expected"), FORMS, ids=ids(FORMS))
def test_a_form(hear, kind, form, about, expected):
    (heard,) = hear(kind, form=form, **about)
    assert missing(expected, dict(heard.content)) == []


@pytest.mark.parametrize(
    "told", ["Date", "Time", "Fecha", "Hora", "Agente", "URL", "Heure", "日付", "ページ", "Elementor", "Powered", "Mozilla"]
)
def test_nothing_that_elementor_adds_is_an_answer(hear, told):
    for kind, form, about, _ in FORMS:
        if kind == "elementor" and not {"Website", "Ihre URL"} & form.keys():
            extra = hear(kind, form=form, **about)[0].content["extra"]
            assert not [key for key, value in extra.items() if key != "page_url" and told in f"{key} {value}"]


def test_a_hubspot_batch_has_each_contact_fetched_once(hear):
    event = {
        "subscriptionType": "contact.propertyChange",
        "portalId": 625,
        "appId": 1,
        "occurredAt": 1564113600000,
        "changeSource": "FORM",
    }
    new = {**event, "subscriptionType": "contact.creation", "eventId": 2, "objectId": 7}
    events = [
        {**event, "eventId": 1, "objectId": 7, "propertyName": "email"},
        new,
        {**event, "eventId": 3, "objectId": 7, "propertyName": "phone"},
    ]
    others = [{**event, "eventId": 100 + n, "objectId": 1000 + n} for n in range(97)]
    assert [each.external_id for each in hear("hubspot", [*events, *others])] == [
        "hubspot:625:2",
        *(f"hubspot:625:{100 + n}" for n in range(97)),
    ]
    changes = [{**event, "eventId": n, "objectId": 7} for n in (1, 3)]
    assert [each.external_id for each in hear("hubspot", changes)] == ["hubspot:625:3"]


def test_an_elementor_form_without_answers_is_kept_and_its_visitor_sees_no_error(front):
    front.sources["it"] = Source("it", "elementor", secrets=("elementor-7hG3kLm9PqRsTuVwXyZa",))
    answer = front.post("it?key=elementor-7hG3kLm9PqRsTuVwXyZa", META, Content_Type="application/x-www-form-urlencoded")
    assert (answer.status_code, [each.event for each in front.heard]) == (200, ["unreadable"])


def test_google_asks_again_for_what_came_too_fast_since_a_4xx_is_dropped(front):
    front.sources["ads"] = Source("ads", "google_ads", secrets=("k",), per_minute=1)
    send = lambda number: front.post_json("ads", {**GOOGLE, "lead_id": str(number), "user_column_data": []})  # noqa: E731
    assert [send(1).status_code, send(2).status_code] == [200, 503]
    assert "message" in send(3).json
