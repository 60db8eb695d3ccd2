"""The ``ike`` probe: which version, mode and algorithms of IKE a VPN gateway answers to, asked by datagrams of our own.

Guarantees: IKEv1 main and aggressive mode (RFC 2409 5.1, 5.2; RFC 2408 3) and IKEv2 IKE_SA_INIT (RFC 7296 1.2) are asked for, the latter
also with weak transforms only, one dimension at a time; each is sent twice before silence counts, and a gateway that answered before and
is silent then (a limit on half-open exchanges) is ``unclear``, not clean. Replies are read strictly: cookies,
lengths and payload chain must fit. A gateway that answers nothing at all is unreached. Refuses: to go beyond the first message, so nobody
is authenticated. Trusts nobody. Whether a shared key or a certificate authenticates cannot be seen from outside: see ``ipsec_config``.

Options: ``ike_port`` (500), ``ike_id`` (the identity sent in aggressive mode).
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Pace, probe
from akashi.conformity.wire.dial import Place, place

ROUNDS, MAX_DATAGRAM = 2, 16384
IKE_PORT, NON_ESP = 500, bytes(4)
"""On every other port than 500, IKE wears the non-ESP marker (RFC 3948 2.2)."""
ENCR, PRF, INTEG, DH = 1, 2, 3, 4
MODP = {1: 768, 2: 1024, 5: 1536, 14: 2048, 15: 3072, 16: 4096, 17: 6144, 18: 8192, 22: 1024, 23: 2048, 24: 2048}
_CURVES: Mapping[int, ec.EllipticCurve] = {
    19: ec.SECP256R1(), 20: ec.SECP384R1(), 21: ec.SECP521R1(), 25: ec.SECP192R1(), 26: ec.SECP224R1(),
    28: ec.BrainpoolP256R1(), 29: ec.BrainpoolP384R1(), 30: ec.BrainpoolP512R1(),
}  # fmt: skip
NAMES: Mapping[int, Mapping[int, str]] = {
    ENCR: {1: "DES", 2: "DES", 3: "3DES", 4: "RC5", 5: "IDEA", 6: "CAST", 7: "BLOWFISH", 11: "NULL", 12: "AES-CBC",
           13: "AES-CTR", 14: "AES-CCM", 15: "AES-CCM", 16: "AES-CCM", 18: "AES-GCM", 19: "AES-GCM", 20: "AES-GCM",
           23: "CAMELLIA-CBC", 28: "CHACHA20-POLY1305"},
    PRF: {1: "MD5", 2: "SHA-1", 4: "AES-XCBC", 5: "SHA-256", 6: "SHA-384", 7: "SHA-512", 8: "AES-CMAC"},
    INTEG: {1: "MD5", 2: "SHA-1", 5: "AES-XCBC", 8: "AES-CMAC", 12: "SHA-256", 13: "SHA-384", 14: "SHA-512"},
    DH: {**{number: f"MODP-{bits}" for number, bits in MODP.items()}, 19: "ECP-256", 20: "ECP-384", 21: "ECP-521",
         25: "ECP-192", 26: "ECP-224", 28: "BRAINPOOL-256", 29: "BRAINPOOL-384", 30: "BRAINPOOL-512",
         31: "X25519", 32: "X448"},
}  # fmt: skip
_AEAD = ((20, 256), (20, 128), (28, 0))
_CBC = ((12, 256), (12, 128), (23, 256))
_GOOD: Mapping[int, Sequence[tuple[int, int]]] = {
    PRF: ((5, 0), (6, 0), (7, 0)), INTEG: ((12, 0), (13, 0), (14, 0)),
    DH: tuple((group, 0) for group in (14, 31, 19, 20, 21, 15, 16, 17, 18)),
}  # fmt: skip
_WEAK: Mapping[int, Sequence[tuple[int, int]]] = {
    ENCR: ((3, 0), (2, 0), (1, 0), (6, 128), (7, 128), (11, 0)), PRF: ((1, 0), (2, 0)), INTEG: ((1, 0), (2, 0)),
    DH: tuple((group, 0) for group in (2, 1, 5, 22, 25, 26)),
}  # fmt: skip
_COOKIE, _INVALID_KE = 16390, 17
_V1_ENCR = {1: "DES", 3: "BLOWFISH", 5: "3DES", 6: "CAST", 7: "AES-CBC"}
_V1_CIPHERS, _V1_AUTH = ((7, 256), (7, 192), (7, 128), (5, 0), (1, 0)), (1, 3)
"""AES of three sizes, 3DES, DES; pre-shared key, RSA signature."""
_V1_HASH = {1: "MD5", 2: "SHA-1", 4: "SHA-256", 5: "SHA-384", 6: "SHA-512"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One datagram that came back. ``chosen``: names of transforms; ``notice``: the number of a notification, else 0."""

    major: int
    exchange: int
    chosen: tuple[tuple[int, str], ...] = ()
    notice: int = 0
    data: bytes = field(default=b"", repr=False)

    @property
    def outcome(self) -> str:
        """``accepted`` where a proposal was chosen, else ``notified``."""
        return "accepted" if self.chosen else "notified"


