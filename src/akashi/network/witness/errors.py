"""What can go wrong at a witness, and between a server and its witnesses.

::

    AkashiError
    ├── InputError
    │   ├── WitnessMissing, WitnessSettings   a witness's home that is not there or cannot be used
    ├── NotFound
    │   └── FindingMissing                    no finding of that number
    ├── Conflict
    │   └── WitnessExists                     there is a witness already
    ├── IntegrityError
    │   ├── WitnessDistrusted                 an answer that does not verify against the witness's pinned key
    │   └── WitnessAhead                      the witness has seen more than this ledger holds
    └── Unavailable
        ├── WitnessAway                       nobody answered; asked again at the next turn
        └── WitnessStore                      the witness's own database could not be used
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError, NotFound, Unavailable


class WitnessMissing(InputError):
    """There is no witness's home where one was expected."""

    code = "network.witness_missing"
    ja, en = "「{name}」に立会人のホームはありません。", "There is no witness at `{name}`."
    hint_ja = "「akashi witness init --home {name}」で作ってください。"
    hint_en = "Create one with `akashi witness init --home {name}`."


class WitnessExists(Conflict):
    """There is a witness already; its key is never replaced."""

    code = "network.witness_exists"
    ja, en = "「{name}」には立会人がすでにあります。", "There is a witness at `{name}` already."
    hint_ja, hint_en = "別のフォルダーを指定してください。", "Name another folder."


class WitnessSettings(InputError):
    """A setting, or a line of the list of known logs, that cannot be used; its value is not repeated."""

    code = "network.witness_settings"
    ja, en = "立会人の設定「{setting}」が正しくありません。", "The setting `{setting}` of the witness is not valid."
    hint_ja, hint_en = "docs/witness.md の設定の表を見てください。", "See the table of settings in docs/witness.md."


class FindingMissing(NotFound):
    """The witness has kept no finding of that number."""

    code = "network.witness_finding"
    ja, en = "{number} 番の記録はありません。", "There is no finding number {number}."
    hint_ja = hint_en = "akashi witness show"


class WitnessStore(Unavailable):
    """The witness could not read or write its database; it cosigned nothing."""

    code = "network.witness_store"
    ja, en = "立会人のデータベースを使えませんでした。", "The database of the witness could not be used."
    hint_ja, hint_en = "ディスクの空きと権限を確かめてください。", "Check free space and permissions."


class WitnessAway(Unavailable):
    """The witness did not answer, or not in time, or refused for now; operations go on without its cosignature."""

    code = "network.witness_away"
    ja, en = "立会人が応答しません（{failure}）。", "A witness did not answer ({failure})."
    hint_ja = "記録は続いています。次の回に自動でやり直します。"
    hint_en = "Recording goes on; the witness is asked again at the next turn."


class WitnessDistrusted(IntegrityError):
    """What answered in the witness's place does not hold its key, or did not keep to the protocol."""

    code = "network.witness_distrusted"
    ja, en = "立会人の応答を確認できませんでした（{failure}）。", "A witness's answer does not verify ({failure})."
    hint_ja = "設定 witness_urls と witness_vkeys、相手の機関の公開鍵を確かめてください。"
    hint_en = "Check witness_urls, witness_vkeys and the other organisation's published key."


class WitnessRefused(IntegrityError):
    """The witness will not cosign: it does not know the log or its key, or finds the histories inconsistent (422)."""

    code = "network.witness_refused"
    ja, en = "立会人が連署を断りました（{failure}）。", "A witness refuses to cosign ({failure})."
    hint_ja = "403・404 なら立会人に台帳の公開鍵を登録してもらってください。422 なら台帳が分岐した疑いがあります。"
    hint_en = "403 or 404: have the log's key registered there. 422: the ledger may have forked."


class WitnessAhead(IntegrityError):
    """The witness cosigned a larger tree than this ledger has: this ledger was put back to an older copy."""

    code = "network.witness_ahead"
    ja, en = (
        "立会人は、この台帳より新しい記録を見ています（{size}）。",
        "A witness has seen more than this ledger ({size}).",
    )
    hint_ja = "台帳が古い控えに戻っています。書き込みを止め、新しい控えから戻してください。"
    hint_en = "This ledger was restored from an older copy. Stop writing and restore a newer one."
