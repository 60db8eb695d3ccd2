"""What can go wrong with factors.

::

    AkashiError
    ├── InputError
    │   └── FactorRefused        what the authenticator or browser sent does not enrol a factor
    ├── Denied
    │   └── OwnTemporary         nobody issues a temporary code to themselves
    ├── NotFound
    │   └── NoSuchFactor
    ├── Conflict
    │   ├── FactorKnown          the authenticator is enrolled already
    │   └── TooManyFactors
    └── Unavailable
        ├── SignInBusy           too many sign-ins wait for their turn
        ├── HashingStopped       the process that checks passwords died; nobody's attempt is counted
        └── WordsMissing         the list of guessable words is missing or damaged: no password can be set
"""

from __future__ import annotations

from akashi.errors import Conflict, Denied, InputError, NotFound, Unavailable


class FactorRefused(InputError):
    """A registration that does not verify; ``reason`` is a short code (``origin``, ``challenge``, ``user`` …)."""

    code = "identity.factor_refused"
    ja, en = "この認証手段は登録できません（{reason}）。", "This authenticator cannot be enrolled ({reason})."
    hint_ja = "画面を開き直し、画面ロック（指紋・顔・PIN）を使える端末か鍵で、もう一度登録してください。"
    hint_en = "Open the page again and use a device or key that checks you by fingerprint, face or PIN."


class OwnTemporary(Denied):
    """The temporary route needs a second person."""

    code = "identity.own_temporary"
    ja, en = "自分の一時コードは発行できません。", "You cannot issue a temporary code to yourself."
    hint_ja = "別の管理者か運用担当者に、本人確認と発行を頼んでください。"
    hint_en = "Ask another manager or operations person to check who you are and to issue it."


class NoSuchFactor(NotFound):
    """No such factor of that person."""

    code = "identity.no_such_factor"
    ja, en = "その認証手段はありません（{factor}）。", "There is no such authenticator ({factor})."
    hint_ja = "「akashi person factor 利用者」で登録済みの認証手段を確かめてください。"
    hint_en = "`akashi person factor PERSON` shows what is enrolled."


class FactorKnown(Conflict):
    """A credential is enrolled once, ever."""

    code = "identity.factor_known"
    ja, en = "この認証手段は登録済みです。", "This authenticator is already enrolled."
    hint_ja = "別の認証手段を登録してください。"
    hint_en = "Enrol another one."


class TooManyFactors(Conflict):
    """A person has a bounded number of factors."""

    code = "identity.too_many_factors"
    ja, en = "認証手段は{most}個まで登録できます。", "A person may have {most} authenticators."
    hint_ja = "使わなくなったものを削除してください。"
    hint_en = "Remove one that is no longer used."


class SignInBusy(Unavailable):
    """Too many sign-ins at once; the same answer whether the login exists or not."""

    code = "identity.busy"
    ja, en = "ログインが混み合っています。", "Too many people are signing in at once."
    hint_ja = "数秒待って、もう一度試してください。"
    hint_en = "Wait a few seconds and try again."


class HashingStopped(Unavailable):
    """The process that hashes died at its work, or could not be started; the next attempt gets a new one."""

    code = "identity.hashing_stopped"
    ja, en = "パスワードの確認が途中で止まりました。", "Checking the password stopped half-way."
    hint_ja = "もう一度試してください。続くときは、サーバーのメモリーの空きを確かめてください。"
    hint_en = "Try again; if it goes on, see whether the machine has memory left."


class WordsMissing(Unavailable):
    """Without the list of words no password is judged, and so none is set."""

    code = "identity.words_missing"
    ja, en = (
        "推測されやすい言葉の一覧（{name}）を読めません。",
        "The list of guessable words ({name}) cannot be read.",
    )
    hint_ja = "配布物の formats/passwords を元に戻してください。それまでパスワードは設定できません。"
    hint_en = "Restore formats/passwords of the distribution; until then no password can be set."
