"""A node whose answers cannot be read, told apart from one that is disproven.

Guarantees: an answer that no node of the pinned version writes proves nothing either way: it is asked for again, after :data:`TRIES` of them in :data:`PATIENCE_S` the node is started again, once,
and only if it garbles on after that the block counts as unproven, which puts this server's data aside. One answer that can be read begins the count anew. What can be read and does not
verify is the caller's at once (``CommitUnproven``). Trusts the node for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from akashi.errors import AkashiError
from akashi.network.application import Committed
from akashi.network.errors import CommitUnproven, NodeGarbled
from akashi.network.light.errors import LightMalformed
from akashi.network.node.errors import BadAnswer
from akashi.network.service import Broadcast

TRIES = 8
PATIENCE_S = 10.0


class DoubtedNode:
    """Implements ``service.Broadcast`` around another; ``restart`` starts the node again and raises what keeps it from that. One thread proves."""

    def __init__(
        self,
        node: Broadcast,
        restart: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node, self._restart, self._now_s = node, restart, now_s
        self._garbled, self._since_s, self._restarted = 0, 0.0, False

    def broadcast(self, tx: bytes) -> None:
        """As the node's; what it answers counts for nothing, so it is just sent again. Raises ``Unavailable``."""
        try:
            self._node.broadcast(tx)
        except BadAnswer as error:
            raise NodeGarbled from error

    def prove(self, committed: Committed) -> None:
        """As the node's. Raises :class:`NodeGarbled` (ask again), :class:`CommitUnproven` where that did not help."""
        try:
            self._node.prove(committed)
        except (BadAnswer, LightMalformed) as error:
            self._doubt()
            raise NodeGarbled from error
        self._garbled, self._restarted = 0, False

    def _doubt(self) -> None:
        """One more. Raises :class:`CommitUnproven`, and what keeps the node from starting again."""
        if not self._garbled:
            self._since_s = self._now_s()
        self._garbled += 1
        if self._garbled < TRIES or self._now_s() - self._since_s < PATIENCE_S:
            return
        if self._restarted:
            raise CommitUnproven("garbled")
        self._garbled, self._restarted = 0, True
        try:
            self._restart()
        except AkashiError as error:  # who watches the process tells of it; the block is asked for again
            raise NodeGarbled from error
