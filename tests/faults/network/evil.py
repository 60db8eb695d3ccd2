"""A server whose application lies when it proposes: everything else about it is as it should be, its vote included.

Guarantees: honest until told; :class:`Evil` counts what it proposed and what it was asked to accept and did not, so a driver knows that the fault took place. It accepts whatever it
proposed itself, as a liar would.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from akashi.ledger.wire import cbor
from akashi.network.abci.server import Block, Finalized
from akashi.network.application import LedgerApplication
from akashi.network.transactions import MAX_BYTES, VERSION

KEPT = 20
"""Executed transactions that are kept, to be proposed once more."""


class Evil(LedgerApplication):
    """The ledger's application, with another mind about what to propose."""

    record: ClassVar[Path | None] = None
    told = ""
    """What it does; a name of :data:`LIES`, or nothing."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.counted: Counter[str] = Counter()
        self.former: list[bytes] = []

    def finalize(self, block: Block) -> Finalized:
        """As every server, and kept for whoever executes the blocks again, where that is wanted."""
        done = super().finalize(block)
        if self.record is not None:
            txs = [base64.b64encode(tx).decode() for tx in block.txs]
            said = {"height": block.height, "ms": block.time_ms, "txs": txs, "app_hash": done.app_hash.hex()}
            with self.record.open("a") as file:
                file.write(json.dumps(said) + "\n")
        return done

    def prepare(self, txs: Sequence[bytes], max_bytes: int) -> list[bytes]:
        """What an honest server would propose, or what it was told to."""
        honest = super().prepare(txs, max_bytes)
        if not self.told:
            return honest
        self.counted["asked"] += 1
        wrong = LIES[self.told](honest, self.former)
        self.counted["lied"] += wrong != honest
        return wrong

    def process(self, txs: Sequence[bytes]) -> bool:
        """Whether it is acceptable; a liar accepts anything."""
        good = super().process(txs)
        self.counted["rejected"] += not good
        if good:
            self.former = [*self.former, *txs][-KEPT:]
        return good or bool(self.told)


def _malformed(_honest: list[bytes], _former: list[bytes]) -> list[bytes]:
    return [b"no transaction"]


def _huge(_honest: list[bytes], _former: list[bytes]) -> list[bytes]:
    return [bytes(MAX_BYTES + 1)]


def _cose(_honest: list[bytes], _former: list[bytes]) -> list[bytes]:
    """Four parts, as a COSE_Sign1 has, and none of them right."""
    return [cbor.encode([VERSION, [cbor.encode([b"\xa0", {}, b"\xf6", b""])]])]


def _forged(honest: list[bytes], _former: list[bytes]) -> list[bytes]:
    """Well-formed operations whose signatures (the last bytes) were changed: every server must refuse them alike."""
    return [tx[:-1] + bytes([tx[-1] ^ 1]) for tx in honest]


def _replayed(honest: list[bytes], former: list[bytes]) -> list[bytes]:
    """What was ordered long ago, once more, in front of what is new."""
    return [*former[:10], *honest]


def _doubled(honest: list[bytes], _former: list[bytes]) -> list[bytes]:
    return [*honest, *honest]


def _censored(_honest: list[bytes], _former: list[bytes]) -> list[bytes]:
    return []


LIES: dict[str, Callable[[list[bytes], list[bytes]], list[bytes]]] = {
    "malformed": _malformed,
    "huge": _huge,
    "COSE": _cose,
    "forged": _forged,
    "replayed": _replayed,
    "doubled": _doubled,
    "censored": _censored,
}
REJECTED = frozenset({"malformed", "huge", "COSE"})
"""What honest servers vote against; the rest is executed, and must do no harm."""
