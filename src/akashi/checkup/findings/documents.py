"""Findings about documents that are written or read: hc08, hg08, archives, FHIR, other national formats.

Guarantees: what is left out of a document is named here. Refuses: findings about cells (``cells``).
"""

from __future__ import annotations

from akashi.checkup.findings.kinds import INFORMS, WARNS, FindingKind

KINDS = (
    FindingKind("hc08.unmatched", WARNS, "標準化できない値のため、XML には入れていません。",
                "The value could not be standardised and was left out of the XML.",
                "値の書き方を直すか、変換表の対応表に足して、XML を作り直してください。",
                "Mend the value or add it to the map's table, then make the XML again."),
    FindingKind("hc08.identity", WARNS, "XML に必要な本人の項目（保険者番号・氏名・性別・生年月日・受診日）が足りません。",
                "A personal field that the XML requires is missing.",
                "足りない項目を元の健診システムで入れてください。入れるまで、この人の XML は作られません。",
                "Enter the missing field in your own system; until then no XML is made for this person."),
    FindingKind("hc08.item", INFORMS, "項目表にない項目コードです。名前と値をそのまま残しました。",
                "The item code is not in the item table; name and value were kept as they stand.",
                "新しい期の項目か、作成元だけの項目です。必要なら項目表の版を確かめてください。",
                "It is an item of another term or of the sender alone; check the version of the item table if you need it."),
    FindingKind("hc08.answer", WARNS, "回答コードが、その項目の回答表にありません。そのまま残しました。",
                "The answer code is not in the item's answer table; it was kept as it stands.",
                "作成元に、正しい回答コードで文書を出し直してもらってください。",
                "Ask the sender for a document with a correct answer code."),
    FindingKind("hc08.label", INFORMS, "表示の文言が、回答コードの意味と違います。コードの意味を採りました。",
                "The text shown differs from what the answer code means; the code's meaning was taken.",
                "どちらが正しいか、原本と見比べてください。",
                "Compare with the original which of the two is right."),
    FindingKind("hc08.value", WARNS, "値の書き方が、その項目の型や仕様に合いません。読めない値はそのまま残しました。",
                "The value is not in the form of its item; what could not be read was kept as it stands.",
                "原本と見比べ、作成元に文書を直してもらってください。",
                "Compare with the original and ask the sender to mend the document."),
    FindingKind("hc08.unit", WARNS, "項目表と違う単位です。換算せず、そのままの単位で残しました。",
                "The unit is another than the item table's; it was kept and nothing was converted.",
                "作成元に、決められた単位で文書を出し直してもらってください。",
                "Ask the sender for a document in the unit that is laid down."),
)  # fmt: skip
