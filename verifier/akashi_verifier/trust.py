r"""The trust file of `docs/spec/trust.md`: what is believed before a bundle is opened.

Guarantees: a file that is accepted has one meaning. Refuses: unknown words, undefined or doubled names (`trust.format`).
Trusts: the file; whoever can change it decides what this program calls verified.

>>> parse(b"quorum none\n#!genesis " + b"00" * 32 + b"\n").quorum_met(set())
True
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509

from akashi_verifier import Failure, demand
from akashi_verifier.note import COSIGNER, LOG, Key, exact_base64, parse_vkey

MAX_FILE = 65_536
MAX_EACH = 32
_OCTETS = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(slots=True)
class Trust:
    """Believed keys and roots; `groups` maps a name to (threshold, members), in order of definition."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str | None = None
    genesis: bytes | None = None
    ca_roots: list[bytes] = field(default_factory=list)
    tsa_roots: list[bytes] = field(default_factory=list)

    def quorum_met(self, cosigned: set[Key]) -> bool:
        """Whether these witnesses' cosignatures satisfy the quorum line."""
        if self.quorum == "none":
            return True
        witnessed = {name: key in cosigned for name, key in self.witnesses.items()}
        for name, (threshold, members) in self.groups.items():
            witnessed[name] = sum(witnessed[member] for member in members) >= threshold
        return witnessed[self.quorum or ""]


def parse(data: bytes) -> Trust:
    """Parse a trust file (raises `trust.format`)."""
    demand(len(data) <= MAX_FILE, "trust.format", "size")
    demand(_OCTETS.fullmatch(data) is not None, "trust.format", "octets")
    demand(data.endswith(b"\n"), "trust.format", "last line")
    trust, members = Trust(), set[str]()
    for number, line in enumerate(data.decode("latin-1").split("\n"), 1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or (words[0].startswith("#") and not words[0].startswith("#!")):
            continue
        reader = _READERS.get(words[0])
        if reader is None:
            raise Failure("trust.format", f"line {number}")
        reader(trust, words[1:], members)
    demand(trust.quorum is not None, "trust.format", "quorum")
    demand(bool(trust.logs) or trust.genesis is not None, "trust.format", "log")
    sizes = (trust.logs, trust.witnesses, trust.groups, trust.ca_roots, trust.tsa_roots)
    demand(all(len(each) <= MAX_EACH for each in sizes), "trust.format", "limits")
    return trust


def _log(trust: Trust, words: list[str], _members: set[str]) -> None:
    demand(len(words) in (1, 2), "trust.format", "log")
    key = parse_vkey(words[0], "trust.format")
    demand(key.type == LOG, "trust.format", "log")
    demand(all(other.public != key.public for other in trust.logs), "trust.format", "log")
    trust.logs.append(key)


def _new_name(trust: Trust, name: str) -> None:
    taken = name == "none" or name in trust.witnesses or name in trust.groups
    demand(not taken, "trust.format", "name")


def _witness(trust: Trust, words: list[str], _members: set[str]) -> None:
    demand(len(words) in (2, 3), "trust.format", "witness")
    _new_name(trust, words[0])
    key = parse_vkey(words[1], "trust.format")
    demand(key.type == COSIGNER, "trust.format", "witness")
    demand(all(other.public != key.public for other in trust.witnesses.values()), "trust.format", "witness")
    trust.witnesses[words[0]] = key


def _group(trust: Trust, words: list[str], members: set[str]) -> None:
    demand(len(words) >= 3, "trust.format", "group")
    name, threshold, listed = words[0], words[1], words[2:]
    _new_name(trust, name)
    for member in listed:
        demand(member in trust.witnesses or member in trust.groups, "trust.format", "group")
        demand(member not in members, "trust.format", "group")
        members.add(member)
    if threshold in ("any", "all"):
        count = 1 if threshold == "any" else len(listed)
    else:
        demand(_COUNT.fullmatch(threshold) is not None, "trust.format", "group")
        count = int(threshold)
    demand(1 <= count <= len(listed), "trust.format", "group")
    trust.groups[name] = (count, listed)


def _quorum(trust: Trust, words: list[str], _members: set[str]) -> None:
    demand(len(words) == 1 and trust.quorum is None, "trust.format", "quorum")
    known = words[0] == "none" or words[0] in trust.witnesses or words[0] in trust.groups
    demand(known, "trust.format", "quorum")
    trust.quorum = words[0]


def _genesis(trust: Trust, words: list[str], _members: set[str]) -> None:
    demand(len(words) == 1 and trust.genesis is None, "trust.format", "genesis")
    demand(re.fullmatch(r"[0-9a-f]{64}", words[0]) is not None, "trust.format", "genesis")
    trust.genesis = bytes.fromhex(words[0])


def _root(words: list[str]) -> bytes:
    demand(len(words) == 1, "trust.format", "root")
    raw = exact_base64(words[0], "trust.format")
    try:
        x509.load_der_x509_certificate(raw)
    except Exception:  # noqa: BLE001 - X.509 parsing fails in many classes; all mean the same here
        raise Failure("trust.format", "root") from None
    return raw


def _ca_root(trust: Trust, words: list[str], _members: set[str]) -> None:
    trust.ca_roots.append(_root(words))


def _tsa_root(trust: Trust, words: list[str], _members: set[str]) -> None:
    trust.tsa_roots.append(_root(words))


_READERS: dict[str, Callable[[Trust, list[str], set[str]], None]] = {
    "log": _log,
    "witness": _witness,
    "group": _group,
    "quorum": _quorum,
    "#!genesis": _genesis,
    "#!ca-root": _ca_root,
    "#!tsa-root": _tsa_root,
}
