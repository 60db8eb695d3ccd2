"""What can go wrong with sealed payloads.

::

    AkashiError
    ├── InputError
    │   ├── PartRefused          number or names of the parts, or the media type
    │   ├── RecipientRefused     nobody, too many, twice, or a key that does not fit
    │   ├── ContentTooLarge      opening would yield more than the reader allowed
    │   ├── BodyTooLarge         more bytes than this store takes
    │   └── StageRefused         what was handed in for storage is no sealed payload
    ├── NotFound
    │   ├── PayloadMissing       no such payload here
    │   └── WrapMissing          no wrap for this key
    ├── Conflict
    │   ├── PayloadDiffers       other bytes under an id that is taken
    │   └── PayloadErased        the payload was erased, or is being erased; it does not come back
    ├── Unavailable
    │   └── VaultLocked          another process has this vault open
    └── IntegrityError
        ├── SealError            a sealed payload is not what was sealed; ``failure`` says where
        │   ├── SealMalformed    not the format
        │   ├── SealTruncated    the end is missing
        │   ├── SealExtended     bytes after the end
        │   ├── SealReordered    chunks are not in their order
        │   ├── SealAltered      a chunk does not authenticate
        │   ├── SealForeign      wrap, body or opener belong to another payload, recipient or suite
        │   ├── KeyMismatch      the data key is not the one that the header commits to
        │   └── ContentMismatch  the contents do not agree with lengths, digest or commitment
        └── VaultDamaged         the store disagrees with itself

Guarantees: messages carry ids, counts and failure classes; never part names, content, keys.
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError, NotFound, Unavailable


class PartRefused(InputError):
    """Parts are 1 to 16, with distinct names that are safe as file names; names are not repeated here."""

    code = "vault.part"
    ja, en = "封緘する内容の構成が正しくありません（{failure}）。", "The parts cannot be sealed ({failure})."
    hint_ja = "内容は1〜16個で、名前に区切り文字や制御文字は使えません。"
    hint_en = "Give 1 to 16 parts whose names contain no separators or control characters."


class RecipientRefused(InputError):
    """Recipients are 1 to 32 distinct opening keys of the sealing suite."""

    code = "vault.recipient"
    ja, en = "宛先の鍵が正しくありません（{failure}）。", "The recipients' keys are not usable ({failure})."


class ContentTooLarge(InputError):
    """Guards against a small file that unpacks to an enormous one."""

    code = "vault.content_too_large"
    ja, en = "開くと上限（{limit}バイト）を超えます。", "Opening it would yield more than {limit} bytes."
    hint_ja, hint_en = "上限を上げるか、分けて送ってもらってください。", "Raise the limit or ask for smaller pieces."


class BodyTooLarge(InputError):
    """The store's limit for one payload."""

    code = "vault.body_too_large"
    http_status = 413
    ja, en = "大きすぎます（上限{limit}バイト）。", "The payload is too large (at most {limit} bytes)."
    hint_ja, hint_en = "分けて送ってください。", "Send it in several pieces."


class StageRefused(InputError):
    """What was handed in for storage is not a sealed payload with wraps of its own."""

    code = "vault.stage"
    ja, en = "預けられない形式です（{failure}）。", "This cannot be stored ({failure})."


class PayloadMissing(NotFound):
    """No such payload in this store."""

    code = "vault.missing"
    ja, en = "封緘データ {payload} は保管されていません。", "Payload {payload} is not stored here."


class WrapMissing(NotFound):
    """The payload is not addressed to this key."""

    code = "vault.wrap_missing"
    ja, en = "封緘データ {payload} にこの宛先の鍵はありません。", "Payload {payload} has no wrap for this key."


class PayloadDiffers(Conflict):
    """The same id with other bytes: stored payloads never change."""

    code = "vault.differs"
    ja, en = "封緘データ {payload} は別の内容で保管済みです。", "Payload {payload} is stored already with other bytes."


class PayloadErased(Conflict):
    """Erased payloads keep their id, so that a copy cannot bring them back."""

    code = "vault.erased"
    http_status = 410
    ja, en = "封緘データ {payload} は消去されました。", "Payload {payload} was erased."
    hint_ja, hint_en = "必要なら送り直してもらってください。", "Ask the sender to send it again if it is needed."


class VaultLocked(Unavailable):
    """Two processes in one vault could erase and stage past each other."""

    code = "vault.locked"
    ja, en = "保管庫は別のプロセスが使用中です。", "The vault is in use by another process."
    hint_ja, hint_en = "動いている akashi を止めてからやり直してください。", "Stop the running akashi first."


class SealError(IntegrityError):
    """A sealed payload is not what was sealed. ``failure`` is a stable short class."""

    code = "vault.seal"
    ja, en = "封緘データを開けません（{failure}）。", "The sealed payload does not open ({failure})."
    hint_ja = "届く途中で壊れたか、書き換えられています。取り直すか、送り直してもらってください。"
    hint_en = "It was damaged or altered on the way; fetch it again or ask the sender to send it again."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class SealMalformed(SealError):
    """The bytes are not in the format of docs/spec/sealed-payload.md."""

    code = "vault.seal_malformed"


class SealTruncated(SealError):
    """The end is missing."""

    code = "vault.seal_truncated"


class SealExtended(SealError):
    """There are bytes after the end."""

    code = "vault.seal_extended"


class SealReordered(SealError):
    """A chunk is authentic but stands in another's place."""

    code = "vault.seal_reordered"


class SealAltered(SealError):
    """A chunk does not authenticate (altered, of another payload, or cut in its middle)."""

    code = "vault.seal_altered"


class SealForeign(SealError):
    """Wrap, body and opener do not belong together: another payload, recipient or suite."""

    code = "vault.seal_foreign"


class KeyMismatch(SealError):
    """The wrapped key is not the key that the header commits to."""

    code = "vault.key_mismatch"


class ContentMismatch(SealError):
    """Everything authenticates, yet lengths, digest or commitment disagree: the sealer erred or lied."""

    code = "vault.content_mismatch"


class VaultDamaged(IntegrityError):
    """The vault's own store does not verify."""

    code = "vault.damaged"
    ja, en = "保管庫の検査で不一致が見つかりました（{failure}）。", "The vault does not verify ({failure})."
    hint_ja, hint_en = (
        "「akashi ledger audit」で範囲を確かめてください。",
        "Run `akashi ledger audit` to see the extent.",
    )

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure
