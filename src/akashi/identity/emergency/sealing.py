"""Making, keeping and opening the secrets of emergency accounts.

Guarantees: 150 random bits in groups that can be read out; nobody sees a secret before its account is opened, unless it is made for a paper
envelope, and then it is kept nowhere; what is given out is what the ledger committed to. Refuses to give out anything else
(:class:`SealBroken`). Trusts: the keystore behind the box.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from akashi.errors import IntegrityError
from akashi.identity.credentials import Hasher
from akashi.identity.emergency.errors import SealBroken, SecretGone
from akashi.identity.emergency.model import EmergencyAccount
from akashi.identity.emergency.rules import sealed_digest, text_commitment
from akashi.identity.emergency.store import EmergencyStore, SecretRow
from akashi.identity.handles import ALPHABET
from akashi.identity.model import SecretBox

_GROUPS, _GROUP, _SALT = 6, 5, 32


def new_secret() -> str:
    """A fresh secret: six groups of five letters and digits, 150 bits."""
    while True:
        groups = ["".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)]
        made = "-".join(groups)
        if any(one.isalpha() for one in made) and any(one.isdecimal() for one in made):  # as the rules of passwords ask
            return made


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A fresh secret that is kept nowhere yet. ``digest``: what the ledger commits to."""

    digest: bytes
    secret: str = field(repr=False)
    salt: bytes = field(repr=False)


def make_secret() -> NewSecret:
    """A fresh secret with its salt and digest; only a caller that prints it may use the secret itself."""
    secret, salt = new_secret(), new_salt()
    return NewSecret(sealed_digest(secret, salt), secret, salt)


def new_salt() -> bytes:
    """A fresh salt, 32 bytes."""
    return secrets.token_bytes(_SALT)


class Seals:
    """The secrets of one gateway's emergency accounts. Thread-safe."""

    def __init__(self, store: EmergencyStore, box: SecretBox, hasher: Hasher) -> None:
        self._store, self._box, self._hasher = store, box, hasher

    def stage(self, account: str, made: NewSecret, now_ms: int, *, paper: bool) -> None:
        """Keep a new secret before the ledger hears of it; one for paper only as its hash."""
        protected = None if paper else self._box.protect(_label(account, made.digest), made.secret.encode())
        self._store.stage(SecretRow(account, made.digest, made.salt, protected, self._hasher.hash(made.secret)), now_ms)

    def hash_of(self, account: EmergencyAccount) -> str:
        """The password hash to put in force. Raises :class:`SealBroken`."""
        return self._row(account).encoded

    def give_out(self, account: EmergencyAccount) -> str:
        """The secret, this once. Raises :class:`SecretGone`, :class:`SealBroken`."""
        row = self._row(account)
        if row.protected is None:
            raise SecretGone
        secret = self._revealed(row)
        self._store.handed_out(row.account, row.digest)
        return secret

    def verify_kept(self, account: EmergencyAccount) -> None:
        """Raises :class:`SecretGone` where the secret is on paper or was given out, :class:`SealBroken` where it is not what was sealed."""
        if self._row(account).protected is None:
            raise SecretGone
        self.verify(account)

    def verify(self, account: EmergencyAccount) -> None:
        """Is what is kept what was sealed? Of a secret on paper only that its hash is there. Raises :class:`SealBroken`."""
        row = self._row(account)
        if row.protected is not None and not self._hasher.verify(row.encoded, self._revealed(row)):
            raise SealBroken(account=account.person)

    def keep_notes(self, opening: str, text: str, salt: bytes) -> None:
        """Keep what a reviewer wrote; the ledger has ``text_commitment(text, salt)``."""
        self._store.put_notes(opening, salt, self._box.protect(f"emergency-review:{opening}", text.encode()))

    def notes(self, opening: str, commitment: bytes) -> str | None:
        """What a reviewer wrote, if it is what the ledger commits to. Raises :class:`SealBroken`."""
        found = self._store.notes(opening)
        if found is None:
            return None
        text = self._box.reveal(f"emergency-review:{opening}", found[1]).decode()
        if text_commitment(text, found[0]) != commitment:
            raise SealBroken(account=opening)
        return text

    def _row(self, account: EmergencyAccount) -> SecretRow:
        row = self._store.secret(account.person, account.sealed)
        if row is None:
            raise SealBroken(account=account.person)
        return row

    def _revealed(self, row: SecretRow) -> str:
        try:
            secret = self._box.reveal(_label(row.account, row.digest), row.protected or b"").decode()
        except (IntegrityError, UnicodeDecodeError) as error:
            raise SealBroken(account=row.account) from error
        if sealed_digest(secret, row.salt) != row.digest:
            raise SealBroken(account=row.account)
        return secret


def _label(account: str, digest: bytes) -> str:
    return f"emergency:{account}:{digest.hex()}"
