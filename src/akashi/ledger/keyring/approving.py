"""How a person's own signature comes to be on an operation: from a key at hand, or by asking.

Guarantees: :class:`KeyApproving` approves what it is given, at once; :class:`ApprovalWanted` says what must be asked, and carries handles, digests and
key ids only. Refuses to sign for anybody but the holder of the key. Trusts its signer. Whether an approval counts is for ``admission``.

    author.submit(body, person="per-…", approving=KeyApproving(signer, ApprovalKind.DEVICE_KEY))
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TypeVar

from akashi.errors import Denied
from akashi.ledger.model import Approval, ApprovalKind, KeyRecord, Statement, operation_id
from akashi.ledger.wire.approval import raw_message
from akashi.ledger.wire.envelope import Signer, encode_statement, key_id

T = TypeVar("T")


class ApprovalWanted(Denied):
    """The person must approve ``operation`` with a key of their own; then the same use case is run again with their answer."""

    code = "ledger.approval_wanted"
    ja, en = "本人の署名が必要です（{kind}）。", "The person's own signature is needed ({kind})."
    hint_ja = "内容を確かめて、パスキーか登録した鍵で署名してください。"
    hint_en = "Look at what it says and approve it with a passkey or an enrolled key."

    def __init__(self, operation: bytes, statement: Statement, keys: tuple[KeyRecord, ...]) -> None:
        super().__init__(kind=statement.kind)
        self.operation = operation
        """The operation id: a passkey's challenge."""
        self.statement = statement
        self.keys = keys
        """The person's current keys, any of which may approve."""


class ApprovalMismatch(Denied):
    """The answer does not approve what was shown, or what was shown is not what would be done now; nothing was done."""

    code = "ledger.approval_mismatch"
    ja, en = "署名を確かめられませんでした（{reason}）。", "The approval was not accepted ({reason})."
    hint_ja = "もう一度、はじめから操作してください。"
    hint_en = "Begin again."

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class KeyApproving:
    """Approves with a key at hand: the command line's device key, and tests. ``kinds``: what it approves, all if ``None``."""

    def __init__(
        self, signer: Signer, kind: ApprovalKind = ApprovalKind.DEVICE_KEY, kinds: Container[str] | None = None
    ) -> None:
        self._signer = signer
        self._kind = kind
        self._kinds = kinds

    @property
    def answering(self) -> tuple[bytes, ...]:
        """Nothing is ever asked."""
        return ()

    def prepared(self, name: str, make: Callable[[], T]) -> T:  # noqa: ARG002 - there is one run only
        """What ``make`` gives."""
        return make()

    def settle(self, composed: Statement) -> tuple[Statement, tuple[Approval, ...]]:
        """``composed`` itself with this key's approval."""
        if self._kinds is not None and composed.kind not in self._kinds:
            return composed, ()
        message = raw_message(operation_id(encode_statement(composed)))
        return composed, (Approval(self._kind, key_id(self._signer.spki), self._signer.sign(message)),)
