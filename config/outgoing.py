"""The guard in front of every address that a user can set: which URLs may be called, and which IP addresses they may lead to.

A URL is checked when it is set (`Guard.fault`), and again at every call (`Guard.check`): config/outgoing_call.py then dials
exactly the addresses that were checked. The networks are those of IANA's special-purpose address registries.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

SETTING = "HEADROOM_ALLOW_PRIVATE_URLS"
_USUAL_PORTS = {"https": 443, "http": 80}
PORTS = (443, 8443)  # of public hosts; those on the list may listen anywhere
LONGEST_URL = 2000
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")
_ENDS_IN_A_NUMBER = re.compile(
    r"(\A|\.)(0x[0-9a-f]*|[0-9]+)\Z"
)  # the URL standard's sign of an IPv4 address, in whatever notation
_NO_PLACE_IN_A_URL = re.compile(r"[^\x21-\x7e]|\\")
# `is_global` leaves some of these out in one version of Python or another
_NOT_PUBLIC_4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 "
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
_NOT_PUBLIC_6 = (  # all forms that carry an IPv4 address (mapped, compatible, translated, NAT64, Teredo, 6to4) are among them
    "::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/63 2001::/23 2001:db8::/32 2002::/16 3fff::/20 "
    "5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
)
_NOT_PUBLIC = tuple(ip_network(text) for text in (*_NOT_PUBLIC_4.split(), *_NOT_PUBLIC_6.split()))


class AddressRefused(Exception):
    """This address is not called: nothing has left the machine. The text says why and how to mend it, and quotes no path."""


class NoAddress(AddressRefused):
    """The host has no address at this moment: the name server may be away. It may have one later."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once, so that nobody reads it differently later."""

    scheme: str
    host: str
    port: int
    path: str  # with the query, without the fragment

    @property
    def usual_port(self) -> int:
        """The port that is left out of a URL."""
        return _USUAL_PORTS[self.scheme]


def _ask_the_system(host: str, port: int) -> Sequence[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Guard:
    """`allowed`: hosts and networks (`crm.internal`, `10.1.0.0/16`, `127.0.0.1`) that may be private, speak http and use any port."""

    allowed: tuple[str, ...] = ()
    resolve: Resolve = field(default=_ask_the_system, compare=False)

    def fault(self, url: str, *, asks_names: bool = True) -> str | None:
        """What is wrong with a URL at the moment it is set, None if nothing is. `asks_names=False`: look at its form only."""
        try:
            target = in_parts(url)
            if asks_names or network_of(target.host):
                self.addresses(target)
            elif not self.allowed:
                _refuse_plain(target)
        except AddressRefused as refusal:
            return str(refusal)
        return None

    def check(self, url: str) -> tuple[Target, tuple[str, ...]]:
        """The URL in parts and the addresses of its host now: dial one of these and nothing else. Raises AddressRefused."""
        target = in_parts(url)
        return target, self.addresses(target)

    def addresses(self, target: Target) -> tuple[str, ...]:
        """Where the host is now. Raises AddressRefused if a single one of its addresses is neither public nor on the list."""
        if not self.allowed:
            _refuse_plain(target)  # before any name server hears of it
        try:
            found = [ip_address(text) for text in dict.fromkeys(self.resolve(target.host, target.port))]
        except (OSError, UnicodeError, ValueError) as error:
            raise NoAddress(f"the host {target.host} has no address now") from error
        if not found:
            raise NoAddress(f"the host {target.host} has no address now")
        if target.host not in self.allowed and not all(self._lists(address) for address in found):
            _refuse_plain(target)
            if not all(is_public(address) or self._lists(address) for address in found):
                raise AddressRefused(f"the host {target.host} leads into a private or reserved network; {_LIST_IT}")
        return tuple(str(address) for address in found)

    def _lists(self, address: Address) -> bool:
        networks = [network_of(entry) for entry in self.allowed]
        return any(network is not None and address in network for network in networks)


_LIST_IT = f"list the host in {SETTING} if that is meant"


def in_parts(url: str) -> Target:
    """The URL taken apart. Raises AddressRefused when its form leaves any doubt about who is called."""
    if len(url) > LONGEST_URL or _NO_PLACE_IN_A_URL.search(url):
        raise AddressRefused(f"write it with ASCII characters only, without blanks and backslashes, {LONGEST_URL} at most")
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme, parts.port
    except ValueError as error:
        raise AddressRefused("it is not a URL") from error
    if scheme not in _USUAL_PORTS:
        raise AddressRefused("it must begin with https://")
    if "@" in parts.netloc:
        raise AddressRefused("no user name or password before the host: put secrets where headers or keys are asked for")
    if port == 0:
        raise AddressRefused("port 0 is no port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, _host(parts.hostname or ""), port or _USUAL_PORTS[scheme], path)


def network_of(entry: str) -> Network | None:
    """The network or single address that an entry of the list names; None for a host's name."""
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def is_host_name(text: str) -> bool:
    """Is this a host's name, and no address in some notation?"""
    return bool(_HOST_NAME.match(text)) and not _ENDS_IN_A_NUMBER.search(text)


def is_public(address: Address) -> bool:
    """Is this an address of somebody else on the open Internet?"""
    listed = any(address in network for network in _NOT_PUBLIC if network.version == address.version)
    return address.is_global and not (listed or address.is_multicast or address.is_reserved)


def _host(name: str) -> str:
    """A name or a plainly written address; 127.1, 0x7f000001, 2130706433, 0177.0.0.1 and fe80::1%eth0 are neither."""
    name = name.removesuffix(".")
    try:
        if "%" not in name:
            return str(ip_address(name))
    except ValueError:
        if is_host_name(name):
            return name
    raise AddressRefused("its host is neither a name nor an address in the usual notation")


def _refuse_plain(target: Target) -> None:
    """What only hosts of the list may do."""
    if target.scheme != "https":
        raise AddressRefused(f"it must begin with https://; for http, {_LIST_IT}")
    if target.port not in PORTS:
        raise AddressRefused(f"port {target.port} is not called, only {' and '.join(map(str, PORTS))}; {_LIST_IT}")
