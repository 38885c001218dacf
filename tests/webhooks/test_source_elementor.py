"""Elementor: visible labels in any language, advanced data, and the one status it takes for success."""

import pytest

from routing.team import Source
from webhooks.errors import Unreadable
from webhooks.registry import TYPES


def advanced(*fields, **meta):
    form = {"form[id]": "2f6b1a9", "form[name]": "Contact"}
    for number, kind, title, value in fields:
        named = {"id": number, "type": kind, "title": title, "value": value, "raw_value": value, "required": "1"}
        form |= {f"fields[{number}][{key}]": each for key, each in named.items()}
    return form | {f"meta[{key}][value]": value for key, value in meta.items()}


def test_advanced_data_is_told_by_types(hear):
    form = advanced(
        ("name", "text", "Nombre", "Lena Fox"), ("f1", "email", "", "Lena@Example.com"), ("f2", "tel", "Ring", "(512) 555-0108"),
        ("f3", "textarea", "Etwas", "Hi\r\nthere"), ("f4", "textarea", "Mehr", "and more"), ("ok", "acceptance", "Ich stimme zu", "on"),
        ("no", "acceptance", "News, please", ""), ("utm_source", "hidden", "", "bing"), ("f5", "upload", "Plan", "https://s.example/a.pdf , https://s.example/b.pdf"),
        ("f6", "recaptcha", "", "03AGdBq"), page_url="https://site.example/?gclid=Cj0", remote_ip="203.0.113.20", date="March 3, 2026",
    )  # fmt: skip
    content = hear("elementor", form=form)[0].content
    assert (content["name"], content["email"], content["phone"]) == ("Lena Fox", "lena@example.com", "+15125550108")
    assert (content["message"], content["extra"]["Mehr"]) == ("Hi\nthere", "and more")
    assert content["consent"] == [
        {"key": "ok", "value": True, "text": "Ich stimme zu"},
        {"key": "no", "value": False, "text": "News, please"},
    ]
    assert (content["utm"], content["click_ids"]) == ({"source": "bing"}, {"gclid": "Cj0"})
    assert [each["url"] for each in content["attachments"]] == ["https://s.example/a.pdf", "https://s.example/b.pdf"]
    assert "03AGdBq" not in str(content) and "March" not in str(content)


@pytest.mark.parametrize(
    ("labels", "region"),
    [
        (("Nombre", "Correo electrónico", "Teléfono", "Mensaje"), "ES"),
        (("Ihr Name", "E-Mail-Adresse", "Telefonnummer", "Ihre Nachricht"), "DE"),
        (("Nom", "Adresse e-mail", "Téléphone", "Votre message"), "FR"),
        (("No Label field_1", "No Label field_2", "No Label field_3", "No Label field_4"), "DE"),
        (("Nimi", "Sähköposti", "Puhelin", "Viesti"), "DE"),
    ],
)
def test_labels_in_other_languages_or_none(hear, labels, region):
    said = ("Lena Fox", "lena@example.com", "+49 30 901820", "Das ganze Dach ist undicht")
    content = hear("elementor", form=dict(zip(labels, said, strict=True)) | {"form_id": "1", "Date": "x"}, region=region)[
        0
    ].content
    assert (content["email"], content["phone"]) == ("lena@example.com", "+4930901820")
    if labels[0] != "Nimi":  # what neither a word nor a value tells is kept as it was said
        assert (content["name"], content["message"]) == ("Lena Fox", "Das ganze Dach ist undicht")
    else:
        assert content["extra"]["Viesti"] == "Das ganze Dach ist undicht"


def test_the_answer_is_exactly_200_also_for_a_second_click(front):
    example = TYPES["elementor"].example
    front.sources["site"] = Source("site", "elementor", secrets=("p2nZkq0w8yTqvB7mXcA41x",))
    answers = [
        front.client.post("/webhooks/site?key=p2nZkq0w8yTqvB7mXcA41x", data=example.body, headers=example.headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(front.heard) == 1


def test_a_ticked_box_by_its_label(hear):
    content = hear("elementor", form={"Email": "lena@example.com", "Ich akzeptiere die Datenschutzerklärung": "on"})[0].content
    assert content["consent"][0]["value"] is True
    assert content["consent"][0]["text"] == "Ich akzeptiere die Datenschutzerklärung"


def test_nothing_said_is_refused(hear):
    for form in ({}, {"form_id": "1", "Date": "x", "Powered by": "Elementor"}):
        with pytest.raises(Unreadable):
            hear("elementor", form=form)
