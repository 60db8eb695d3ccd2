"""特定健診 XML: every observation form, and validity against the ministry's schema where it is present."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from lxml import etree

from akashi.checkup import (
    Finding,
    ItemResult,
    ItemTable,
    LayoutMap,
    NeutralRecord,
    Status,
    SubmissionContext,
    convert_to_hc08,
    hc08_document,
)
from akashi.checkup.cda.hc08 import DocumentWriter, document_name, missing_identity
from akashi.checkup.generate import Maker, encode_file
from akashi.errors import Misuse
from tests.checkup.conftest import ON, SHARED, headers_of

SCHEMA = SHARED / "data/mhlw-xsd-v4/hc08_V08.xsd"
NS = {"h": "urn:hl7-org:v3"}
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
FIELDS = {
    "insurance.insurer": "99000001", "insurance.symbol": "12", "insurance.number": "345", "insurance.branch": "01",
    "person.kana": "ホシ　ソラ", "person.sex": "1", "person.birth": "1970-01-02", "visit.date": "2026-05-16",
    "person.address": "架空県<1>&", "person.postal": "100-0000", "ticket.number": "12345678901",
}  # fmt: skip


@pytest.fixture(scope="module")
def context(items: ItemTable) -> SubmissionContext:
    """An invented sender."""
    return SubmissionContext("9910000001", "架空健診センター", date(2026, 6, 1), items, telephone="00-0000-0000")


def record(*results: ItemResult, **fields: str) -> NeutralRecord:
    """A person with these results."""
    values = FIELDS | {name.replace("_", "."): value for name, value in fields.items()}
    return NeutralRecord(1, 2, "tiny", "sha256:x", values, values, results)


def result(code: str, standard: str = "", status: Status = Status.VALUE, **more: str) -> ItemResult:
    """One result."""
    return ItemResult(code=code, occurrence=1, status=status, unit="", original=standard, standard=standard, **more)


def entries(document: bytes, section: str = "01010") -> list[etree._Element]:
    """The observations of a section."""
    root = etree.fromstring(document)
    found = root.xpath(f"//h:section[h:code/@code='{section}']/h:entry/h:observation", namespaces=NS)
    assert isinstance(found, list)
    return [node for node in found if isinstance(node, etree._Element)]


def values(node: etree._Element) -> list[dict[str, str]]:
    """The attributes of an observation's values, the type included."""
    return [
        {str(name).rpartition("}")[2]: str(value) for name, value in child.attrib.items()}
        for child in node.findall("h:value", NS)
    ]


def check(document: bytes) -> None:
    """Validate against the schema where it is present."""
    if SCHEMA.is_file():
        schema = etree.XMLSchema(etree.parse(SCHEMA))
        schema.assertValid(etree.fromstring(document))


HEIGHT, WAIST, SUGAR, SMOKING = "9N001000000000001", "9N016160100000001", "1A020000000191111", "9N736000000000011"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (result(HEIGHT, "165.5"), [{"type": "PQ", "value": "165.5", "unit": "cm"}]),
        (result(HEIGHT, "", Status.UNMEASURABLE), [{"type": "PQ", "nullFlavor": "NI"}]),
        (result(HEIGHT, "未実施", Status.NOT_DONE), []),
        (
            result(HEIGHT, "100未満", Status.BELOW, qualifier="<"),
            [
                {"type": "CD", "code": "L", "codeSystem": "2.16.840.1.113883.5.83"},
                {"type": "PQ", "value": "100", "unit": "cm"},
            ],
        ),
        (
            result(HEIGHT, "251"),
            [
                {"type": "CD", "code": "H", "codeSystem": "2.16.840.1.113883.5.83"},
                {"type": "PQ", "value": "251", "unit": "cm"},
            ],
        ),
        (
            result(SUGAR, "＋", coded="3"),
            [{"type": "CO", "code": "3", "codeSystem": "1.2.392.200119.6.2102", "displayName": "＋"}],
        ),
        (
            result(SMOKING, "いいえ", coded="3"),
            [{"type": "CD", "code": "3", "codeSystem": "1.2.392.200119.6.24060", "displayName": "いいえ"}],
        ),
    ],
)
def test_each_observation_form(context: SubmissionContext, given: ItemResult, expected: list[dict[str, str]]) -> None:
    """Number, unmeasurable, not done, below, beyond the range, ordered code, code."""
    document = hc08_document(record(given), context)

    check(document)
    (node,) = entries(document)
    assert values(node) == expected
    assert (node.get("negationInd") == "true") == (given.status is Status.NOT_DONE)


