"""Zapier and Make: any shape, by paths or by names, one lead or several."""

import pytest

from config.json_path import PathError, read, steps
from webhooks.errors import Unreadable

BOTH = pytest.mark.parametrize("kind", ["zapier", "make"])


@BOTH
def test_paths_of_the_team_file_name_the_fields(hear, kind):
    value = {"contact": {"mail": "Dana@Example.com", "tels": ["1", "(512) 555-0143"]}, "who": {"the name": "Dana Cole"}, "uid": 9007199254740993, "ad": "Spring", "src": "bing", "yes": True, "at": "2026-11-24T10:00:00-06:00", "rooms": 4, "t": 1}  # fmt: skip
    paths = {
        "email": "$.contact.mail", "phone": "$.contact.tels[1]", "name": '$.who["the name"]', "external_id": "$.uid", "campaign.name": "ad",
        "utm.source": "$.src", "consent": "$.yes", "submitted_at": "$.at", "is_test": "$.t", "employees": "rooms",
    }  # fmt: skip
    (heard,) = hear(kind, value, options={"map": paths})
    content = heard.content
    assert heard.external_id == f"{kind}:9007199254740993"
    assert (content["name"], content["email"], content["phone"]) == ("Dana Cole", "dana@example.com", "+15125550143")
    assert (content["campaign"], content["utm"], content["is_test"]) == ({"name": "Spring"}, {"source": "bing"}, True)
    assert (content["consent"], content["submitted_at"]) == ([{"key": "consent", "value": True}], "2026-11-24T16:00:00Z")
    assert content["extra"]["employees"] == 4


@BOTH
def test_nested_names_in_json_and_in_either_spelling_of_a_form(hear, kind):
    told = [
        hear(kind, {"lead": {"fullName": "Iris West", "email": "iris@example.com"}, "tags": ["a", "b"]}),
        hear(kind, form={"lead__fullName": "Iris West", "lead__email": "iris@example.com", "tags": ["a", "b"]}),
        hear(kind, form={"lead[fullName]": "Iris West", "lead[email]": "iris@example.com", "tags": ["a", "b"]}),
        hear(kind, form={"payload": '{"lead": {"fullName": "Iris West", "email": "iris@example.com"}, "tags": ["a", "b"]}'}),
    ]
    for (heard,) in told:
        assert (heard.content["name"], heard.content["email"]) == ("Iris West", "iris@example.com")
        assert list(heard.content["extra"].values()) == [["a", "b"]]


@BOTH
def test_paths_also_name_what_a_form_flattened(hear, kind):
    (heard,) = hear(kind, form={"contact__mail": "iris@example.com"}, options={"map": {"email": "$.contact.mail"}})
    assert heard.content["email"] == "iris@example.com"


@BOTH
def test_rows_of_facebook_sheets(hear, kind):
    row = {"id": "l:123", "full_name": "Iris West", "phone_number": "p:+15125550143", "campaign_id": "c:9", "ad_id": "ag:8", "form_id": "f:7", "created_time": "2026-11-24T10:00:00-0600", "is_organic": "false"}  # fmt: skip
    (heard,) = hear(kind, form=row)
    assert (heard.external_id, heard.content["phone"]) == (f"{kind}:l:123", "+15125550143")
    assert heard.content["campaign"] == {"id": "9", "ad_id": "8", "form_id": "7"}
    assert heard.content["submitted_at"] == "2026-11-24T16:00:00Z"


def test_numbers_stay_numbers_unless_they_are_too_long_to_be_exact_everywhere(hear):
    said = {"email": "iris@example.com", "rooms": 4, "price": 12.5, "ok": False, "page": 9007199254740993, "none": None}
    assert hear("zapier", said)[0].content["extra"] == {"rooms": 4, "price": 12.5, "ok": False, "page": "9007199254740993"}


def test_a_plain_id_is_no_key_since_it_may_be_the_same_for_all(hear):
    assert hear("zapier", {"id": "form-7", "email": "iris@example.com"})[0].external_id.startswith("derived:")


@BOTH
def test_a_list_is_several_leads(hear, kind):
    heard = hear(
        kind,
        [
            {"lead_id": 1, "email": "a@example.com"},
            {"lead_id": "2", "email": "b@example.com"},
            {"lead_id": 1, "email": "a@example.com"},
        ],
    )
    assert [each.external_id for each in heard] == [f"{kind}:1", f"{kind}:2"]


@BOTH
@pytest.mark.parametrize("value", [[], {}, [1], "text", None, [{}] * 101, {"a": ""}])
def test_what_is_no_lead_is_refused(hear, kind, value):
    with pytest.raises(Unreadable):
        hear(kind, value)


@BOTH
def test_a_get_is_a_form_in_the_address(hear, kind):
    (heard,) = hear(kind, url="?key=a-secret&email=iris%40example.com")
    assert heard.content["email"] == "iris@example.com"
    assert "a-secret" not in str(heard.content)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a.b", 1),
        ("a.b", 1),
        ("$.l[1].x", 2),
        ('$["a key"]', 3),
        ("['a key']", 3),
        ("$.a.b.c", None),
        ("$.l[9]", None),
        ("$.none", None),
    ],
)
def test_a_path_reads_one_place(path, value):
    assert read({"a": {"b": 1}, "l": [{}, {"x": 2}], "a key": 3}, path) == value


@pytest.mark.parametrize("path", ["", "$", "$..a", "a[*]", "a[", "a[-1]", "a]", "$.a[?(@.b)]", "x" * 300])
def test_what_is_no_path_is_said_to_be_none(path):
    with pytest.raises(PathError):
        steps(path)
