"""What can go wrong with a mirror and what is carried to it.

::

    AkashiError
    ├── InputError
    │   ├── BundleMalformed      the file is no mirror bundle, is cut short or was altered
    │   ├── ReceiptMalformed     the file is no receipt of a mirror
    │   └── MirrorUnknown        no mirror of that handle is enrolled
    ├── Conflict
    │   ├── BundleForeign        for another ledger or another mirror
    │   ├── BundleGap            a bundle before this one is missing
    │   ├── BundleReplayed       imported long ago
    │   ├── BundleRollback       it would take the mirror back
    │   ├── EpochRefused         no new epoch of the log that a gateway believes
    │   ├── MirrorExists         a mirror's home is there already
    │   └── RecoveryRefused      the same log cannot go on
    ├── Unavailable
    │   ├── MirrorFolder         a folder or file for carrying cannot be used
    │   └── MirrorOverdue        a mirror has not answered for too long
    └── IntegrityError
        ├── BundleForged         a signature or digest does not verify
        ├── MirrorForked         another history than the one that is held here; the proof is kept
        ├── MirrorDamaged        the mirror's own home disagrees with itself
        └── MirrorKeysMissing    a key that recovery needs is not in the key store
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError, Unavailable


class BundleMalformed(InputError):
    """Not a mirror bundle, cut short, or altered; nothing was changed."""

    code = "network.bundle_malformed"
    ja, en = (
        "搬送ファイルが正しくありません（{failure}）。",
        "The carried file is not a whole mirror bundle ({failure}).",
    )
    hint_ja = "媒体を読み直すか、書き出しからやり直してください。ミラーは元のままです。"
    hint_en = "Read the medium again or export anew; the mirror is as it was."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class ReceiptMalformed(InputError):
    """Not a receipt of a mirror; nothing was recorded."""

    code = "network.receipt_malformed"
    ja, en = "ミラーの受領ファイルが正しくありません（{failure}）。", "The file is not a mirror's receipt ({failure})."
    hint_ja = "ミラーで「akashi mirror status --receipt」を実行し、作り直してください。"
    hint_en = "Make it anew at the mirror with `akashi mirror status --receipt`."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)


class MirrorUnknown(InputError):
    """No mirror of that handle is enrolled, or it was retired."""

    code = "network.mirror_unknown"
    exit_status, http_status = 4, 404
    ja, en = "ミラー「{mirror}」は登録されていません。", "The mirror `{mirror}` is not enrolled."
    hint_ja = "ミラーの登録ファイルを「akashi mirror accept」で取り込んでください。"
    hint_en = "Take in its enrolment file with `akashi mirror accept`."


class BundleForeign(Conflict):
    """For another ledger, or for another mirror."""

    code = "network.bundle_foreign"
    ja, en = (
        "このミラー宛ての搬送ファイルではありません（{failure}）。",
        "The bundle is not for this mirror ({failure}).",
    )
    hint_ja, hint_en = "宛先を確かめてください。", "Check whom it was made for."


class BundleGap(Conflict):
    """It begins after what the mirror has: one before it is missing."""

    code = "network.bundle_gap"
    ja, en = (
        "途中の搬送ファイルが欠けています（手元は {size} 件、ファイルは {start} 件目から）。",
        "A bundle is missing: the mirror has {size} leaves, the file begins at {start}.",
    )
    hint_ja = "前の搬送ファイルを先に取り込むか、「akashi mirror export --again」で作り直してください。"
    hint_en = "Import the one before it first, or make one with `akashi mirror export --again`."


class BundleReplayed(Conflict):
    """It was imported before, and newer ones since; nothing was changed."""

    code = "network.bundle_replayed"
    ja, en = "この搬送ファイルは取り込み済みです（{number} 番）。", "Bundle {number} was imported already."
    hint_ja, hint_en = "新しい搬送ファイルを使ってください。", "Use a newer one."


class BundleRollback(Conflict):
    """Its checkpoint is older than what the mirror has; nothing was changed."""

    code = "network.bundle_rollback"
    ja, en = (
        "手元より古い状態の搬送ファイルです（手元は {size} 件、ファイルは {end} 件まで）。",
        "The bundle is older than the mirror: it ends at {end}, the mirror has {size} leaves.",
    )
    hint_ja = "サーバーが古い控えから戻されていないか確かめてください。"
    hint_en = "Find out whether the server was restored from an old copy."


class BundleForged(IntegrityError):
    """A signature or digest in the bundle does not verify; nothing was changed."""

    code = "network.bundle_forged"
    ja, en = "搬送ファイルの検証に失敗しました（{failure}）。", "The bundle does not verify ({failure})."
    hint_ja = "書き換えられたか、別のサーバーが作ったものです。取り込まずに報告してください。"
    hint_en = "It was altered or made by somebody else. Do not use it; report it."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class MirrorForked(IntegrityError):
    """A signed checkpoint of another history than the one held here: the proof is kept in the mirror's home."""

    code = "network.mirror_forked"
    ja, en = "台帳の履歴が食い違っています（{size} 件目まで）。", "The log shows another history (size {size})."
    hint_ja = "証拠をミラーの forks フォルダーに残しました。サーバーを止めて調べてください。"
    hint_en = "The proof is kept in the mirror's folder `forks`. Stop the server and investigate."


