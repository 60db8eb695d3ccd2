"""Who has a tunnel with whom, and what is new.

Guarantees: pure. An end is a machine, not a server: servers at one address share one. Only plain, fixed unicast addresses of one family pass, so nothing
that comes out of here can be more than an address in a file of settings. Refuses host names: what a name resolves to is for its name server to decide,
and who answers would then be no matter of the configuration. Trusts nobody.

>>> from akashi.network.model import Address
>>> rows = [Placed(1, Address("10.0.0.4", 26650, 26651)), Placed(2, Address("10.0.0.5", 26650, 26651))]
>>> own, others = machines(rows, 1)
>>> own.number, [str(one.host) for one in others]
(1, ['10.0.0.5'])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from akashi.network.ipsec.errors import AddressUnfit, Alone, AnotherSpeaks
from akashi.network.ipsec.model import IpAddress, Placed, Tunnel, TunnelChanges, TunnelEnd

Known = Mapping[int, tuple[str, tuple[int, ...], str]]
"""Number of an end to its address, its ports and its certificate's digest (hex)."""


def fixed_address(number: int, host: str) -> IpAddress:
    """The address of server ``number``. Raises :class:`AddressUnfit`: a name, a scope, or an address that is not one machine's."""
    try:
        found = ip_address(host)
    except ValueError as error:
        raise AddressUnfit(number, "name") from error
    if "%" in host or found.is_link_local:
        raise AddressUnfit(number, "scope")
    mapped = found.version == 6 and found.ipv4_mapped is not None
    if mapped or found.is_loopback or found.is_unspecified or found.is_multicast or str(found) == "255.255.255.255":
        raise AddressUnfit(number, "kind")
    return found


def machines(placed: Sequence[Placed], own: int) -> tuple[TunnelEnd, list[TunnelEnd]]:
    """The own machine and the others, by number. Raises :class:`AddressUnfit`, :class:`Alone`, :class:`AnotherSpeaks`."""
    here = next(one.address.host for one in placed if one.number == own)
    if all(one.address.host == here for one in placed):
        raise Alone
    found: dict[IpAddress, list[Placed]] = {}
    for one in sorted(placed, key=lambda row: row.number):
        found.setdefault(fixed_address(one.number, one.address.host), []).append(one)
    ends = [_end(host, rows) for host, rows in found.items()]
    mine = next(end for end in ends if end.host == fixed_address(own, here))
    if len(ends) == 1:
        raise Alone
    if mine.number != own:
        raise AnotherSpeaks(number=mine.number)
    for end in ends:
        if end.host.version != mine.host.version:
            raise AddressUnfit(end.number, "family")
    return mine, [end for end in ends if end is not mine]


def _end(host: IpAddress, rows: Sequence[Placed]) -> TunnelEnd:
    ports = {port for row in rows for port in (row.address.peer_port, row.address.node_port)}
    return TunnelEnd(rows[0].number, host, tuple(sorted(ports)))


def known(tunnels: Sequence[Tunnel]) -> Known:
    """What is compared with the last time."""
    return {one.end.number: (str(one.end.host), one.end.ports, one.certificate.digest.hex()) for one in tunnels}


def changes(before: Known, now: Known, own: int) -> TunnelChanges:
    """What is new; both include this machine's own end.

    >>> changes({1: ("10.0.0.4", (1, 2), "aa")}, {1: ("10.0.0.4", (1, 2), "aa"), 3: ("10.0.0.6", (1, 2), "cc")}, 1)
    TunnelChanges(added=(3,), removed=(), changed=(), own=False)
    """
    changed = {number for number in before.keys() & now.keys() if before[number] != now[number]}
    return TunnelChanges(
        tuple(sorted(now.keys() - before.keys() - {own})),
        tuple(sorted(before.keys() - now.keys() - {own})),
        tuple(sorted(changed - {own})),
        own=before.get(own) != now.get(own),
    )
