"""What can go wrong with a PKCS#11 token.

Guarantees: messages carry a short failure word, a label that the operator chose, and class names of the library; never a PIN,
a key or what was to be signed.
"""

from __future__ import annotations

from akashi.errors import Conflict, Denied, InputError, NotFound, Unavailable


class TokenPinMissing(InputError):
    """Nobody said the token's PIN."""

    code = "keys.token_pin_missing"
    ja, en = "暗号モジュールの PIN がありません。", "The token's PIN is missing."
    hint_ja = (
        "AKASHI_PIN_FILE（ファイル名）、AKASHI_PIN_FD（番号）、AKASHI_PIN のどれかで渡すか、端末で入力してください。"
    )
    hint_en = "Give it with AKASHI_PIN_FILE, AKASHI_PIN_FD or AKASHI_PIN, or type it at the terminal."


class KeyInToken(InputError):
    """Something asked for the bytes of a key that never leaves its token."""

    code = "keys.in_token"
    ja, en = "この鍵は暗号モジュールの中にあり、取り出せません。", "This key is in a token and cannot be taken out."
    hint_ja, hint_en = "署名だけができます。", "It can sign, and nothing else."


class TokenPinWrong(Denied):
    """The token refused the PIN. It is not tried again by itself: tokens lock after a few attempts."""

    code = "keys.token_pin_wrong"
    ja, en = "暗号モジュールの PIN が違うか、PIN がロックされています。", "The token's PIN is wrong or locked."
    hint_ja = "続けて間違えるとロックされます。確かめてから、もう一度始めてください。"
    hint_en = "Tokens lock after repeated failures; look it up before you start again."


class TokenKeyExtractable(Denied):
    """The token would hand the key out, or holds it unprotected: such a key is not used."""

    code = "keys.token_extractable"
    ja, en = "鍵 {name} は取り出せる設定の鍵なので使いません。", "Key {name} is extractable and is therefore not used."
    hint_ja = "CKA_SENSITIVE が真、CKA_EXTRACTABLE が偽の鍵だけを使います。"
    hint_en = "Only keys with CKA_SENSITIVE true and CKA_EXTRACTABLE false are used."


class TokenMissing(NotFound):
    """The module or the token with this label is not there."""

    code = "keys.token_missing"
    ja, en = (
        "暗号モジュールまたはトークン「{token}」が見つかりません。",
        "The module or the token {token} is not there.",
    )
    hint_ja = "設定の pkcs11_module と pkcs11_token を確かめてください。"
    hint_en = "Check the settings pkcs11_module and pkcs11_token."


class TokenKeyMissing(NotFound):
    """The key store names a key that the token does not have."""

    code = "keys.token_key_missing"
    ja, en = "鍵 {name} が暗号モジュールにありません。", "Key {name} is not in the token."


class TokenKeyDiffers(Conflict):
    """Under the id of our key the token has another key."""

    code = "keys.token_differs"
    ja, en = "暗号モジュールの鍵 {name} が記録と違います。", "Key {name} in the token is not the recorded one."


class TokenNeeded(Conflict):
    """The key is in a token, or wrapped by one, and no token is configured."""

    code = "keys.token_needed"
    ja, en = "鍵 {name} には暗号モジュールが要ります。", "Key {name} needs its PKCS#11 token."
    hint_ja = "設定の pkcs11_module と pkcs11_token を戻してください。"
    hint_en = "Restore the settings pkcs11_module and pkcs11_token."


class TokenAway(Unavailable):
    """The token does not answer (removed, another process, a device error); nothing was changed."""

    code = "keys.token_away"
    ja, en = "暗号モジュールが応答しません（{failure}）。", "The token does not answer ({failure})."
    hint_ja, hint_en = "接続を確かめて、やり直してください。", "Check that it is connected, and try again."
