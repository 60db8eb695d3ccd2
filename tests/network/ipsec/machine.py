"""What runs inside a machine's namespace: a port that answers, a caller, a listener on the line. A program; the standard library is all it needs.

Guarantees: says ``ready`` before anything is expected of it; a caller gives up in time.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

ETHERNET, IPV4, IPV6, UNREACHABLE = 14, b"\x08\x00", b"\x86\xdd", 3
MULTICAST_V4, MULTICAST_V6 = range(224, 240), 0xFF
NAMES = {50: "esp", 58: "icmp6"}


def hear(host: str, port: str) -> None:
    """Answer each line with the same line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, int(port)), family=family) as door:
        print("ready", flush=True)
        while True:
            line, _ = door.accept()
            with line, suppress(OSError):  # who asked has given up: the next one is answered
                line.settimeout(20)
                line.sendall(line.recv(1024))


def say(host: str, port: str, word: str, seconds: str) -> None:
    """Print what comes back."""
    try:
        with socket.create_connection((host, int(port)), int(seconds)) as line:
            line.sendall(word.encode())
            print(line.recv(1024).decode())
    except OSError:
        print("unreached")


def tap(interface: str, word: str) -> None:
    """Note every IP packet on a line until standard input ends: its protocol and ports, and whether it shows ``word``."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003)) as line:
        line.bind((interface, 0))
        print("ready", flush=True)
        kinds: set[str] = set()
        shown = 0
        while True:
            ready = select.select([line, sys.stdin], [], [])[0]
            if line in ready:
                frame = line.recv(65_535)
                shown += word.encode() in frame
                kinds |= {_kind(frame)} - {""}
            elif ready:
                print(json.dumps({"kinds": sorted(kinds), "shown": shown}), flush=True)
                return


def _kind(frame: bytes) -> str:
    """Empty for what is no talk between two: ARP, and an interface that says to all which groups it is in (IGMP, MLD), whenever it pleases."""
    packet, kind = frame[ETHERNET:], frame[12:14]
    if kind == IPV6:
        return "" if packet[24] == MULTICAST_V6 else _ported(packet[6], packet[40:])
    return _told(packet) if kind == IPV4 and packet[16] not in MULTICAST_V4 else ""


def _told(packet: bytes) -> str:
    """The protocol and the lower port; of an error message what it is about."""
    protocol, rest = packet[9], packet[(packet[0] & 15) * 4 :]
    if protocol == 1:
        return f"icmp about {_told(rest[8:])}" if rest[0] == UNREACHABLE else "icmp"
    return _ported(protocol, rest)


def _ported(protocol: int, rest: bytes) -> str:
    if protocol not in (6, 17):
        return NAMES.get(protocol, str(protocol))
    port = min(int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big"))
    return f"{'tcp' if protocol == 6 else 'udp'}:{port}"


if __name__ == "__main__":
    what: dict[str, Callable[..., None]] = {"hear": hear, "say": say, "tap": tap}
    what[sys.argv[1]](*sys.argv[2:])