class MirrorDamaged(IntegrityError):
    """The mirror's own home disagrees with itself."""

    code = "network.mirror_damaged"
    ja, en = "ミラーの内容が壊れています（{failure}）。", "The mirror's home does not verify ({failure})."
    hint_ja = "別のミラーから復旧するか、作り直してください。"
    hint_en = "Recover from another mirror, or make this one anew."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
        self.failure = failure


class MirrorExists(Conflict):
    """A mirror's home is there already; nothing is overwritten."""

    code = "network.mirror_exists"
    ja, en = "ここにはすでにミラーがあります。", "There is a mirror here already."
    hint_ja, hint_en = "別の場所を指定してください。", "Name another folder."


class MirrorKeysMissing(IntegrityError):
    """A key that recovery needs is not in the key store that was given."""

    code = "network.mirror_keys"
    ja, en = "復旧に要る鍵がありません（{name}）。", "A key that recovery needs is missing ({name})."
    hint_ja = "より新しい鍵束の控えを使ってください。台帳の鍵だけが無いときは、--same-log を付けずに新しい代として始められます。"
    hint_en = "Use a newer copy of the key store; where only the log's key is missing, begin a new epoch (without --same-log)."


class RecoveryRefused(Conflict):
    """The same log must not go on from here."""

    code = "network.recovery_refused"
    ja, en = "同じ台帳としては続けられません（{reason}）。", "The same log cannot go on ({reason})."
    hint_ja = "--same-log を付けずに、新しい代として始めてください。"
    hint_en = "Begin a new epoch: the same without --same-log."


class MirrorFolder(Unavailable):
    """A folder for bundles or receipts, or a carried file, cannot be used; nothing was changed."""

    code = "network.mirror_folder"
    ja, en = "「{name}」を使えません（{failure}）。", "`{name}` cannot be used ({failure})."
    hint_ja = "媒体またはフォルダーがあるか、空きと権限を確かめてください。"
    hint_en = "Is the medium or folder there? Check its free space and your permission."


class MirrorOverdue(Unavailable):
    """A mirror has acknowledged nothing for longer than the settings allow: it may be lost, or nobody carries."""

    code = "network.mirror_overdue"
    ja, en = "ミラー「{mirror}」から長い間受領がありません。", "The mirror `{mirror}` has not answered for too long."
    hint_ja = "搬送が止まっていないか、ミラーが動いているかを確かめ、受領ファイルを取り込んでください。"
    hint_en = "Is anything carried, and does the mirror run? Take its receipt in."


class EpochRefused(Conflict):
    """The file is no new epoch of the log that this gateway believes; nothing was changed."""

    code = "network.epoch_refused"
    ja, en = (
        "新しい代のファイルとして使えません（{failure}）。",
        "The file is no new epoch for this gateway ({failure}).",
    )
    hint_ja = "復旧したサーバーの public フォルダーのファイルか、電話で確認番号を確かめてください。"
    hint_en = "Is it the file from the recovered server's folder `public`? Compare its fingerprint by telephone."

    def __init__(self, failure: str) -> None:
        super().__init__(failure=failure)
