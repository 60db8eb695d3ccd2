"""What can go wrong with access and machine clients.

::

    AkashiError
    ├── InputError
    │   ├── ClientTermsUnusable   actions, end or networks that a client cannot have
    │   └── ActionUnknown         not an action of the permissions table
    ├── NotFound
    │   ├── NoSuchClient
    │   └── SubjectUnknown        no such subject, or not one of this institution's to know
    └── Unauthenticated
        └── ClientRefused         one answer for every cause, so that it tells nothing
"""

from __future__ import annotations

from akashi.errors import InputError, NotFound, Unauthenticated


class ClientTermsUnusable(InputError):
    """A client cannot have these terms; ``reason`` is a short code."""

    code = "identity.client_terms"
    ja, en = "この条件のクライアントは作れません（{reason}）。", "A client cannot have these terms ({reason})."
    hint_ja = "操作は「akashi access table --clients」にあるものから選び、期限は365日以内、接続元は192.0.2.0/24の形で指定してください。"
    hint_en = (
        "Choose actions of `akashi access table --clients`, an end within 365 days, and networks such as 192.0.2.0/24."
    )


class ActionUnknown(InputError):
    """No action of the table has this name."""

    code = "identity.action_unknown"
    ja, en = "その操作名はありません。", "There is no such action."
    hint_ja = hint_en = "akashi access table"


class NoSuchClient(NotFound):
    """No such machine client of this institution."""

    code = "identity.no_such_client"
    ja, en = "クライアントが見つかりません。", "There is no such client."
    hint_ja, hint_en = "akashi client list", "akashi client list"


class SubjectUnknown(NotFound):
    """No such subject, or not one of this institution's to know: the answer is the same."""

    code = "identity.subject_unknown"
    ja, en = "対象が見つかりません。", "There is no such subject."
    hint_ja = (
        "送付（tr-…）、端末（dev-…）、利用者（per-…）、クライアント（cli-…）、機関（inst-…）の番号を確かめてください。"
    )
    hint_en = (
        "Check the handle: a transfer (tr-…), device (dev-…), person (per-…), client (cli-…) or institution (inst-…)."
    )


class ClientRefused(Unauthenticated):
    """Unknown, wrong secret, wrong device, wrong network, locked, over, disabled: the answer is the same."""

    code = "identity.client_refused"
    ja, en = "クライアントを認証できませんでした。", "The client was not authenticated."
    hint_ja = "証明書・鍵・期限・接続元を管理者に確かめてください。続けて失敗するとしばらく使えません。"
    hint_en = (
        "Ask the manager about certificate, secret, end and network. Repeated failures lock the client for a while."
    )
