"""What can go wrong between an application for rights and a review's end.

::

    AkashiError
    ├── InputError
    │   ├── RequestUnusable      an application that nobody could decide
    │   └── CheckUnusable        an identity check without what its method asks for
    ├── NotFound
    │   └── NoSuchRecord         no such department, application, review or reset here
    ├── Conflict
    │   └── ReviewOpen           findings of the review still wait for a decision
    └── Unauthenticated
        └── ResetRefused         one answer for every cause, so that it tells nothing
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, NotFound, Unauthenticated


class RequestUnusable(InputError):
    """An application that cannot be made; ``reason`` is a short code."""

    code = "identity.lifecycle.request"
    ja, en = "この申請は受け付けられません（{reason}）。", "This application cannot be taken ({reason})."
    hint_ja = "対象者・部署・役割・期限を確かめてください。新しい人にはログインIDと名前が要ります。"
    hint_en = "Check person, department, roles and end. A newcomer needs a login and a name."


class CheckUnusable(InputError):
    """An identity check that lacks what its method asks for; ``reason`` is a short code."""

    code = "identity.lifecycle.check"
    ja, en = "本人確認の記録が足りません（{reason}）。", "The record of the identity check is not complete ({reason})."
    hint_ja = "写真付き身分証は写しのファイルを、同僚による確認は立会人を付けてください。自分の再設定はできません。"
    hint_en = "A photo id needs the copy's file, a colleague's word the witness; nobody resets their own."


class NoSuchRecord(NotFound):
    """No such department, application, review or reset in this institution."""

    code = "identity.lifecycle.unknown"
    ja, en = "記録が見つかりません（{name}）。", "There is no such record ({name})."
    hint_ja, hint_en = "番号を一覧で確かめてください。", "Check the handle in the list."


class ReviewOpen(Conflict):
    """A review that still has undecided findings."""

    code = "identity.lifecycle.review_open"
    ja, en = "決まっていない指摘が{count}件あります。", "{count} findings are not decided yet."
    hint_ja, hint_en = "すべて決めてから終えてください。", "Decide each of them, then close the review."


class ResetRefused(Unauthenticated):
    """Wrong ticket, wrong person, used, too late, or on a device that is not the person's: the answer is the same."""

    code = "identity.lifecycle.reset_refused"
    ja, en = "再設定できませんでした。", "The reset failed."
    hint_ja = "本人の登録端末、または確認した人の画面で、期限内に1回だけ使えます。もう一度本人確認を受けてください。"
    hint_en = (
        "A ticket works once, in time, on a device of your own or beside who checked you. Have yourself checked again."
    )