def test_method_flag_and_range_are_written_as_given(context: SubmissionContext) -> None:
    """Nothing is computed: without a flag there is no interpretation."""
    plain = hc08_document(record(result(WAIST, "95")), context)
    flagged = hc08_document(record(result(WAIST, "95", flag="H", low="40", high="84.9")), context)

    check(plain)
    check(flagged)
    assert entries(plain)[0].find("h:interpretationCode", NS) is None
    node = entries(flagged)[0]
    assert node.find("h:interpretationCode", NS).get("code") == "H"  # type: ignore[union-attr]  # asserted by the test
    assert node.find("h:methodCode", NS).get("code") == "9N01610000"  # type: ignore[union-attr]  # asserted by the test
    assert node.find(".//h:referenceRange//h:high", NS).get("value") == "84.9"  # type: ignore[union-attr]  # asserted


def test_groups_have_a_parent_without_code_and_related_children(context: SubmissionContext) -> None:
    """貧血: the values are COMP, the reason RSON."""
    document = hc08_document(
        record(result("2A020000001930101", "470"), result("2A020161001930149", "既往による")), context
    )

    check(document)
    (parent,) = entries(document)
    assert parent.find("h:code", NS).get("nullFlavor") == "NA"  # type: ignore[union-attr]  # asserted by the test
    assert [child.get("typeCode") for child in parent.findall("h:entryRelationship", NS)] == ["COMP", "RSON"]


def test_the_doctors_name_is_the_author_inside_the_judgement(context: SubmissionContext) -> None:
    """It never is an entry of its own."""
    document = hc08_document(
        record(result("9N511000000000049", "異常なし"), result("9N516000000000049", "架空　医師")), context
    )

    check(document)
    (node,) = entries(document)
    assert node.findtext("h:author/h:assignedAuthor/h:assignedPerson/h:name", namespaces=NS) == "架空　医師"


def test_a_doctor_who_judged_nothing_is_named_as_left_out(context: SubmissionContext) -> None:
    """Also where the judgement itself could not be said, or the name is longer than its item."""
    name = result("9N516000000000049", "架空　医師")
    unsaid = result("9N511000000000049", "長" * 129)
    said, long_name = result("9N511000000000049", "異常なし"), result("9N516000000000049", "架" * 33)
    writer = DocumentWriter(context)

    left_out = [
        writer.write(record(*results))[1] for results in ((name,), (unsaid, name), (said, long_name), (name, said))
    ]

    assert left_out == [(name.code,), (unsaid.code, name.code), (name.code,), ()]


def test_what_the_programme_asks_for_stands_in_its_section(context: SubmissionContext) -> None:
    """A workplace checkup has a section of its own; a programme without one has the optional section only."""
    employer = hc08_document(
        record(result(HEIGHT, "165"), result(SMOKING, "いいえ", coded="3"), visit_program="030"), context
    )
    other = hc08_document(record(result(HEIGHT, "165"), visit_program="000"), context)

    check(employer)
    check(other)
    assert (len(entries(employer, "01030")), len(entries(employer, "01010"))) == (1, 0)
    assert len(entries(employer)) + len(entries(employer, "01030")) + len(entries(employer, "01990")) == 2
    assert len(entries(other, "01990")) == 1


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        (replace(result(HEIGHT, "65"), unit="inch"), True),
        (replace(result(HEIGHT, "165"), unit="ｃｍ"), False),
        (result(SUGAR, "多い", coded="77"), True),
        (result(SMOKING, "はい", coded="1", answers="1.2.392.200119.6.2003"), False),
        (result(HEIGHT, "165", system="1.2.3"), True),
        (result("9N511000000000049", "　"), True),
    ],
)
def test_units_answers_and_systems_of_others_are_never_passed_off_as_ours(
    context: SubmissionContext, given: ItemResult, *, left_out: bool
) -> None:
    """Another unit, an answer the table does not know, another code system, a blank text."""
    document, named = DocumentWriter(context).write(record(given))

    check(document)
    assert named == ((given.code,) if left_out else ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"insurance_insurer": "99000001x"},
        {"person_sex": "3"},
        {"person_birth": "1970-02-30"},
        {"visit_date": "20260516"},
        {"person_kana": "\x01"},
    ],
)
def test_identity_of_no_usable_shape_counts_as_missing(context: SubmissionContext, wrong: dict[str, str]) -> None:
    """Nobody gets a document with half an identity; asking for one anyway is our own mistake."""
    person = record(**wrong)

    assert [target.replace(".", "_") for target in missing_identity(person)] == list(wrong)
    with pytest.raises(Misuse):
        hc08_document(person, context)


def test_additional_items_go_to_the_optional_section(context: SubmissionContext) -> None:
    """総コレステロール is not asked for by law."""
    document = hc08_document(record(result("3F050000002399901", "205")), context)

    check(document)
    assert entries(document) == []
    assert len(entries(document, "01990")) == 1


