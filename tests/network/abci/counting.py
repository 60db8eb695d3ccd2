"""A counting application: what the tests of abci and light run on a chain."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from akashi.network.abci.server import Block, Finalized, Info, InitChain, TxResult


class Counting:
    """Counts transactions; its hash is the height of the last change and the count. Durable in memory only."""

    def __init__(self) -> None:
        self.genesis: InitChain | None = None
        self.blocks: list[Block] = []
        self.count = self.height = self.updated_at = 0
        self.open: tuple[int, int] | None = None
        self.updates: list[tuple[bytes, int]] = []
        self.poison = b"poison"

    def app_hash(self, count: int) -> bytes:
        """32 bytes that depend on the count alone."""
        return sha256(b"count %d" % count).digest()

    def info(self) -> Info:
        """As kept in memory."""
        return Info(self.height, self.app_hash(self.count) if self.height else b"")

    def init_chain(self, request: InitChain) -> bytes:
        """Keeps the genesis."""
        self.genesis = request
        return self.app_hash(0)

    def check_tx(self, tx: bytes) -> int:
        """Everything but ``bad``."""
        return 1 if tx == b"bad" else 0

    def prepare(self, txs: Sequence[bytes], max_bytes: int) -> list[bytes]:
        """As they come."""
        return list(txs)

    def process(self, txs: Sequence[bytes]) -> bool:
        """Everything but ``bad``."""
        return b"bad" not in txs

    def finalize(self, block: Block) -> Finalized:
        """Counts; fails where it was told to."""
        if self.poison in block.txs:
            raise ValueError("a name that nobody may read")
        self.blocks.append(block)
        count = self.count + len(block.txs)
        self.open = (block.height, count)
        updates, self.updates = self.updates, []
        if updates:
            self.updated_at = block.height
        return Finalized([TxResult(0, tx[:4]) for tx in block.txs], self.app_hash(count), updates)

    def commit(self) -> int:
        """Takes the open block."""
        assert self.open is not None
        self.height, self.count = self.open
        return 0
