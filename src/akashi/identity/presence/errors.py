"""What can go wrong while somebody is signed in.

::

    AkashiError
    ├── Denied
    │   └── PasskeyNeeded        the institution asks this person for a passkey
    ├── Unauthenticated
    │   ├── ProofNeeded          a critical action needs a fresh proof
    │   └── ConfirmationNeeded   a second place was not confirmed yet
    └── NotFound
        ├── AlertUnknown
        └── StayUnknown          no such session of that person
"""

from __future__ import annotations

from akashi.errors import Denied, NotFound, Unauthenticated


class PasskeyNeeded(Denied):
    """The institution's settings ask this person for a passkey, and they signed in without one: they can enrol one, nothing else."""

    code = "identity.passkey_needed"
    ja, en = (
        "この機関では、パスキーでのログインが必要です。",
        "This institution asks you to sign in with a passkey.",
    )
    hint_ja = "「自分の設定」でパスキーを登録し、いちどログアウトして、パスキーでログインしてください。"
    hint_en = "Enrol a passkey on your own page, sign out, and sign in with it."


class ProofNeeded(Unauthenticated):
    """The last proof of who this is lies too far back for a critical action."""

    code = "identity.proof_needed"
    ja, en = "もう一度本人確認が必要です（{action}）。", "Prove again who you are ({action})."
    hint_ja = "パスワードと確認コード、またはパスキーをもう一度示してください。"
    hint_en = "Give your password and code, or your passkey, once more."


class ConfirmationNeeded(Unauthenticated):
    """The session is from a browser or device that was not on the list, and nobody confirmed it yet."""

    code = "identity.confirmation_needed"
    ja, en = (
        "いつもと違う端末またはブラウザーです。ご本人か確認が必要です。",
        "This is another device or browser than before. Confirm that it is you.",
    )
    hint_ja = "確認画面で「はい、私です」または「いいえ」を選んでください。"
    hint_en = "Answer the question whether it is you."


class AlertUnknown(NotFound):
    """No such alert, or not this person's to see."""

    code = "identity.alert_unknown"
    ja, en = "警告が見つかりません。", "There is no such alert."


class StayUnknown(NotFound):
    """No such session of that person."""

    code = "identity.stay_unknown"
    ja, en = "そのセッションはありません。", "There is no such session."
    hint_ja = "すでに終了しているかもしれません。「akashi session list」で確かめてください。"
    hint_en = "It may have ended; `akashi session list` shows what is open."
