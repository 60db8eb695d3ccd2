"""What can go wrong in identity.

::

    AkashiError
    ├── InputError
    │   ├── WeakPassword         shorter or plainer than the rules ask
    │   ├── CertificateRefused   not a device certificate of this ledger
    │   └── LoginUnusable        not a usable login name
    ├── Denied
    │   └── NotPermitted         the person's roles do not allow the action
    ├── NotFound
    │   └── NoSuchPerson
    ├── Conflict
    │   ├── LoginTaken
    │   └── ResetNeeded          a colleague sets no password that replaces one
    ├── IntegrityError
    │   └── JournalDamaged       the access journal does not verify
    ├── Unavailable
    │   └── StoreFailed          the gateway's database is busy, away or broken
    └── Unauthenticated
        ├── SignInFailed         one answer for every cause, so that it tells nothing
        ├── SessionEnded         signed out, timed out, or the person, device or institution was stopped
        └── NoCertificate        the connection has no device certificate
"""

from __future__ import annotations

from akashi.errors import Conflict, Denied, InputError, IntegrityError, NotFound, Unauthenticated, Unavailable


class WeakPassword(InputError):
    """The password does not satisfy the rules; ``reason`` is a short code."""

    code = "identity.weak_password"
    ja, en = "このパスワードは使えません（{reason}）。", "This password cannot be used ({reason})."
    hint_ja = "2要素認証なしでは13文字以上、ありでは英字と数字を混ぜた8文字以上にし、IDや名前、機関名、よくある言葉を含めず、今と違うものにしてください。"
    hint_en = (
        "Use 13 characters or more, or 8 with letters and digits beside a second factor, another one than now, without your id,"
        " name, institution or a common word."
    )


class ResetNeeded(Conflict):
    """Somebody who has a password gets a new one by a reset with an identity check, never from a colleague (guideline 7.0 draft 14.1.1)."""

    code = "identity.reset_needed"
    ja, en = (
        "この人のパスワードは、本人確認をした再設定でしか変えられません。",
        "This person's password changes by a reset with an identity check only.",
    )
    hint_ja = "「利用者」の「再設定」か akashi reset issue を使ってください。本人は自分の設定で変えられます。"
    hint_en = "Use the reset page or `akashi reset issue`; people change their own in their settings."


class CertificateRefused(InputError):
    """The certificate is not a device certificate that this system issued; ``reason`` is a short code."""

    code = "identity.certificate"
    http_status = 403
    ja, en = "この証明書は使えません（{reason}）。", "This certificate cannot be used ({reason})."
    hint_ja = "事務局が発行した端末証明書を選んでください。"
    hint_en = "Choose the device certificate that the secretariat issued."


class LoginUnusable(InputError):
    """A login name outside the allowed form."""

    code = "identity.login"
    ja, en = "このログインIDは使えません。", "This login cannot be used."
    hint_ja = "英小文字・数字・「.」「_」「-」で3〜64文字にしてください。"
    hint_en = "Use 3 to 64 of a-z, 0-9, '.', '_' and '-'."


class NotPermitted(Denied):
    """The person's roles do not include the action."""

    code = "identity.not_permitted"
    ja, en = "この操作をする権限がありません（{action}）。", "You are not permitted to do this ({action})."
    hint_ja = "必要な場合は機関の管理者に申請してください。"
    hint_en = "Ask your institution's manager if you need it."


class NoSuchPerson(NotFound):
    """No such person in this gateway."""

    code = "identity.no_such_person"
    ja, en = "利用者が見つかりません（{person}）。", "There is no such person ({person})."
    hint_ja = "ログイン名か利用者番号（per-…）を確かめてください。「akashi person list」で見られます。"
    hint_en = "Check the login or the handle (per-…); `akashi person list` shows them."


class LoginTaken(Conflict):
    """Logins are never reused, not even those of people who left."""

    code = "identity.login_taken"
    ja, en = "このログインIDはすでに使われています。", "This login is or was in use."
    hint_ja = "退職者のIDも再利用できません。別のIDにしてください。"
    hint_en = "The logins of people who left stay reserved; choose another."


class JournalDamaged(IntegrityError):
    """An entry of the access journal is missing or was altered."""

    code = "identity.journal_damaged"
    ja, en = (
        "アクセス記録の{number}番で不一致が見つかりました。",
        "The access journal does not verify at entry {number}.",
    )
    hint_ja = "控えと照合し、事務局に知らせてください。"
    hint_en = "Compare with a copy and inform the secretariat."


class StoreFailed(Unavailable):
    """The gateway's database did not answer; nothing was changed."""

    code = "identity.store"
    ja, en = "ゲートウェイのデータベースを使えません（{name}）。", "The gateway's database cannot be used ({name})."
    hint_ja = "少し待ってやり直してください。続く場合はディスクとファイルを確かめてください。"
    hint_en = "Try again shortly; if it persists, check the disk and the file."


class SignInFailed(Unauthenticated):
    """Wrong login, password or code, locked, disabled: the answer is the same."""

    code = "identity.sign_in_failed"
    ja, en = "ログインできませんでした。", "The sign-in failed."
    hint_ja = "ID・パスワード・確認コードを確かめてください。続けて失敗するとしばらくログインできません。"
    hint_en = "Check login, password and code. Repeated failures lock sign-in for a while."


class SessionEnded(Unauthenticated):
    """There is no such session any more."""

    code = "identity.session_ended"
    ja, en = "ログインしていないか、時間切れです。", "You are not signed in, or no longer."
    hint_ja = "もう一度ログインしてください。"
    hint_en = "Sign in again."


class NoCertificate(Unauthenticated):
    """No device certificate came with the connection."""

    code = "identity.no_certificate"
    ja, en = "端末証明書が示されていません。", "No device certificate was presented."
    hint_ja = "端末証明書を入れたブラウザーから接続してください。"
    hint_en = "Connect with the device certificate installed."
