"""Values of the tunnels between servers."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from akashi.network.model import Address

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Placed:
    """A server and where the address book says that it is."""

    number: int
    address: Address


@dataclass(frozen=True, slots=True)
class TunnelEnd:
    """One machine: the lowest number of its servers, its address, and the TCP ports of all of them, rising."""

    number: int
    host: IpAddress
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IkeCertificate:
    """A checked certificate. ``name``: how the server calls itself in IKE; ``digest``: SHA-256 of the DER; ``to_ms`` is excluded."""

    pem: bytes = field(repr=False)
    name: str
    digest: bytes
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Tunnel:
    """From this machine to another one, whose certificate is known."""

    end: TunnelEnd
    certificate: IkeCertificate


@dataclass(frozen=True, slots=True)
class TunnelChanges:
    """What is otherwise than the last time: numbers of servers, rising. ``own``: this end's address, ports or certificate."""

    added: tuple[int, ...]
    removed: tuple[int, ...]
    changed: tuple[int, ...]
    own: bool
