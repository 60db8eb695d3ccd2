"""Where private keys live, and the only part that touches them.

Guarantees: callers get :class:`~akashi.keys.keystore.FileKeystore`, signers and openers; never a private key, with the
one exception of ``private_key`` for building X.509 certificates. Refuses: key export. Trusted: whoever holds both the
keystore's directory and its passphrase holds the keys.
"""

from __future__ import annotations

from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST, STANDARD_COST, Cost, KeyKind
from akashi.keys.openers import Opener, opening_key_id
from akashi.keys.suites import DEFAULT, LISTED_ONLY, SUITES, Profile, Suite, wrap_key

__all__ = [
    "DEFAULT",
    "FAST_UNSAFE_COST",
    "LISTED_ONLY",
    "STANDARD_COST",
    "SUITES",
    "Cost",
    "FileKeystore",
    "KeyKind",
    "Opener",
    "Profile",
    "Suite",
    "opening_key_id",
    "wrap_key",
]
