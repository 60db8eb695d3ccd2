"""The probes ``ports`` and ``lateral``: what can be connected to that should not be.

Guarantees: TCP connections only, at the target's pace, closed at once; a host that shows no sign of life (nothing open, nothing refused)
is unreached, because a silent network looks like a closed one. Refuses: more than :data:`MAX_PORTS` ports. Trusts nobody.

Options: ``ports`` = the ports that may be open from here (``8443,8444``, or ``none``); ``forbidden`` = what must not be reachable from
here (``host:port`` separated by commas), ``control`` = a ``host:port`` that must be (else the target's own address).
"""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Pace, probe
from akashi.conformity.wire.dial import Place, connect, place

MANAGEMENT = (
    21, 22, 23, 80, 111, 135, 139, 161, 389, 445, 512, 513, 514, 623, 830, 873, 1433, 1521, 2049, 2375, 2376, 3306, 3389,
    4786, 5432, 5601, 5900, 5901, 5985, 5986, 6379, 6443, 7001, 8000, 8080, 8081, 8291, 8728, 9000, 9090, 9200,
    9443, 10000, 10250, 11211, 27017,
)  # fmt: skip
"""Ports of remote management, of data stores and of management screens."""
WEB = frozenset({80, 8000, 8080})
"""Where they are allowed, a service for users may stand on them; they are no management then."""
MAX_PORTS = 256
_LIST = re.compile(r"none|[0-9]{1,5}( ?, ?[0-9]{1,5})*")


class State(Enum):
    """What a connection attempt met."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"


def look(at: Place, pace: Pace) -> State:
    """One attempt."""
    try:
        connect(at, pace, pace.patience.many_s).close()
    except Unreached as error:
        return State.REFUSED if error.params["reason"] == "refused" else State.SILENT
    return State.OPEN


def look_all(places: list[Place], pace: Pace) -> list[State]:
    """Every attempt, the waiting in parallel; the pace is kept by asking it one after the other."""
    beside, waiting = pace.beside(), []
    with ThreadPoolExecutor(16) as pool:
        for at in places:
            pace.wait()
            waiting.append(pool.submit(look, at, beside))
        states = [one.result() for one in waiting]
    if beside.ran_out_ms:
        pace.ran_out(pace.patience.many_s)
    return states


def resolves(at: Place) -> bool:
    """Whether the host is an address or a name that has one."""
    try:
        return not at.named or bool(socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM))
    except OSError:
        return False


@probe("ports", kind=TargetKind.HOST, active=True, option="ports")
def ports(target: Target, bench: Bench) -> Observed:
    """Management ports and the allowed ones."""
    text = target.options["ports"].strip()
    if not _LIST.fullmatch(text):
        raise Unreached(reason="option.ports")
    allowed = {int(one) for one in text.split(",")} if text != "none" else set()
    asked = sorted({*MANAGEMENT, *allowed})
    if len(asked) > MAX_PORTS:
        raise Unreached(reason="option.ports")
    host = _host(target)
    states = dict(zip(asked, look_all([place(host, port) for port in asked], bench.pace), strict=True))
    if all(state is State.SILENT for state in states.values()):
        raise Unreached(reason="silent")
    found = [port for port in asked if states[port] is State.OPEN]
    management = [port for port in found if port in MANAGEMENT and not (port in WEB and port in allowed)]
    facts: dict[str, Fact] = {
        "ports.checked": len(asked),
        "ports.open": tuple(str(port) for port in found),
        "ports.management": tuple(str(port) for port in management if port not in allowed),
        "ports.management_allowed": tuple(str(port) for port in management if port in allowed),
    }
    raw = {"address": target.address, "states": {str(port): state.value for port, state in states.items()}}
    return Observed(facts, json.dumps(raw).encode(), "akashi ports")


def _host(target: Target) -> str:
    """The address without its port, in brackets where it is IPv6."""
    host = place(target.address, 1).host
    return f"[{host}]" if ":" in host else host


@probe("lateral", kind=TargetKind.HOST, active=True, option="forbidden")
def lateral(target: Target, bench: Bench) -> Observed:
    """What must not be reachable, beside something that must be."""
    forbidden = [place(one.strip()) for one in target.options["forbidden"].split(",")]
    if len(forbidden) > MAX_PORTS:
        raise Unreached(reason="option.forbidden")
    if not all(map(resolves, forbidden)):
        raise Unreached(reason="forbidden.name")  # a slip of the pen would look like a closed path
    control = place(target.options.get("control", target.address), 443)
    if look(control, bench.pace) is State.SILENT:
        raise Unreached(reason="control")
    states = look_all(forbidden, bench.pace)
    if look(control, bench.pace) is State.SILENT:
        raise Unreached(reason="control")
    facts = {
        "lateral.checked": len(forbidden),
        "lateral.open": states.count(State.OPEN),
        "lateral.answered": states.count(State.REFUSED),
    }
    raw = {"forbidden": [[one.host, one.port, state.value] for one, state in zip(forbidden, states, strict=True)]}
    return Observed(facts, json.dumps(raw).encode(), "akashi lateral")
