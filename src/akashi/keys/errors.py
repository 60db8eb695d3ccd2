"""What can go wrong with keys.

::

    AkashiError
    ├── InputError
    │   ├── KeyNameInvalid     a key name outside [a-z0-9][a-z0-9._-]{0,63}
    │   ├── PassphraseEmpty    no passphrase was given
    │   ├── KeyUnsuitable      the key is of another kind than the use asks for
    │   ├── PublicKeyInvalid   bytes that are no public key of the suite
    │   └── SuiteUnknown       a suite number that this edition does not know
    ├── Denied
    │   ├── PassphraseWrong    the passphrase does not open the keystore
    │   ├── RecoveryKeyWrong   the shares do not open this key store
    │   └── SuiteRefused       the profile does not allow sealing with this suite
    ├── NotFound
    │   ├── KeystoreMissing    no keystore in this directory
    │   └── KeyMissing         no key of this name
    ├── Conflict
    │   └── KeyExists          a key or keystore is there already; nothing is overwritten
    └── IntegrityError
        ├── KeystoreDamaged    a file of the keystore is not what was written
        └── OpeningFailed      HPKE did not open: other recipient, other context or altered bytes

Guarantees: messages carry key names, file names, suite numbers and enum names; never key bytes or a passphrase.
"""

from __future__ import annotations

from akashi.errors import Conflict, Denied, InputError, IntegrityError, NotFound


class KeyNameInvalid(InputError):
    """Key names become file names, so their alphabet is small; the refused name is not repeated."""

    code = "keys.name"
    ja, en = "鍵の名前に使えない文字があります。", "The key name contains characters that are not allowed."
    hint_ja = "小文字の英数字と . _ - だけを、64文字まで使えます。"
    hint_en = "Use lower-case letters, digits, dot, underscore and hyphen, at most 64."


class PassphraseEmpty(InputError):
    """A keystore without a passphrase would be plain files."""

    code = "keys.passphrase_empty"
    ja, en = "鍵束の合言葉が空です。", "The keystore's passphrase is empty."
    hint_ja, hint_en = "長い合言葉を決めて入れてください。", "Choose a long passphrase."


class KeyUnsuitable(InputError):
    """For instance an opening key was asked to sign."""

    code = "keys.unsuitable"
    ja, en = "鍵 {name} はこの用途には使えません（{kind}）。", "Key {name} cannot be used for this ({kind})."


class PublicKeyInvalid(InputError):
    """The bytes are not a public key of the suite (length, point not on the curve …)."""

    code = "keys.public_invalid"
    ja, en = "公開鍵の形式が正しくありません（方式{suite}）。", "The public key is not valid for suite {suite}."


class SuiteUnknown(InputError):
    """A suite number that this edition does not know."""

    code = "keys.suite_unknown"
    ja, en = "この版が知らない暗号方式です（番号{suite}）。", "Unknown cipher suite {suite}."
    hint_ja, hint_en = "新しい版の Akashi で開いてください。", "Use a newer edition of Akashi."


class PassphraseWrong(Denied):
    """The passphrase does not open the keystore (or somebody replaced its file by another keystore's)."""

    code = "keys.passphrase_wrong"
    ja, en = "鍵束の合言葉が違います。", "The keystore's passphrase is wrong."
    hint_ja, hint_en = "大文字・小文字と入力の切り替えを確かめてください。", "Check the keyboard layout and capitals."


class RecoveryKeyWrong(Denied):
    """The recovery key that the shares made does not open this key store (another set, an older one, or an altered file)."""

    code = "keys.recovery_wrong"
    ja, en = "この分散鍵ではこの鍵束を開けません。", "These shares do not open this key store."
    hint_ja = "鍵束の控えと分散鍵が同じ時のものかを確かめてください。"
    hint_en = "Check that the copy of the key store and the shares are of the same making."


class SuiteRefused(Denied):
    """Sealing with a retired or unlisted suite; opening old payloads stays possible."""

    code = "keys.suite_refused"
    ja = "暗号方式{suite}は設定（{profile}）により新しい封緘には使えません。"
    en = "Suite {suite} may not be used for sealing under the profile {profile}."
    hint_ja = "封緘済みのものは引き続き開けます。相手に新しい鍵の登録を頼んでください。"
    hint_en = "What is sealed already can still be opened; ask the recipient to enrol a new key."


class KeystoreMissing(NotFound):
    """No keystore in this directory."""

    code = "keys.keystore_missing"
    ja, en = "鍵束が見つかりません。", "There is no keystore here."
    hint_ja, hint_en = "ホームの場所を確かめてください。", "Check which home you are using."


class KeyMissing(NotFound):
    """No key of this name (never made, or destroyed)."""

    code = "keys.missing"
    ja, en = "鍵 {name} がありません。", "There is no key {name}."


class KeyExists(Conflict):
    """Keys are never overwritten: destroying is a separate, deliberate act."""

    code = "keys.exists"
    ja, en = "{name} はすでにあります。", "{name} exists already."


class KeystoreDamaged(IntegrityError):
    """A file of the keystore is not what was written: damaged, swapped or renamed."""

    code = "keys.damaged"
    ja, en = "鍵束のファイル {name} が壊れています（{failure}）。", "Keystore file {name} is damaged ({failure})."
    hint_ja, hint_en = "控えから鍵束を戻してください。", "Restore the keystore from a copy."


class OpeningFailed(IntegrityError):
    """HPKE did not open. The cause cannot be told apart: another recipient, another context, altered bytes."""

    code = "keys.opening_failed"
    ja, en = "封を開けませんでした。", "The sealed key does not open."
    hint_ja, hint_en = (
        "宛先が自分か、ファイルが途中で変わっていないかを確かめてください。",
        ("Check that it is addressed to you and was not altered on the way."),
    )
