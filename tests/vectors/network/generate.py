"""Writes the vectors of commits: invented validators and blocks, one fault each, the same bytes every time.

``python -m tests.vectors.network.generate --write`` replaces ``commit-*.json``; a test holds that they are current. What a real
chain wrote is in ``recorded.json`` and was recorded once (``record.py``).
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from akashi.network.abci.values import BlockIdFlag, Timestamp
from akashi.network.light.hashing import data_hash, header_hash, validators_hash, vote_bytes
from akashi.network.light.values import BlockId, Commit, CommitSig, Header, ValidatorSet
from tests.vectors.network.torsion import cofactored_signature

HERE = Path(__file__).parent
CHAIN = "akashi-vectors"
SECONDS = 1_800_000_000
TXS = (b"an invented transaction", b"another")
ABSENT_TIME = Timestamp(-62_135_596_800)
_L = (1 << 252) + 27742317777372353535851937790883648493


def key_of(name: str) -> Ed25519PrivateKey:
    """A key that is the hash of its name: invented, for these vectors only."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def public(name: str) -> bytes:
    """Its public key."""
    return key_of(name).public_key().public_bytes_raw()


@dataclass
class World:
    """A decided block, and who is trusted to have decided it; a case changes one thing and says what must come of it."""

    names: tuple[str, ...] = ("validator one", "validator two", "validator three", "validator four")
    powers: tuple[int, ...] = (1, 1, 1, 1)
    chain_id: str = CHAIN
    signed_chain: str = CHAIN
    flags: tuple[BlockIdFlag, ...] = (BlockIdFlag.COMMIT,) * 4
    header_changes: tuple[tuple[str, Any], ...] = ()

    @property
    def owners(self) -> dict[bytes, str]:
        """Names by public key."""
        return {public(name): name for name in self.names}

    @property
    def validators(self) -> ValidatorSet:
        """The set of this world."""
        return ValidatorSet.of(zip(map(public, self.names), self.powers, strict=True))

    @property
    def header(self) -> Header:
        """The block's header."""
        made = Header(
            version_block=11,
            version_app=1,
            chain_id=CHAIN,
            height=7,
            time=Timestamp(SECONDS, 5_000),
            last_block_id=BlockId(_digest("last block"), 1, _digest("last parts")),
            last_commit_hash=_digest("last commit"),
            data_hash=data_hash(TXS),
            validators_hash=validators_hash(self.validators),
            next_validators_hash=validators_hash(self.validators),
            consensus_hash=_digest("parameters"),
            app_hash=(7).to_bytes(8, "big") + _digest("root"),
            last_results_hash=_digest("results"),
            evidence_hash=sha256(b"").digest(),
            proposer_address=self.validators.validators[0].address,
        )
        return replace(made, **dict(self.header_changes))

    def signed(self, **changes: Any) -> Commit:
        """The commit; ``changes`` of height, round or block id are signed too."""
        block_id = BlockId(header_hash(self.header), 1, _digest("parts"))
        commit = replace(Commit(7, 0, block_id, ()), **changes)
        places = [self.place(commit, number, flag) for number, flag in enumerate(self.flags)]
        return replace(commit, signatures=tuple(places))

    def place(self, commit: Commit, number: int, flag: BlockIdFlag) -> CommitSig:
        """The vote of one validator, each a little later than the one before."""
        if flag is BlockIdFlag.ABSENT:
            return CommitSig(flag, b"", ABSENT_TIME, b"")
        validator = self.validators.validators[number]
        place = CommitSig(flag, validator.address, Timestamp(SECONDS + 1, 1_000_000 * number), b"")
        name = self.owners[validator.key]
        return replace(place, signature=key_of(name).sign(vote_bytes(self.signed_chain, commit, place)))

    def result(self, commit: Commit | None = None) -> dict[str, Any]:
        """What RPC ``commit`` would answer."""
        return {
            "signed_header": {"header": header_json(self.header), "commit": commit_json(commit or self.signed())},
            "canonical": True,
        }


Case = tuple[str, str | None, dict[str, Any]]
"""A comment, the failure, and the vector's variable parts."""


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


