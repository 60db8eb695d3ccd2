"""What can go wrong in an exchange.

::

    AkashiError
    ├── InputError
    │   ├── DocumentRefused      a program, a macro or malware: neither sealed nor handed over
    │   ├── ContentChanged       the file changed while it was being read
    │   └── LockedUnreadable     a locked file or its passphrase is wrong
    ├── Denied
    │   ├── TransferDenied       the rules of a transfer do not allow it now
    │   └── ReceiverKeyChanged   the receiver's opening key is not the one used before
    ├── NotFound
    │   └── TransferUnknown      no such transfer, or the asker is not one of its two parties
    ├── Conflict
    │   └── AlreadySent          the same content was sent before
    └── Unavailable
        └── Unacknowledged       durably queued, not yet on the ledger (未確定)

``reason`` parameters are stable short codes of ``rules``; nothing here ever carries content or a name.
"""

from __future__ import annotations

from akashi.errors import Conflict, Denied, InputError, NotFound, Unavailable


class DocumentRefused(InputError):
    """A document that the screening does not let through; ``part`` counts from 1."""

    code = "exchange.document_refused"
    ja, en = (
        "{part}番目のファイルは受け付けられません（{reason}）。",
        "Document {part} is refused ({reason}).",
    )
    hint_ja = "プログラムやマクロを含まないファイルにしてください。何も送られていません。"
    hint_en = "Use a file without programs or macros; nothing has left."

    def __init__(self, part: int, reason: str) -> None:
        super().__init__(part=part, reason=reason)
        self.reason = reason


class ContentChanged(InputError):
    """The second reading of a document differed from the first."""

    code = "exchange.content_changed"
    ja, en = "読み取り中にファイルの内容が変わりました。", "The file changed while it was being read."
    hint_ja = "ほかのソフトで開いていないことを確かめて、送り直してください。"
    hint_en = "Make sure no other program writes to it and send again."


class LockedUnreadable(InputError):
    """A locked file cannot be opened with this passphrase, or it is damaged: the two cannot be told apart."""

    code = "exchange.locked_unreadable"
    ja, en = "パスフレーズが違うか、ファイルが壊れています。", "Wrong passphrase, or the file is damaged."
    hint_ja = "パスフレーズを確かめてください。"
    hint_en = "Check the passphrase."


class TransferDenied(Denied):
    """The state of the transfer, the time or the person does not allow the action."""

    code = "exchange.denied"
    http_status = 409
    ja, en = "いまはこの操作ができません（{reason}）。", "This cannot be done now ({reason})."
    hint_ja = "受け渡しの状態を確かめてください。"
    hint_en = "Look at the state of the transfer."

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class ReceiverKeyChanged(Denied):
    """An alarm: a person checks with the receiver by another channel before anything is sealed to the new key."""

    code = "exchange.receiver_key_changed"
    ja, en = (
        "{institution} の開封鍵が前回と違います。",
        "The opening key of {institution} is not the one used before.",
    )
    hint_ja = "相手に電話などで鍵の指紋を確かめ、正しければ新しい鍵を承認してください。"
    hint_en = "Check the fingerprint with the receiver by phone and accept the new key if it is right."


class TransferUnknown(NotFound):
    """No such transfer, or not yours to know."""

    code = "exchange.unknown"
    ja, en = "受け渡しが見つかりません。", "There is no such transfer."
    hint_ja = "番号を確かめてください。"
    hint_en = "Check the handle."


class AlreadySent(Conflict):
    """The same content went out before; sending it twice needs to be said."""

    code = "exchange.already_sent"
    ja, en = "同じ内容を前に送っています（{transfer}）。", "The same content was sent before ({transfer})."
    hint_ja = "もう一度送る場合は、画面で確認の印を付けるか、コマンドに --again を付けてください。"
    hint_en = "To send it again, tick the box on the page, or give --again to the command."

    def __init__(self, transfer: str) -> None:
        super().__init__(transfer=transfer)
        self.transfer = transfer


class Unacknowledged(Unavailable):
    """The operation is signed and kept in the outbox; the ledger has not acknowledged it yet."""

    code = "exchange.unacknowledged"
    ja, en = "記録がまだ確定していません（未確定）。", "Not acknowledged by the ledger yet."
    hint_ja = "失われていません。つながり次第、自動で送り直します。"
    hint_en = "Nothing is lost: it is delivered as soon as the ledger can be reached."
