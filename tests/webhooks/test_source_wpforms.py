"""WPForms: the owner's names, lists, date-times, and the format whose signature is over another text than was sent."""

from datetime import UTC, datetime

import pytest

from routing.team import Source
from webhooks import php
from webhooks.bodies import read_form
from webhooks.form_signatures import sign_timestamped

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
SECRET = "a wpforms secret of the test"
FORM = "application/x-www-form-urlencoded"


def test_names_lists_and_times(hear):
    value = {
        "Name": {"first": "Ana", "last": "Diaz"}, "E-mail": "Ana@Example.com", "phone": "(415) 555-0133", "services": "Roof||Gutters", "rooms": 4,
        "when": {"value": "03/03/2026 2:00 pm", "unix": 1772546400}, "entry_id": 9007199254740993, "gdpr": "I consent to having my data stored",
        "page_url": "https://site.example/?utm_source=bing", "Your question": "Does it leak?",
    }  # fmt: skip
    (heard,) = hear("wpforms", value)
    content = heard.content
    assert heard.external_id == "wpforms:9007199254740993"
    assert (content["name"], content["email"], content["message"]) == ("Ana Diaz", "ana@example.com", "Does it leak?")
    assert (content["extra"]["services"], content["extra"]["rooms"], content["extra"]["when"]) == (
        ["Roof", "Gutters"],
        4,
        "03/03/2026 2:00 pm",
    )
    assert content["consent"] == [{"key": "gdpr", "value": True, "text": "I consent to having my data stored"}]
    assert content["utm"] == {"source": "bing"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"name=Ana+Diaz&email=ana%40example.com", b'{"name":"Ana Diaz","email":"ana@example.com"}'),
        (b"url=https%3A%2F%2Fx.example%2F&name=Zo%C3%AB", b'{"url":"https:\\/\\/x.example\\/","name":"Zo\\u00eb"}'),
        (b"a%5B0%5D=x&a%5B1%5D=y&b%5Bvalue%5D=1", b'{"a":["x","y"],"b":{"value":"1"}}'),
        (b"said=%22quoted%22%0D%0Aline", b'{"said":"\\"quoted\\"\\r\\nline"}'),
        (b"a=1&a%5Bb%5D=2&c=3", b'{"a":"1","c":"3"}'),
    ],
)
def test_a_form_is_turned_back_into_the_json_that_was_signed(body, text):
    assert php.jsons(read_form(body, FORM))[0] == text


def test_a_number_of_a_date_is_tried_as_one():
    assert php.jsons(read_form(b"when%5Bvalue%5D=x&when%5Bunix%5D=1772546400", FORM)) == [
        b'{"when":{"value":"x","unix":"1772546400"}}',
        b'{"when":{"value":"x","unix":1772546400}}',
    ]


def test_the_format_form_counts_only_where_the_team_file_says_so_and_never_by_its_bytes(front):
    body, text = b"name=Ana+Diaz&email=ana%40example.com", b'{"name":"Ana Diaz","email":"ana@example.com"}'
    on = {"form_format": True}
    for signed, options, status in ((text, {}, 403), (body, {}, 403), (text, on, 202), (body, on, 403)):
        front.sources["wp"] = Source("wp", "wpforms", secrets=("rotated", SECRET), options=options)
        proof = sign_timestamped(signed, SECRET, name="v", now=NOW)
        assert front.post("wp", body, Content_Type=FORM, X_WPForms_Webhook_Signature=proof).status_code == status
    assert [each.content["name"] for each in front.heard] == ["Ana Diaz"]


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_other_verbs_bring_leads_too(front, verb):
    front.sources["wp"] = Source("wp", "wpforms", secrets=(SECRET,))
    body = b'{"name":"Ana Diaz","email":"ana@example.com"}'
    proof = sign_timestamped(body, SECRET, name="v", now=NOW)
    headers = {"Content-Type": "application/json", "X-WPForms-Webhook-Signature": proof}
    assert front.client.open("/webhooks/wp", method=verb, data=body, headers=headers).status_code == 202
    assert front.client.open("/webhooks/wp", method="DELETE", data=body, headers=headers).status_code == 405
