"""What can go wrong when keys are changed.

Guarantees: messages carry names of kinds of keys, counts and short failure words.
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError


class KeyRoleUnknown(InputError):
    """There is no such kind of key here."""

    code = "app.key_role"
    ja, en = (
        "「{role}」という種類の鍵はここにはありません（あるもの：{known}）。",
        "There is no key of the kind {role} here (there are: {known}).",
    )
    hint_ja, hint_en = "akashi keys report で一覧を見られます。", "`akashi keys report` lists them."


class RotationNeedsServer(Conflict):
    """The gateway's TLS certificates are issued by the server, which is not in this home."""

    code = "app.rotation_needs_server"
    ja, en = (
        "この鍵の証明書はサーバーのあるホームで発行します。",
        "This key's certificate is issued in the server's home.",
    )
    hint_ja, hint_en = "事務局に依頼してください。", "Ask the secretariat."


class SuiteStillCurrent(InputError):
    """The suite that is to be retired still makes new data."""

    code = "app.suite_current"
    ja, en = "暗号方式{suite}は新しいデータに使う設定のままです。", "Suite {suite} is still the one for new data."
    hint_ja, hint_en = "先に設定 suite を別の方式にしてください。", "Set `suite` to another one first."