def vector(world: World, result: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The variable parts of a vector."""
    rows = [[one.key.hex(), one.power] for one in world.validators.validators]
    made = {"chain_id": world.chain_id, "validators": rows, "commit": result or world.result()}
    return made | {"txs": [b64encode(tx).decode() for tx in TXS]} | changes


def header_json(header: Header) -> dict[str, Any]:
    """A header as the node's RPC spells it."""
    hashes = ("last_commit_hash", "data_hash", "validators_hash", "next_validators_hash", "consensus_hash", "app_hash")
    more = ("last_results_hash", "evidence_hash", "proposer_address")
    return {
        "version": {"block": str(header.version_block), "app": str(header.version_app)},
        "chain_id": header.chain_id,
        "height": str(header.height),
        "time": time_json(header.time),
        "last_block_id": block_id_json(header.last_block_id),
    } | {name: getattr(header, name).hex().upper() for name in (*hashes, *more)}


def commit_json(commit: Commit) -> dict[str, Any]:
    """A commit as the node's RPC spells it."""
    return {
        "height": str(commit.height),
        "round": commit.round,
        "block_id": block_id_json(commit.block_id),
        "signatures": [
            {
                "block_id_flag": int(place.flag),
                "validator_address": place.address.hex().upper(),
                "timestamp": time_json(place.time),
                "signature": b64encode(place.signature).decode() or None,
            }
            for place in commit.signatures
        ],
    }


def block_id_json(block: BlockId) -> dict[str, Any]:
    """A block id as the node's RPC spells it."""
    return {
        "hash": block.hash.hex().upper(),
        "parts": {"total": block.parts_total, "hash": block.parts_hash.hex().upper()},
    }


def time_json(time: Timestamp) -> str:
    """RFC 3339 with as many digits as needed. Only the seconds that occur here."""
    if time == ABSENT_TIME:
        return "0001-01-01T00:00:00Z"
    clock = {SECONDS: "2027-01-15T08:00:00", SECONDS + 1: "2027-01-15T08:00:01"}[time.seconds]
    return clock + (f".{time.nanos:09d}".rstrip("0") if time.nanos else "") + "Z"


def edited(edit: Callable[[dict[str, Any]], None], world: World | None = None) -> dict[str, Any]:
    """A vector whose JSON was changed after it was signed; ``edit`` gets the signed header."""
    world = world or World()
    result = deepcopy(world.result())
    edit(result["signed_header"])
    return vector(world, result)


def setting(value: Any, *path: str | int) -> dict[str, Any]:
    """A vector with one value of the signed header replaced."""

    def edit(signed: dict[str, Any]) -> None:
        row: Any = signed
        for step in path[:-1]:
            row = row[step]
        row[path[-1]] = value

    return edited(edit)


def accepted() -> Iterator[tuple[str, Case]]:
    """What must be accepted."""
    commit, absent, nil = BlockIdFlag.COMMIT, BlockIdFlag.ABSENT, BlockIdFlag.NIL
    yield "whole", ("four of four", None, vector(World()))
    yield "one-absent", ("three of four, one place empty", None, vector(World(flags=(commit, absent, commit, commit))))
    yield "one-nil", ("three of four, one vote for no block", None, vector(World(flags=(commit, commit, nil, commit))))
    later = World()
    yield "later-round", ("decided in round 2", None, vector(later, later.result(later.signed(round=2))))
    heavy = World(powers=(7, 1, 1, 1), flags=(commit, absent, absent, absent))
    yield "by-power", ("one of four validators, with seven of ten votes", None, vector(heavy))
    odd = World()
    made = odd.signed()
    place = replace(made.signatures[0], signature=b"")
    name = odd.owners[odd.validators.validators[0].key]
    signature = cofactored_signature(sha256(name.encode()).digest(), vote_bytes(CHAIN, made, place))
    places = (replace(place, signature=signature), *made.signatures[1:])
    yield (
        "cofactored",
        (
            "a signature that only the cofactored equation of ZIP-215 accepts: the nodes do, so we must",
            None,
            vector(odd, odd.result(replace(made, signatures=places))),
        ),
    )


def rejected_votes() -> Iterator[tuple[str, Case]]:
    """Too few votes, and votes of the wrong people."""
    commit, absent, nil = BlockIdFlag.COMMIT, BlockIdFlag.ABSENT, BlockIdFlag.NIL

    def copied(signed: dict[str, Any]) -> None:
        signed["commit"]["signatures"] = [signed["commit"]["signatures"][0]] * 4

    def copied_under_own_addresses(signed: dict[str, Any]) -> None:
        for place in signed["commit"]["signatures"]:
            place["signature"] = signed["commit"]["signatures"][0]["signature"]
            place["timestamp"] = signed["commit"]["signatures"][0]["timestamp"]

    def swapped(signed: dict[str, Any]) -> None:
        places = signed["commit"]["signatures"]
        places[0], places[1] = places[1], places[0]

    def one_less(signed: dict[str, Any]) -> None:
        signed["commit"]["signatures"].pop()

    def one_more(signed: dict[str, Any]) -> None:
        signed["commit"]["signatures"].append(signed["commit"]["signatures"][0])

    def nil_as_commit(signed: dict[str, Any]) -> None:
        signed["commit"]["signatures"][1]["block_id_flag"] = 2

    yield "copied", ("one signature four times", "verify/address", edited(copied))
    yield (
        "copied-renamed",
        (
            "one signature four times, under each validator's address",
            "verify/signature",
            edited(copied_under_own_addresses),
        ),
    )
    yield "swapped", ("two votes at each other's place", "verify/address", edited(swapped))
    yield "place-missing", ("a place too few", "verify/places", edited(one_less))
    yield "place-added", ("a place too many", "verify/places", edited(one_more))
    three = World(names=World.names[:3], powers=(1, 1, 1), flags=(commit, commit, absent))
    yield "two-thirds", ("exactly two thirds", "verify/power", vector(three))
    yield (
        "half",
        ("two of four, two places empty", "verify/power", vector(World(flags=(commit, commit, absent, absent)))),
    )
    yield (
        "nil",
        ("two votes for the block and two for none", "verify/power", vector(World(flags=(commit, nil, nil, commit)))),
    )
    nils = World(flags=(commit, nil, commit, commit))
    yield (
        "nil-as-commit",
        ("a vote for none, called one for the block", "verify/signature", edited(nil_as_commit, nils)),
    )
    old = World(names=(*World.names[:3], "validator five"))
    new_rows = [[one.key.hex(), one.power] for one in World().validators.validators]
    yield (
        "old-validators",
        (
            "signed by a set of which one has left, and the header says so",
            "verify/validators",
            vector(old) | {"validators": new_rows},
        ),
    )
    hidden = World(header_changes=(("validators_hash", validators_hash(old.validators)),))
    yield (
        "old-validators-hidden",
        (
            "the header names the new set, the votes are those of the old",
            "verify/address",
            vector(old, hidden.result()),
        ),
    )
    heavier = [[one.key.hex(), 2 if number == 0 else 1] for number, one in enumerate(World().validators.validators)]
    yield "other-power", ("trusted with other powers", "verify/validators", vector(World()) | {"validators": heavier})


def rejected_content() -> Iterator[tuple[str, Case]]:
    """Another chain, another block, another vote than was signed."""
    yield "other-chain", ("a block of another chain", "verify/chain", vector(World(chain_id="akashi-other")))
    yield (
        "signed-for-other-chain",
        ("votes of another chain", "verify/signature", vector(World(signed_chain="akashi-x"))),
    )
    app = ("header", "app_hash")
    yield "app-hash", ("another application hash", "verify/block", setting("00" * 40, *app))
    renamed = World(header_changes=(("app_hash", bytes(40)),))
    both = deepcopy(World().result())
    both["signed_header"]["header"]["app_hash"] = "00" * 40
    both["signed_header"]["commit"]["block_id"]["hash"] = header_hash(renamed.header).hex().upper()
    yield "app-hash-renamed", ("the same, with the block's hash to match", "verify/signature", vector(World(), both))
    for name, value in (
        ("version", {"block": "12", "app": "1"}),
        ("evidence_hash", "AB" * 32),
        ("time", "2027-01-15T08:00:00Z"),
    ):
        yield (
            f"header-{name.split('_')[0]}",
            ("a changed field of the header", "verify/block", setting(value, "header", name)),
        )
    yield "commit-height", ("the commit of another height", "verify/height", setting("8", "commit", "height"))
    yield "round", ("another round than was signed", "verify/signature", setting(1, "commit", "round"))
    parts = ("commit", "block_id", "parts", "total")
    yield "parts", ("another number of parts than was signed", "verify/signature", setting(2, *parts))
    stamp = ("commit", "signatures", 1, "timestamp")
    later = setting("2027-01-15T08:00:01.001000001Z", *stamp)
    yield "vote-time", ("a vote's time, one nanosecond later", "verify/signature", later)
    yield "data", ("another transaction", "verify/data", vector(World(), txs=[b64encode(b"forged").decode()]))
    yield (
        "data-order",
        ("the transactions in another order", "verify/data", vector(World(), txs=vector(World())["txs"][::-1])),
    )
    row = World().result()["signed_header"]["commit"]["signatures"][0]
    raw = b64decode(row["signature"])
    large = (int.from_bytes(raw[32:], "little") + _L).to_bytes(32, "little")
    moved = setting(b64encode(raw[:32] + large).decode(), "commit", "signatures", 0, "signature")
    yield "s-too-large", ("s + L instead of s: the same equation, another signature", "verify/signature", moved)


def rejected_form() -> Iterator[tuple[str, Case]]:
    """JSON that no node writes."""
    place = ("commit", "signatures", 1)
    yield (
        "absent-with-signature",
        ("an empty place that is not empty", "parse/absent", setting(1, *place, "block_id_flag")),
    )
    yield "flag-unknown", ("flag 0", "parse/block_id_flag", setting(0, *place, "block_id_flag"))
    yield "flag-true", ("a flag that is no number", "parse/block_id_flag", setting(True, *place, "block_id_flag"))  # noqa: FBT003
    yield (
        "time-zeros",
        ("a time with a trailing zero", "parse/time", setting("2027-01-15T08:00:01.10Z", *place, "timestamp")),
    )
    yield (
        "time-zone",
        ("a time with an offset", "parse/time", setting("2027-01-15T08:00:01+00:00", *place, "timestamp")),
    )
    yield "time-none", ("no such day", "parse/time", setting("2027-02-30T08:00:01Z", *place, "timestamp"))
    yield "signature-none", ("a vote without a signature", "parse/signature", setting(None, *place, "signature"))
    yield (
        "signature-short",
        ("63 bytes", "parse/signature", setting(b64encode(bytes(63)).decode(), *place, "signature")),
    )
    yield (
        "address-lower",
        ("lower-case hexadecimal", "parse/validator_address", setting("ab" * 20, *place, "validator_address")),
    )
    yield "height-number", ("a height that is no string", "parse/height", setting(7, "header", "height"))
    yield "height-zeros", ("a height with a leading zero", "parse/height", setting("07", "header", "height"))
    yield "round-negative", ("a round below 0", "parse/round", setting(-1, "commit", "round"))
    yield "field-unknown", ("a field more", "parse/header", setting("x", "header", "extension"))
    yield "hash-short", ("a hash of 31 bytes", "parse/data_hash", setting("AB" * 31, "header", "data_hash"))
    yield "no-votes", ("no places at all", "parse/signatures", setting([], "commit", "signatures"))


def vectors() -> Iterator[tuple[str, str]]:
    """(file name, content) of every vector."""
    seen = set()
    for maker in (accepted, rejected_votes, rejected_content, rejected_form):
        for name, (comment, failure, parts) in maker():
            if name in seen:
                raise ValueError(name)
            seen.add(name)
            head = {
                "comment": comment,
                "format": "commit",
                "expect": "reject" if failure else "accept",
                "failure": failure,
            }
            yield f"commit-{name}.json", json.dumps(head | parts, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Replace all generated files."""
    made = dict(vectors())
    if "--write" in sys.argv:
        for path in HERE.glob("commit-*.json"):
            path.unlink()
        for name, text in made.items():
            (HERE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
