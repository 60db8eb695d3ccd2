"""What can go wrong with copies of payloads.

::

    AkashiError
    ├── InputError
    │   └── CopyRefused      what a server offers is not offered as it has to be
    ├── IntegrityError
    │   └── CopyDiffers      the bytes are not those that the ledger (or the offer) names
    └── Unavailable
        ├── CopiesMissing    too few servers hold the bytes
        ├── CopiesBusy       too many payloads are on their way
        ├── CopiesBehind     this server does not know yet what was ordered while it was away
        ├── ReceiptOverdue   a server has not said for too long that its copies are erased
        └── CopyBroken       the bytes ended before their end, from every server that has them
"""

from __future__ import annotations

from akashi.errors import InputError, IntegrityError, Unavailable


class CopyRefused(InputError):
    """An offer that is not by a voting server's key, or not for what comes with it; ``failure`` is a short code."""

    code = "network.copy_refused"
    ja, en = "写しを受け取れません（{failure}）。", "The copy cannot be taken ({failure})."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class CopyDiffers(IntegrityError):
    """A server handed out other bytes than it must have; nothing of them was kept."""

    code = "network.copy_differs"
    ja = "サーバ間で届いた封緘データ {payload} が記録と違います。"
    en = "Payload {payload} arrived from another server with other bytes than those recorded."
    hint_ja = "受け取った分は捨てました。ほかのサーバーから取り直します。"
    hint_en = "What arrived was dropped; it is fetched from another server."


class CopiesMissing(Unavailable):
    """Below quorum nothing is announced: the caller is told, and sends again."""

    code = "network.copies_missing"
    waited = True
    ja = "未確定です。応答したサーバーが足りません（{have} 台、必要 {wanted} 台）。まだ何も送られていません。"
    en = "Not final: too few servers answer ({have}, needed {wanted}). Nothing was sent."
    hint_ja = "サーバーがそろってから、もう一度送ってください（画面では「封をして送る」をもう一度押すだけです。コマンドでは --wait 30 を付けると、30 分までのあいだ、そろいしだい送ります）。"
    hint_en = "Send it again once enough servers answer (on the page: press the button once more; the command sends it by itself with --wait 30, within 30 minutes)."

    @property
    def reason(self) -> str:
        """How many of how many, for a gateway elsewhere."""
        return f"{self.params['have']}/{self.params['wanted']}"


class CopiesBusy(Unavailable):
    """A bound, so that many uploads at once wait outside instead of filling disks and memory."""

    code = "network.copies_busy"
    waited = True
    ja, en = "ほかの送付の写しを作っています。", "Copies of other payloads are being made."
    hint_ja, hint_en = "しばらくしてからやり直してください。", "Send it again in a moment."


class CopiesBehind(Unavailable):
    """Before it has the newest blocks a server cannot know which copies it may still hand out."""

    code = "network.copies_behind"
    ja, en = "このサーバーはまだ台帳に追いついていません。", "The server has not caught up with the ledger yet."


class CopyBroken(Unavailable):
    """No server could finish it; what arrived was dropped and is asked for again later."""

    code = "network.copy_broken"
    ja = "封緘データ {payload} の写しが途中で途切れました。"
    en = "The copy of payload {payload} broke off."


class ReceiptOverdue(Unavailable):
    """A server has not said for too long that the copies are gone whose erasure was ordered: they may be there still."""

    code = "network.receipt_overdue"
    ja = "サーバー {number} の消去の受領が {count} 件、期限を過ぎています。"
    en = "Server {number} owes {count} erasure receipts for too long."
    hint_ja = "そのサーバーを起動してください。戻らないときは akashi network remove で外します（消去は確認できないままです）。"
    hint_en = (
        "Start that server; if it does not come back, remove it with akashi network remove (its copies stay unproven)."
    )
