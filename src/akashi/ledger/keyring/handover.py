"""``log.handover``: from one server to several, and from one chain of several servers to the next, in the same tree under the same origin (docs/spec/network.md).

Guarantees: after the operation only the named chain orders; the members that the state names at that moment sign checkpoints. Refuses: a chain
that is not the next one (the first of a later epoch goes on from the former log's, so any), and a handover without members. Trusts: the secretariat's key, which also named the members.
"""

from __future__ import annotations

import re

from akashi.ledger.errors import EncodingError
from akashi.ledger.events import Context, Kind, Shape, digest, event, integer, number
from akashi.ledger.keyring.members import handed_over, put_handover
from akashi.ledger.model import Purpose
from akashi.ledger.state import WriteState
from akashi.ledger.wire.cbor import Value

__all__ = ["HANDOVER", "LogHandover", "handed_over"]

_CHAIN = re.compile(r"akashi-[0-9a-f]{32}-[1-9][0-9]{0,3}", re.ASCII)
"""Within CometBFT's 50 characters: the ledger's id and how many chains ordered it so far."""


def _chain() -> Shape[str]:
    def load(value: Value) -> str:
        if not isinstance(value, str) or not _CHAIN.fullmatch(value):
            raise EncodingError("event.field")
        return value

    return Shape("chain", load, lambda value: value)


@event("log.handover", signers={Purpose.SECRETARIAT})
class LogHandover:
    """The last operation that one server, or one chain, orders: which chain goes on, and a tree that it will hold (the newest one that was signed)."""

    chain: str = number(1, _chain())
    size: int = number(2, integer(1, (1 << 63) - 1))
    root: bytes = number(3, digest())


def _apply_handover(state: WriteState, body: LogHandover, _context: Context) -> None:
    put_handover(state, body.chain)


HANDOVER = Kind(LogHandover, _apply_handover)
