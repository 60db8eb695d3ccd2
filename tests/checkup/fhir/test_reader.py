"""Bundles of others: what is odd is told, what is unsafe is refused, nothing is fetched."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import Finding, ItemTable, NeutralRecord, Status
from akashi.checkup.errors import BundleInvalid
from akashi.checkup.fhir import names
from akashi.checkup.fhir.reader import MOST_ENTRIES, read_bundle
from akashi.checkup.fhir.strict_json import parse, render
from akashi.checkup.fhir.writer import write_bundle
from akashi.checkup.findings.fhir import KINDS
from akashi.errors import AkashiError
from tests.checkup.fhir.mutations import places_of
from tests.checkup.fhir.samples import CONTEXT, record, whole

HEIGHT, ALT, URINE, HISTORY = "9N001000000000001", "3B045000002327201", "1A020000000191111", "9N056000000000011"
SMOKING = "9N736000000000011"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def sample(items: ItemTable) -> dict[str, Any]:
    """The whole sample as parsed JSON."""
    return whole(items)


def _observation(made: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry["resource"]
        for entry in made["entry"]
        if entry["resource"]["resourceType"] == "Observation" and entry["resource"]["code"]["coding"][0]["code"] == code
    )
    return found


def _read(made: dict[str, Any], items: ItemTable) -> tuple[NeutralRecord, list[Finding]]:
    findings: list[Finding] = []
    return read_bundle(render(made), items, finding_sink=findings.append), findings


def test_fields_come_from_everybody_who_speaks_of_the_person(sample: dict[str, Any], items: ItemTable) -> None:
    """Patient, Coverage, Encounter, Organization, Composition; the source's words stand beside."""
    read, findings = _read(sample, items)

    assert findings == []
    assert (read.fields["person.sex"], read.originals["person.sex"]) == ("2", "female")
    assert (read.fields["visit.created"], read.originals["visit.created"]) == ("2026-05-29", CONTEXT.moment)
    assert read.fields["insurance.insurer_name"] == "架空健康保険組合"
    assert read.fields["institution.name"] == "架空健診センター"
    assert read.fields["ticket.number"] == "26000000001"


@pytest.mark.parametrize(
    ("code", "change", "expected"),
    [
        (HEIGHT, {"interpretation": [{"coding": [{"code": "LX"}]}]}, (Status.BELOW, "165.5")),
        (HEIGHT, {"valueQuantity": {"value": 99, "comparator": "<", "unit": "cm"}}, (Status.BELOW, "99未満")),
        (HEIGHT, {"valueQuantity": None, "valueInteger": 165}, (Status.VALUE, "165")),
        (HEIGHT, {"valueQuantity": None, "valueString": "測れず"}, (Status.UNMATCHED, "測れず")),
        (HEIGHT, {"valueQuantity": None, "dataAbsentReason": {"text": "ｷﾔﾝｾﾙ"}}, (Status.NOT_DONE, "未実施")),
        (HEIGHT, {"valueQuantity": None, "dataAbsentReason": {"text": "採血不可"}}, (Status.UNMEASURABLE, "測定不能")),
        (HEIGHT, {"valueQuantity": None, "status": "cancelled"}, (Status.NOT_DONE, "未実施")),
        (URINE, {"valueCodeableConcept": {"coding": [{"code": "1"}]}}, (Status.VALUE, "－")),
        (URINE, {"valueCodeableConcept": {"text": "にごり"}}, (Status.UNMATCHED, "にごり")),
    ],
)
def test_other_ways_to_say_a_value(
    sample: dict[str, Any], items: ItemTable, code: str, change: dict[str, Any], expected: tuple[Status, str]
) -> None:
    """Each is one status of the record."""
    made = copy.deepcopy(sample)
    found = _observation(made, code)
    found |= change
    for name in [name for name, value in found.items() if value is None]:
        del found[name]

    result = _read(made, items)[0].item(code)

    assert result is not None
    assert (result.status, result.standard) == expected


def _text_only_code(made: dict[str, Any]) -> None:
    _observation(made, HEIGHT)["code"] = {"text": "身長"}


CHANGES: list[tuple[str, Change]] = [
    ("fhir.subject", lambda made: _observation(made, HEIGHT).update(subject={"reference": "urn:uuid:other"})),
    ("fhir.reference", lambda made: made["entry"][0]["resource"].update(encounter={"reference": "Encounter/9"})),
    ("fhir.code", _text_only_code),
    ("fhir.status", lambda made: _observation(made, HEIGHT).update(status="preliminary")),
    ("fhir.status", lambda made: _observation(made, HEIGHT).update(status="entered-in-error")),
    ("fhir.value", lambda made: _observation(made, HEIGHT).update(valueQuantity={"unit": "cm"})),
    ("fhir.value", lambda made: _observation(made, ALT).update(dataAbsentReason={"text": "検体待ち"})),
    ("fhir.unit", lambda made: _observation(made, HEIGHT).update(valueQuantity={"value": 1, "unit": "m", "code": "m"})),
    ("fhir.answer", lambda made: _observation(made, URINE).update(valueCodeableConcept={"coding": [{"code": "99"}]})),
    (
        "fhir.interpretation",
        lambda made: _observation(made, HEIGHT).update(interpretation=[{"coding": [{"code": "HH"}]}]),
    ),
    ("fhir.label", lambda made: _observation(made, SMOKING)["valueCodeableConcept"]["coding"][0].update(code="2")),
    ("fhir.day", lambda made: _observation(made, HEIGHT).update(effectiveDateTime="2026-05-17")),
]


