"""How a share is written on paper, in a QR code, or sealed to an officer's institution.

Guarantees: the written form has one spelling, in which every group of four carries a check character that tells *which* group was
mistyped, and a checksum over the whole. Reading forgives what people do (case, o for 0, i and l for 1, spaces and line breaks), nothing
else. The sealed form opens only with the opening key of the institution that it names. Refuses: anything else, without repeating it.

The body is ``01 || set (16) || threshold || number || value (32) || first 4 bytes of SHA-256 of these``, 55 bytes; in Crockford's base
32 these are 88 characters, 22 groups of four, each followed by its check character: its digits times 1, 2, 3, 4 and its place (from 0),
summed modulo 31, in the same alphabet.
"""

from __future__ import annotations

import re
from hashlib import sha256

from akashi.keys.custody.errors import ShareMalformed, ShareMistyped
from akashi.keys.custody.model import MAX_SHARES, SECRET_SIZE, SET_SIZE, Share
from akashi.keys.openers import Opener
from akashi.keys.suites import find_suite, wrap_key
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
GROUPS, GROUP = 22, 4
_CHECKS, _PER_LINE, _SUM = 31, 4, 4
_FORGIVEN = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None, "\n": None, "\r": None, "\t": None})
_TEXT = re.compile(f"[{ALPHABET}]*", re.ASCII)
_LONGEST = 1000


def share_digest(share: Share) -> bytes:
    """What the ledger keeps of a share: SHA-256("akashi/share/1" 00 body). The value is random, so nothing can be guessed from it."""
    return sha256(b"akashi/share/1\x00" + _body(share)).digest()


def write_share(share: Share) -> str:
    """The written form: six lines of up to four groups of five characters."""
    digits = _to_base32(_body(share))
    groups = [digits[at : at + GROUP] for at in range(0, len(digits), GROUP)]
    written = [group + _check(group, place) for place, group in enumerate(groups)]
    return "\n".join(" ".join(written[at : at + _PER_LINE]) for at in range(0, GROUPS, _PER_LINE)) + "\n"


def read_share(text: str) -> Share:
    """The share of a written form. Raises :class:`ShareMistyped` or :class:`ShareMalformed`."""
    if len(text) > _LONGEST:
        raise ShareMalformed(failure="length")
    digits = text.lower().translate(_FORGIVEN)
    if not _TEXT.fullmatch(digits):
        raise ShareMalformed(failure="character")
    if len(digits) != GROUPS * (GROUP + 1):
        raise ShareMalformed(failure="length")
    plain = ""
    for place in range(GROUPS):
        at = place * (GROUP + 1)
        group = digits[at : at + GROUP]
        if digits[at + GROUP] != _check(group, place):
            raise ShareMistyped(group=place + 1)
        plain += group
    return _parse(_from_base32(plain))


def seal_share(share: Share, ledger_id: bytes, institution: str, suite: int, public: bytes) -> bytes:
    """The share for one institution's opening key: CBOR ``["akashi-share", 1, ledger, set, institution, key id, suite, hpke]``."""
    key = sha256(public).digest()
    info = _info(ledger_id, share.of_set, institution, key, suite)
    hpke = wrap_key(find_suite(suite), public, info, _body(share))
    return cbor.encode(["akashi-share", 1, ledger_id, share.of_set, institution, key, suite, hpke])


def open_share(sealed: bytes, ledger_id: bytes, institution: str, openers: list[Opener]) -> Share:
    """The share that was sealed to this institution. Raises :class:`ShareMalformed`, ``OpeningFailed``."""
    try:
        fields = cbor.decode(sealed)
    except EncodingError as error:
        raise ShareMalformed(failure="format") from error
    match fields:
        case ["akashi-share", 1, bytes(ledger), bytes(of_set), str(to), bytes(key), int(suite), bytes(hpke)]:
            opener = next((one for one in openers if one.key_id == key and one.suite == suite), None)
        case _:
            raise ShareMalformed(failure="format")
    if ledger != ledger_id or to != institution or opener is None:
        raise ShareMalformed(failure="recipient")
    share = _parse(opener.open(hpke, _info(ledger, of_set, to, key, suite)))
    if share.of_set != of_set:
        raise ShareMalformed(failure="set")
    return share


def _info(ledger_id: bytes, of_set: bytes, institution: str, key: bytes, suite: int) -> bytes:
    return b"akashi/share/wrap/1\x00" + cbor.encode([ledger_id, of_set, institution, key, suite])


def _body(share: Share) -> bytes:
    body = b"\x01" + share.of_set + bytes((share.threshold, share.number)) + share.value
    return body + sha256(body).digest()[:_SUM]


def _parse(data: bytes) -> Share:
    body, total = data[:-_SUM], data[-_SUM:]
    if len(body) != 1 + SET_SIZE + 2 + SECRET_SIZE or sha256(body).digest()[:_SUM] != total:
        raise ShareMalformed(failure="checksum")
    threshold, number = body[1 + SET_SIZE], body[2 + SET_SIZE]
    if body[0] != 1 or not 2 <= threshold <= MAX_SHARES or not 1 <= number <= MAX_SHARES:
        raise ShareMalformed(failure="bounds")
    return Share(body[1 : 1 + SET_SIZE], threshold, number, body[3 + SET_SIZE :])


def _check(group: str, place: int) -> str:
    # 31 is prime, so that any other digit and any two neighbours swapped change it (but for 0 and z, which the checksum finds).
    value = sum((at + 1) * ALPHABET.index(digit) for at, digit in enumerate(group))
    return ALPHABET[(value + place) % _CHECKS]


def _to_base32(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return "".join(ALPHABET[(number >> (5 * at)) & 31] for at in reversed(range(len(data) * 8 // 5)))


def _from_base32(digits: str) -> bytes:
    number = 0
    for digit in digits:
        number = number << 5 | ALPHABET.index(digit)
    return number.to_bytes(len(digits) * 5 // 8, "big")
