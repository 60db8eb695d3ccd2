"""Each observation form, and who and where, as the profile spells them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from akashi.checkup import ItemResult, ItemTable, Status
from akashi.checkup.fhir import names
from akashi.checkup.fhir.forms import left_out
from akashi.checkup.fhir.people import missing_identity
from akashi.checkup.fhir.writer import bundle, what_is_missing, write_bundle
from akashi.errors import Misuse
from tests.checkup.fhir.samples import CONTEXT, FIELDS, RESULTS, record


def _observations(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        entry["resource"]["code"]["coding"][0]["code"]: entry["resource"]
        for entry in made["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    }


def _of(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in made["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.fixture(scope="module")
def made(items: ItemTable) -> dict[str, Any]:
    """The sample as a Bundle."""
    return bundle(record(items), CONTEXT, items)


def test_a_number_has_ucum_flag_method_and_range(made: dict[str, Any]) -> None:
    """Every digit as the source had it."""
    found = _observations(made)["9N001000000000001"]
    unit = {"unit": "cm", "system": names.UCUM, "code": "cm"}

    assert found["valueQuantity"] == {"value": Decimal("165.5")} | unit
    assert found["referenceRange"] == [
        {"low": {"value": Decimal("100.0")} | unit, "high": {"value": Decimal(250)} | unit}
    ]
    assert found["interpretation"][0]["coding"][0]["code"] == "N"
    assert found["method"]["coding"][0] == {"system": names.METHODS, "code": "9N00100000"}
    assert found["effectiveDateTime"] == "2026-05-16"


def test_beyond_the_range_is_said_by_comparator_and_hx(made: dict[str, Any]) -> None:
    """The source says 以上; no flag is computed beside it."""
    found = _observations(made)["3F015000002327101"]

    assert (found["valueQuantity"]["value"], found["valueQuantity"]["comparator"]) == (Decimal(2000), ">=")
    assert [concept["coding"][0]["code"] for concept in found["interpretation"]] == ["HX"]


@pytest.mark.parametrize(
    ("code", "reason", "text", "ranged"),
    [("3B035000002327201", "not-performed", "未実施", False), ("3B045000002327201", "error", "測定不能", True)],
)
def test_no_value_is_cancelled_with_its_reason(
    made: dict[str, Any], code: str, reason: str, text: str, ranged: bool
) -> None:
    """Not done says nothing else; unmeasurable keeps the range."""
    found = _observations(made)[code]

    assert found["status"] == "cancelled"
    assert found["dataAbsentReason"] == {"coding": [{"system": names.ABSENCES, "code": reason}], "text": text}
    assert not any(name.startswith("value") or name == "interpretation" for name in found)
    assert ("referenceRange" in found) == ranged


def test_an_answer_has_code_label_and_order(made: dict[str, Any]) -> None:
    """CO items carry their ordinal; a comment is a note."""
    found = _observations(made)["1A020000000191111"]
    coding = found["valueCodeableConcept"]["coding"][0]

    assert coding["extension"] == [{"url": names.ORDINAL, "valueDecimal": Decimal(3)}]
    assert (coding["system"], coding["code"], coding["display"]) == ("urn:oid:1.2.392.200119.6.2102", "3", "＋")
    assert found["note"] == [{"text": "再検"}]


def test_the_finding_stands_in_the_component_of_its_flag(made: dict[str, Any]) -> None:
    """With the doctor who found it; it has no Observation of its own."""
    found = _observations(made)
    component = found["9N056000000000011"]["component"][0]
    doctor = component["extension"][0]["valueReference"]["reference"]
    named = next(entry["resource"] for entry in made["entry"] if entry["fullUrl"] == doctor)

    assert (component["valueString"], named["name"][0]["text"]) == ("胆石", "星見　医師")
    assert "9N056160400000049" not in found


def test_a_series_has_a_head_that_names_its_members(made: dict[str, Any]) -> None:
    """COMP, and RSON for the reason of the examination."""
    head = _observations(made)["9A110"]
    places = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    members = {
        places[link["reference"]]["code"]["coding"][0]["code"]: link["extension"][0]["valueCode"]
        for link in head["hasMember"]
    }

    assert members == {"9A110160700000011": "COMP", "9A110160800000049": "COMP", "9A110161600000011": "RSON"}
    assert head["meta"]["profile"] == [names.GROUP_PROFILE]


def test_words_that_nobody_understood_stay_words(made: dict[str, Any]) -> None:
    """Text without a code."""
    assert _observations(made)["9N206160700000011"]["valueCodeableConcept"] == {"text": "要再読影"}


def test_sections_follow_the_program(made: dict[str, Any], items: ItemTable) -> None:
    """特定健診 has results, questionnaire and additional items; other checkups two sections."""
    employer = replace(record(items), fields=FIELDS | {"visit.program": "030"})
    school = replace(record(items), fields=FIELDS | {"visit.program": "990"})

    def sections(report: dict[str, Any]) -> list[str]:
        return [section["code"]["coding"][0]["code"] for section in report["entry"][0]["resource"]["section"]]

    assert sections(made) == ["01011", "01012", "01990"]
    assert sections(bundle(employer, CONTEXT, items)) == ["01031", "01032"]
    assert sections(bundle(school, CONTEXT, items)) == ["01910", "01920"]


def test_the_person_is_named_without_full_width_blanks(made: dict[str, Any]) -> None:
    """R1113; the insured identifier has its four parts."""
    person = _of(made, "Patient")[0]

    assert [name["text"] for name in person["name"]] == ["星 空", "ホシ ソラ"]
    assert [found["value"] for found in person["identifier"]] == ["99000001:12:345:01", "P1"]
    assert (person["gender"], person["birthDate"]) == ("female", "1970-04-01")


def test_what_is_required_and_unknown_is_marked_absent(items: ItemTable) -> None:
    """An address is asked for and may be unknown; it is not made up."""
    fields = {target: value for target, value in FIELDS.items() if target != "person.address"}

    person = _of(bundle(replace(record(items), fields=fields), CONTEXT, items), "Patient")[0]

    assert person["address"][0]["_text"]["extension"][0]["valueCode"] == "unknown"
    assert "text" not in person["address"][0]


def test_an_institution_that_is_not_the_sender_stands_beside_it(items: ItemTable) -> None:
    """The sender made the report, the other did the checkup."""
    elsewhere = replace(record(items), fields=FIELDS | {"institution.code": "9910000001"})

    made = bundle(elsewhere, CONTEXT, items)
    roles = {
        organization["identifier"][0]["value"]: [kind["coding"][0]["code"] for kind in organization["type"]]
        for organization in _of(made, "Organization")
    }

    assert roles == {"1319999999": ["doc-org"], "9910000001": ["exec-org"], "99000001": ["ins"]}


def test_codes_without_a_system_of_the_profile_are_left_out(items: ItemTable) -> None:
    """Items of ours, and codes of no known table, are named."""
    own = ItemResult("AK00002", 1, Status.VALUE, "%", "20.1", "20.1")
    odd = ItemResult("LOCAL-1", 1, Status.VALUE, "", "x", "x", system="1.2.3")
    changed = replace(record(items), items=(*RESULTS, own, odd))

    assert left_out(changed, items) == ("AK00002", "LOCAL-1")
    assert not {"AK00002", "LOCAL-1"} & set(_observations(bundle(changed, CONTEXT, items)))


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("insurance.insurer", ""), ("insurance.insurer", "1234567X"), ("insurance.number", ""), ("insurance.number", "1:2"),
        ("insurance.symbol", "１　２"), ("insurance.branch", "x"), ("person.sex", "9"), ("person.birth", "1970-02-30"),
        ("visit.date", ""),
    ],
)  # fmt: skip
def test_a_person_without_the_identity_asked_for_gets_no_document(items: ItemTable, target: str, value: str) -> None:
    """The targets are named; asking anyway is a misuse."""
    lacking = replace(record(items), fields=FIELDS | {target: value})

    assert missing_identity(lacking) == (target,)
    with pytest.raises(Misuse):
        bundle(lacking, CONTEXT, items)


@pytest.mark.parametrize(
    "context",
    [
        replace(CONTEXT, institution_code="9910000001"),
        replace(CONTEXT, author=" "),
        replace(CONTEXT, institution_name=""),
        replace(CONTEXT, created=0),
    ],
)
def test_a_sender_without_number_author_or_time_is_refused(items: ItemTable, context: object) -> None:
    """R2152 and the two authors could not be kept."""
    with pytest.raises(Misuse):
        bundle(record(items), context, items)  # type: ignore[arg-type]  # each is a DocumentContext


def test_the_document_is_one_line_of_json_and_its_author_is_not_shown(items: ItemTable) -> None:
    """Written the same way each time; repr shows no person."""
    data = write_bundle(record(items), CONTEXT, items)

    assert json.loads(data)["type"] == "document"
    assert b"\n" not in data
    assert "医師" not in repr(CONTEXT)


def test_what_is_missing_becomes_findings(items: ItemTable) -> None:
    """One for each target and each result, with its place."""
    own = ItemResult("AK00002", 1, Status.VALUE, "%", "20.1", "20.1")
    lacking = replace(record(items), fields=FIELDS | {"visit.date": ""}, items=(own,))

    found = [(finding.code, finding.row, finding.line, finding.item) for finding in what_is_missing(lacking, items)]

    assert found == [("fhir.identity", 1, 2, "visit.date"), ("fhir.left_out", 1, 2, "AK00002")]
