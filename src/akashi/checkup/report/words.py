"""The words around results, in Japanese and English, and days in both calendars.

Guarantees: what is said of a result is said of its status only; a day that is no ISO date is shown as it is. Refuses: words that judge.

>>> day("1968-01-01"), day("2019-05-01"), day("昭和43年"), day("2026-05-16", "en")
('1968-01-01（昭和43年1月1日）', '2019-05-01（令和元年5月1日）', '昭和43年', '2026-05-16')
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

_ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1873, 1, 1), "明治"),  # before 1873 the calendar was another one
)
_MEIJI = 1868
_JAPAN = timedelta(hours=9)

FIELDS: Mapping[str, tuple[str, str]] = {
    "person.kana": ("カナ氏名", "Name (kana)"),
    "person.name": ("氏名", "Name"),
    "person.birth": ("生年月日", "Born"),
    "person.sex": ("性別", "Sex"),
    "person.id": ("受診者ID", "ID"),
    "insurance.insurer": ("保険者番号", "Insurer"),
    "insurance.insurer_name": ("保険者", "Insurer's name"),
    "insurance.symbol": ("記号", "Symbol"),
    "insurance.number": ("番号", "Number"),
    "insurance.branch": ("枝番", "Branch"),
    "employer.name": ("勤務先", "Employer"),
    "employer.section": ("所属", "Section"),
    "employer.number": ("社員番号", "Employee number"),
}
"""What is shown of a person. Addresses and tickets are not needed to read a result; the table of the emergency export has them."""

SEXES = {"1": ("男", "male"), "2": ("女", "female")}
FORMATS: Mapping[str, tuple[str, str]] = {
    "format:hc08": ("特定健診 XML（hc08）", "特定健診 XML (hc08)"),
    "format:hg08": ("特定保健指導 XML（hg08）", "特定保健指導 XML (hg08)"),
    "format:jma": ("日医特定健診フォーマット", "日医特定健診 format"),
    "format:fkac522": ("国保連 FKAC522", "FKAC522"),
    "format:echeckup": ("FHIR 健診結果報告書", "FHIR eCheckup"),
    "format:akashi-csv": ("標準 CSV", "standard CSV"),
}

JA: Mapping[str, str] = {
    "title": "健診結果（写し）",
    "title_guidance": "特定保健指導の記録（写し）",
    "copy": "これは、受け取ったデータを表示した写しです。原本ではありません。",
    "given": "基準範囲・印・判定は、健診機関がデータに付けたものをそのまま示しています。Akashi は判定をしていません。",
    "legend": "印: H = 基準より高い、L = 基準より低い、N = 基準の内（健診機関によるもの）。空欄は、データに付いていなかったことを示します。",
    "verbatim_note": "「原文」は、標準の形に直せなかったので元の文字のまま示したものです。",
    "item": "項目",
    "result": "結果",
    "unit": "単位",
    "range": "基準範囲",
    "flag": "印",
    "judgement": "判定",
    "visit": "受診日",
    "institution": "健診機関",
    "course": "コース",
    "source": "元の形式・変換表",
    "table": "項目表",
    "age": "年齢（データの記載）",
    "not_done": "未実施",
    "unmeasurable": "測定不能",
    "verbatim": "原文",
    "doctor": "医師",
    "method": "方法",
    "finding": "所見",
    "original": "元の値",
    "repeat": "（{count} 回目）",
    "unknown_items": "項目表にない項目",
    "no_results": "この人の検査結果はありません。",
    "left_out": "これより前の受診が {count} 回分ありますが、ここには示していません。",
    "no_day": "受診日の記載なし",
    "page": "ページ",
    "printed": "印刷用に作った時",
    "person": "受診者",
    "visits": "受診",
}
EN: Mapping[str, str] = {
    "title": "Checkup results (copy)",
    "title_guidance": "Health guidance record (copy)",
    "copy": "This is a copy that shows the data as received. It is not the original.",
    "given": "Ranges, marks and judgements are shown as the checkup institution gave them. Akashi judges nothing.",
    "legend": "Mark: H = above the range, L = below, N = within, by the institution. Empty: the data has none.",
    "verbatim_note": "“verbatim” marks a text that could not be standardised and is shown as it was.",
    "item": "Item",
    "result": "Result",
    "unit": "Unit",
    "range": "Range",
    "flag": "Mark",
    "judgement": "Judgement",
    "visit": "Visit",
    "institution": "Institution",
    "course": "Course",
    "source": "Source format or map",
    "table": "Item table",
    "age": "Age (as given)",
    "not_done": "not done",
    "unmeasurable": "not measurable",
    "verbatim": "verbatim",
    "doctor": "doctor",
    "method": "method",
    "finding": "findings",
    "original": "original",
    "repeat": " (no. {count})",
    "unknown_items": "Items that the item table lacks",
    "no_results": "There are no results of this person.",
    "left_out": "{count} earlier visits are not shown here.",
    "no_day": "no day given",
    "page": "page",
    "printed": "made",
    "person": "person",
    "visits": "visits",
}


def words(language: str) -> Mapping[str, str]:
    """All words of a language (``ja`` or ``en``)."""
    return EN if language == "en" else JA


def one_of(pair: tuple[str, str], language: str) -> str:
    """The Japanese or the English of two texts."""
    return pair[1 if language == "en" else 0]


def wareki(found: date) -> str:
    """The day in the Japanese calendar; empty before 1873."""
    for first, name in _ERAS:
        if found >= first:
            year = found.year - (_MEIJI if name == "明治" else first.year) + 1
            return f"{name}{'元' if year == 1 else year}年{found.month}月{found.day}日"
    return ""


def day(text: str, language: str = "ja") -> str:
    """An ISO date, in Japanese with the era; any other text as it is."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    era = wareki(found) if language == "ja" else ""
    return f"{found.isoformat()}（{era}）" if era else found.isoformat()


def source(map_id: str, language: str = "ja") -> str:
    """What made a record: the name of a format, or the id of a map."""
    return one_of(FORMATS[map_id], language) if map_id in FORMATS else map_id


def minute(made_ms: int) -> str:
    """A time in Japan, to the minute.

    >>> minute(0)
    '1970-01-01 09:00'
    """
    return (datetime.fromtimestamp(made_ms // 1000, UTC) + _JAPAN).strftime("%Y-%m-%d %H:%M")