@pytest.mark.parametrize(("code", "change"), CHANGES)
def test_what_is_odd_is_told(sample: dict[str, Any], items: ItemTable, code: str, change: Change) -> None:
    """By a finding; the rest of the document is read."""
    made = copy.deepcopy(sample)
    change(made)

    read, findings = _read(made, items)

    assert {finding.code for finding in findings} == {code}
    assert read.item(HISTORY) is not None


def test_every_finding_of_a_reader_is_met_above() -> None:
    """The others are the writer's."""
    written = {"fhir.left_out", "fhir.identity", "fhir.author", "fhir.document"}

    assert {kind.code for kind in KINDS} == {code for code, _change in CHANGES} | written


def test_a_result_of_another_person_is_never_taken_over(sample: dict[str, Any], items: ItemTable) -> None:
    """Even where the other person stands in the same Bundle."""
    made = copy.deepcopy(sample)
    other = {"fullUrl": "urn:uuid:other", "resource": {"resourceType": "Patient"}}
    made["entry"].append(other)
    _observation(made, HEIGHT)["subject"] = {"reference": "urn:uuid:other"}

    assert _read(made, items)[0].item(HEIGHT) is None


def _series_in_itself(made: dict[str, Any]) -> None:
    head = next(entry for entry in made["entry"] if "hasMember" in entry["resource"])
    place = next(entry for entry in made["entry"] if entry["fullUrl"] == head["resource"]["hasMember"][0]["reference"])
    place["resource"]["hasMember"] = [{"reference": head["fullUrl"]}]


def _long_chain(made: dict[str, Any]) -> None:
    made["entry"] += [
        {"fullUrl": f"urn:uuid:{i}", "resource": {"resourceType": "Observation", "hasMember": [{"reference": f"urn:uuid:{i + 1}"}]}}
        for i in range(20)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("not a Bundle", lambda made: made.update(resourceType="Patient")),
        ("not a document", lambda made: made.update(type="collection")),
        ("entries", lambda made: made.update(entry={})),
        ("entries", lambda made: made.update(entry=[{}] * (MOST_ENTRIES + 1))),
        ("no Composition", lambda made: made.update(entry=made["entry"][1:])),
        ("no Patient", lambda made: made.update(entry=[e for e in made["entry"] if e["resource"]["resourceType"] != "Patient"])),
        ("repeated fullUrl", lambda made: made["entry"].append(made["entry"][1])),
        ("series within itself", _series_in_itself),
        ("series within itself", _long_chain),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(sample: dict[str, Any], items: ItemTable, what: str, change: Change) -> None:
    """As a whole, with the reason."""
    made = copy.deepcopy(sample)
    change(made)

    with pytest.raises(BundleInvalid) as caught:
        _read(made, items)

    assert caught.value.params["what"] == what


def test_a_hundred_thousand_entries_are_refused(items: ItemTable) -> None:
    """Before any of them is looked at."""
    data = b'{"resourceType":"Bundle","type":"document","entry":[' + b'{"resource":{}},' * 100_000 + b"{}]}"

    with pytest.raises(BundleInvalid):
        read_bundle(data, items)


def test_members_that_no_section_lists_follow_their_head(sample: dict[str, Any], items: ItemTable) -> None:
    """And are read once."""
    made = copy.deepcopy(sample)
    head = next(entry["resource"] for entry in made["entry"] if "hasMember" in entry["resource"])
    members = {link["reference"] for link in head["hasMember"]}
    for section in made["entry"][0]["resource"]["section"]:
        section["entry"] = [link for link in section["entry"] if link["reference"] not in members]

    codes = [result.code for result in _read(made, items)[0].items]

    assert sorted(codes) == sorted(result.code for result in _read(sample, items)[0].items)


def test_a_code_of_another_system_keeps_its_system(sample: dict[str, Any], items: ItemTable) -> None:
    """And does not become the national item of the same spelling."""
    made = copy.deepcopy(sample)
    _observation(made, HEIGHT)["code"]["coding"] = [{"system": "http://example.org/local", "code": HEIGHT}]

    result = _read(made, items)[0].item(HEIGHT)

    assert result is not None
    assert (result.system, result.name) == ("http://example.org/local", "")


def test_our_findings_quote_nothing_by_repr(sample: dict[str, Any], items: ItemTable) -> None:
    """The text of a value is for the gateway's screen."""
    made = copy.deepcopy(sample)
    _observation(made, ALT)["dataAbsentReason"] = {"text": "検体待ち"}

    findings = _read(made, items)[1]

    assert findings[0].original == "検体待ち"
    assert "検体待ち" not in repr(findings)
    assert names.ABSENCES not in repr(findings)


_ODD: list[Any] = [None, True, [], {}, [[]], [None], "x", {"coding": {}}, [{"reference": 1}], {"value": "a"}]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, 10**6), value=st.sampled_from(_ODD))
def test_a_bundle_with_one_member_replaced_is_read_or_refused(items: ItemTable, place: int, value: Any) -> None:
    """Any JSON in any place: our errors only."""
    made = whole(items)
    places = places_of(made)
    holder, key = places[place % len(places)]
    holder[key] = value

    try:
        read: NeutralRecord | None = _read(made, items)[0]
    except AkashiError:
        read = None

    assert read is None or read.map_id == "format:echeckup"


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, 10**6), cut=st.integers(0, 40), junk=st.binary(max_size=4))
def test_damaged_bytes_are_read_or_refused(items: ItemTable, place: int, cut: int, junk: bytes) -> None:
    """Our errors only."""
    good = write_bundle(record(items), CONTEXT, items)
    place %= len(good)
    damaged = good[:place] + junk + good[place + cut :]

    try:
        read_bundle(damaged, items)
        refused = False
    except AkashiError:
        refused = True

    assert refused or parse(damaged)["resourceType"] == "Bundle"
