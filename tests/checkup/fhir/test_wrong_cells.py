"""Attacks on the reader: a value under the wrong person, or one that says more than its document did."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from akashi.checkup import Finding, ItemTable, NeutralRecord, Status
from akashi.checkup.errors import BundleInvalid
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.fhir.strict_json import render
from tests.checkup.fhir.samples import whole

HEIGHT, URINE, SMOKING = "9N001000000000001", "1A020000000191111", "9N736000000000011"
OTHER = {"fullUrl": "urn:uuid:other", "resource": {"resourceType": "Patient", "identifier": [{"value": "OTHER"}]}}
ABSENT = {"coding": [{"code": "not-performed"}]}
FEW = {
    "valueQuantity": {"value": 99, "comparator": "<", "unit": "cm"},
    "interpretation": [{"coding": [{"code": "HX"}]}],
}


@pytest.fixture
def sample(items: ItemTable) -> dict[str, Any]:
    """The whole sample as parsed JSON, to be spoilt."""
    return copy.deepcopy(whole(items))


def _resource(made: dict[str, Any], kind: str, code: str = "") -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry["resource"]
        for entry in made["entry"]
        if entry["resource"]["resourceType"] == kind
        and (not code or entry["resource"]["code"]["coding"][0]["code"] == code)
    )
    return found


def _read(made: dict[str, Any], items: ItemTable) -> tuple[NeutralRecord, list[str]]:
    findings: list[Finding] = []
    record = read_bundle(render(made), items, finding_sink=findings.append)
    return record, [finding.code for finding in findings]


def test_a_result_of_somebody_named_by_identifier_is_not_taken_over(sample: dict[str, Any], items: ItemTable) -> None:
    """A logical reference names a person as well as a link does."""
    _resource(sample, "Observation", HEIGHT)["subject"] = {"identifier": {"system": "urn:x", "value": "OTHER"}}

    record, codes = _read(sample, items)

    assert (record.item(HEIGHT), "fhir.subject" in codes) == (None, True)


def test_a_report_on_somebody_outside_is_not_read_as_one_on_somebody_inside(
    sample: dict[str, Any], items: ItemTable
) -> None:
    """The Composition's subject decides; another Patient of the Bundle never stands in."""
    _resource(sample, "Composition")["subject"] = {"reference": "Patient/elsewhere"}

    with pytest.raises(BundleInvalid):
        _read(sample, items)


def test_a_report_that_names_nobody_is_not_read_among_two(sample: dict[str, Any], items: ItemTable) -> None:
    """One of two would be a guess."""
    del _resource(sample, "Composition")["subject"]
    sample["entry"].append(OTHER)

    with pytest.raises(BundleInvalid):
        _read(sample, items)


def test_insurance_of_another_beneficiary_is_not_this_persons(sample: dict[str, Any], items: ItemTable) -> None:
    """Tickets and insured numbers follow their beneficiary."""
    sample["entry"].insert(1, OTHER)
    for entry in sample["entry"]:
        if entry["resource"]["resourceType"] == "Coverage":
            entry["resource"]["beneficiary"] = {"reference": "urn:uuid:other"}

    assert "ticket.number" not in _read(sample, items)[0].fields


def test_an_encounter_of_another_person_gives_no_day(sample: dict[str, Any], items: ItemTable) -> None:
    """Its day and institution are not this person's."""
    _resource(sample, "Encounter")["subject"] = {"reference": "urn:uuid:other"}

    record, codes = _read(sample, items)

    assert ("visit.number" in record.fields, "fhir.subject" in codes) == (False, True)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (HEIGHT, {"status": "cancelled"}),
        (HEIGHT, {"dataAbsentReason": ABSENT}),
        (HEIGHT, FEW),
        (HEIGHT, {"valueQuantity": {"value": 5, "comparator": "~", "unit": "cm"}}),
        (HEIGHT, {"valueQuantity": None, "valueCodeableConcept": {"coding": [{"code": "1"}]}}),
        (HEIGHT, {"valueQuantity": None, "valueDateTime": "2026-05-16"}),
        (HEIGHT, {"valueQuantity": None, "dataAbsentReason": {"coding": [{"code": "unknown"}]}}),
        (URINE, {"valueCodeableConcept": None, "valueQuantity": {"value": 2}}),
        (URINE, {"valueCodeableConcept": None, "valueInteger": 2}),
        (SMOKING, {"valueCodeableConcept": {"coding": [{"code": "2", "display": "いいえ"}]}}),
    ],
)
def test_what_contradicts_itself_is_understood_by_nobody(
    sample: dict[str, Any], items: ItemTable, code: str, change: dict[str, Any]
) -> None:
    """Withdrawn with a value, below and above at once, a code for a number, words of another table: kept as a text."""
    found = _resource(sample, "Observation", code)
    found |= change
    for name in [name for name, value in found.items() if value is None]:
        del found[name]

    result = _read(sample, items)[0].item(code)

    assert result is not None
    assert (result.status, result.coded, result.qualifier) == (Status.UNMATCHED, "", "")


def test_a_unit_whose_code_names_another_is_told(sample: dict[str, Any], items: ItemTable) -> None:
    """The text alone is not believed."""
    _resource(sample, "Observation", HEIGHT)["valueQuantity"] = {"value": 1.7, "unit": "cm", "code": "m"}

    assert "fhir.unit" in _read(sample, items)[1]
