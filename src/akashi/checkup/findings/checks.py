"""Findings of the checks: across the cells of one person, across the persons of one file, across a file and its map.

Guarantees: a check never mends; each sentence says what was seen and what the clerk does now. Refuses: findings about one cell's
text alone (``cells``). Which check says which code, and where each rule comes from: docs/checkup-checks.md.
"""

from __future__ import annotations

from akashi.checkup.findings.kinds import INFORMS, STOPS, WARNS, FindingKind

_COLUMNS = (
    FindingKind(
        "column.watched", WARNS,
        "変換表を作ったときは空だった列に値が入っています。この値は変換していません。",
        "A column that was empty when the map was made now has values; they were not converted.",
        "変換表でこの列を「変換する」か「使わない」かに決めてから、もう一度変換してください。",
        "Decide in the map whether this column is converted or ignored, then convert again.",
    ),
    FindingKind(
        "column.required", WARNS,
        "この健診で必須の項目の列が、ファイルか変換表にありません。",
        "No column holds an item that this kind of checkup requires.",
        "健診システムの出力項目に足すか、変換表でその列を項目に結び付けてください。行ごとには知らせません。",
        "Add it to the output of your own system, or map its column; it is said once, not for each row.",
    ),
    FindingKind(
        "column.one_of", WARNS,
        "この健診でどれか一つが必須の項目の列が、ファイルか変換表に一つもありません。",
        "No column holds any of the items of which this kind of checkup requires one.",
        "測った方法の列を出力に足すか、変換表で結び付けてください。行ごとには知らせません。",
        "Add the column of the method you use, or map it; it is said once, not for each row.",
    ),
    FindingKind(
        "column.partner", INFORMS,
        "この項目と組になる項目（有無と所見、値と採血時間など）の列がないため、組の確認をしていません。",
        "The item that belongs to this one (flag and text, value and draw time) has no column; the pair was not checked.",
        "受け取る側が組の項目を必要とするなら、その列を出力に足してください。",
        "Add that column to the output if the receiver needs it.",
    ),
    FindingKind(
        "persons.duplicate", WARNS,
        "同じ人の同じ日の受診が、このファイルに二度あります。",
        "The same person and visit occurs twice in this file.",
        "二重に出力していないか元の健診システムで確かめ、余分な行を除いてください。再検査などで二件とも正しければ、このままで構いません。",
        "See in your own system whether the row was output twice and remove it; if both visits are right, leave them.",
    ),
)  # fmt: skip
_ITEMS = (
    FindingKind(
        "item.required", WARNS,
        "この健診で必須の項目が空です。",
        "An item that this kind of checkup requires is empty.",
        "結果を入れてください。行わなかったときは「未実施」、測れなかったときは「測定不能」と入れます。",
        "Enter the result; write 未実施 where it was not done and 測定不能 where it could not be measured.",
    ),
    FindingKind(
        "item.one_of", WARNS,
        "どれか一つが必須の項目（測り方の違う同じ検査など）が、すべて空です。",
        "Of several items of which one is required (the same test by other methods) all are empty.",
        "行った方法の欄に結果を入れてください。行わなかったときは「未実施」と入れます。",
        "Enter the result under the method used; write 未実施 where it was not done.",
    ),
    FindingKind(
        "item.egfr", WARNS,
        "詳細な健診として血清クレアチニンを測っていますが、eGFR が空です。",
        "Creatinine was measured as a detailed item but eGFR is empty.",
        "検査部門の eGFR を入れてください。この道具は計算しません。",
        "Enter the laboratory's eGFR; it is not computed here.",
    ),
    FindingKind(
        "flag.text_missing", WARNS,
        "「あり」となっていますが、その内容が空です。",
        "The flag says that there is something, but its text is empty.",
        "所見や病名などの内容を入れてください。内容がなければ「なし」に直します。",
        "Enter what was found; if there is nothing, change the flag.",
    ),
    FindingKind(
        "flag.missing", WARNS,
        "内容が書かれていますが、有無の欄が空です。",
        "There is a text, but its flag is empty.",
        "有無の欄に「あり」か「なし」を入れてください。",
        "Fill the flag with あり or なし.",
    ),
    FindingKind(
        "flag.contradicts", WARNS,
        "有無の欄と内容が食い違っています（「あり」なのに内容が「なし」、または「なし」なのに内容がある）。",
        "Flag and text contradict each other (found, but the text says none; or not found, but there is a text).",
        "元の記録を見て、有無か内容のどちらか誤っている方を直してください。",
        "See the record and mend the flag or the text, whichever is wrong.",
    ),
    FindingKind(
        "flag.medicine", INFORMS,
        "服薬ありですが、薬剤名が空です。",
        "Medication is reported but the name of the medicine is empty.",
        "聞き取っていれば薬剤名を入れてください。分からなければこのままで構いません。",
        "Enter the name if it was asked; it may stay empty if it is not known.",
    ),
)  # fmt: skip
_MEASURES = (
    FindingKind(
        "draw.missing", WARNS,
        "空腹時・随時の別がある値がありますが、採血時間（食後）が空です。",
        "There is a fasting or casual value, but the draw time is empty.",
        "採血時間を、食後10時間以上・3.5時間以上10時間未満・3.5時間未満のどれかで入れてください。",
        "Enter the draw time: 10 hours or more after a meal, 3.5 to 10 hours, or less than 3.5 hours.",
    ),
    FindingKind(
        "draw.fasting", WARNS,
        "空腹時の値がありますが、採血時間が食後10時間以上ではありません。",
        "There is a fasting value, but blood was drawn less than 10 hours after a meal.",
        "採血時間が正しければ、値を随時の欄に移してください。",
        "If the draw time is right, move the value to the casual item.",
    ),
    FindingKind(
        "draw.casual", WARNS,
        "随時の値がありますが、採血時間が食後10時間以上です。",
        "There is a casual value, but blood was drawn 10 hours or more after a meal.",
        "採血時間が正しければ、値を空腹時の欄に移してください。",
        "If the draw time is right, move the value to the fasting item.",
    ),
    FindingKind(
        "bmi.differs", WARNS,
        "BMI が身長と体重に合いません。",
        "The BMI does not fit height and weight.",
        "身長・体重・BMI のどれかの入れ間違い（桁、人の取り違え）を元の記録で確かめてください。",
        "See in the record which of height, weight and BMI is wrong (digits, or another person's).",
    ),
    FindingKind(
        "pressure.order", WARNS,
        "収縮期血圧が拡張期血圧より大きくありません。",
        "Systolic pressure is not above diastolic pressure.",
        "上下の入れ違いがないか元の記録で確かめてください。",
        "See in the record whether the two were exchanged.",
    ),
)  # fmt: skip
_PERSON = (
    FindingKind(
        "number.check_digit", WARNS,
        "番号の末尾の検証番号が合いません。",
        "The check digit at the end of the number is wrong.",
        "保険証などの原本と一桁ずつ見比べて、打ち間違いを直してください。",
        "Compare digit by digit with the card or the notice, and mend what was mistyped.",
    ),
    FindingKind(
        "number.prefecture", WARNS,
        "保険者番号の都道府県番号が 01 から 47 にありません。",
        "The prefecture in the insurer number is not one of 01 to 47.",
        "保険証の保険者番号と見比べて直してください。国民健康保険の6桁の番号は先頭に 00 を付けて8桁にします。",
        "Compare with the insurance card; six-digit numbers of national health insurance get 00 in front.",
    ),
    FindingKind(
        "visit.year", INFORMS,
        "受診日が、変換した日の年度（4月1日から翌年3月31日）の外です。",
        "The visit lies outside the fiscal year (April to March) of the day of conversion.",
        "前の年度の結果を送るつもりならこのままで構いません。そうでなければ受診日を確かめてください。",
        "Nothing is needed if results of another year are meant; otherwise check the date.",
    ),
    FindingKind(
        "visit.before_birth", STOPS,
        "受診日が生年月日より前です。",
        "The visit lies before the date of birth.",
        "受診日か生年月日の年・元号を直してください。",
        "Mend the year or era of the visit or of the birth.",
    ),
    FindingKind(
        "visit.age", INFORMS,
        "特定健診の対象年齢（年度中に40歳から75歳になる、75歳未満の人）の外です。",
        "Outside the ages of 特定健診 (40 to 75 within the fiscal year, and not yet 75 at the visit).",
        "生年月日と健診の種類を確かめてください。種類が違えば、変換表の「健診の種類」を直します。",
        "Check the date of birth and the kind of checkup; if the kind is wrong, mend the map's program.",
    ),
    FindingKind(
        "visit.age_differs", WARNS,
        "年齢が、生年月日から数えた受診日の年齢にも年度末の年齢にも合いません。",
        "The age fits neither the visit nor the end of the fiscal year, counted from the date of birth.",
        "生年月日と年齢のどちらが正しいか元の記録で確かめてください。",
        "See in the record which of birth date and age is right.",
    ),
)  # fmt: skip
KINDS = (*_COLUMNS, *_ITEMS, *_MEASURES, *_PERSON)
