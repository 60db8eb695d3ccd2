"""Ports for servers of tests, so that nobody takes one between the asking and the listening.

A port that the system picks itself can be picked again, for any outgoing connection, as soon as it is let go. These
lie below all such ports, none is handed out twice by one process, and what another run of the tests may hand out is
kept apart by a name that only one process of this machine can hold and that ends with it.

>>> first, second = free_ports(2)
>>> first != second and 0 < second < 65536
True
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

_LOWEST, _HIGHEST = 16_000, 60_000
_BLOCK = 100
_PICKED_BY_THE_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")
_turn = threading.Lock()
_held: list[socket.socket] = []
_left: deque[int] = deque()


def free_ports(count: int) -> list[int]:
    """``count`` different ports of 127.0.0.1 on which nobody listens, and which nobody else is given."""
    found: list[int] = []
    with _turn:
        while len(found) < count:
            if not _left:
                _left.extend(_reserved())
            port = _left.popleft()
            if _nobody_listens(port):
                found.append(port)
    return found


def ports_in_a_row(count: int) -> int:
    """The first of ``count`` such ports that follow each other."""
    with _turn:
        while True:
            block = _reserved()
            if all(map(_nobody_listens, block[:count])):
                _left.extend(block[count:])
                return block[0]


def _nobody_listens(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _reserved() -> Sequence[int]:
    """A block of ports that is this process's until it ends; begins elsewhere in each process."""
    lowest_picked = int(_PICKED_BY_THE_SYSTEM.read_text().split()[0])
    if lowest_picked < _LOWEST + 10 * _BLOCK:  # the system picks nearly all: what is picked is then at least looked at
        lowest_picked = _HIGHEST
    starts = range(_LOWEST, lowest_picked - _BLOCK + 1, _BLOCK)
    for at in range(len(starts)):
        start = starts[(os.getpid() + at) % len(starts)]
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name.bind(f"\0akashi-tests-ports-{start}")  # Linux's abstract names: no file, and gone with the process
        except OSError:
            name.close()
        else:
            _held.append(name)
            return range(start, start + _BLOCK)
    raise AssertionError(f"no block of {_BLOCK} ports is left between {_LOWEST} and {lowest_picked}")
