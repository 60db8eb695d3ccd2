"""What can go wrong with emergency accounts (what the ledger refuses is a ``Refused`` with an ``emergency.…`` reason).

::

    AkashiError
    ├── NotFound
    │   └── EmergencyUnknown     no such account, opening or declaration here
    ├── Conflict
    │   └── SecretGone           the secret was handed out, or is in a paper envelope
    └── IntegrityError
        └── SealBroken           what is kept is not what was sealed
"""

from __future__ import annotations

from akashi.errors import Conflict, IntegrityError, NotFound


class EmergencyUnknown(NotFound):
    """No such emergency account, opening or declaration in this institution."""

    code = "identity.emergency_unknown"
    ja, en = "非常時用のアカウントまたは記録が見つかりません。", "There is no such emergency account or record."
    hint_ja = "番号（per-… または emg-…）を確かめてください。「akashi emergency list」で見られます。"
    hint_en = "Check the handle (per-… or emg-…); `akashi emergency list` shows them."


class SecretGone(Conflict):
    """The secret is not here: it was handed out once, or it is on paper in an envelope."""

    code = "identity.emergency_secret"
    ja, en = "この非常時用パスワードはもう表示できません。", "This emergency secret cannot be shown (again)."
    hint_ja = "受け取った人に確かめるか、紙の封筒を開けてください。分からなければアカウントを閉じて更新してください。"
    hint_en = "Ask whoever took it, or open the paper envelope; else close the account and rotate it."


class SealBroken(IntegrityError):
    """What is kept of a sealed account is not what the ledger committed to."""

    code = "identity.emergency_seal"
    ja, en = (
        "非常時用アカウントの封が壊れています（{account}）。",
        "The seal of an emergency account is broken ({account}).",
    )
    hint_ja = (
        "別の非常時用アカウントを使い、このアカウントは「akashi emergency rotate」で作り直して、経緯を調べてください。"
    )
    hint_en = "Use another emergency account; rotate this one and find out what happened."
