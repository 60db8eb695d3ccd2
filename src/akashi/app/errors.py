"""What can go wrong when a home is opened or a use case is called.

::

    AkashiError
    ├── InputError
    │   ├── HomeMissing, HomeExists, SettingsInvalid, PassphraseMissing
    ├── Unavailable
    │   └── ServerRebuilding   the founding server is rebuilt from the others while it is served
    └── Denied
        └── RemoteDistrusted   a server's answer that does not verify against the pinned trust file
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError, Unavailable


class HomeMissing(InputError):
    """There is no home where one was expected."""

    code = "app.home_missing"
    ja, en = "「{name}」にはまだ何も用意されていません。", "There is no Akashi home at `{name}`."
    hint_ja = "「akashi init --home {name}」で作ってください。"
    hint_en = "Create one with `akashi init --home {name}`."


class HomeExists(InputError):
    """A home is already there; nothing was changed."""

    code = "app.home_exists"
    ja, en = "「{name}」はすでに使われています。", "`{name}` already holds an Akashi home."
    hint_ja = "別の場所を指定してください。上書きはしません。"
    hint_en = "Name another folder; nothing is overwritten."


class SettingsInvalid(InputError):
    """A settings file that cannot be used; names the setting, never its value."""

    code = "app.settings"
    ja, en = "設定「{setting}」が正しくありません。", "The setting `{setting}` is not valid."
    hint_ja = "docs/operations.md の設定の表を見てください。"
    hint_en = "See the settings table in docs/operations.md."


class PassphraseMissing(InputError):
    """No passphrase was given for a keystore."""

    code = "app.passphrase"
    ja, en = "鍵を開く合言葉がありません。", "No passphrase for the key store."
    hint_ja = "環境変数 AKASHI_PASSPHRASE_FILE にファイルの名前を入れるか、端末で入力してください。"
    hint_en = "Set AKASHI_PASSPHRASE_FILE to a file's name, or type it at the terminal."


class InstitutionUnknown(InputError):
    """No institution of that handle or name is known here."""

    code = "app.institution_unknown"
    http_status, exit_status = 404, 4
    ja, en = "機関「{name}」は見つかりません。", "There is no institution `{name}`."
    hint_ja = "「akashi institution list」で確かめてください。"
    hint_en = "See `akashi institution list`."


class DraftMissing(InputError):
    """A preview that has expired or belongs to another session."""

    code = "app.draft_missing"
    http_status, exit_status = 404, 4
    ja, en = "確認画面の有効時間が過ぎました。", "The preview has expired."
    hint_ja = "もう一度ファイルを選んでください。まだ何も送られていません。"
    hint_en = "Choose the file again; nothing has been sent."


class ServerAway(Unavailable):
    """The ledger's server cannot be reached; what was asked stays queued here."""

    code = "app.server_away"
    ja, en = "台帳のサーバーにつながりません。", "The ledger's server cannot be reached."
    hint_ja = "しばらくして自動でやり直します。未確定の一覧で確かめられます。"
    hint_en = "It is tried again by itself; see the list of unacknowledged entries."


class RemoteDistrusted(IntegrityError):
    """The server's answer does not verify against the trust file pinned in this gateway."""

    code = "app.remote_distrusted"
    ja, en = "サーバーの応答を確認できませんでした（{failure}）。", "The server's answer does not verify ({failure})."
    hint_ja = "事務局に連絡してください。データは送っていません。"
    hint_en = "Contact the secretariat; no data was sent."


class DraftsFull(Unavailable):
    """Too many previews are open at once."""

    code = "app.drafts_full"
    ja, en = "確認中のファイルが多すぎます。", "Too many files are being previewed."
    hint_ja, hint_en = "少し待ってから、もう一度選んでください。", "Wait a little and choose the file again."


class DraftBusy(Conflict):
    """Another request is sending this very draft."""

    code = "app.draft_busy"
    ja, en = "このファイルはいま送っているところです。", "This file is being sent just now."
    hint_ja, hint_en = (
        "少し待ってから、送信の一覧を見てください。",
        "Wait a moment and look at the list of what was sent.",
    )


class FindingsStop(InputError):
    """A file with findings that stop it; nothing was sent."""

    code = "app.findings_stop"
    ja, en = "直さないと送れない点が {count} 件あります。", "{count} findings must be mended before sending."
    hint_ja = "「akashi checkup check」または送信画面で場所を確かめ、元のファイルを直してください。"
    hint_en = "See them with `akashi checkup check` or on the send page, and mend the source file."


class OpeningKeyUnproven(IntegrityError):
    """An opening key that the ledger does not prove to be the institution's own."""

    code = "app.opening_key"
    ja, en = (
        "送り先の鍵を台帳で確かめられませんでした（{institution}）。",
        "The receiver's key is not proven by the ledger ({institution}).",
    )
    hint_ja = "送っていません。事務局と送り先に確かめてください。"
    hint_en = "Nothing was sent; ask the secretariat and the receiver."


class ResultsMissing(InputError):
    """Results that nobody has looked at for a while, or that belong to another session."""

    code = "app.results_missing"
    http_status, exit_status = 404, 4
    ja, en = "表示の有効時間が過ぎました。", "The time for looking at these results is over."
    hint_ja = "届いたもの、または元のファイルからもう一度開いてください。"
    hint_en = "Open them again from the inbox or from the file."


class ResultsFull(Unavailable):
    """Too many results are open at once."""

    code = "app.results_full"
    ja, en = "いま開いている結果が多すぎます。", "Too many results are open."
    hint_ja, hint_en = "少し待ってから、もう一度開いてください。", "Wait a little and open them again."


class ResultsUnreadable(InputError):
    """Nothing of what was opened is a file of checkup results."""

    code = "app.results_unreadable"
    ja, en = "健診結果として読めるファイルがありません。", "No file in it can be read as checkup results."
    hint_ja, hint_en = "取り出して、内容を確かめてください。", "Take it out and look at what it is."


class ServerRebuilding(Unavailable):
    """The server found its own data damaged and is rebuilt from the others; it answers again by itself."""

    code = "app.rebuilding"
    ja = "サーバーのデータに食い違いが見つかり、ほかのサーバーから作り直しています。"
    en = "The server found its own data damaged and is being rebuilt from the other servers."
    hint_ja = "自動で終わります。しばらくしてから、もう一度行ってください。確定した記録は失われません。"
    hint_en = "It ends by itself; try again in a little while. Nothing that was final is lost."