@dataclass(slots=True)
class Question:
    """One first message and what became of it."""

    name: str
    offered: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    """Of IKEv2; for IKEv1 the message is in ``fixed``."""
    fixed: bytes = b""
    group: int = 14
    cookie: bytes = field(default=b"", repr=False)
    spi: bytes = field(default_factory=lambda: os.urandom(8), repr=False)
    reply: Reply | None = None
    again: int = 0

    def wire(self) -> bytes:
        """The datagram."""
        return self.spi + self.fixed if self.fixed else sa_init(self.spi, self.offered, self.group, self.cookie)

    def take(self, data: bytes) -> bool:
        """Note a reply; ``True`` where the question must be asked once more, as the gateway wants it (RFC 7296 2.6, 1.2)."""
        reply = parse(data, self.spi)
        if reply is None:
            return False
        if not self.fixed and self.again < 3 and reply.notice == _COOKIE and 1 <= len(reply.data) <= 64:
            self.cookie, self.again = reply.data, self.again + 1
            return True
        if not self.fixed and reply.notice == _INVALID_KE and len(reply.data) == 2:
            wanted = int.from_bytes(reply.data, "big")
            if (wanted, 0) in self.offered[DH] and wanted != self.group and self.again < 3:
                self.group, self.again = wanted, self.again + 1
                return True
        self.reply = reply
        return False

    @property
    def outcome(self) -> str:
        """``accepted``, ``notified`` or ``silent``."""
        return self.reply.outcome if self.reply else "silent"


def sa_init(spi: bytes, offered: Mapping[int, Sequence[tuple[int, int]]], group: int, cookie: bytes) -> bytes:
    """An IKE_SA_INIT request. ``offered``: transform type to ``(id, key bits)``; AEAD and the others become two proposals."""
    aead = [one for one in offered[ENCR] if one[0] in (18, 19, 20, 28)]
    plain = [one for one in offered[ENCR] if one not in aead]
    sets = [{ENCR: aead, PRF: offered[PRF], DH: offered[DH]}] if aead else []
    sets += [{ENCR: plain, PRF: offered[PRF], INTEG: offered[INTEG], DH: offered[DH]}] if plain else []
    proposals = b""
    for number, one in enumerate(sets, 1):
        transforms = [(kind, *value) for kind, values in one.items() for value in values]
        body = b"".join(_transform(*value, last=at == len(transforms)) for at, value in enumerate(transforms, 1))
        head = bytes([0 if number == len(sets) else 2, 0]) + (8 + len(body)).to_bytes(2, "big")
        proposals += head + bytes([number, 1, 0, len(transforms)]) + body
    payloads = [(33, proposals), (34, group.to_bytes(2, "big") + bytes(2) + public_value(group)), (40, os.urandom(32))]
    if cookie:
        payloads.insert(0, (41, b"\x00\x00" + _COOKIE.to_bytes(2, "big") + cookie))
    return message(spi, 0x20, 34, 0x08, payloads)


def _transform(kind: int, number: int, bits: int, *, last: bool) -> bytes:
    attributes = b"\x80\x0e" + bits.to_bytes(2, "big") if bits else b""
    head = bytes([0 if last else 3, 0]) + (8 + len(attributes)).to_bytes(2, "big")
    return head + bytes([kind, 0]) + number.to_bytes(2, "big") + attributes


def main_mode(transforms: Sequence[tuple[int, int, int, int, int]]) -> bytes:
    """IKEv1 main mode without its cookie. ``transforms``: encryption, key bits, hash, authentication, group."""
    return message(b"", 0x10, 2, 0, [(1, _v1_offer(transforms))])


def aggressive_mode(group: int, auth: int, identity: bytes) -> bytes:
    """IKEv1 aggressive mode without its cookie, for one group (RFC 2409 5: it cannot be negotiated)."""
    offer = [(*cipher, hashed, auth, group) for cipher in _V1_CIPHERS for hashed in _V1_HASH]
    payloads = [
        (1, _v1_offer(offer)),
        (4, public_value(group)),
        (10, os.urandom(20)),
        (5, b"\x0b\x00\x00\x00" + identity),
    ]
    return message(b"", 0x10, 4, 0, payloads)


def _v1_offers() -> list[list[tuple[int, int, int, int, int]]]:
    """Everything that main mode may be about, in datagrams that need no fragments."""
    return [
        [(*cipher, hashed, auth, group) for cipher in _V1_CIPHERS for hashed in _V1_HASH]
        for group in (14, 2, 5, 1, 15, 16, 19, 20)
        for auth in _V1_AUTH
    ]


