"""What can go wrong with visits (what the ledger refuses is a ``Refused`` with a ``visit.…`` reason).

::

    AkashiError
    ├── InputError
    │   └── PlanUnusable     the work plan lacks something, or names an address that is none
    ├── NotFound
    │   └── VisitUnknown     no such visit here
    └── IntegrityError
        └── PlanAltered      the plan that is kept is not the one that the ledger commits to
"""

from __future__ import annotations

from akashi.errors import InputError, IntegrityError, NotFound


class PlanUnusable(InputError):
    """A work plan that cannot be decided on; ``field`` is the name of what is missing or wrong."""

    code = "identity.visit_plan"
    ja, en = "作業計画が足りないか正しくありません（{field}）。", "The work plan is incomplete or wrong ({field})."
    hint_ja = "目的、対象システム、手順、予定する操作、接続元（CIDR）を書いてください。"
    hint_en = "State purpose, systems, steps, the acts expected and the source networks (CIDR)."


class VisitUnknown(NotFound):
    """No such visit in this institution."""

    code = "identity.visit_unknown"
    ja, en = "保守作業の記録が見つかりません。", "There is no such visit."
    hint_ja = "番号（vis-…）を確かめてください。「akashi visit list」で見られます。"
    hint_en = "Check the handle (vis-…); `akashi visit list` shows them."


class PlanAltered(IntegrityError):
    """The kept plan or report does not open its commitment."""

    code = "identity.visit_altered"
    ja, en = (
        "保存されている作業計画または報告が、台帳の記録と一致しません（{visit}）。",
        "A kept plan or report is not what the ledger commits to ({visit}).",
    )
    hint_ja = "この保守作業は進めず、申請し直して、経緯を調べてください。"
    hint_en = "Do not go on with this visit; apply again and find out what happened."
