"""Findings about the table of claims: its cells, and whose claims they are.

Guarantees: row and column are the table's, but for ``claims.missing``, ``claims.twice`` and ``claims.differs``, which are about a
person of the file of results. Refuses: findings about claims in an archive (``archives``).
"""

from __future__ import annotations

from akashi.checkup.findings.kinds import STOPS, WARNS, FindingKind

KINDS = (
    FindingKind("claims.cell", STOPS, "請求の表のセルが、その列の決まった形（区分の番号・円の整数・日付）ではありません。",
                "A cell of the table of claims is not what its column asks for (code, whole yen, date).",
                "請求の表のその行を直してください。金額はコンマなしの数字だけ、区分は番号で書きます。",
                "Mend the row: sums are digits without commas, kinds are their numbers."),
    FindingKind("claims.key", STOPS, "請求の表の行が、誰の請求かを示していません。",
                "A row of the table of claims does not say whose it is.",
                "受診券整理番号か、保険者番号・被保険者証番号・実施年月日の三つを書いてください。",
                "State the ticket's number, or insurer, insured number and day of the visit."),
    FindingKind("claims.unused", STOPS, "請求の表の行に当たる人が、健診結果のファイルにいません。",
                "Nobody in the file of results belongs to this row of the table of claims.",
                "整理番号・保険者番号・記号・番号・枝番・実施日を、健診結果と見比べて直してください。結果がまだなら、行を次の回に回してください。",
                "Compare the keys with the results and mend them; move the row where the results are still to come."),
    FindingKind("claims.missing", STOPS, "この人の請求が請求の表にないため、アーカイブに入れていません。",
                "The table of claims has no row for this person, who is not in the archive.",
                "請求の表に行を足すか、請求しない人を健診結果のファイルから分けてください。",
                "Add a row, or part those who are not claimed from the file of results."),
    FindingKind("claims.twice", STOPS, "一人に請求の表の行が二つ以上あるか、一つの行に二人が当たるため、アーカイブに入れていません。",
                "Several rows of the table of claims fit this person, or one row fits two; not in the archive.",
                "重なっている行を一つにするか、整理番号と実施日を書き足して区別してください。",
                "Leave one row, or tell them apart by ticket and day."),
    FindingKind("claims.differs", STOPS, "請求の表と健診結果とで、本人を示す項目が違うため、アーカイブに入れていません。",
                "The table of claims and the results differ in who the person is; not in the archive.",
                "示された項目を保険証・受診券で確かめ、間違っている方を直してください。",
                "See the card and ticket, and mend the one that is wrong."),
    FindingKind("claims.no_archive", WARNS, "送付先の番号がないためアーカイブを作れず、請求は入れていません。",
                "There is no receiver's number and so no archive; the claims went into nothing.",
                "送付先の 8 桁の番号を決めてから、もう一度作ってください。",
                "State the receiver's 8-digit number and make it again."),
)  # fmt: skip
