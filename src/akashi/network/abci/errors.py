"""What can go wrong between us and the node beside us.

::

    AkashiError
    ├── InputError
    │   └── WireMalformed      bytes are not the one encoding of a message of v0.38
    └── Unavailable
        └── ApplicationStopped the application failed once; it answers nothing more until it is opened again

Both carry a short ``failure`` class, never bytes of a message.
"""

from __future__ import annotations

from akashi.errors import InputError, Unavailable


class WireMalformed(InputError):
    """Bytes that no node of the pinned version sends: cut, over-long, of another type, or out of bounds."""

    code = "network.abci"
    ja, en = "ノードとの通信の形式が正しくありません（{failure}）。", "The node's message is not valid ({failure})."
    hint_ja = "CometBFTの版が決められた版と同じか確かめてください。"
    hint_en = "Make sure that CometBFT has the pinned version."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class ApplicationStopped(Unavailable):
    """The application cannot be reached, or it failed and stays silent: this server stops alone, the others go on."""

    code = "network.abci_stopped"
    ja, en = "このサーバの台帳の処理が停止しました（{failure}）。", "This server's ledger has stopped ({failure})."
    hint_ja = "原因を確かめて、このサーバを起動し直してください。"
    hint_en = "Find the cause, then start this server again."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure
