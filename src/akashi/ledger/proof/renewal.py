"""Proof that outlives its algorithms: evidence records by RFC 4998, made, renewed and verified (docs/spec/evidence-record.md).

Guarantees: ``verify_record`` accepts a record only if every time stamp in it was renewed while it was still good: its certificate valid and not
revoked, its algorithms within the policy's dates, judged at the time of the stamp that follows, and the last one now. Many records are renewed
with one stamp. Refuses to renew what does not verify any more, and data that is not all there. Trusts: the roots and the policy that the
caller hands in; a policy is an opinion about the future of algorithms, dated and replaceable.

>>> DEFAULT_POLICY.good("sha256", 0), DEFAULT_POLICY.good("md5", 0)
(True, False)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.proof.bundle import parse_bundle
from akashi.ledger.proof.renewal_record import (
    HASH_SIZES,
    ArchiveStamp,
    Chains,
    Lists,
    algorithms_of,
    encode_chains,
    format_record,
    obtain_over,
    parse_record,
    read_token,
)
from akashi.ledger.proof.stamp import Token, Tsa, leads_to_root, verify_imprint

MAX_POLICY_BYTES = 16 * 1024
INNER = ("sha256", "ed25519", "ecdsa-p256")
"""What the ledger itself rests on: its tree, its checkpoints, its operations."""
TOLERANCE_MS = 300_000
"""How far an authority's clock may be ahead of ours."""
AHEAD_MS = 5 * 365 * 86_400_000
"""A hash algorithm that ends so soon is replaced at the next renewal."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROW = re.compile(r"([a-z0-9_-]{1,32}) ([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_RECEIPT = b"c2sp.org/tlog-proof@"
Groups = Sequence[Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Policy:
    """Until when an algorithm is good, in milliseconds since the epoch; one that is not named is not good at any time."""

    until: Mapping[str, int]

    def good(self, algorithm: str, at_ms: int) -> bool:
        """Whether ``algorithm`` may be relied on at that time."""
        return at_ms < self.until.get(algorithm, 0)


def parse_policy(data: bytes) -> Policy:
    """A policy file: ``<algorithm> <YYYY-MM-DD>`` per line (good before the end of that day, UTC); ``#`` comments.

    Raises :class:`EncodingError` ``policy.format``.
    """
    until: dict[str, int] = {}
    try:
        rows = data.decode("ascii").splitlines() if len(data) <= MAX_POLICY_BYTES else ["too long"]
        for row in rows:
            if not row or row.startswith("#"):
                continue
            match = _ROW.fullmatch(row)
            if match is None or match[1] in until:
                raise EncodingError("policy.format")
            day = datetime(int(match[2]), int(match[3]), int(match[4]), tzinfo=UTC) + timedelta(days=1)
            until[match[1]] = (day - _EPOCH) // timedelta(milliseconds=1)
    except (UnicodeDecodeError, ValueError, OverflowError) as error:
        raise EncodingError("policy.format") from error
    return Policy(until)


DEFAULT_POLICY = parse_policy(
    b"sha256 2050-12-31\nsha384 2070-12-31\nsha512 2070-12-31\nsha3_256 2050-12-31\nsha3_512 2070-12-31\n"
    b"ed25519 2050-12-31\necdsa-p256 2050-12-31\necdsa-p384 2070-12-31\necdsa-p521 2070-12-31\n"
    b"rsa-2048 2030-12-31\nrsa-3072 2050-12-31\nrsa-4096 2050-12-31\n"
)
"""By strength, 112 bits to 2030, 128 to 2050, 192 to 2070, as CRYPTREC's requirements of 2022 plan; says nothing of quantum computers."""


@dataclass(frozen=True, slots=True)
class Believed:
    """Whom a verifier believes about time: DER roots, and DER CRLs of their authorities."""

    roots: Sequence[bytes]
    crls: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """What a record proves: its objects existed at ``first_ms``; ``renew_by_ms``: when its newest stamp stops being good."""

    first_ms: int
    last_ms: int
    stamps: int
    chains: int
    renew_by_ms: int


# -- hash trees (section 4) -------------------------------------------------------------------------------------------


def _hash(algorithm: str, data: bytes) -> bytes:
    return hashlib.new(algorithm, data).digest()


def _together(algorithm: str, values: Iterable[bytes]) -> bytes:
    """Hashes of one list, in binary ascending order, hashed together."""
    return _hash(algorithm, b"".join(sorted(values)))


def _trees(algorithm: str, groups: Groups) -> tuple[bytes, list[Lists]]:
    """The root over all groups of hashes, and the reduced tree of each; one hash alone needs no tree."""
    if len(groups) == 1 and len(groups[0]) == 1:
        return groups[0][0], [()]
    lists: list[list[tuple[bytes, ...]]] = [[tuple(sorted(set(group)))] for group in groups]
    level = [(_together(algorithm, rows[0]), [at]) for at, rows in enumerate(lists)]
    while len(level) > 1:
        above = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            for (_, below), (sibling, _) in ((left, right), (right, left)):
                for at in below:
                    lists[at].append((sibling,))
            above.append((_together(algorithm, (left[0], right[0])), left[1] + right[1]))
        level = above + level[len(level) & ~1 :]
    return level[0][0], [tuple(rows) for rows in lists]


def _root(stamp: ArchiveStamp, hashes: Sequence[bytes]) -> bytes:
    """The root that the reduced tree leads to from exactly these hashes (section 4.3). Raises ``record.object``."""
    wanted = sorted(set(hashes))
    if not stamp.lists:
        if len(wanted) != 1:
            raise ProofError("record.object")
        return wanted[0]
    # No more and no less: a hash in the first list that no object accounts for is an object that is missing.
    if sorted(stamp.lists[0]) != wanted:
        raise ProofError("record.object")
    value = _together(stamp.algorithm, stamp.lists[0])
    for row in stamp.lists[1:]:
        value = _together(stamp.algorithm, [*row, value])
    return value


# -- making and renewing (sections 4.2, 5.2) --------------------------------------------------------------------------


def _stamped(algorithm: str, groups: Groups, tsa: Tsa) -> list[ArchiveStamp]:
    if algorithm not in HASH_SIZES:
        raise ProofError("record.algorithm")
    root, lists = _trees(algorithm, groups)
    token = obtain_over(tsa, algorithm, root)
    return [ArchiveStamp(algorithm, one, token) for one in lists]


def begin_records(groups: Groups, tsa: Tsa, algorithm: str = "sha256") -> list[bytes]:
    """A record for each group of data objects, all under one stamp. Raises ``TsaFailed``."""
    hashed = [[_hash(algorithm, item) for item in group] for group in groups]
    return [format_record(((stamp,),)) for stamp in _stamped(algorithm, hashed, tsa)]


def renew_stamps(records: Sequence[bytes], tsa: Tsa) -> list[bytes]:
    """Each record with one more stamp over its newest one (time-stamp renewal); no data is needed, nor read.

    For certificates and signature algorithms that come to their end. All records must use one hash algorithm (``record.algorithm``).
    Verify first: renewing what is no longer good makes it no better. Raises ``TsaFailed``, ``ProofError``.
    """
    parsed = [parse_record(data) for data in records]
    names = {chains[-1][-1].algorithm for chains in parsed}
    if len(names) != 1:
        raise ProofError("record.algorithm")
    (name,) = names
    stamps = _stamped(name, [[_hash(name, chains[-1][-1].token)] for chains in parsed], tsa)
    return [format_record((*chains[:-1], (*chains[-1], stamp))) for chains, stamp in zip(parsed, stamps, strict=True)]


def renew_trees(records: Sequence[bytes], groups: Groups, tsa: Tsa, algorithm: str) -> list[bytes]:
    """Each record with a new chain under another hash algorithm, over its data and all earlier chains (hash-tree renewal).

    For a hash algorithm that comes to its end; the data objects must all be there. Raises ``TsaFailed``, ``ProofError``.
    """
    if algorithm not in HASH_SIZES:
        raise ProofError("record.algorithm")
    parsed = [parse_record(data) for data in records]
    for chains, group in zip(parsed, groups, strict=True):
        _root(chains[0][0], [_hash(chains[0][0].algorithm, item) for item in group])
    hashed = [_rehashed(algorithm, chains, group) for chains, group in zip(parsed, groups, strict=True)]
    stamps = _stamped(algorithm, hashed, tsa)
    return [format_record((*chains, (stamp,))) for chains, stamp in zip(parsed, stamps, strict=True)]


def _rehashed(algorithm: str, chains: Chains, group: Sequence[bytes]) -> list[bytes]:
    """H(H(object) || H(earlier chains)) for each object."""
    before = _hash(algorithm, encode_chains(chains))
    return [_hash(algorithm, _hash(algorithm, item) + before) for item in group]


def renewed(
    record: bytes | None,
    objects: Sequence[bytes],
    tsa: Tsa,
    believed: Believed,
    policy: Policy,
    now_ms: int,
    algorithm: str = "",
) -> bytes:
    """The record with one stamp more, or a first one for ``None``; verified before and after. Raises ``TsaFailed``, ``ProofError``.

    A hash algorithm that ends within five years is replaced by the one that lasts longest; ``algorithm`` chooses otherwise.
    """
    if record is None:
        (made,) = begin_records([objects], tsa, algorithm or _lasting("sha256", policy, now_ms))
    else:
        verify_record(record, objects, believed, policy, now_ms)
        present = parse_record(record)[-1][-1].algorithm
        wanted = algorithm or _lasting(present, policy, now_ms)
        (made,) = renew_stamps([record], tsa) if wanted == present else renew_trees([record], [objects], tsa, wanted)
    verify_record(made, objects, believed, policy, now_ms)
    return made


