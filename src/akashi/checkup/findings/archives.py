"""Findings about the 特定健診・特定保健指導 archive: what its receiver would return, and for which reason.

Guarantees: every finding that a receiver would answer with a return has its reason code in :data:`RETURN_REASONS`
(OID …1109 of an agency, …1110 of an insurer). Refuses: findings about cells and documents' items.
"""

from __future__ import annotations

from akashi.checkup.findings.kinds import INFORMS, STOPS, WARNS, FindingKind

_REMAKE_JA, _REMAKE_EN = (
    "アーカイブを作り直してください（送付元が別なら依頼してください）。",
    "Make the archive again, or ask its sender to.",
)
_CLAIM_JA, _CLAIM_EN = (
    "決済データを元のシステムで直し、アーカイブを作り直してください。",
    "Mend the claim in your own system and make the archive again.",
)
_LAYOUT = (
    FindingKind("archive.name", STOPS, "アーカイブまたはフォルダーの名前が規則どおりではありません。",
                "The archive's or folder's name breaks the rule.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.layout", STOPS, "アーカイブの中の構成（フォルダー・ix08・DATA・CLAIMS）が規則どおりではありません。",
                "The layout of the archive (folder, ix08, DATA, CLAIMS) breaks the rule.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.member_name", STOPS, "DATA または CLAIMS の中のファイル名が規則どおりではありません。",
                "A file name in DATA or CLAIMS breaks the rule.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.extra", INFORMS, "アーカイブに属さないファイルがあります。読んでいません。",
                "A file that does not belong to an archive; it was not read.",
                "不要なファイルなら、次回から入れないよう送付元に伝えてください。", "Tell the sender if it should not be there."),
    FindingKind("archive.mixed", STOPS, "健診と保健指導が一つのアーカイブに混ざっているか、実施区分と合いません。",
                "Checkup and guidance are mixed, or differ from the kind of archive.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.damaged", STOPS, "アーカイブの中のファイルが壊れています。",
                "A file in the archive is damaged.",
                "もう一度受け取り直すか、送付元に作り直しを依頼してください。", "Fetch it again or ask the sender to make it again."),
    FindingKind("archive.schema", STOPS, "ファイルが厚労省の XML スキーマに合いません。",
                "A file breaks the ministry's XML schema.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.namespace", STOPS, "ファイルの名前空間が、第 4 期・第 3 期のどちらでもありません。",
                "A file's namespace is neither that of version 4 nor of version 3.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.version", WARNS, "第 3 期の名前空間です。第 4 期の受付では返戻になることがあります。",
                "The namespace is that of version 3; a receiver of version 4 may return it.",
                "受領側が第 3 期の様式を受け付けるか確かめてください。", "Ask whether the receiver takes version 3."),
)  # fmt: skip
_SUMS = (
    FindingKind("archive.index", STOPS, "交換用基本情報（ix08）が読めません。", "The index (ix08) cannot be read.",
                _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.index_parties", STOPS, "交換用基本情報（ix08）の送付元・送付先・日付・実施区分がフォルダー名と合いません。",
                "Sender, receiver, day or kind of the index (ix08) differ from the folder's name.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.count", STOPS, "交換用基本情報（ix08）の総ファイル数が DATA の件数と合いません。",
                "The index's total differs from the number of documents.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.summary", STOPS, "集計情報（su08）が読めないか、決済データがあるのに入っていません。",
                "The summary (su08) cannot be read, or is missing though there are claims.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.summary_total", STOPS, "集計情報（su08）の人数または金額が、決済データの合計と合いません。",
                "The summary's (su08) counts or sums differ from those of the claims.", _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.payment", WARNS, "決済データの金額が合いません（請求＝単価の合計－窓口負担－他の健診の負担）。",
                "A claim's sums do not add up (claim = prices - payment - other programmes).", _CLAIM_JA, _CLAIM_EN),
)  # fmt: skip
_PAIRS = (
    FindingKind("archive.unpaired", STOPS, "健診（指導）データと決済データが一対一になっていません。",
                "Documents and claims are not in pairs.", _CLAIM_JA, _CLAIM_EN),
    FindingKind("archive.document", STOPS, "健診（指導）データの XML が読めません。", "A document cannot be read.",
                _REMAKE_JA, _REMAKE_EN),
    FindingKind("archive.claim", STOPS, "決済データが読めないか、必要な項目が足りません。",
                "A claim cannot be read, or lacks what it must state.", _CLAIM_JA, _CLAIM_EN),
    FindingKind("archive.identity", STOPS, "健診（指導）データと決済データで、本人または機関の項目が違います。",
                "Document and claim name different persons or institutions.",
                "示された項目を両方で確かめ、同じ値に直してから作り直してください。",
                "Compare the field in both, mend it, and make the archive again."),
    FindingKind("archive.ticket", STOPS, "受診券（利用券）の整理番号がないか、11 桁でないか、決済データと違います。",
                "The ticket's number is missing, is not of 11 digits, or differs from the claim's.",
                "券面の整理番号を確かめて入れ直してください。", "Check the number on the ticket and enter it again."),
    FindingKind("archive.ticket_expired", STOPS, "受診券（利用券）の有効期限を過ぎた日に実施されています。",
                "The visit lies after the ticket's last day.",
                "実施日と有効期限を確かめてください。正しければ、この人の費用は請求できません。",
                "Check both dates; if they are right this visit cannot be claimed."),
)  # fmt: skip
KINDS = (*_LAYOUT, *_SUMS, *_PAIRS)

RETURN_REASONS = {
    "archive.name": "1109:01", "archive.layout": "1109:01", "archive.member_name": "1109:01", "archive.mixed": "1109:01",
    "archive.damaged": "1109:01", "archive.schema": "1109:01", "archive.namespace": "1109:01", "archive.version": "1109:01",
    "archive.index": "1109:01", "archive.index_parties": "1109:01", "archive.count": "1109:02", "archive.summary": "1109:02",
    "archive.summary_total": "1109:07", "archive.payment": "1109:07", "archive.unpaired": "1109:02",
    "archive.document": "1109:01", "archive.claim": "1109:02", "archive.identity": "1109:03", "archive.ticket": "1109:05",
    "archive.ticket_expired": "1109:06",
}  # fmt: skip
# An insurer has its own codes for the fields in which document and claim differ.
_IDENTITY_REASONS = {
    "insurance.symbol": "1110:01", "insurance.number": "1110:01", "insurance.branch": "1110:01",
    "insurance.insurer": "1110:05", "person.kana": "1110:03",
}  # fmt: skip


def return_reason(code: str, field: str = "") -> str:
    """``1109:06`` or ``1110:03``: table (last arc of the OID) and reason a receiver would state; empty where none is met."""
    if code == "archive.identity":
        return _IDENTITY_REASONS.get(field, RETURN_REASONS[code])
    return RETURN_REASONS.get(code, "")
