"""What can go wrong with shares of a recovery key.

Guarantees: messages carry numbers of shares and groups, counts and short failure words; never the text of a share.
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError, IntegrityError


class ShareMistyped(InputError):
    """A group of the written share does not carry its check character."""

    code = "keys.share_mistyped"
    ja, en = "分散鍵の {group} 番目の組が正しくありません。", "Group {group} of the share is mistyped."
    hint_ja = "その組を見直してください。各組の最後の1文字は検査用です。"
    hint_en = "Look at that group again; the last character of each is a check."


class ShareMalformed(InputError):
    """The text is no share: length, checksum, version or numbers out of bounds."""

    code = "keys.share_malformed"
    ja, en = "分散鍵として読めません（{failure}）。", "This is not a share ({failure})."
    hint_ja = "行が抜けていないか、別の紙でないかを確かめてください。"
    hint_en = "Check that no line is missing and that it is the right sheet."


class SharesTooFew(InputError):
    """Fewer shares than the threshold; nothing can be said about the secret."""

    code = "keys.shares_few"
    ja, en = "分散鍵が足りません（{given}／{needed}）。", "Not enough shares ({given} of {needed})."
    hint_ja, hint_en = "ほかの責任者の分散鍵を加えてください。", "Add the shares of other officers."


class SharesDiffer(InputError):
    """Shares of different makings, or the same share twice."""

    code = "keys.shares_differ"
    ja, en = (
        "別々の分散鍵が混ざっているか、同じものが二つあります。",
        "The shares are of different sets, or one is there twice.",
    )
    hint_ja, hint_en = "同じ回に作った分散鍵だけを使ってください。", "Use shares of one making only."


class SharePlanInvalid(InputError):
    """A threshold or a number of shares outside 2 to 16, or a threshold above the number."""

    code = "keys.share_plan"
    ja, en = (
        "必要数 {threshold}、作成数 {count} では作れません。",
        "Cannot make {count} shares of which {threshold} are needed.",
    )
    hint_ja, hint_en = "必要数は2以上、作成数は必要数以上16以下です。", "2 <= threshold <= count <= 16."


class ShareForeign(IntegrityError):
    """A share that is not among those whose digests the ledger has."""

    code = "keys.share_foreign"
    ja, en = "台帳に記録された分散鍵と一致しません（{number} 番）。", "Share {number} is not the one on the ledger."
    hint_ja, hint_en = "差し替えられたおそれがあります。", "It may have been replaced."


class SharesReplaced(Conflict):
    """The key store's recovery file belongs to another set of shares."""

    code = "keys.shares_replaced"
    ja, en = "この鍵束には別の回の分散鍵が使われます。", "This key store goes with another set of shares."
    hint_ja, hint_en = "新しい回の分散鍵を集めてください。", "Collect the shares of the newer making."