def _lasting(present: str, policy: Policy, now_ms: int) -> str:
    if policy.good(present, now_ms + AHEAD_MS):
        return present
    return max(HASH_SIZES, key=lambda name: policy.until.get(name, 0))


# -- verification (sections 4.3, 5.3) ---------------------------------------------------------------------------------


def verify_record(
    data: bytes, objects: Sequence[bytes], believed: Believed, policy: Policy, now_ms: int
) -> RecordVerdict:
    """Check a record over exactly these data objects. Raises :class:`ProofError`:

    ``record.format``; ``record.object`` (an object is missing, added or changed); ``stamp`` (a token is over something else, or does not verify);
    ``record.root`` (a stamp leads to no believed root); ``record.order`` (times do not rise); ``record.late`` (a stamp was renewed after it stopped
    being good); ``record.algorithm`` (relied on after its end); ``record.expired`` (the newest stamp is no longer good).
    """
    chains = parse_record(data)  # (1)
    tokens: list[tuple[ArchiveStamp, Token]] = []
    for number, chain in enumerate(chains):
        name = chain[0].algorithm
        hashes = _rehashed(name, chains[:number], objects) if number else [_hash(name, one) for one in objects]
        for stamp in chain:
            root = _root(stamp, hashes)  # (2) the data; then the token before; then data and all chains before
            tokens.append((stamp, verify_imprint(stamp.token, name, root)))  # (3)
            hashes = [_hash(name, stamp.token)]
    times = [token.time_ms for _, token in tokens]
    later = [*times[1:], now_ms + TOLERANCE_MS + 1]
    if any(one >= following for one, following in zip(times, later, strict=True)):  # (4)
        raise ProofError("record.order")
    for at, (stamp, token) in enumerate(tokens):
        last = at + 1 == len(tokens)
        _verify_kept(stamp, token, now_ms if last else times[at + 1], believed, policy, last=last)  # (5)
    for chain, end_ms in zip(chains, _ends(chains, times, now_ms), strict=True):
        if not policy.good(chain[0].algorithm, end_ms):  # (6)
            raise ProofError("record.algorithm")
    return RecordVerdict(times[0], times[-1], len(tokens), len(chains), _renew_by(tokens[-1], policy))


def _verify_kept(
    stamp: ArchiveStamp, token: Token, until_ms: int, believed: Believed, policy: Policy, *, last: bool
) -> None:
    """A stamp was good when it was made and still when it was renewed; the newest one still is."""
    if not leads_to_root(token, believed.roots, believed.crls):
        raise ProofError("record.root")
    if not leads_to_root(replace(token, time_ms=until_ms), believed.roots, believed.crls):
        raise ProofError("record.expired" if last else "record.late")
    if any(not policy.good(name, until_ms) for name in algorithms_of(stamp.token, token.certificates[0])):
        raise ProofError("record.algorithm")


def _ends(chains: Chains, times: Sequence[int], now_ms: int) -> list[int]:
    """Until when each chain's hash algorithm had to hold: the first stamp of the next chain, or now."""
    firsts, at = [], 0
    for chain in chains:
        firsts.append(times[at])
        at += len(chain)
    return [*firsts[1:], now_ms]


def _renew_by(newest: tuple[ArchiveStamp, Token], policy: Policy) -> int:
    stamp, token = newest
    names = {stamp.algorithm, *algorithms_of(stamp.token, token.certificates[0])}
    ends = (token.certificates[0].not_valid_after_utc - _EPOCH) // timedelta(milliseconds=1)
    return min([ends, *(policy.until.get(name, 0) for name in names)])


def verify_kept_file(data: bytes, verdict: RecordVerdict, believed: Believed, policy: Policy) -> None:
    """That a bundle or receipt was still good when its record began: its own algorithms and each time stamp in it.

    Left to the caller: the bundle's own verification. Raises :class:`ProofError` ``record.algorithm``, ``record.late``.
    """
    if any(not policy.good(name, verdict.first_ms) for name in INNER):
        raise ProofError("record.algorithm")
    if data.startswith(_RECEIPT):
        return
    for item in parse_bundle(data).stamps:
        token = read_token(item.token, item.certificates)
        crls = (*believed.crls, *item.crls)
        counted = leads_to_root(token, believed.roots, crls)
        if counted and not leads_to_root(replace(token, time_ms=verdict.first_ms), believed.roots, crls):
            raise ProofError("record.late")
