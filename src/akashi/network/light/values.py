"""What a commit of CometBFT v0.38 consists of: headers, votes and the validators who cast them.

Guarantees: values only; a validator's address follows from its key, and a :class:`ValidatorSet` stands in the one order that its
hash is made of. Refuses (as :class:`LightMalformed`): keys and powers out of bounds, a key twice. Trusts nobody: what holds
between these values is for :mod:`akashi.network.light.verifying`.

>>> ValidatorSet.of([(bytes(32), 1)]).validators[0].address.hex()
'66687aadf862bd776c8fc18b8e9f8e2008971485'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from akashi.network.abci.values import BlockIdFlag, Timestamp
from akashi.network.light.errors import LightMalformed

ADDRESS_SIZE: Final = 20
KEY_SIZE: Final = 32
MAX_VALIDATORS: Final = 100
"""More than one page of the node's RPC holds; a ledger has far fewer servers."""
MAX_TOTAL_POWER: Final = ((1 << 63) - 1) // 8
"""CometBFT's own bound (types/validator_set.go)."""


def address_of(key: bytes) -> bytes:
    """The first 20 bytes of SHA-256 over an Ed25519 key."""
    return sha256(key).digest()[:ADDRESS_SIZE]


@dataclass(frozen=True, slots=True)
class BlockId:
    """A block by the hash of its header and the root over its parts; all empty before the first block."""

    hash: bytes
    parts_total: int
    parts_hash: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """The fourteen fields under a block's hash. ``app_hash`` and ``last_results_hash`` are of the block before."""

    version_block: int
    version_app: int
    chain_id: str
    height: int
    time: Timestamp
    last_block_id: BlockId
    last_commit_hash: bytes
    data_hash: bytes
    validators_hash: bytes
    next_validators_hash: bytes
    consensus_hash: bytes
    app_hash: bytes
    last_results_hash: bytes
    evidence_hash: bytes
    proposer_address: bytes


@dataclass(frozen=True, slots=True)
class CommitSig:
    """One validator's place in a commit: its precommit, or that it was absent (then the rest is empty)."""

    flag: BlockIdFlag
    address: bytes
    time: Timestamp
    signature: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """The precommits of one round of one height."""

    height: int
    round: int
    block_id: BlockId
    signatures: tuple[CommitSig, ...]


@dataclass(frozen=True, slots=True)
class Validator:
    """A server's consensus key (Ed25519, 32 bytes) and the weight of its vote."""

    key: bytes
    power: int

    @property
    def address(self) -> bytes:
        """20 bytes."""
        return address_of(self.key)


@dataclass(frozen=True, slots=True)
class ValidatorSet:
    """Who votes on a height, strongest first, then by address; make it with :meth:`of`."""

    validators: tuple[Validator, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, int]]) -> ValidatorSet:
        """The set of ``(key, power)`` in CometBFT's order. Raises :class:`LightMalformed` ``validators``."""
        chosen = sorted((Validator(*pair) for pair in pairs), key=lambda one: (-one.power, one.address))
        if not chosen or len(chosen) > MAX_VALIDATORS or len({one.key for one in chosen}) < len(chosen):
            raise LightMalformed("validators")
        if any(len(one.key) != KEY_SIZE or one.power < 1 for one in chosen):
            raise LightMalformed("validators")
        found = cls(tuple(chosen))
        if found.total_power > MAX_TOTAL_POWER:
            raise LightMalformed("validators")
        return found

    @property
    def total_power(self) -> int:
        """The sum of all powers."""
        return sum(one.power for one in self.validators)
