"""What can go wrong while a node's answer is read.

::

    AkashiError
    └── InputError
        └── LightMalformed     JSON that no node of the pinned version writes

That a commit does not verify is :class:`akashi.network.errors.CommitUnproven`.
"""

from __future__ import annotations

from akashi.errors import InputError


class LightMalformed(InputError):
    """An answer of the node's RPC that cannot be read; ``failure`` is the place, never a value."""

    code = "network.light"
    ja, en = "ノードの応答を読み取れません（{failure}）。", "The node's answer cannot be read ({failure})."
    hint_ja = "CometBFTの版が決められた版と同じか確かめてください。"
    hint_en = "Make sure that CometBFT has the pinned version."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure
