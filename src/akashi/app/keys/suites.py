"""What is still under which cipher suite, so that one can be retired (``app.keys.profile``).

Guarantees: the counts come from the ledger (opening keys)
and from the vault's stored bodies (each says its suite).
Local stores (drafts, documents, seeds) are under AES-256-GCM of the key store and have no suite. Wraps cannot be added to a payload
that was announced, because its erasure receipt must name exactly the announced ones: payloads under a retired suite live out their term
of at most 90 days, or are withdrawn and sent again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from akashi.app.server.home import Server
from akashi.errors import AkashiError
from akashi.keys.suites import SUITES
from akashi.ledger.model import Purpose
from akashi.ledger.registry import keys_of
from akashi.ledger.rules import is_current
from akashi.vault.sealing.body import take_header
from akashi.vault.sealing.pieces import Pieces


@dataclass(frozen=True, slots=True)
class SuiteUse:
    """How much is under one suite."""

    suite: int
    name: str
    listed: bool
    opening_keys: int
    """Opening keys that senders would use now."""
    payloads: int
    """Sealed payloads in the vault."""
    unread: int = 0
    """Stored payloads whose suite could not be read (counted once, under suite 0)."""


def suite_uses(server: Server) -> list[SuiteUse]:
    """Counts for every suite that this edition knows, and a row 0 if stored bodies could not be read."""
    now = server.clock.now_ms()
    institutions = [entry.handle for entry in server.directory.entries()]
    with server.engine.view() as state:
        keys = [one for name in institutions for one in keys_of(state, name, Purpose.OPENING) if is_current(one, now)]
        opening = Counter(suite for one in keys if (suite := _suite_of(state.get("key", one.key))))
    payloads: Counter[int] = Counter(_body_suite(server, payload) for payload in server.vault.stored())
    uses = [SuiteUse(s.number, s.name, s.listed, opening[s.number], payloads[s.number]) for s in SUITES.values()]
    if payloads[0]:
        uses.append(SuiteUse(0, "-", listed=False, opening_keys=0, payloads=0, unread=payloads[0]))
    return uses


def _suite_of(row: object) -> int:
    return row[8] if isinstance(row, list) and len(row) > 8 and isinstance(row[8], int) else 0


def _body_suite(server: Server, payload: bytes) -> int:
    try:
        return take_header(Pieces(server.vault.body(payload)))[0].suite
    except AkashiError:
        return 0  # erased meanwhile, or damaged: counted, not guessed
