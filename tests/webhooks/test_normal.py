"""Phones, addresses, texts and instants as strangers write them."""

import pytest

from config import normal
from config.lead import common_lead, full_name, tracking
from webhooks import limits
from webhooks.limits import household


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(512) 555-0143", "US", "+15125550143"),
        ("512.555.0143", "US", "+15125550143"),
        ("1-650-555-0123", "US", "+16505550123"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("0171 1234567", "DE", "+491711234567"),
        ("0049 171 1234567", "DE", "+491711234567"),
        ("whatsapp:+491711234567", "US", "+491711234567"),
        ("p:+15125550143", "US", "+15125550143"),
        ("tel:+1-512-555-0143", "US", "+15125550143"),
        ("+266696687", "US", None),
        ("+7378742833", "US", None),
        ("7378742833", "US", None),
        ("266696687", "ES", None),
        ("anonymous", "US", None),
        ("Restricted", "US", None),
        ("client:bob", "US", None),
        ("sip:bob@example.com", "US", None),
        ("+1 (555) abc", "US", None),
        ("1" * 40, "US", None),
        ("+15125550143" + " " * 100_000, "US", "+15125550143"),
        ("☎️", "US", None),
        ("", "US", None),
        ("911", "US", None),
        ("＋１ ５１２ ５５５ ０１４３", "US", "+15125550143"),
        ("\u202a+1\u00a0512\u2011555\u20110143\u202c", "US", "+15125550143"),
        ("512 555 0143 / 512 555 0144", "US", "+15125550143"),
        ("5125550143 or 5125550144", "US", "+15125550143"),
        ("0044 20 7946 0958", "US", "+442079460958"),
        ("00", "US", None),
        ("5550143", "ZZ", None),
    ],
)
def test_phone(text, region, expected):
    assert normal.phone(text, region) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Maria.Nunez@Example.com ", "maria.nunez@example.com"),
        ("dana+roof@example.com", "dana+roof@example.com"),
        ("mailto:dana@example.com", "dana@example.com"),
        ("a@b", None),
        ("x@y\r\nBcc: z@z.example", None),
        ("dana@example.com, tom@example.com", None),
        ("@", None),
        ("", None),
        ("a" * 300 + "@example.com", None),
        ("dana@exa mple.com", None),
        ("ＤＡＮＡ＠example.com", "dana@example.com"),
        ("dana@example.com\u200b", "dana@example.com"),
        ("<dana@example.com>", "dana@example.com"),
        ("dana@example.com.", "dana@example.com"),
        ("dana@XN--EXMPLE-CUA.com", "dana@exämple.com"),
        ("dıana@example.com", "dıana@example.com"),
    ],
)
def test_email(text, expected):
    assert normal.email(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2015-02-28T08:49:14+0000", "2015-02-28T08:49:14Z"),
        ("Tue, 29 Sep 2026 10:00:00 +0000", "2026-09-29T10:00:00Z"),
        (1440120384, "2015-08-21T01:26:24Z"),
        (1700000000123, "2023-11-14T22:13:20.123Z"),
        (1696448862018, "2023-10-04T19:47:42.018Z"),
        ("2018-02-19T13:41:00.236-05:00", "2018-02-19T18:41:00.236Z"),
        ("2023-11-14 22:13:20", "2023-11-14T22:13:20Z"),
        ("1697043223", "2023-10-11T16:53:43Z"),
        ("2026-11-24T10:00:00-06:00", "2026-11-24T16:00:00Z"),
        ("yesterday", None),
        ("", None),
        (None, None),
        ({}, None),
        ("9" * 30, None),
    ],
)
def test_instant(value, expected):
    assert normal.instant(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        (" Zoë \u202egnirts\u2066 ", "Zoë gnirts"),
        ("x\x00\x1b[31my\ud800z", "x[31myz"),
        ("👩\u200d👧", "👩\u200d👧"),
        (7, "7"),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_clean_text(value, expected):
    assert normal.clean_text(value) == expected


def test_a_line_is_one_line_and_never_too_long():
    assert normal.clean_line("a\n\tb   c") == "a b c"
    assert len(normal.clean_line("x" * 10_000)) == normal.LONGEST_VALUE
    assert len(normal.clean_text("x" * 10_000)) == normal.LONGEST_TEXT


def test_ids_are_texts():
    assert normal.identifier(123456789012345678901) == "123456789012345678901"
    assert [normal.identifier(odd) for odd in (None, True, 1.5, [], {})] == [""] * 5


def test_the_common_lead_leaves_out_what_is_empty():
    assert common_lead(name="", phone=None, extra={"a": "", "b": {}}, is_test=False, seconds=0) == {
        "is_test": False,
        "seconds": 0,
    }


def test_a_name_is_never_split_and_only_joined_when_it_came_apart():
    assert full_name("Dana Cole", "Dana", "Cole") == "Dana Cole"
    assert full_name("", "Dana", "Cole") == "Dana Cole"
    assert full_name("", "Dana", "") == "Dana"


def test_a_broken_page_address_is_no_obstacle():
    assert tracking({}, "http://[broken?utm_source=x") == {}
    assert tracking({}, "https://a.example/?" + "a=1&" * 500) == {}


def test_a_bucket_refills_evenly_and_forgets_the_longest_unseen():
    seconds = [0.0]
    buckets = limits.Buckets(lambda: seconds[0])
    assert [buckets.seconds_to_wait("dana", 2) for _ in range(3)] == [0.0, 0.0, 30.0]
    seconds[0] += 30
    assert [buckets.seconds_to_wait("dana", 2) for _ in range(2)] == [0.0, 30.0]
    seconds[0] += 3600
    assert [buckets.seconds_to_wait("dana", 2) for _ in range(3)] == [0.0, 0.0, 30.0]
    for n in range(limits.MOST_BUCKETS):
        buckets.seconds_to_wait(f"stranger {n}", 2)
    assert buckets.seconds_to_wait("dana", 2) == 0.0


@pytest.mark.parametrize(
    ("number", "zone"),
    [("+15125550143", "America/Chicago"), ("+491711234567", "Europe/Berlin"), ("+18005550123", None), ("+79161234567", None)],
)
def test_a_number_tells_the_time_zone_only_where_there_is_one(number, zone):
    assert normal.zone_of(number) == zone
    assert common_lead(phone=number).get("zone") == zone


def test_the_zone_a_form_names_wins_if_there_is_such_a_zone():
    assert normal.zone("Asia/Tokyo") == "Asia/Tokyo"
    assert [normal.zone(odd) for odd in ("Mars/Olympus", "../etc/passwd", "", "CST")] == [None] * 4
    assert common_lead(phone="+15125550143", zone="Asia/Tokyo")["zone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False), ("2001:db8:1:2::7", "2001:db8:1:2:ffff::8", True), ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True), ("fe80::1%eth0", "fe80::2%eth1", True), ("no address", "none: at all", False),
    ],
)  # fmt: skip
def test_whoever_has_a_whole_network_of_addresses_counts_as_one(one, other, same):
    assert (household(one) == household(other)) is same
