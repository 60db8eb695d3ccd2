"""Findings about words of thesauri and judgement vocabularies.

Guarantees: what is said here changes no text. Refuses: findings about a map's own tables (``cells``).
"""

from __future__ import annotations

from akashi.checkup.findings.kinds import INFORMS, WARNS, FindingKind

KINDS = (
    FindingKind("term.unmatched", INFORMS, "用語集にない所見のため、原文のままにしました。",
                "The thesaurus does not know all of this; it was kept verbatim.",
                "変換はこのまま使えます。よく出る言い方なら、どの用語と同じ意味かを決めて自施設の用語集に足してください。",
                "The conversion may be used as it is; decide what frequent wordings mean and add them to your own thesaurus."),
    FindingKind("term.edition", WARNS, "受診日の時期の判定記号の意味が登録されていないため、原文のままにしました。",
                "No judgement vocabulary holds on the day of the visit; kept verbatim.",
                "その時期に使っていた判定区分を、有効期間とともに登録してください。",
                "Register the vocabulary that was in use at that time, with its days."),
)  # fmt: skip