@pytest.mark.parametrize(
    "given",
    [
        result(HEIGHT, "ほげ", Status.UNMATCHED),
        result(SMOKING, "ときどき", Status.VALUE),
        result("9N511000000000049", "長" * 129),
        result(HEIGHT, "12a"),
    ],
)
def test_what_cannot_be_said_is_left_out_and_named(context: SubmissionContext, given: ItemResult) -> None:
    """An unmatched value, a code without code, a text of more than 256 bytes."""
    person = record(given)

    document, left_out = DocumentWriter(context).write(person)

    check(document)
    assert entries(document) == []
    assert left_out == (given.code,)


def test_text_is_escaped_and_control_characters_are_dropped(context: SubmissionContext) -> None:
    """Nobody's comment can break the document."""
    document = hc08_document(record(result("9N511000000000049", '<a>&\x01"')), context)

    check(document)
    assert entries(document)[0].findtext("h:value", namespaces=NS) == '<a>&"'


def test_the_header_names_person_and_sender(context: SubmissionContext) -> None:
    """Identifiers under their OIDs, dates compact."""
    document = hc08_document(record(), context)

    check(document)
    root = etree.fromstring(document)
    ids = [
        (n.get("root", "").rpartition(".6.")[2], n.get("extension"))
        for n in root.findall("h:recordTarget/h:patientRole/h:id", NS)
    ]
    assert ids == [("101", "99000001"), ("204", "12"), ("205", "345"), ("211", "01")]
    assert root.find(".//h:birthTime", NS).get("value") == "19700102"  # type: ignore[union-attr]  # asserted by the test
    assert root.find("h:documentationOf//h:effectiveTime", NS).get("value") == "20260516"  # type: ignore[union-attr]  # asserted


def test_the_document_name_follows_the_rule(context: SubmissionContext) -> None:
    """The letter h + institution 10 + day + count + purpose + serial 6."""
    assert document_name(replace(context, send_count=2, purpose=4), 7) == "h99100000012026060124000007.xml"


@pytest.mark.parametrize(
    "target", ["insurance.insurer", "insurance.number", "person.kana", "person.sex", "person.birth", "visit.date"]
)
def test_an_incomplete_person_is_known(target: str) -> None:
    """Targets, never values."""
    person = record()

    assert missing_identity(person) == ()
    assert missing_identity(replace(person, fields={**person.fields, target: ""})) == (target,)


@pytest.mark.parametrize(("name", "encoding", "messy"), [("midori", "cp932", True), ("hoshi", "utf-8", False)])
def test_generated_files_become_valid_documents(
    name: str,
    encoding: str,
    *,
    messy: bool,
    context: SubmissionContext,
    request: pytest.FixtureRequest,
    items: ItemTable,
) -> None:
    """From both invented institutions, one document per complete person."""
    layout_map: LayoutMap = request.getfixturevalue(name)
    headers = headers_of(name)
    rows = Maker(headers, layout_map, items, ON, messy=messy).rows(3, 20)
    data = b"".join(encode_file(headers, rows, encoding=encoding, quoted=name == "hoshi"))
    findings: list[Finding] = []

    documents = list(convert_to_hc08(io.BytesIO(data), layout_map, context, on=ON, finding_sink=findings.append))

    assert len(documents) == 20
    assert len({file_name for file_name, _document in documents}) == 20
    for _file_name, document in documents:
        check(document)
        assert len(entries(document)) > 15


def test_an_incomplete_person_is_left_out_of_the_submission(
    context: SubmissionContext, hoshi: LayoutMap, items: ItemTable
) -> None:
    """With a stopping finding that names the target."""
    headers = headers_of("hoshi")
    row = next(Maker(headers, hoshi, items, ON, messy=False).rows(3, 1))
    row[headers[0].index("保険者番号")] = ""
    data = b"".join(encode_file(headers, iter([row]), encoding="utf-8"))
    findings: list[Finding] = []

    documents = list(convert_to_hc08(io.BytesIO(data), hoshi, context, on=ON, finding_sink=findings.append))

    assert documents == []
    said = [(finding.code, finding.header, finding.row) for finding in findings if finding.code.startswith("hc08.")]
    assert said == [("hc08.identity", "insurance.insurer", 1)]


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the ministry's XSD set (shared/) is not present")
def test_the_schema_check_can_fail(context: SubmissionContext) -> None:
    """A document without custodian is refused: the validation above is real."""
    document = hc08_document(record(), context).replace(b"custodian", b"custodial")

    with pytest.raises(etree.DocumentInvalid):
        check(document)
