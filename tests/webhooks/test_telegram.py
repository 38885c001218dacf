"""A Telegram bot: words, a shared contact, the link's campaign, and what is no person's word."""

import json

import pytest

from routing.team import Source

OLGA = {"id": 987654321, "is_bot": False, "first_name": "Olga", "last_name": "K", "username": "olgak", "language_code": "uk"}
CHAT = {"id": 987654321, "type": "private"}


@pytest.fixture
def telegram(front):
    front.sources["bot"] = Source("bot", "telegram", secrets=("old_token", "tg_Secret-1"))
    return front


def say(front, number=1, token="tg_Secret-1", **said):
    message = {"message_id": 11, "from": OLGA, "chat": CHAT, "date": 1697043223, **said}
    body = json.dumps({"update_id": number, "message": message}).encode()
    return front.post("bot", body, Content_Type="application/json", X_Telegram_Bot_Api_Secret_Token=token)


def test_words_are_a_message_with_a_handle_to_answer_at(telegram):
    answer = say(telegram, text="Do you install heat pumps?")
    said = telegram.last.content
    assert (answer.status_code, answer.text) == (200, "")
    assert (said["name"], said["message"], said["handles"]) == ("Olga K", "Do you install heat pumps?", {"telegram": "987654321"})
    assert (said["locale"], said["submitted_at"], said["extra"]["chat_id"]) == ("uk", "2023-10-11T16:53:43Z", 987654321)


@pytest.mark.parametrize(
    ("text", "ref"),
    [("/start ad_spring", "ad_spring"), ("/start@cole_bot ad_spring", "ad_spring"), ("/start", None), ("/stop ad", None)],
)
def test_the_links_campaign(telegram, text, ref):
    say(telegram, text=text)
    assert telegram.last.content.get("campaign", {}).get("ref") == ref


@pytest.mark.parametrize(
    ("contact", "phone", "kept"),
    [
        ({"phone_number": "380441234567", "user_id": 987654321}, "+380441234567", None),
        ({"phone_number": "+380441234567", "user_id": 987654321}, "+380441234567", None),
        ({"phone_number": "380441234567", "user_id": 5}, None, "380441234567"),
        ({"phone_number": "380441234567"}, None, "380441234567"),
    ],
)
def test_a_number_is_theirs_only_when_the_card_is(telegram, contact, phone, kept):
    say(telegram, contact=contact)
    said = telegram.last.content
    assert said.get("phone") == phone
    assert said["extra"].get("shared_contact") == kept
    assert said["message"]


def test_files_are_kept_by_their_id(telegram):
    say(telegram, caption="My roof", photo=[{"file_id": "small"}, {"file_id": "large"}])
    assert (telegram.last.content["message"], telegram.last.content["attachments"]) == (
        "My roof",
        [{"type": "photo", "file_id": "large"}],
    )
    say(telegram, number=2, document={"file_id": "doc", "file_name": "plan.pdf"})
    assert telegram.last.content["attachments"] == [{"type": "document", "file_id": "doc", "name": "plan.pdf"}]


def test_a_pressed_button_is_a_word(telegram):
    pressed = {"id": "1", "from": OLGA, "data": "Get a quote", "message": {"chat": CHAT, "date": 1697043223}}
    body = json.dumps({"update_id": 3, "callback_query": pressed}).encode()
    telegram.post("bot", body, Content_Type="application/json", X_Telegram_Bot_Api_Secret_Token="tg_Secret-1")
    assert telegram.last.content["message"] == "Get a quote"


@pytest.mark.parametrize(
    "said",
    [
        {"text": "hi", "from": {**OLGA, "is_bot": True}},
        {"text": "hi", "chat": {"id": -100, "type": "supergroup"}},
        {"new_chat_members": [OLGA]},
        {"text": ""},
        {"from": None, "text": "hi"},
    ],
)
def test_what_is_nobodys_word_is_answered_and_forgotten(telegram, said):
    assert say(telegram, **said).status_code == 200
    assert telegram.heard == []


@pytest.mark.parametrize(
    "update", [{"update_id": 7, "edited_message": {"text": "hi"}}, {"update_id": 7, "channel_post": {}}, {"update_id": 7}]
)
def test_other_updates_are_answered_and_forgotten(telegram, update):
    body = json.dumps(update).encode()
    answer = telegram.post("bot", body, Content_Type="application/json", X_Telegram_Bot_Api_Secret_Token="tg_Secret-1")
    assert (answer.status_code, telegram.heard) == (200, [])


