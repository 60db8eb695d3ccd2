"""What the fields and items of a record are called on a terminal.

Guarantees: every field of the neutral record has a name in both languages (a test compares); an unknown code is shown as it is. Pure.

>>> thing("person.kana", {}, "en"), thing("9X1", {}, "ja")
('name (kana)', '9X1')
"""

from __future__ import annotations

from collections.abc import Mapping

from akashi.checkup.formats.items import Item

FIELDS: Mapping[str, tuple[str, str]] = {
    "person.id": ("個人番号（施設）", "person's id"), "person.name": ("氏名", "name"), "person.kana": ("カナ氏名", "name (kana)"),
    "person.sex": ("性別", "sex"), "person.birth": ("生年月日", "date of birth"), "person.postal": ("郵便番号", "postal code"),
    "person.address": ("住所", "address"), "visit.date": ("受診日", "day of visit"), "visit.number": ("受診番号", "visit number"),
    "visit.course": ("コース", "course"), "visit.age": ("年齢", "age"), "visit.program": ("健診の種類", "programme"),
    "visit.report": ("報告区分", "kind of report"), "visit.created": ("作成日", "day of making"),
    "institution.code": ("機関番号", "institution's number"), "institution.name": ("機関名", "institution"),
    "institution.telephone": ("機関の電話番号", "institution's telephone"),
    "institution.postal": ("機関の郵便番号", "institution's postal code"), "institution.address": ("機関の住所", "institution's address"),
    "insurance.insurer": ("保険者番号", "insurer's number"), "insurance.insurer_name": ("保険者名", "insurer"),
    "insurance.symbol": ("被保険者証の記号", "insurance symbol"), "insurance.number": ("被保険者証の番号", "insurance number"),
    "insurance.branch": ("枝番", "insurance branch"), "ticket.number": ("受診券の整理番号", "ticket number"),
    "ticket.kind": ("券の種類", "kind of ticket"), "ticket.expires": ("券の有効期限", "ticket's last day"),
    "employer.name": ("事業所名", "employer"), "employer.section": ("所属", "section"), "employer.number": ("社員番号", "employee number"),
}  # fmt: skip


def thing(target: str, items: Mapping[str, Item], language: str) -> str:
    """The name of a field or an item."""
    if target in FIELDS:
        return FIELDS[target][0 if language == "ja" else 1]
    item = items.get(target)
    return item.name if item else target
