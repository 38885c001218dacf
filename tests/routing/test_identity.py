"""Who is the same person, who may be, and how the same line and mailbox are written."""

import pytest

from routing.identity import Met, Sameness, decide, fuller, keys, mailbox, named_key, phone_key, sameness, spellings


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("+551188887777", "+5511988887777"),  # Brazil, as WhatsApp still has it
        ("+5511988887777", "+5511988887777"),
        ("+551133334444", "+551133334444"),  # a landline has no ninth digit
        ("+5215512345678", "+525512345678"),  # Mexico before August 2019
        ("+525512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),  # Argentina: the 9 of a mobile, dialled from abroad
        ("+541123456789", "+541123456789"),
        ("+15125550143", "+15125550143"),
        ("+521", "+521"),
    ],
)
def test_one_line_has_one_key(written, key):
    assert phone_key(written) == key
    assert {written, key} <= set(spellings(written))
    assert {phone_key(each) for each in spellings(written)} == {key}


def test_a_stop_knows_every_spelling():
    assert spellings("+551188887777") == ("+551188887777", "+5511988887777")
    assert spellings("+525512345678") == ("+525512345678", "+5215512345678")
    assert spellings("+5491123456789") == ("+5491123456789", "+541123456789")
    assert spellings("+15125550143") == ("+15125550143",)


def test_addresses_in_their_normal_form():
    assert keys("+15125550143", "Dana.Cole@Example.COM", {"whatsapp": "551188887777", "messenger": "62000"}) == (
        ("phone", "+15125550143"),
        ("email", "dana.cole@example.com"),
        ("messenger", "62000"),
        ("whatsapp", "+5511988887777"),
    )
    assert keys(None, "ｄana@example.com", {}) == (("email", "dana@example.com"),)  # a full-width d is a d
    assert named_key(("phone", "+15125550143"), "  Dr. JOSÉ  Cole") == ("phone of", "+15125550143 jose cole")


@pytest.mark.parametrize(
    ("address", "box"),
    [
        ("dana+ads@example.com", "dana@example.com"),
        ("dana@example.com", None),
        ("+x@example.com", None),
        ("dana+@example.com", None),
    ],
)
def test_a_plus_tag_is_another_name_of_a_mailbox(address, box):
    assert mailbox(address) == box


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Dana Cole", "dana cole", Sameness.AGREE),
        ("COLE DANA", "Dana Cole", Sameness.AGREE),
        ("José López", "jose lopez", Sameness.AGREE),
        ("Dana", "Dana Cole", Sameness.AGREE),
        ("D. Cole", "Dana Cole", Sameness.AGREE),
        ("Dana Cole", "Dana Cole-Smith", Sameness.AGREE),
        ("Mrs. Dana Cole", "Dana Cole", Sameness.AGREE),
        ("李雷", "李雷", Sameness.AGREE),
        ("Işık Yılmaz", "ISIK YILMAZ", Sameness.AGREE),
        ("İbrahim Kaya", "ibrahim kaya", Sameness.AGREE),
        ("Łukasz Nowak", "Lukasz Nowak", Sameness.AGREE),
        ("Søren Bø", "SOREN BO", Sameness.AGREE),
        ("ＤＡＮＡ Cole", "Dana Cole", Sameness.AGREE),
        ("José", "Jose\u0301", Sameness.AGREE),
        ("John Cole", "Dana Cole", Sameness.DIFFER),
        ("Maria Diaz", "Tom Lee", Sameness.DIFFER),
        (None, "Dana", Sameness.UNKNOWN),
        ("12345", "Dana", Sameness.UNKNOWN),
    ],
)
def test_names(one, other, expected):
    assert sameness(one, other) is expected
    assert sameness(other, one) is expected


def test_the_fuller_name_is_kept():
    assert fuller("Dana Cole", "Dana") == "Dana Cole"
    assert fuller("Dana", "Dana Cole") == "Dana Cole"
    assert fuller("Dana Cole", "Dana Smith") == "Dana Smith"
    assert fuller(None, "Dana") == fuller("Dana", None) == "Dana"


def test_an_address_makes_the_same_person_unless_a_given_name_speaks_against_it():
    assert decide([Met(1, ("phone",), "Dana Cole")], "Dana").same == 1
    assert decide([Met(1, ("phone",), None)], "Dana").same == 1
    assert decide([Met(1, ("phone",), "Dana Cole")], None).same == 1


def test_a_shared_number_and_a_familys_mailbox_are_only_suggestions():
    assert decide([Met(1, ("phone",), "Maria Cole")], "John Cole").alike == ((1, "the same number, another name"),)
    by_mail = decide([Met(1, ("email",), "Maria Cole")], "John Cole")
    assert (by_mail.same, by_mail.alike) == (None, ((1, "the same e-mail address, another name"),))


def test_two_addresses_and_a_platforms_account_outweigh_a_name():
    assert decide([Met(1, ("phone", "email"), "Robert Cole")], "Bob Cole").same == 1
    assert decide([Met(1, ("messenger",), "Robert Cole")], "Bob").same == 1


def test_two_people_in_one_delivery_are_the_first_and_a_suggestion():
    verdict = decide([Met(1, ("phone",), "Dana"), Met(2, ("email",), "Dana")], "Dana")
    assert (verdict.same, verdict.alike) == (1, ((2, "the same e-mail address"),))


def test_a_plus_tag_is_the_same_person_where_the_names_agree_and_else_a_suggestion():
    assert decide([], "Dana Cole", weakly=[Met(1, ("mailbox",), "Dana")]).same == 1
    for name in (None, "Ana"):
        verdict = decide([], name, weakly=[Met(1, ("mailbox",), "Dana")])
        assert (verdict.same, verdict.alike) == (None, ((1, "the same mailbox but for the plus-tag"),))
