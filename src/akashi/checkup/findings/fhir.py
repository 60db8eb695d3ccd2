"""Findings about FHIR documents: what a reader met, and what a writer left out.

Guarantees: whatever of a document does not reach the record is named here. Refuses: findings about profile rules (the
checker has its own list).
"""

from __future__ import annotations

from akashi.checkup.findings.kinds import INFORMS, STOPS, WARNS, FindingKind

KINDS = (
    FindingKind(
        "fhir.subject", STOPS,
        "別の人を指す検査結果が入っているため、読み取っていません。",
        "A result refers to another person and was not read.",
        "作成元に文書を作り直してもらってください。この人の結果として使わないでください。",
        "Ask the sender to make the document again; do not use it for this person.",
    ),
    FindingKind(
        "fhir.reference", WARNS,
        "文書の中にない参照です。参照先は読み取っていません。",
        "A reference leads outside the document; what it refers to was not read.",
        "参照先が必要なら、作成元に一つの文書にまとめてもらってください。",
        "Ask the sender to put everything into one document if it is needed.",
    ),
    FindingKind(
        "fhir.code", WARNS,
        "項目コードのない検査結果です。読み取っていません。",
        "A result without an item code was not read.",
        "作成元に項目コードを付けてもらってください。",
        "Ask the sender to give the item code.",
    ),
    FindingKind(
        "fhir.status", WARNS,
        "確定していないか、取り消された検査結果です。",
        "A result that is not final, or was withdrawn.",
        "確定した報告書を待つか、作成元に確かめてください。",
        "Wait for the final report or ask the sender.",
    ),
    FindingKind(
        "fhir.value", WARNS,
        "値の形を読み取れない検査結果です。元の文字のまま残しました（値がなければ省きました）。",
        "The form of the value is not known; its text was kept, or the result left out where there was none.",
        "元の値を見て、必要なら作成元に確かめてください。",
        "Look at the original value and ask the sender where needed.",
    ),
    FindingKind(
        "fhir.unit", WARNS,
        "項目表と違う単位です。換算せず、書かれたとおりに残しました。",
        "The unit is not the item table's; the value was kept as given and not converted.",
        "単位を確かめ、値をそのまま使ってよいか判断してください。",
        "Check the unit before the value is used.",
    ),
    FindingKind(
        "fhir.answer", WARNS,
        "結果コード表にない回答コードです。書かれたとおりに残しました。",
        "The answer code is not in the answer table; it was kept as given.",
        "コード表の版が違わないか、作成元に確かめてください。",
        "Ask the sender which version of the table was used.",
    ),
    FindingKind(
        "fhir.label", WARNS,
        "表示の文言が、回答コードの意味と違います。",
        "The text shown differs from what the answer code means.",
        "コード表の版が違わないか、どちらが正しいかを原本で確かめてください。",
        "Compare with the original which of the two is right, and which version of the table was used.",
    ),
    FindingKind(
        "fhir.interpretation", INFORMS,
        "H・L・N、入力範囲外のほかの判定コードです。取り込んでいません。",
        "An interpretation other than H, L, N or beyond the input range was not taken over.",
        "必要なら元の文書を見てください。",
        "Look at the document where it matters.",
    ),
    FindingKind(
        "fhir.day", INFORMS,
        "受診日と違う日の検査結果です。日付は取り込んでいません。",
        "A result of another day than the visit; its day was not taken over.",
        "採取日が大切な検査なら、元の文書で日付を確かめてください。",
        "See the document for the day where it matters.",
    ),
    FindingKind(
        "fhir.left_out", WARNS,
        "FHIR で表すコード体系のない項目のため、文書に入れていません。",
        "The item has no code system in FHIR and was left out of the document.",
        "受け取る側がこの項目を必要とするなら、標準 CSV で渡してください。",
        "Send the standard CSV if the receiver needs this item.",
    ),
    FindingKind(
        "fhir.identity", WARNS,
        "FHIR 文書に必要な本人の項目（保険者番号・被保険者番号・氏名・性別・生年月日・受診日）が足りません。",
        "A personal field that the FHIR document requires is missing or has another shape.",
        "足りない項目を補ってから、もう一度作成してください。",
        "Complete the field and make the document again.",
    ),
    FindingKind(
        "fhir.author", WARNS,
        "報告書に責任を持つ医師の氏名がないため、この人の FHIR 文書は作っていません。",
        "No doctor who answers for the report is named, so this person has no FHIR document.",
        "健診を実施した医師の氏名の列を元のファイルに加え、変換表で決めてから、もう一度選んでください。",
        "Add a column with the reporting doctor's name, decide it in the map, and choose the file again.",
    ),
    FindingKind(
        "fhir.document", STOPS,
        "ZIP の中の FHIR 文書が読めません。この人は取り込んでいません。",
        "A FHIR document in the zip cannot be read; its person was not taken over.",
        "送付元に、その文書を作り直すよう依頼してください。",
        "Ask the sender to make that document again.",
    ),
)  # fmt: skip
