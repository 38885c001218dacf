"""Which addresses set by users are called: every notation, every reserved network, and names that lead elsewhere."""

from ipaddress import ip_address

import pytest

from config.outgoing import AddressRefused, Guard, Target, is_public
from config.settings import Settings, SettingsError

PUBLIC = "93.184.215.14"


def leads_to(*addresses: str):
    return lambda host, port: addresses


def as_written(host: str, port: int) -> list[str]:
    """A name server that knows nothing: literals only."""
    return [str(ip_address(host))]


OPEN = Guard(resolve=leads_to(PUBLIC))

ODD_ADDRESSES = """
https://2130706433/ https://0x7f000001/ https://0x7f.1/ https://0177.0.0.1/ https://017700000001/ https://127.1/ https://127.0.1/
https://0/ https://0x/ https://1.2.3.4.5/ https://example.0x7f/ https://256.1.1.1/ https://[fe80::1%25eth0]/ https://[fe80::1%eth0]/
https://[::1%lo]/ https://[::1 https://::1/ https://user@example.com/ https://example.com@127.0.0.1/ https://user:pass@example.com/
https://@example.com/ https://example.com:0/ https://example.com:99999/ https://example.com:x/ https:///path https://exa..mple.com/
https://-example.com/ https://example-.com/ https://１２７.0.0.1/ https://ⓔxample.com/ https://exämple.com/ https:example.com
//example.com/ example.com ftp://example.com/ file:///etc/passwd gopher://example.com/ javascript:alert(1) unix:///run/x.sock
"""
ODD = [
    *ODD_ADDRESSES.split(),
    "https://exam\tple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com\n/",
    " https://example.com/",
    "",
    "https://a/" + "x" * 2000,
]


@pytest.mark.parametrize("url", ODD)
def test_an_address_that_two_readers_may_read_differently_is_refused(url):
    assert OPEN.fault(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://EXAMPLE.com:443/a?b=c#d",
        "https://example.com.:8443/",
        f"https://{PUBLIC}/",
        "https://xn--exmple-cua.com/hook",
        "https://[2606:4700::6810:84e5]/",
        "https://3com.com/",
        "https://a_b.example.com/",
    ],
)
def test_a_public_host_is_called(url):
    assert OPEN.fault(url) is None


RESERVED_ADDRESSES = """
127.0.0.1 127.255.255.255 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.0.1 100.64.0.1
100.127.255.255 192.0.0.1 192.0.0.192 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 192.88.99.1 :: ::1 ::7f00:1 ::ffff:7f00:1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2001:2::1 100::1
fc00::1 fd00:ec2::254 fd12:3456:789a::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 3fff::1 5f00::1
"""
RESERVED = RESERVED_ADDRESSES.split()


@pytest.mark.parametrize("address", RESERVED)
def test_a_name_that_leads_into_a_private_or_reserved_network_is_refused(address):
    assert "private or reserved network" in (Guard(resolve=leads_to(address)).fault("https://hooks.example.com/") or "")
    assert "private or reserved network" in (Guard(resolve=leads_to(PUBLIC, address)).fault("https://hooks.example.com/") or "")


@pytest.mark.parametrize("address", RESERVED)
def test_so_is_the_address_itself(address):
    host = f"[{address}]" if ":" in address else address
    assert Guard(resolve=as_written).fault(f"https://{host}/")


@pytest.mark.parametrize(
    "address",
    [PUBLIC, "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"],
)
def test_neighbours_of_reserved_networks_are_public(address):
    assert is_public(ip_address(address))


def test_http_and_odd_ports_are_for_the_list_only():
    listed = Guard(("crm.internal", "10.1.0.0/16"), resolve=leads_to("10.2.0.9"))
    assert listed.fault("http://crm.internal:8080/hook") is None
    assert "https://" in (listed.fault("http://elsewhere.internal/hook") or "")
    assert "private" in (listed.fault("https://elsewhere.internal/hook") or "")
    by_network = Guard(("10.1.0.0/16",), resolve=leads_to("10.1.0.9"))
    assert by_network.fault("http://anything.internal:8080/") is None
    assert "https://" in (Guard(("10.1.0.0/16",), resolve=leads_to("10.1.0.9", PUBLIC)).fault("http://half.example.com/") or "")
    assert "port 22" in (OPEN.fault("https://example.com:22/") or "")


def test_a_name_that_is_not_known_is_a_fault_when_asked_for_and_the_form_can_be_looked_at_alone():
    def nobody(host, port):
        raise OSError("no such host")

    assert "no address" in (Guard(resolve=nobody).fault("https://gone.example.com/") or "")
    assert Guard(resolve=nobody).fault("https://gone.example.com/", asks_names=False) is None
    assert Guard(resolve=nobody).fault("http://gone.example.com/", asks_names=False)
    assert Guard(resolve=as_written).fault("https://169.254.169.254/", asks_names=False)
    assert "no address" in (Guard(resolve=leads_to()).fault("https://gone.example.com/") or "")


def test_a_name_is_asked_for_once_per_check_and_a_plain_address_that_is_refused_never():
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    guard = Guard(resolve=rebinding)
    target, addresses = guard.check("https://rebind.example.com/hook?x=1#part")
    assert (target, addresses) == (Target("https", "rebind.example.com", 443, "/hook?x=1"), (PUBLIC,))
    assert asked == ["rebind.example.com"]
    with pytest.raises(AddressRefused):
        guard.check("https://rebind.example.com/hook")
    assert guard.fault("http://rebind.example.com/") and len(asked) == 2


def test_a_refusal_quotes_nothing_that_may_be_secret():
    for url in (
        "https://hooks.internal/T0KEN",
        "http://hooks.internal/T0KEN",
        "https://x:T0KEN@hooks.internal/",
        "https://127.1/T0KEN",
    ):
        assert "T0KEN" not in (Guard(resolve=leads_to("10.0.0.1")).fault(url) or pytest.fail(f"{url} was let through"))


def test_the_list_is_read_from_the_environment(tmp_path):
    environ = {"HEADROOM_ALLOW_PRIVATE_URLS": "CRM.internal, 10.1.0.0/16,127.0.0.1 ,fd00::/8"}
    assert Settings.read(environ, None, role="check").private_urls == ("crm.internal", "10.1.0.0/16", "127.0.0.1", "fd00::/8")
    for wrong in ("http://crm.internal", "10.1.0.0/99", "127.1", "*", "crm internal"):
        with pytest.raises(SettingsError, match="no host, address or network"):
            Settings.read({"HEADROOM_ALLOW_PRIVATE_URLS": wrong}, None, role="check")
