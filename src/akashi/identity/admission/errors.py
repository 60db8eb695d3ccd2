"""What can go wrong when an institution joins or leaves.

::

    AkashiError
    ├── InputError
    │   └── AttestationUnusable   a document or date that attests nothing
    ├── NotFound
    │   └── NoAdmission           the institution has no admission, or no withdrawal under way
    └── Conflict
        ├── StepsMissing          steps of the admission are not done
        ├── NameTaken             another institution has that name
        └── TransfersOpen         a withdrawal waits for open transfers or erasures
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, NotFound


class AttestationUnusable(InputError):
    """A document or date that cannot stand for operating rules or training; ``reason`` is a short code."""

    code = "identity.admission.attestation"
    ja, en = "この書類では確認になりません（{reason}）。", "This document attests nothing ({reason})."
    hint_ja = "申請のときと同じ運用管理規程・教育記録のファイルと、1年以内の実施日を指定してください。"
    hint_en = "Name the very files of the application, and a day of training within the last year."


class NoAdmission(NotFound):
    """Nothing of that kind is under way for the institution."""

    code = "identity.admission.none"
    ja, en = (
        "この機関の手続きはありません（{institution}）。",
        "Nothing is under way for this institution ({institution}).",
    )
    hint_ja, hint_en = "「akashi admission list」で確かめてください。", "See `akashi admission list`."


class StepsMissing(Conflict):
    """The admission is not complete yet."""

    code = "identity.admission.steps"
    ja, en = "まだ済んでいない手順があります（{steps}）。", "Steps are missing ({steps})."
    hint_ja = "運用管理規程と教育の確認、承認された変換表（送る機関のみ）が要ります。"
    hint_en = "Operating rules and training must be attested, and a map approved (for those who send)."


class NameTaken(Conflict):
    """Two institutions of one name could be taken for each other."""

    code = "identity.admission.name_taken"
    ja, en = "同じ名前の機関がすでにあります。", "There is an institution of that name."
    hint_ja, hint_en = (
        "所在地などを添えて区別できる名前にしてください。",
        "Add a place so that the two can be told apart.",
    )


class TransfersOpen(Conflict):
    """The withdrawal cannot go on yet."""

    code = "identity.admission.open"
    ja, en = (
        "終わっていない送付が{count}件、消去待ちが{waiting}件あります。",
        "{count} transfers are open, {waiting} payloads wait to be erased.",
    )
    hint_ja = "確認・取り下げ・期限切れを待ってから、もう一度行ってください。「akashi withdrawal status」で見られます。"
    hint_en = "Have them confirmed, withdrawn or expired, then try again; `akashi withdrawal status` lists them."
