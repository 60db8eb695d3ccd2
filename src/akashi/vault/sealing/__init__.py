"""Sealing content for recipients and opening it again (docs/spec/sealed-payload.md).

Guarantees: both directions stream with flat memory; what opens is what was sealed, for the recipients named, in one
ledger; every alteration is refused with its own error. Refuses: suites that the profile does not let seal.

>>> from akashi.keys.openers import xwing_opener, xwing_public, opening_key_id
>>> from akashi.vault.model import Part, Recipient
>>> public = xwing_public(bytes(32))
>>> sealing = seal([Part("a.csv", [b"x,y"])], media_type="text/csv", ledger_id=bytes(16),
...                recipients=[Recipient(opening_key_id(public), 1, public)])
>>> body = list(sealing.chunks())
>>> unseal(sealing.wraps[0], xwing_opener(bytes(32)), bytes(16), body).read(limit=100)
[('a.csv', b'x,y')]
"""

from __future__ import annotations

from akashi.vault.model import Part, Recipient, SealedSummary
from akashi.vault.sealing.container import read_container, write_container
from akashi.vault.sealing.reader import Unsealed, unseal
from akashi.vault.sealing.wraps import Wrap, parse_wrap, wraps_digest
from akashi.vault.sealing.writer import Sealing, seal

__all__ = [
    "Part",
    "Recipient",
    "SealedSummary",
    "Sealing",
    "Unsealed",
    "Wrap",
    "parse_wrap",
    "read_container",
    "seal",
    "unseal",
    "wraps_digest",
    "write_container",
]
