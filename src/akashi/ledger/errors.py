"""What can go wrong in the ledger.

::

    AkashiError
    ├── InputError
    │   ├── EncodingError      bytes are not the one allowed encoding
    │   └── Refused            a well-formed operation that the rules do not accept
    ├── IntegrityError
    │   ├── ProofError         a proof, signature or bundle does not verify
    │   └── LedgerDamaged      the store disagrees with itself; the engine stops
    └── Unavailable
        ├── ClockStepped       the clock is behind the last block
        ├── LedgerBusy         more operations wait than the queue holds
        ├── LedgerFull         the disk is full; nothing was acknowledged
        ├── LedgerLocked       another process writes this ledger
        └── LedgerStopped      closed, or a write of unknown outcome: open again, submit again

``EncodingError`` and ``ProofError`` carry a short ``failure`` class (``"cbor.order"``, ``"proof.inclusion"`` …) which the
language-neutral vectors name, so that a parse error cannot pass for a bad signature.
"""

from __future__ import annotations

from akashi.errors import InputError, IntegrityError, Unavailable


class EncodingError(InputError):
    """Bytes that are not the single allowed encoding of anything (spec/cbor, spec/operation)."""

    code = "ledger.encoding"
    ja, en = "データの形式が正しくありません（{failure}）。", "The bytes are not a valid encoding ({failure})."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class Refused(InputError):
    """An operation the rules do not accept; nothing was written. ``reason`` is a stable short code."""

    code = "ledger.refused"
    http_status = 409
    exit_status = 5
    ja, en = "操作は受け付けられませんでした（{reason}）。", "The operation was refused ({reason})."
    hint_ja = "最新の状態を確かめてから、もう一度操作してください。"
    hint_en = "Look at the present state and try again."

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class ProofError(IntegrityError):
    """A signature, inclusion, chain, stamp or trust check failed."""

    code = "ledger.proof"
    ja, en = "証明を確認できませんでした（{failure}）。", "The proof does not verify ({failure})."
    hint_ja = "ファイルが壊れているか、書き換えられています。発行元から取り直してください。"
    hint_en = "The file is damaged or was altered; get it again from its issuer."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class LedgerDamaged(IntegrityError):
    """The ledger's own store does not verify; the engine refuses to go on."""

    code = "ledger.damaged"
    ja, en = "台帳の検査で不一致が見つかりました（{failure}）。", "The ledger store does not verify ({failure})."
    hint_ja = "書き込みを止めました。「akashi ledger audit」で箇所を確かめ、控えから戻してください。"
    hint_en = "Writing has stopped. Run `akashi ledger audit` to locate the damage and restore from a copy."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class ClockStepped(Unavailable):
    """The machine's clock is behind the last block by more than the tolerance."""

    code = "ledger.clock_stepped"
    ja, en = (
        "時計が{behind_s}秒前に戻っています。",
        "The clock has stepped back by {behind_s} s.",
    )
    hint_ja = "時刻合わせを確かめてください。正しい場合は事務局が「clock.stepped」を記録します。"
    hint_en = "Check time synchronisation; if the clock is right now, the secretariat records `clock.stepped`."


class LedgerBusy(Unavailable):
    """More operations wait than the queue holds; none of these was taken."""

    code = "ledger.busy"
    ja, en = "台帳が混み合っています。", "The ledger is busy."
    hint_ja, hint_en = (
        "少し待ってから、同じ操作を送ってください。",
        "Wait a moment and submit the same operation again.",
    )


class LedgerFull(Unavailable):
    """The disk is full; nothing was written and nothing acknowledged. The engine stays usable."""

    code = "ledger.full"
    ja, en = "台帳を書くための空きがディスクにありません。", "The disk has no room for the ledger."
    hint_ja, hint_en = (
        "空きを作ってから、同じ操作を送ってください。",
        "Free some space and submit the same operation again.",
    )


class LedgerLocked(Unavailable):
    """Another process writes this ledger; there is one writer."""

    code = "ledger.locked"
    ja, en = "この台帳は別のプロセスが使っています。", "Another process is writing this ledger."
    hint_ja, hint_en = "動いている方を止めてからやり直してください。", "Stop the other process and try again."


class LedgerStopped(Unavailable):
    """The engine is closed, or a write ended without a known outcome. Submitting again after reopening is always safe."""

    code = "ledger.stopped"
    ja, en = "台帳は止まっています（{failure}）。", "The ledger has stopped ({failure})."
    hint_ja = "開き直してから、同じ操作を送ってください。二重には記録されません。"
    hint_en = "Open it again and submit the same operation; it is never recorded twice."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure
