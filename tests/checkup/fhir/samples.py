"""A Bundle that has every element the checker's tables speak of, and the context it was made in."""

from __future__ import annotations

from typing import Any

from akashi.checkup import ItemResult, ItemTable, NeutralRecord, Status
from akashi.checkup.fhir import names, rows
from akashi.checkup.fhir.people import DocumentContext
from akashi.checkup.fhir.strict_json import parse, render
from akashi.checkup.fhir.writer import bundle

CONTEXT = DocumentContext(
    "1319999999", "架空健診センター", 1_780_000_000_123, "架空　医師", "00-0000-0000", "100-0000", "架空県星見市1"
)
FIELDS = {
    "person.id": "P1", "person.name": "星　空", "person.kana": "ホシ　ソラ", "person.sex": "2", "person.birth": "1970-04-01",
    "person.postal": "100-0000", "person.address": "架空県星見市緑町1-1", "visit.date": "2026-05-16",
    "visit.number": "000001", "visit.course": "定期健診", "visit.report": "10", "visit.program": "010",
    "institution.code": "1319999999", "institution.name": "架空健診センター", "institution.telephone": "00-0000-0000",
    "institution.postal": "100-0000", "institution.address": "架空県星見市1",
    "insurance.insurer": "99000001", "insurance.insurer_name": "架空健康保険組合", "insurance.symbol": "12",
    "insurance.number": "345", "insurance.branch": "01", "ticket.number": "26000000001", "ticket.expires": "2027-03-31",
}  # fmt: skip
RESULTS = (
    ItemResult("9N001000000000001", 1, Status.VALUE, "cm", "165.5", "165.5", flag="N", low="100.0", high="250", method="9N00100000"),
    ItemResult("3F015000002327101", 1, Status.ABOVE, "mg/dl", "2000以上", "2000以上", qualifier=">=", low="30", high="149"),
    ItemResult("3B035000002327201", 1, Status.NOT_DONE, "U/l", "未実施", "未実施"),
    ItemResult("3B045000002327201", 1, Status.UNMEASURABLE, "U/l", "測定不能", "測定不能", high="30"),
    ItemResult("1A020000000191111", 1, Status.VALUE, "", "+", "＋", coded="3", text="再検"),
    ItemResult("9N056000000000011", 1, Status.VALUE, "", "1", "特記すべきことあり", coded="1"),
    ItemResult("9N056160400000049", 1, Status.VALUE, "", "胆石", "胆石", performer="星見　医師"),
    ItemResult("9A110160700000011", 1, Status.VALUE, "", "1", "所見あり", coded="1"),
    ItemResult("9A110160800000049", 1, Status.VALUE, "", "不整脈", "不整脈"),
    ItemResult("9A110161600000011", 1, Status.VALUE, "", "2", "不整脈による心電図検査対象者", coded="2"),
    ItemResult("9N206160700000011", 1, Status.UNMATCHED, "", "要再読影", "要再読影"),
    ItemResult("9N211161100000049", 1, Status.VALUE, "", "2026-05-16", "2026-05-16"),
    ItemResult("9N511000000000049", 1, Status.VALUE, "", "支障なし", "支障なし", performer="架空　医師"),
    ItemResult("9N736000000000011", 1, Status.VALUE, "", "3", "いいえ", coded="3"),
)  # fmt: skip


def record(items: ItemTable) -> NeutralRecord:
    """An invented person with one result of every form."""
    return NeutralRecord(1, 2, "tiny", items.table_id, FIELDS, dict(FIELDS), RESULTS)


def _insurance(person: str, payer: str) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "meta": {"lastUpdated": CONTEXT.moment, "profile": [names.INSURANCE_PROFILE]},
        "identifier": [{"system": names.MEMBER_ID, "value": "99000001:12:345:01"}],
        "status": "active",
        "type": {"coding": [{"system": rows.INSURANCES, "code": "1"}]},
        "beneficiary": {"reference": person},
        "relationship": {"coding": [{"system": rows.INSURED, "code": "1"}]},
        "payor": [{"reference": payer}],
    }


def whole(items: ItemTable) -> dict[str, Any]:
    """A written Bundle, and beside it what we read and never write: an insurance, an employer as contact, a specimen."""
    made: dict[str, Any] = parse(render(bundle(record(items), CONTEXT, items)))
    by_type: dict[str, dict[str, Any]] = {}
    for entry in made["entry"]:
        by_type[entry["resource"]["resourceType"]] = entry
        if entry["resource"].get("valueQuantity"):
            entry["resource"]["specimen"] = {"display": "血清"}
    person = by_type["Patient"]
    person["resource"]["contact"] = [
        {
            "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "E"}]}],
            "organization": {"reference": by_type["Organization"]["fullUrl"]},
        }
    ]
    coverage = _insurance(person["fullUrl"], by_type["Organization"]["fullUrl"])
    made["entry"].append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": coverage})
    return made
