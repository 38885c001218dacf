"""Gravity Forms: numbered fields, the owner's own names, both encodings and the verbs."""

import pytest

from webhooks.errors import Unreadable

ENTRY = {
    "id": "803",
    "form_id": "4",
    "date_created": "2026-02-03 09:12:44",
    "source_url": "https://site.example/?utm_source=bing",
}


def test_names_are_told_from_addresses_and_boxes(hear):
    entry = {
        **ENTRY, "1.2": "Dr.", "1.3": "Grace", "1.6": "Hopper", "2": "grace@example.com", "3": "(703) 555-0119",
        "7.1": "1 Main", "7.2": "", "7.3": "Austin", "7.4": "TX", "7.5": "78701", "7.6": "US", "5.1": "Roof", "5.2": "", "5.3": "Doors",
        "6.1": "1", "6.2": "I consent to texts", "6.3": "4", "8": '["https://site.example/wp-content/uploads/a.pdf"]', "9": "Twelve windows, please",
    }  # fmt: skip
    content = hear("gravity_forms", entry)[0].content
    assert (content["name"], content["email"], content["phone"]) == ("Grace Hopper", "grace@example.com", "+17035550119")
    assert content["consent"] == [{"key": "6.1", "value": True, "text": "I consent to texts"}]
    assert content["attachments"] == [{"url": "https://site.example/wp-content/uploads/a.pdf", "name": "a.pdf"}]
    assert content["message"] == "Twelve windows, please"
    assert content["extra"]["5"] == ["Roof", "Doors"]
    assert content["extra"]["7"] == ["1 Main", "Austin", "TX", "78701", "US"]
    assert (content["utm"], content["submitted_at"]) == ({"source": "bing"}, "2026-02-03T09:12:44Z")


def test_the_team_files_map_wins_over_every_guess(hear):
    entry = {
        **ENTRY,
        "2": "a@example.com",
        "3": "b@example.com",
        "4": "703 555 0119",
        "5": "A very long line about something else",
        "6": "ring me",
    }
    content = hear("gravity_forms", entry, fields={"email": "3", "message": "6", "employees": "5"})[0].content
    assert (content["email"], content["message"]) == ("b@example.com", "ring me")
    assert content["extra"]["employees"] == "A very long line about something else"


@pytest.mark.parametrize("region", ["US", "DE"])
@pytest.mark.parametrize("answer", ["2026-02-03", "78701", "250000", "12/24/2026", "€ 400.000"])
def test_dates_postcodes_and_amounts_are_no_phones(hear, answer, region):
    assert "phone" not in hear("gravity_forms", {**ENTRY, "2": "a@example.com", "3": answer}, region=region)[0].content


def test_selected_fields_come_by_the_owners_names_in_a_form(hear):
    form = {
        "entry_id": "900",
        "form_id": "7",
        "full_name": "Grace Hopper",
        "email": "grace@example.com",
        "services[]": ["Roof", "Doors"],
    }
    (heard,) = hear("gravity_forms", form=form)
    assert (heard.external_id, heard.content["name"]) == ("gravity_forms:7:900", "Grace Hopper")
    assert heard.content["extra"]["services"] == ["Roof", "Doors"]


def test_a_get_brings_a_lead_too_and_its_key_is_no_answer(hear):
    (heard,) = hear("gravity_forms", url="?key=secret&email=ann%40example.com&name=Ann+Lee&id=9&form_id=2")
    assert (heard.external_id, heard.content["name"]) == ("gravity_forms:2:9", "Ann Lee")
    assert "secret" not in str(heard.content)


def test_without_an_id_the_words_make_the_key(hear):
    one, other = (
        hear("gravity_forms", {"email": "ann@example.com", "message": text})[0].external_id for text in ("Roof", "Door")
    )
    assert one.startswith("derived:") and one != other
    assert one == hear("gravity_forms", {"email": "ann@example.com", "message": "Roof"})[0].external_id


def test_an_entry_without_answers_is_kept_and_nothing_at_all_is_refused(hear):
    assert hear("gravity_forms", ENTRY)[0].external_id == "gravity_forms:4:803"
    with pytest.raises(Unreadable):
        hear("gravity_forms", {})
