"""What keeps our ports closed to plain packets when no IPsec daemon runs: policies of the kernel, for ``ip -batch``.

Guarantees: pure. Packets from or to our two ports that no tunnel's policy claims are thrown away in both directions, whoever sends them; a tunnel's policies come
before these (a lower number counts more), and the daemon neither makes nor removes ours, for their selectors name ports and its do not. Packets that
stay on this machine are not looked at (``lo`` has no policies). Refuses nothing. Trusted: root, who can take the fence away.

Numbers: xfrm policies, ip-xfrm(8); strongSwan's own priorities lie below 500,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akashi.network.ipsec.model import IpAddress, TunnelEnd

PRIORITY = 2_000_000_000


def fence(own: TunnelEnd, others: Sequence[TunnelEnd]) -> str:
    """Puts the fence up; lines that are there already are replaced by the same."""
    return "".join(f"xfrm policy update {one} action block priority {PRIORITY}\n" for one in _selectors(own, others))


def fence_off(own: TunnelEnd, others: Sequence[TunnelEnd]) -> str:
    """Takes it down."""
    return "".join(f"xfrm policy delete {one}\n" for one in _selectors(own, others))


def _selectors(own: TunnelEnd, others: Sequence[TunnelEnd]) -> Iterator[str]:
    here = _single(own.host)
    anywhere = "::/0" if own.host.version == 6 else "0.0.0.0/0"
    for port in own.ports:
        yield f"dir in src {anywhere} dst {here} proto tcp dport {port}"
        yield f"dir out src {here} dst {anywhere} proto tcp sport {port}"
    for end in others:
        for port in end.ports:
            yield f"dir out src {here} dst {_single(end.host)} proto tcp dport {port}"
            yield f"dir in src {_single(end.host)} dst {here} proto tcp sport {port}"


def _single(host: IpAddress) -> str:
    return f"{host}/{host.max_prefixlen}"