def _v1_offer(transforms: Sequence[tuple[int, int, int, int, int]]) -> bytes:
    made = b""
    for number, (cipher, bits, hashed, auth, group) in enumerate(transforms, 1):
        values = [(1, cipher), (2, hashed), (3, auth), (4, group), (11, 1), (12, 28800)] + (
            [(14, bits)] if bits else []
        )
        body = b"".join((0x8000 | kind).to_bytes(2, "big") + value.to_bytes(2, "big") for kind, value in values)
        made += bytes([0 if number == len(transforms) else 3, 0]) + (8 + len(body)).to_bytes(2, "big")
        made += bytes([number, 1, 0, 0]) + body
    proposal = b"\x00\x00" + (8 + len(made)).to_bytes(2, "big") + bytes([1, 1, 0, len(transforms)]) + made
    return bytes.fromhex("0000000100000001") + proposal


def message(spi: bytes, version: int, exchange: int, flags: int, payloads: Sequence[tuple[int, bytes]]) -> bytes:
    """Header and payloads (RFC 7296 3.1, 3.2); ``spi`` may be empty where it is put in front later."""
    kinds = [kind for kind, _ in payloads] + [0]
    body = b"".join(
        bytes([kinds[at + 1], 0]) + (4 + len(data)).to_bytes(2, "big") + data for at, (_, data) in enumerate(payloads)
    )
    return (
        spi
        + bytes(8)
        + bytes([kinds[0], version, exchange, flags])
        + bytes(4)
        + (28 + len(body)).to_bytes(4, "big")
        + body
    )


def public_value(group: int) -> bytes:
    """A public value of the right form: nobody goes on to use it, but a gateway may check it."""
    if group in MODP:
        return b"\x00" + os.urandom(MODP[group] // 8 - 1)
    if group in _CURVES:
        point = ec.generate_private_key(_CURVES[group]).public_key()
        return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    return os.urandom(56 if group == 32 else 32)


def parse(data: bytes, spi: bytes) -> Reply | None:
    """A reply to ``spi``, or ``None`` where it is not one, byte for byte."""
    if len(data) < 28 or data[:8] != spi or int.from_bytes(data[24:28], "big") != len(data):
        return None
    kind, major, exchange, flags = data[16], data[17] >> 4, data[18], data[19]
    if (
        major not in (1, 2)
        or (major == 2 and (not flags & 0x20 or exchange != 34))
        or (major == 1 and exchange not in (2, 4, 5))
    ):
        return None
    chosen: tuple[tuple[int, str], ...] = ()
    at, notice, told, payloads = 28, 0, b"", 0
    while kind:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        payloads += 1
        if size < 4 or at + size > len(data) or payloads > 40:
            return None
        body = data[at + 4 : at + size]
        if (major, kind) in ((2, 33), (1, 1)):
            found = _chosen_v2(body) if major == 2 else _chosen_v1(body)
            if not found:
                return None
            chosen = found
        elif (major, kind) in ((2, 41), (1, 11)) and not notice:
            notice, told = _notice(body, major)
        kind, at = data[at], at + size
    if at != len(data) or not (chosen or notice):
        return None
    return Reply(major, exchange, chosen, notice, told)


def _notice(body: bytes, major: int) -> tuple[int, bytes]:
    skip = 0 if major == 2 else 4
    if len(body) < skip + 4:
        return 0, b""
    return int.from_bytes(body[skip + 2 : skip + 4], "big"), body[skip + 4 + body[skip + 1] :]


def _chosen_v2(body: bytes) -> tuple[tuple[int, str], ...]:
    """The one proposal of a response; empty where it is something else."""
    if len(body) < 8 or body[0] or int.from_bytes(body[2:4], "big") != len(body) or body[5] != 1:
        return ()
    at, made = 8 + body[6], []
    for _ in range(body[7]):
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        if size < 8 or at + size > len(body):
            return ()
        kind, number = body[at + 4], int.from_bytes(body[at + 6 : at + 8], "big")
        bits = (
            int.from_bytes(body[at + 10 : at + 12], "big")
            if body[at + 8 : at + 10] == b"\x80\x0e" and size >= 12
            else 0
        )
        name = NAMES.get(kind, {}).get(number, f"unknown-{kind}-{number}")
        made.append((kind, f"{name}-{bits}" if bits else name))
        at += size
    return tuple(made) if at == len(body) else ()


def _chosen_v1(body: bytes) -> tuple[tuple[int, str], ...]:
    """Encryption, hash and group of the first transform of a response."""
    if len(body) < 24 or int.from_bytes(body[10:12], "big") != len(body) - 8 or body[15] != 1:
        return ()
    at, values = 16 + body[14] + 8, {}
    while at + 4 <= len(body):
        kind, value = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
        values[kind & 0x7FFF] = value
        at += 4 if kind & 0x8000 else 4 + value
    if at != len(body) or not {1, 2, 4} <= set(values):
        return ()
    names = (
        _V1_ENCR.get(values[1], "unknown"),
        _V1_HASH.get(values[2], "unknown"),
        NAMES[DH].get(values[4], "unknown"),
    )
    return ((ENCR, names[0]), (PRF, names[1]), (DH, names[2]))


def ask(at: Place, questions: Sequence[Question], pace: Pace) -> None:
    """Send all, wait for all, send what is silent once more."""
    for _ in range(ROUNDS):
        _round(at, [one for one in questions if one.reply is None], pace)


def _round(at: Place, questions: Sequence[Question], pace: Pace) -> None:
    waiting: dict[socket.socket, Question] = {}
    marker = b"" if at.port == IKE_PORT else NON_ESP
    try:
        for one in questions:
            family, kind, number, _, address = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_DGRAM)[0]
            line = socket.socket(family, kind, number)
            waiting[line] = one
            line.connect(address)  # connected: only this gateway's datagrams are taken
            pace.wait()
            line.send(marker + one.wire())
        until = time.monotonic() + pace.patience.many_s
        open_lines = set(waiting)
        while open_lines and (left := until - time.monotonic()) > 0:
            for line in select.select(list(open_lines), [], [], left)[0]:
                try:
                    if waiting[line].take(line.recv(MAX_DATAGRAM).removeprefix(marker)):
                        pace.wait()
                        line.send(marker + waiting[line].wire())
                        continue
                    if waiting[line].reply is None:
                        continue
                except ConnectionError:
                    pass  # nobody listens on that port: the same as silence
                open_lines.discard(line)
        if open_lines:
            pace.ran_out(pace.patience.many_s)
    except OSError as error:
        raise Unreached(reason="network") from error
    finally:
        for line in waiting:
            line.close()


