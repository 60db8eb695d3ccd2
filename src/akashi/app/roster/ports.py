"""Where the servers of a network will listen, looked at before anything is made that cannot be taken back.

Guarantees: no two servers are to listen at one place, and none on a port of the service's own (server, public page, gateways) on its machine. Refuses ports and hosts that are
none. Knows nothing of what other programs listen on: that is seen at the start. Trusts: the settings files of the home.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, load_settings, server_paths
from akashi.network.errors import HostOut, PortsOut, PortsOverlap
from akashi.network.model import Address

UNPRIVILEGED, MOST = 1024, 65_535
_HERE = "this machine"
_NAME = re.compile(
    r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?)*", re.ASCII
)
_LONGEST_NAME = 253


def require_apart(
    own: Sequence[Address], others: Sequence[Address] = (), taken: Iterable[int] = (), least: int = 1
) -> None:
    """``own``: places on this machine, where ``taken`` are others' already; ``others``: places on other machines. Raises :class:`HostOut`, :class:`PortsOut`, :class:`PortsOverlap`.

    >>> require_apart([Address("127.0.0.1", 26650, 26651)], [Address("10.0.0.5", 26650, 26651)], {8443})
    """
    if not all(_is_host(one.host) for one in (*own, *others)):
        raise HostOut
    if not all(least <= port <= MOST for one in own for port in _ports(one)):
        raise PortsOut(least=least, most=MOST)
    places = [(_HERE, port) for port in set(taken)]  # a service in its own way says so itself, when it starts
    places += [(_HERE, port) for one in own for port in _ports(one)]
    places += [(_machine(one.host, own), port) for one in others for port in _ports(one)]
    seen = set[tuple[str, int]]()
    for place in places:
        if place in seen:
            raise PortsOverlap(port=place[1])
        seen.add(place)


def service_ports(home: Path) -> set[int]:
    """The ports that ``akashi serve`` takes for this home. Raises ``HomeMissing``, ``SettingsInvalid``."""
    server = load_settings(server_paths(home).settings, ServerSettings)
    gateways = [load_settings(gateway_paths(home, one).settings, GatewaySettings) for one in gateways_in(home)]
    return {server.port, server.public_port, *(one.port for one in gateways)}


def _ports(place: Address) -> tuple[int, int]:
    return place.peer_port, place.node_port


def _is_host(text: str) -> bool:
    """An IP address, or a name after RFC 1123 section 2.1."""
    try:
        ip_address(text)
    except ValueError:
        return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None
    return True


def _machine(host: str, own: Sequence[Address]) -> str:
    """One name for each machine, as far as its addresses say."""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host.casefold() == "localhost"
    return _HERE if is_here or any(host.casefold() == one.host.casefold() for one in own) else host.casefold()
