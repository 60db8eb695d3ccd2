"""Shares of a home's key store: make them, hand them out, try them, recover with them.

Guarantees: each share leaves as one file for one officer, sealed to the opening key of the officer's institution, or as text for paper; the
ledger gets the digests. No file of ours holds the recovery key, and no person holds more than one share. Refuses to seal to an
institution without an opening key, and the same institution twice. Trusts whoever runs it not to read the text files: sealed ones are
better, and the command says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.errors import InputError
from akashi.keys.custody.errors import SharesTooFew
from akashi.keys.custody.events import SharesMade, SharesUsed, share_set
from akashi.keys.custody.model import Share, SharePurpose, ShareUse
from akashi.keys.custody.service import check_shares, make_shares, verify_share
from akashi.keys.custody.writing import seal_share, share_digest, write_share
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.registry import OpeningKey, opening_key


class OfficerUnsuitable(InputError):
    """An institution that is to keep a share has no opening key, or is named twice."""

    code = "app.officer_unsuitable"
    ja, en = "{institution} には分散鍵を渡せません（{failure}）。", "{institution} cannot keep a share ({failure})."


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a making left: the set (hex) and the files, one for each officer."""

    of_set: str
    threshold: int
    files: tuple[Path, ...]


def hand_out(
    keystore: FileKeystore, author: Author, clock: Clock, threshold: int, officers: Sequence[str], folder: Path
) -> Ceremony:
    """One sealed share for each institution in ``officers``. Raises :class:`OfficerUnsuitable`, ``SharePlanInvalid``."""
    keys = _opening_keys(author, clock, officers)
    made = make_shares(keystore, threshold, len(officers))
    make_directory(folder)
    files = []
    for share, officer in zip(made, officers, strict=True):
        path, key = folder / f"share-{share.number}-{officer}.akashi", keys[officer]
        write_file(path, seal_share(share, author.ledger.ledger_id, officer, key.suite, key.public))
        files.append(path)
    return _record(author, made, files)


def write_out(keystore: FileKeystore, author: Author, threshold: int, count: int, folder: Path) -> Ceremony:
    """``count`` shares as text, to be printed, handed over and destroyed."""
    made = make_shares(keystore, threshold, count)
    make_directory(folder)
    files = []
    for share in made:
        path = folder / f"share-{share.number}.txt"
        write_file(path, write_share(share).encode())
        files.append(path)
    return _record(author, made, files)


def verify_shares(author: Author, shares: Sequence[Share]) -> int:
    """Compare each share with the ledger; how many of its set are needed. Raises ``ShareForeign``."""
    if not shares:
        raise SharesTooFew(given=0, needed=2)
    with author.ledger.view() as state:
        known = share_set(state, shares[0].of_set)
    if known is None:
        raise SharesTooFew(given=0, needed=shares[0].threshold)
    for share in shares:
        verify_share(share, known)
    return known.threshold


def rehearse(keystore: FileKeystore, author: Author, shares: Sequence[Share]) -> None:
    """A drill: the shares are of the set and open the key store; recorded. Nothing else changes."""
    verify_shares(author, shares)
    check_shares(keystore.directory, shares)
    record_use(author, shares, ShareUse.DRILL)


def record_use(author: Author, shares: Sequence[Share], use: ShareUse) -> None:
    """Say on the ledger that these shares were brought together."""
    digests = tuple(share_digest(share) for share in shares)
    author.submit(SharesUsed(shares[0].of_set, digests, use), subject=author.institution)


def _record(author: Author, made: Sequence[Share], files: Sequence[Path]) -> Ceremony:
    digests = tuple(share_digest(share) for share in made)
    first = made[0]
    body = SharesMade(first.of_set, first.threshold, digests, SharePurpose.KEYSTORE)
    author.submit(body, subject=author.institution)
    return Ceremony(first.of_set.hex(), first.threshold, tuple(files))


def _opening_keys(author: Author, clock: Clock, officers: Sequence[str]) -> dict[str, OpeningKey]:
    found = {}
    with author.ledger.view() as state:
        for officer in officers:
            key = opening_key(state, officer, clock.now_ms())
            if key is None or officer in found:
                raise OfficerUnsuitable(institution=officer, failure="twice" if key else "no key")
            found[officer] = key
    return found
