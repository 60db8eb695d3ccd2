"""Whether a block is decided: more than two thirds of the validators that *we* know signed exactly this header.

Guarantees: :func:`verify_commit` returns only if each of its numbered steps holds; a vote counts for the validator at its own
place and only once. Refuses what CometBFT's full verification refuses (``types/validation.go``, ``VerifyCommit``): one signature
that does not verify refuses the whole commit, also one for nil, which counts for nothing. Trusts the ``validators`` that the
caller hands in (from its own ledger, never from the node that is being checked) and the ``chain_id``.

Left to the caller: that ``validators`` are those of this height; :func:`verify_txs` for the transactions; that the application's
hash after this block stands in the *next* header; how old ``header.time`` may be.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.network.abci.values import BlockIdFlag
from akashi.network.errors import CommitUnproven
from akashi.network.light.ed25519 import is_signed
from akashi.network.light.hashing import data_hash, header_hash, validators_hash, vote_bytes
from akashi.network.light.values import Commit, CommitSig, Header, ValidatorSet


def verify_commit(chain_id: str, header: Header, commit: Commit, validators: ValidatorSet) -> None:
    """``commit`` decides ``header`` on the chain ``chain_id``. Raises :class:`CommitUnproven`, ``failure`` names the step."""
    # 1. The header is one of this chain, and the commit is for its height.
    if header.chain_id != chain_id:
        raise CommitUnproven("chain")
    if header.height < 1 or commit.height != header.height or commit.round < 0:
        raise CommitUnproven("height")
    # 2. The validators that we know are those that the header names.
    if header.validators_hash != validators_hash(validators):
        raise CommitUnproven("validators")
    # 3. The commit is for this header, to the last field.
    if commit.block_id.hash != header_hash(header):
        raise CommitUnproven("block")
    # 4. One place for each validator, in the set's order: nobody has two votes.
    if len(commit.signatures) != len(validators.validators):
        raise CommitUnproven("places")
    for place, validator in zip(commit.signatures, validators.validators, strict=True):
        if place.flag is not BlockIdFlag.ABSENT and place.address != validator.address:
            raise CommitUnproven("address")
    # 5. Strictly more than two thirds of the power voted for the block; absent and nil votes count for nothing.
    power = sum(
        validator.power
        for place, validator in zip(commit.signatures, validators.validators, strict=True)
        if place.flag is BlockIdFlag.COMMIT
    )
    if 3 * power <= 2 * validators.total_power:
        raise CommitUnproven("power")
    # 6. Every vote that is there is signed by the validator of its place.
    for place, validator in zip(commit.signatures, validators.validators, strict=True):
        if not _is_voted(chain_id, commit, place, validator.key):
            raise CommitUnproven("signature")


def verify_txs(header: Header, txs: Sequence[bytes]) -> None:
    """``txs`` are the transactions of ``header``'s block. Raises :class:`CommitUnproven` ``data``."""
    if header.data_hash != data_hash(txs):
        raise CommitUnproven("data")


def _is_voted(chain_id: str, commit: Commit, place: CommitSig, key: bytes) -> bool:
    """An absent place must hold nothing; COMMIT and NIL hold a signature over their canonical vote."""
    match place.flag:
        case BlockIdFlag.ABSENT:
            return not place.address and not place.signature
        case BlockIdFlag.COMMIT | BlockIdFlag.NIL:
            return is_signed(key, vote_bytes(chain_id, commit, place), place.signature)
    return False
