"""Making and using shares of a key store's recovery key.

Guarantees: the recovery key exists in this process only between being drawn and being split, and between being combined and unlocking;
the mutable copies are overwritten (Python keeps immutable copies that it cannot erase: the threat model says so). After ``make_shares``
the key store can be opened by its passphrase or by k shares, and by nothing else; an earlier set opens it no longer.
Refuses: shares of another making. Trusts the officers that no k of them do so without need.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from akashi.keys.custody.errors import ShareForeign, SharesReplaced
from akashi.keys.custody.model import SECRET_SIZE, SET_SIZE, Share, ShareSet
from akashi.keys.custody.rules import coefficients_needed, combine, split
from akashi.keys.custody.writing import share_digest
from akashi.keys.errors import KeystoreMissing
from akashi.keys.keystore import FileKeystore
from akashi.keys.locking import RECOVERY_FILE, recovery_set, unwrap_for_recovery
from akashi.keys.model import STANDARD_COST, Cost
from akashi.keys.tokens.port import Token


def make_shares(keystore: FileKeystore, threshold: int, count: int) -> list[Share]:
    """Draw a recovery key, let it unlock ``keystore``, and give it away in shares."""
    recovery = bytearray(secrets.token_bytes(SECRET_SIZE))
    of_set = secrets.token_bytes(SET_SIZE)
    try:
        made = split(bytes(recovery), of_set, threshold, count, secrets.token_bytes(coefficients_needed(threshold)))
        keystore.allow_recovery(bytes(recovery), of_set)
    finally:
        recovery[:] = bytes(SECRET_SIZE)
    return made


def verify_share(share: Share, known: ShareSet) -> None:
    """Raise :class:`ShareForeign` unless the ledger has this share's digest for its set."""
    if share_digest(share) not in known.digests or share.threshold != known.threshold:
        raise ShareForeign(number=share.number)


def check_shares(directory: Path, shares: Sequence[Share]) -> None:
    """A drill: the shares open the key store in ``directory``, which stays as it is. Raises as :func:`recover`."""
    unwrap_for_recovery(_recovery_file(directory, shares), combine(shares))


def recover(
    directory: Path,
    shares: Sequence[Share],
    passphrase: bytes,
    *,
    cost: Cost = STANDARD_COST,
    token: Token | None = None,
) -> FileKeystore:
    """Open a key store (or its copy on a fresh machine) with shares, and lock it under a new passphrase.

    Raises ``SharesTooFew``, ``SharesDiffer``, ``SharesReplaced``, ``RecoveryKeyWrong``, ``KeystoreMissing``.
    """
    _recovery_file(directory, shares)
    return FileKeystore.recover(directory, combine(shares), passphrase, cost=cost, token=token)


def _recovery_file(directory: Path, shares: Sequence[Share]) -> bytes:
    try:
        data = (directory / RECOVERY_FILE).read_bytes()
    except FileNotFoundError as error:
        raise KeystoreMissing from error
    if shares and recovery_set(data) != shares[0].of_set:
        raise SharesReplaced
    return data