@probe("ike", kind=TargetKind.HOST, active=True, option="ike_port")
def ike(target: Target, bench: Bench) -> Observed:
    """Main mode, aggressive mode, IKEv2; then IKEv2 with weak transforms only."""
    port = target.options["ike_port"]
    at = place(f"{target.address}" if target.address.startswith("[") else target.address.partition(":")[0], _port(port))
    identity = target.options.get("ike_id", "akashi").encode()[:64]
    modern = Question("ikev2", {ENCR: (*_AEAD, *_CBC), **_GOOD})
    main = [Question("main", fixed=main_mode(offer)) for offer in _v1_offers()]
    aggressive = [
        Question("aggressive", fixed=aggressive_mode(group, auth, identity))
        for group in (2, 14, 5, 1, 16, 19)
        for auth in _V1_AUTH
    ]
    ask(at, [modern, *main, *aggressive], bench.pace)
    weak = {kind: _weak_question(kind) for kind in (ENCR, PRF, INTEG, DH)} if modern.reply else {}
    ask(at, list(weak.values()), bench.pace)
    questions = [modern, *main, *aggressive, *weak.values()]
    if all(one.reply is None for one in questions):
        raise Unreached(reason="silent")
    facts: dict[str, Fact] = {
        "ikev1.main": _best(main),
        "ikev1.aggressive": _best(aggressive),
        "ikev2": modern.outcome,
        "ikev2.chosen": _names(modern),
        "ikev2.unclear": sum(one.reply is None for one in weak.values()),
        "ikev2.weak": tuple(sorted({name for kind, one in weak.items() for name in _names(one, kind)})),
    }
    raw = {
        "address": target.address,
        "port": at.port,
        "answers": [[one.name, one.outcome, _names(one)] for one in questions],
    }
    return Observed(facts, json.dumps(raw).encode(), "akashi ike")


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _weak_question(kind: int) -> Question:
    """Weak in one dimension, everything on offer in the others."""
    offered = {ENCR: (*_AEAD, *_CBC), **_GOOD}
    wide = {one: (*offered[one], *_WEAK[one]) for one in offered}
    chosen = {**wide, kind: _WEAK[kind]}
    if kind == INTEG:
        chosen[ENCR] = tuple(one for one in wide[ENCR] if one not in _AEAD)
    return Question("weak", chosen, group=2 if kind == DH else 14)


def _best(questions: Sequence[Question]) -> str:
    outcomes = {one.outcome for one in questions}
    return next(one for one in ("accepted", "notified", "silent") if one in outcomes)


def _names(question: Question, only: int = 0) -> tuple[str, ...]:
    return tuple(name for kind, name in (question.reply.chosen if question.reply else ()) if only in (0, kind))
