r"""Trust files: what a verifier believes before it opens a bundle (docs/spec/trust.md).

Guarantees: strict parsing of a C2SP ``tlog-policy`` with our own ``#!`` lines. Refuses anything ambiguous: unknown ``#!``
words, names used before they are defined, a key or a member named twice. Trusted: whoever can change this file decides
what every verification on this machine believes.

>>> trust = parse_trust(b"#!genesis " + b"00" * 32 + b"\nquorum none\n")
>>> trust.quorum_met(set())
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from cryptography import x509

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.note import NoteKey, NoteKind, decode_base64, encode_base64, parse_vkey, vkey

MAX_TRUST_BYTES = 64 * 1024
MAX_ENTRIES = 32
NONE = "none"
_OCTETS = re.compile(rb"[\t\n -~\x80-\xff]*")
_GENESIS = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Group:
    """Witnessed when at least ``least`` of its ``members`` (witnesses or groups) are."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """A parsed trust file; names of witnesses and groups mean nothing outside of it."""

    logs: tuple[NoteKey, ...] = ()
    witnesses: Mapping[str, NoteKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE
    genesis: bytes | None = None
    ca_roots: tuple[bytes, ...] = ()
    tsa_roots: tuple[bytes, ...] = ()

    def quorum_met(self, cosigned: AbstractSet[str]) -> bool:
        """Whether the witnesses named in ``cosigned`` fulfil the policy."""
        return self.quorum == NONE or self._witnessed(self.quorum, cosigned)

    def _witnessed(self, name: str, cosigned: AbstractSet[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigned
        return sum(self._witnessed(member, cosigned) for member in group.members) >= group.least


def parse_trust(data: bytes) -> Trust:
    """Strictly parse a trust file. Raises :class:`EncodingError` ``trust.format``."""
    if len(data) > MAX_TRUST_BYTES or not _OCTETS.fullmatch(data) or not data.endswith(b"\n"):
        raise EncodingError("trust.format")
    parser = _Parser()
    # latin-1 keeps every octet apart: names are opaque (C2SP tlog-policy, "Character set")
    for row in data.decode("latin-1").split("\n"):
        words = _BLANKS.split(row.strip(" \t"))
        if words[0].startswith("#!") or (words[0] and not words[0].startswith("#")):
            parser.take(words)
    return parser.finish()


def _refuse() -> EncodingError:
    return EncodingError("trust.format")


class _Parser:
    """Collects one file; each ``_<word>`` method takes the items after that word."""

    def __init__(self) -> None:
        self._logs: list[NoteKey] = []
        self._witnesses: dict[str, NoteKey] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum: str | None = None
        self._genesis: bytes | None = None
        self._roots: dict[str, list[bytes]] = {"#!ca-root": [], "#!tsa-root": []}

    def take(self, words: Sequence[str]) -> None:
        """One line that is not a comment."""
        word, items = words[0], words[1:]
        if word == "log":
            self._log(items)
        elif word == "witness":
            self._witness(items)
        elif word == "group":
            self._group(items)
        elif word == "quorum":
            self._set_quorum(items)
        elif word == "#!genesis":
            self._set_genesis(items)
        elif word in self._roots:
            self._root(self._roots[word], items)
        else:
            raise _refuse()

    def finish(self) -> Trust:
        """The whole file, if it is complete."""
        if self._quorum is None or not (self._logs or self._genesis):
            raise _refuse()
        if max(len(self._logs), len(self._witnesses), len(self._groups)) > MAX_ENTRIES:
            raise _refuse()
        ca_roots, tsa_roots = (tuple(self._roots[word]) for word in ("#!ca-root", "#!tsa-root"))
        return Trust(tuple(self._logs), self._witnesses, self._groups, self._quorum, self._genesis, ca_roots, tsa_roots)

    @staticmethod
    def _key(text: str, kind: NoteKind) -> NoteKey:
        try:
            key = parse_vkey(text)
        except EncodingError as error:
            raise _refuse() from error
        if key.kind is not kind:
            raise _refuse()
        return key

    def _fresh(self, name: str) -> None:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise _refuse()

    def _known(self, name: str) -> bool:
        return name in self._witnesses or name in self._groups

    def _log(self, items: Sequence[str]) -> None:
        if not 1 <= len(items) <= 2:
            raise _refuse()
        key = self._key(items[0], NoteKind.ED25519)
        if key.public in [other.public for other in self._logs]:
            raise _refuse()
        self._logs.append(key)

    def _witness(self, items: Sequence[str]) -> None:
        if not 2 <= len(items) <= 3:
            raise _refuse()
        self._fresh(items[0])
        key = self._key(items[1], NoteKind.COSIGNATURE)
        if key.public in [other.public for other in self._witnesses.values()]:
            raise _refuse()
        self._witnesses[items[0]] = key

    def _group(self, items: Sequence[str]) -> None:
        if len(items) < 3:
            raise _refuse()
        name, rule, members = items[0], items[1], tuple(items[2:])
        self._fresh(name)
        for member in members:
            if not self._known(member) or member in self._members:
                raise _refuse()
            self._members.add(member)
        if rule not in {"any", "all"} and not _COUNT.fullmatch(rule):
            raise _refuse()
        least = {"any": 1, "all": len(members)}.get(rule) or int(rule)
        if least > len(members):
            raise _refuse()
        self._groups[name] = Group(least, members)

    def _set_quorum(self, items: Sequence[str]) -> None:
        if len(items) != 1 or self._quorum is not None or not (items[0] == NONE or self._known(items[0])):
            raise _refuse()
        self._quorum = items[0]

    def _set_genesis(self, items: Sequence[str]) -> None:
        if len(items) != 1 or self._genesis is not None or not _GENESIS.fullmatch(items[0]):
            raise _refuse()
        self._genesis = bytes.fromhex(items[0])

    @staticmethod
    def _root(roots: list[bytes], items: Sequence[str]) -> None:
        der = decode_base64(items[0]) if len(items) == 1 else None
        try:
            x509.load_der_x509_certificate(der or b"")
        except (ValueError, x509.InvalidVersion) as error:
            raise _refuse() from error
        roots.append(der or b"")
        if len(roots) > MAX_ENTRIES:
            raise _refuse()


def add_logs(data: bytes, keys: Sequence[NoteKey]) -> bytes:
    """A trust file with a ``log`` line more for each key that it lacks; all other lines stay as they are.

    Beyond the 32 that a file may hold the oldest ``log`` lines give way. Raises ``EncodingError`` ``trust.format``.
    """
    trust = parse_trust(data)
    known = {key.public for key in trust.logs}
    fresh = [key for key in keys[-MAX_ENTRIES:] if key.public not in known]
    if len(trust.logs) + len(fresh) > MAX_ENTRIES:
        return format_trust(replace(trust, logs=(*trust.logs, *fresh)[-MAX_ENTRIES:]))
    added = data + "".join(f"log {vkey(key.name, key.kind, key.public)}\n" for key in fresh).encode("latin-1")
    parse_trust(added)
    return added


def format_trust(trust: Trust) -> bytes:
    """A trust file for ``trust``; names are octets in latin-1 as :func:`parse_trust` gives them."""
    rows = [f"log {vkey(key.name, key.kind, key.public)}" for key in trust.logs]
    rows += [f"witness {name} {vkey(key.name, key.kind, key.public)}" for name, key in trust.witnesses.items()]
    rows += [f"group {name} {group.least} {' '.join(group.members)}" for name, group in trust.groups.items()]
    rows.append(f"quorum {trust.quorum}")
    if trust.genesis is not None:
        rows.append(f"#!genesis {trust.genesis.hex()}")
    rows += [f"#!ca-root {encode_base64(der)}" for der in trust.ca_roots]
    rows += [f"#!tsa-root {encode_base64(der)}" for der in trust.tsa_roots]
    data = "".join(row + "\n" for row in rows).encode("latin-1")
    parse_trust(data)
    return data
