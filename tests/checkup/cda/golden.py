"""The invented people behind the golden hc08 documents, and the maker of the files.

Run: ``PYTHONPATH=src:. python -m tests.checkup.cda.golden``
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from akashi.checkup import ItemResult, ItemTable, NeutralRecord, Status, SubmissionContext, load_items
from akashi.checkup.cda.hc08 import DocumentWriter
from tests.checkup.conftest import FORMATS

FOLDER = Path(__file__).resolve().parent.parent / "golden"
PERSON = {
    "insurance.insurer": "99000001", "insurance.number": "345", "person.kana": "ホシ　ソラ", "person.sex": "1",
    "person.birth": "1970-01-02", "visit.date": "2026-05-16",
}  # fmt: skip
WHOLE = {
    "insurance.symbol": "星１２", "insurance.branch": "01", "person.postal": "100-0000", "person.address": "架空県<1>&2",
    "ticket.number": "12345678901", "ticket.kind": "1", "ticket.expires": "2027-03-31", "visit.report": "41",
    "visit.program": "030", "visit.created": "2026-06-02", "institution.code": "9910000002",
    "institution.name": "架空診療所", "institution.telephone": "00-0000-0001", "institution.postal": "100-0001",
    "institution.address": "架空県星見市",
}  # fmt: skip
HEIGHT, WEIGHT, WAIST, SUGAR = "9N001000000000001", "9N006000000000001", "9N016160100000001", "1A020000000191111"
SMOKING, JUDGED, JUDGE, FILM_DAY = "9N736000000000011", "9N511000000000049", "9N516000000000049", "9N211161100000049"


def said(code: str, standard: str = "", status: Status = Status.VALUE, **more: str) -> ItemResult:
    """One result."""
    return ItemResult(code=code, occurrence=1, status=status, unit="", original=standard, standard=standard, **more)


_RED, _WHY = said("2A020000001930101", "470", flag="N"), said("2A020161001930149", "既往による")
FORMS: dict[str, tuple[ItemResult, ...]] = {
    "head": (),
    "number": (said(HEIGHT, "165.5"),),
    "range": (said(WAIST, "95", flag="H", low="40", high="84.9"),),
    "code": (said(SMOKING, "いいえ", coded="3"),),
    "old-code": (said(SMOKING, "はい", coded="1", answers="1.2.392.200119.6.2003"),),
    "ordered": (said(SUGAR, "＋", coded="3"),),
    "text": (said("9N056160400000049", '<喘息>&"胆石"'),),
    "date": (said(FILM_DAY, "2026-05-16"),),
    "not-done": (said(HEIGHT, "未実施", Status.NOT_DONE),),
    "unmeasurable": (said(HEIGHT, "測定不能", Status.UNMEASURABLE),),
    "below": (said(HEIGHT, "100未満", Status.BELOW, qualifier="<"),),
    "above": (said(WEIGHT, "251"),),
    "beyond-digits": (said(WEIGHT, "1234.5"),),
    "series": (_RED, _WHY),
    "doctor": (said(JUDGED, "異常なし"), said(JUDGE, "架空　医師")),
    "optional": (said("3F050000002399901", "205"),),
    "twice": (said(HEIGHT, "165.5"), ItemResult(HEIGHT, 2, Status.VALUE, "cm", "165.7", "165.7")),
}


def sender(items: ItemTable) -> SubmissionContext:
    """An invented sender."""
    return SubmissionContext("9910000001", "架空健診センター", date(2026, 6, 1), items, telephone="00-0000-0000")


def made(form: str, items: ItemTable) -> NeutralRecord:
    """The record behind a golden file."""
    fields = PERSON | WHOLE if form == "head" else PERSON
    return NeutralRecord(1, 0, "golden", items.table_id, fields, fields, FORMS[form])


def document(form: str, items: ItemTable) -> str:
    """The document with a line break between its tags."""
    text = DocumentWriter(sender(items)).document(made(form, items)).decode()
    return text.replace("><", ">\n<") + "\n"


def main() -> None:
    """Write all golden files anew."""
    names = ("v4", "additional", "own", "v3", "guidance", "municipal")
    texts = [(FORMATS / f"items-{name}.csv").read_text(encoding="utf-8") for name in names]
    items = load_items(texts, (FORMATS / "codes-v4.csv").read_text(encoding="utf-8"))
    for form in FORMS:
        (FOLDER / f"hc08-{form}.xml").write_text(document(form, items), encoding="utf-8")


if __name__ == "__main__":
    main()
