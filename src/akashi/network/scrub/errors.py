"""What keeps a repair from ending."""

from __future__ import annotations

from akashi.errors import Conflict, IntegrityError, Unavailable


class DamageFound(IntegrityError):
    """The server's own data disagrees with what a quorum signed; it stopped voting."""

    code = "network.scrub.damaged"
    ja = "このサーバーのデータに食い違いがあります（{place}、{failure}、{at}）。票を止めました。"
    en = "This server's own data disagrees with what the others signed ({place}, {failure}, {at}). It stopped voting."
    hint_ja = "自動で作り直します。続かないときは akashi network repair を実行してください。"
    hint_en = "It is rebuilt by itself. If that does not go on, run akashi network repair."


class CopyDamaged(IntegrityError):
    """A payload's copy is not what it was; it is fetched again."""

    code = "network.scrub.copy"
    ja, en = "封緘データの写しが壊れていました（{payload}）。", "A payload's copy was damaged ({payload})."
    hint_ja, hint_en = "ほかのサーバーから取り直します。", "It is fetched again from another server."


class NobodyHelps(Unavailable):
    """No other server gave leaves that lead to the ledger that the genesis names."""

    code = "network.scrub.nobody"
    ja = "台帳を作り直せるサーバーが見つかりません（{servers} 台に尋ねました）。"
    en = "No server gave the ledger that the genesis names ({servers} were asked)."
    hint_ja = "ほかのサーバーが動いているかを確かめて、もう一度実行してください。"
    hint_en = "See that the other servers run, and do it again."


class RepairUnfinished(Unavailable):
    """The rebuild did not come to a tree that a quorum signed; this server goes on not voting."""

    code = "network.scrub.unfinished"
    ja, en = "作り直しが終わりませんでした（{failure}）。", "The rebuild did not come to its end ({failure})."
    hint_ja = "ほかのサーバーとの接続を確かめて、もう一度実行してください。続きから進みます。"
    hint_en = "Look at the connections to the other servers and do it again; it goes on where it stopped."


class QuarantineFull(Conflict):
    """There are as many damaged copies as are kept; nothing was changed."""

    code = "network.scrub.quarantine"
    ja = "隔離した記録が {most} 個あり、これ以上は置けません。"
    en = "There are {most} quarantined copies already; no more are kept."
    hint_ja = "network/quarantine の古いものを調べて、別の場所に移してください。"
    hint_en = "Look into the old ones in network/quarantine and move them elsewhere."


class SignStateTouched(IntegrityError):
    """The sign state or a key changed during the repair; the server must not vote."""

    code = "network.scrub.sign_state"
    ja = "作り直しの間に署名の記録か鍵が変わりました。このサーバーは投票しません。"
    en = "The sign state or a key changed during the repair. The server does not vote."
    hint_ja = "新しい鍵のサーバーとして加え直してください。"
    hint_en = "Join again as a server with new keys."
