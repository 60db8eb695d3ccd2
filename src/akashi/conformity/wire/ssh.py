"""The ``ssh`` probe: the algorithms that an SSH server offers, read from its own KEXINIT (RFC 4253 4.2, 7.1).

Guarantees: no key exchange and no login is tried; one connection, closed after the lists. Names are bounded and must be names
(RFC 4251 6). ``ssh-audit`` is run beside it where it is installed; what it sees more is added. Refuses: anything that is not SSH.
Trusts nobody. Option: ``ssh_port``.
"""

from __future__ import annotations

import json
import re

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe
from akashi.conformity.wire.dial import Place, Reader, connect, place

MAX_READ, MAX_NAMES = 64 << 10, 100
_BANNER = re.compile(rb"SSH-([0-9]{1,2}\.[0-9]{1,2})-[\x20-\x7e]{1,200}")
_NAMES = re.compile(rb"[\x21-\x2b\x2d-\x7e]{1,64}(,[\x21-\x2b\x2d-\x7e]{1,64})*")
_LISTS = ("kex", "keys", "ciphers", "ciphers_back", "macs", "macs_back", "compression", "compression_back", "l1", "l2")


@probe("ssh", kind=TargetKind.HOST, active=True, option="ssh_port")
def ssh(target: Target, bench: Bench) -> Observed:
    """Protocol version and lists of algorithms."""
    port = target.options["ssh_port"]
    host = place(target.address, 1).host
    at = place(f"[{host}]" if ":" in host else host, int(port) if re.fullmatch("[0-9]{1,5}", port) else 0)
    with connect(at, bench.pace) as line:
        reader = Reader(line, MAX_READ, bench.pace)
        try:
            line.sendall(b"SSH-2.0-Akashi_probe\r\n")
            protocol = read_banner(reader)
            lists = read_lists(reader)
        except (TimeoutError, ConnectionError) as error:
            raise Unreached(reason="ssh") from error
    facts: dict[str, Fact] = {
        "ssh.protocol": protocol,
        "ssh.kex": lists["kex"],
        "ssh.keys": lists["keys"],
        "ssh.ciphers": _united(lists, "ciphers"),
        "ssh.macs": _united(lists, "macs"),
    }
    tool, output = _audit(at, bench, facts)
    raw = {"address": target.address, "port": at.port, "lists": lists, "ssh-audit": output}
    return Observed(facts, json.dumps(raw).encode(), tool)


def read_banner(reader: Reader) -> str:
    """The protocol version; lines before it are passed over (RFC 4253 4.2). Raises :class:`Unreached` (``ssh``)."""
    for _ in range(20):
        line = bytearray()
        while not line.endswith(b"\n"):
            one = reader.exactly(1)
            if not one or len(line) > 512:
                raise Unreached(reason="ssh")
            line += one
        found = _BANNER.fullmatch(bytes(line).rstrip(b"\r\n"))
        if found:
            return found[1].decode()
    raise Unreached(reason="ssh")


def read_lists(reader: Reader) -> dict[str, tuple[str, ...]]:
    """The name lists of the first packet, which must be a KEXINIT. Raises :class:`Unreached` (``ssh``)."""
    size = int.from_bytes(reader.exactly(4), "big")
    packet = reader.exactly(size) if 22 < size <= 35000 else b""
    if not packet or len(packet) != size or packet[1] != 20 or packet[0] >= size - 1:
        raise Unreached(reason="ssh")
    body, at, made = packet[1 : size - packet[0]], 17, {}
    for name in _LISTS:
        length = int.from_bytes(body[at : at + 4], "big")
        value = body[at + 4 : at + 4 + length]
        names = value.split(b",") if value else []
        if len(value) != length or (value and not _NAMES.fullmatch(value)) or len(names) > MAX_NAMES:
            raise Unreached(reason="ssh")
        made[name] = tuple(one.decode("ascii") for one in names)
        at += 4 + length
    if at + 5 != len(body):
        raise Unreached(reason="ssh")
    return made


def _united(lists: dict[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    """Both directions."""
    return tuple(dict.fromkeys([*lists[name], *lists[f"{name}_back"]]))


def _audit(at: Place, bench: Bench, facts: dict[str, Fact]) -> tuple[str, str]:
    """ssh-audit's sizes of host keys, where it runs; (tool, its output)."""
    program = bench.tool("ssh-audit")
    if program is None:
        return "akashi ssh", ""
    try:
        bench.pace.wait()
        _, output = bench.run(
            [program, "-j", "--skip-rate-test", "-p", str(at.port), "--", at.host], seconds=bench.patience.tool_s
        )
        text = output.decode("utf-8")
        page = json.loads(text)
        sizes = {
            f"{one['algorithm']}-{one['keysize']}"
            for one in page["key"]
            if isinstance(one.get("keysize"), int) and re.fullmatch("[!-~]{1,64}", str(one["algorithm"]))
        }
    except (Unreached, ValueError, LookupError, TypeError, AttributeError):
        return "akashi ssh", ""
    facts["ssh.key_sizes"] = tuple(sorted(sizes))
    return "akashi ssh + ssh-audit", text