def test_an_update_sent_again_is_one_and_a_wrong_token_is_refused(telegram):
    say(telegram, text="hi")
    say(telegram, text="hi")
    assert [each.external_id for each in telegram.heard] == ["telegram:1"]
    assert say(telegram, token="tg_Secret-2", text="hi").status_code == 403


@pytest.mark.parametrize(
    ("said", "words", "file"),
    [
        ({"text": "Привіт 🏠 " + "x" * 4000}, "Привіт 🏠 " + "x" * 4000, None),
        ({"location": {"latitude": 50.45, "longitude": 30.52}}, "Shared a place: 50.45, 30.52", None),
        (
            {"venue": {"title": "Home", "address": "Main St 1"}, "location": {"latitude": 50.45, "longitude": 30.52}},
            "Shared a place: Home, Main St 1, 50.45, 30.52",
            None,
        ),
        ({"dice": {"emoji": "🎲", "value": 3}}, "🎲", None),
        ({"poll": {"id": "1", "question": "Tile or metal?", "options": []}}, "Tile or metal?", None),
        ({"web_app_data": {"data": '{"roof": "tile"}', "button_text": "Send"}}, '{"roof": "tile"}', None),
        ({"story": {"chat": {}, "id": 1}}, "Sent a story.", None),
        ({"sticker": {"file_id": "s1", "emoji": "👍"}}, None, "sticker"),
        ({"voice": {"file_id": "v1", "duration": 3}}, None, "voice"),
        ({"video_note": {"file_id": "n1"}}, None, "video_note"),
        ({"animation": {"file_id": "a1"}, "document": {"file_id": "a1"}, "caption": "Look"}, "Look", "document"),
        ({"text": "forwarded", "forward_origin": {"type": "user"}, "reply_to_message": {"text": "old"}}, "forwarded", None),
        ({"text": "typed", "entities": [{"type": "bold"}], "link_preview_options": {}}, "typed", None),
    ],
)
def test_whatever_a_person_sends_is_a_message(telegram, said, words, file):
    say(telegram, **said)
    heard = telegram.last.content
    assert heard.get("message") == words
    assert [each["type"] for each in heard.get("attachments", [])][:1] == ([file] if file else [])


@pytest.mark.parametrize(
    "service",
    [
        "left_chat_member",
        "pinned_message",
        "group_chat_created",
        "message_auto_delete_timer_changed",
        "users_shared",
        "forum_topic_created",
    ],
)
def test_what_telegram_tells_of_the_chat_is_nobodys_word(telegram, service):
    assert say(telegram, **{service: {"x": 1}}).status_code == 200
    assert telegram.heard == []


@pytest.mark.parametrize(
    "kind",
    [
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_message",
        "my_chat_member",
        "chat_member",
        "message_reaction",
        "inline_query",
        "poll",
        "new_kind",
    ],
)
def test_updates_of_other_kinds_are_answered(telegram, kind):
    inside = {"message_id": 1, "from": OLGA, "chat": CHAT, "date": 1697043223, "text": "hi"}
    body = json.dumps({"update_id": 9, kind: inside}).encode()
    answer = telegram.post("bot", body, Content_Type="application/json", X_Telegram_Bot_Api_Secret_Token="tg_Secret-1")
    assert (answer.status_code, telegram.heard) == (200, [])


@pytest.mark.parametrize("wrong", [{"from": {"id": 5}}, {"from": {**OLGA, "first_name": None, "language_code": 7}}, {"date": None}, {"date": "soon"}, {"photo": [{}]}, {"photo": "x"}, {"contact": "x"}, {"location": {"latitude": None}}, {"chat": {**CHAT, "type": None}}, {"from": {**OLGA, "id": "987654321"}}])  # fmt: skip
def test_missing_null_and_odd_fields_hide_no_message(telegram, wrong):
    assert say(telegram, **{"text": "hi", **wrong}).status_code == 200
    assert [each.content["message"] for each in telegram.heard] == (["hi"] if wrong.get("chat", {}).get("type", 1) else [])


def test_what_cannot_be_read_is_kept_and_holds_back_nothing(telegram):
    for body in (b"{", b"[]", b"{}"):
        answer = telegram.post("bot", body, Content_Type="application/json", X_Telegram_Bot_Api_Secret_Token="tg_Secret-1")
        assert answer.status_code == 200
    assert {each.event for each in telegram.heard} == {"unreadable"}
