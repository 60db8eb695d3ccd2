"""The profile as a table: how often, which value, which reference, for every element we know of.

Guarantees: each row carries the mutation that breaks it, so a test proves that the row can fail. Refuses: rules that
look at several elements at once (``invariants``). Source: the public FSH of eCheckup 1.2 to 1.5; where they differ,
the newer one as docs/checkup-fhir.md tells.

A path is a list of member names parted by blanks; ``name[key=a,b]`` takes the members whose ``key`` is a or b.
Mutations: ``drop``, ``empty``, ``twice``, ``set:JSON``, ``add:JSON`` (see tests/checkup/fhir/mutations.py). ``on`` is a path that
the resource must have for the mutation to bite.

>>> ROWS["Composition"][0].rule
'Composition.meta.lastUpdated#1..1'
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.checkup.fhir import names

MANY = 1_000_000
INSURANCES = "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/InsuranceMajorCategory"
INSURED = "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/InsuredPersonCategory"
_CARD = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_InsuredPerson"
_VERSIONS = f"extension[url={names.VERSION},{names.OLD_VERSION}]"
_NATIONAL = f"identifier[system={names.INSTITUTION_ID}]"
_INSURER = f"identifier[system={names.INSURER_ID}]"
_PERFORMER = f"extension[url={names.PERFORMER}]"
_RELATION = f"extension[url={names.RELATION}]"


@dataclass(frozen=True, slots=True)
class Row:
    """One rule about one path of one profile. ``kind``: count, fixed, one of, form, refers or claims."""

    profile: str
    path: str
    kind: str
    breaks: str
    low: int = 0
    high: int = MANY
    values: tuple[str, ...] = ()
    on: str = ""

    @property
    def place(self) -> str:
        """The path without its filters, in dots."""
        return ".".join([self.profile, *(step.partition("[")[0] for step in self.path.split(" "))])

    @property
    def rule(self) -> str:
        """The name of the rule: place and demand; stable, free of values of a document."""
        demand = self.kind
        if self.kind == "count":
            demand = f"{self.low}..{'*' if self.high == MANY else self.high}"
        filtered = self.path.partition("=")[2].partition("]")[0].rpartition("/")[2].rpartition(":")[2]
        return f"{self.place}{f'[{filtered}]' if filtered else ''}#{demand}"


def _must(profile: str, *paths: str, many: bool = False) -> list[Row]:
    if many:
        return [Row(profile, path, "count", "empty", 1) for path in paths]
    return [Row(profile, path, "count", "drop", 1, 1) for path in paths]


def _once(profile: str, *paths: str) -> list[Row]:
    return [Row(profile, path, "count", "twice", 0, 1) for path in paths]


def _never(profile: str, *paths: str) -> list[Row]:
    return [Row(profile, path, "count", 'add:"x"', 0, 0) for path in paths]


def _fixed(profile: str, path: str, *values: str, on: str = "") -> Row:
    return Row(profile, path, "fixed" if len(values) == 1 else "one of", 'set:"no such code"', values=values, on=on)


def _form(profile: str, path: str, form: str) -> Row:
    return Row(profile, path, "form", 'set:"no such form"', values=(form,))


def _refers(profile: str, path: str, *types: str) -> Row:
    return Row(profile, path, "refers", 'set:{"reference": "urn:uuid:no-such-resource"}', values=types)


def _head(profile: str, *urls: str) -> list[Row]:
    claims = Row(profile, "meta profile", "claims", 'set:["no-such-profile"]', values=urls)
    return [*_must(profile, "meta lastUpdated"), *_must(profile, "meta profile", many=True), claims]


_DAY = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"
_ZONED = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
_MOMENT = rf"{_DAY}|{_ZONED}"
_OTHER_VALUES = (
    "valueInteger", "valueBoolean", "valueRange", "valueRatio", "valueSampledData", "valueTime", "valuePeriod",
)  # fmt: skip
_OTHER_DAYS = ("effectivePeriod", "effectiveTiming", "effectiveInstant")

_BUNDLE = [
    *_must("Bundle", "meta lastUpdated", "identifier", "identifier value", "type", "timestamp"),
    *_must("Bundle", "meta profile", many=True),
    _fixed("Bundle", "type", "document"),
    _form("Bundle", "timestamp", _ZONED),
    *_must("Bundle", "entry", many=True),
    *_must("Bundle", "entry fullUrl", "entry resource"),
    _form("Bundle", "entry fullUrl", r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    *_never("Bundle", "entry search", "entry request", "entry response"),
]
_COMPOSITION = [
    *_head("Composition", names.COMPOSITION_PROFILE),
    *_must("Composition", _VERSIONS, f"{_VERSIONS} valueString"),
    *_must("Composition", "identifier", "identifier system", "identifier value", "status", "date", "title"),
    _fixed("Composition", "identifier system", names.INSTANCE_ID),
    _fixed("Composition", "status", "final"),
    _fixed("Composition", "language", "ja"),
    *_must("Composition", "type", "type coding", "type coding code"),
    _fixed("Composition", "type coding system", names.DOCUMENT_TYPES),
    _fixed("Composition", "type coding code", "53576-5"),
    _fixed("Composition", "type coding display", "検診・健診報告書"),
    *_must("Composition", "category", "category coding", "category coding code"),
    *_once("Composition", "category", "category coding", "type coding", "custodian"),
    _fixed("Composition", "category coding code", *names.REPORT_CODES),
    *_must("Composition", "subject", "subject reference", "encounter", "encounter reference"),
    _refers("Composition", "subject", "Patient"),
    _refers("Composition", "encounter", "Encounter"),
    _refers("Composition", "custodian", "Organization"),
    _refers("Composition", "author", "Practitioner", "Organization"),
    _form("Composition", "date", _ZONED),
    *_must("Composition", "author", "event", "event code", many=True),
    _fixed("Composition", "event code coding code", *names.PROGRAM_CODES),
    *_must("Composition", "section code", "section code coding", "section entry reference"),
    *_must("Composition", "section entry", many=True),
    _fixed("Composition", "section code coding system", names.SECTIONS),
    _fixed("Composition", "section code coding code", *names.SECTION_NAMES),
    _refers(
        "Composition", "section entry", "Observation", "Coverage", "DocumentReference", "DiagnosticReport", "Media"
    ),
]
_PATIENT = [
    *_head("Patient", names.PATIENT_PROFILE, "http://jpfhir.jp/fhir/eCheckup/StructureDefinition/JP_Patient_eCheckupGeneral"),
    *_must("Patient", "identifier system", "identifier value", "name text", "name use", "gender", "birthDate"),
    *_must("Patient", "name", many=True),
    *_must("Patient", "address", "address text"),
    *_once("Patient", "address", "contact"),
    _fixed("Patient", "gender", "male", "female", "other", "unknown"),
    _form("Patient", "birthDate", _DAY),
    *_must("Patient", "contact relationship", "contact relationship coding", "contact organization"),
    *_must("Patient", "contact relationship coding system", "contact relationship coding code"),
    *_must("Patient", "contact organization reference"),
]  # fmt: skip
_ORGANIZATION = [
    *_head("Organization", names.ORGANIZATION_PROFILE),
    *_must(
        "Organization", _NATIONAL, f"{_NATIONAL} value", "name", "type coding", "type coding system", "type coding code"
    ),
    *_once("Organization", _NATIONAL, "address"),
    Row("Organization", _INSURER, "count", f'add:{{"system": "{names.INSURER_ID}", "value": "1"}}', 0, 0),
    *_must("Organization", "type", many=True),
    _fixed("Organization", "type coding system", names.ORGANIZATIONS),
    _fixed("Organization", "type coding code", "exec-org", "doc-org", "admin-org"),
    *_must("Organization", "telecom system", "telecom value", "address text", "address postalCode"),
    *_never("Organization", "partOf"),
]
_INSURER_ROWS = [
    *_head("Insurer", names.INSURER_PROFILE),
    Row("Insurer", _NATIONAL, "count", f'add:{{"system": "{names.INSTITUTION_ID}", "value": "1"}}', 0, 0),
    *_once("Insurer", _INSURER, "type"),
    *_must("Insurer", "type", "type coding"),
    _fixed("Insurer", "type coding system", names.INSURERS),
    _fixed("Insurer", "type coding code", "ins"),
    _form("Insurer", f"{_INSURER} value", "[0-9]{1,8}"),
    *_never("Insurer", "active", "alias", "telecom", "address", "partOf", "contact", "endpoint"),
]
_ENCOUNTER = [
    *_head("Encounter", names.ENCOUNTER_PROFILE),
    *_must("Encounter", "status", "class", "period", "period start", "period end"),
    *_must("Encounter", "serviceProvider", "serviceProvider reference"),
    _fixed("Encounter", "status", "finished"),
    _fixed("Encounter", "class system", names.ENCOUNTERS),
    _fixed("Encounter", "class code", "checkup"),
    _form("Encounter", "period start", _MOMENT),
    _form("Encounter", "period end", _MOMENT),
    _refers("Encounter", "serviceProvider", "Organization"),
]


def _coverage(profile: str, url: str) -> list[Row]:
    """What both kinds of Coverage share."""
    return [
        *_head(profile, url),
        *(
            Row(profile, f"extension[url={_CARD}{part}]", "count", f'add:{{"url": "{_CARD}{part}"}}', 0, 0)
            for part in ("Symbol", "Number", "SubNumber")
        ),
        *_once(profile, "identifier", "payor", "type coding"),
        *_must(profile, "identifier system", "identifier value", "status", "type", "type coding", "type coding system"),
        *_must(profile, "type coding code", "beneficiary", "beneficiary reference", "payor"),
        _fixed(profile, "status", "active"),
        *_never(profile, "type coding userSelected", "type text", "policyHolder", "subscriber", "dependent", "class"),
        *_never(profile, "order", "network", "costToBeneficiary", "subrogation", "contract"),
        _refers(profile, "beneficiary", "Patient"),
        _refers(profile, "payor", "Organization", "Patient"),
    ]


_SERVICE = [
    *_coverage("CoverageService", names.SERVICE_PROFILE),
    _fixed("CoverageService", "type coding code", "1"),
    *_must("CoverageService", "subscriberId"),
]
_INSURANCE = [
    *_coverage("CoverageInsurance", names.INSURANCE_PROFILE),
    *_never("CoverageInsurance", "subscriberId", "contained", "relationship text"),
    _fixed("CoverageInsurance", "type coding system", INSURANCES),
    _fixed("CoverageInsurance", "type coding code", "1", "2", "6", "7", "8"),
    *_must("CoverageInsurance", "relationship"),
    *_must("CoverageInsurance", "relationship coding", many=True),
    _fixed("CoverageInsurance", "relationship coding system", INSURED),
    _fixed("CoverageInsurance", "relationship coding code", "1", "2"),
]
_OBSERVATION = [
    *_head("Observation", names.OBSERVATION_PROFILE),
    *_never("Observation", "basedOn", "partOf", "hasMember", *_OTHER_DAYS, *_OTHER_VALUES),
    *_must("Observation", "status", "code", "code coding code", "subject", "subject reference", "effectiveDateTime"),
    *_must("Observation", "code coding", many=True),
    *_once("Observation", "category", "performer", "interpretation", "note", "referenceRange"),
    _fixed("Observation", "status", "final", "cancelled"),
    _form("Observation", "effectiveDateTime", _MOMENT),
    _form("Observation", "valueDateTime", _MOMENT),
    _refers("Observation", "subject", "Patient"),
    _refers("Observation", "performer", "Practitioner", "PractitionerRole", "Organization"),
    *_must("Observation", "dataAbsentReason text"),
    _fixed("Observation", "interpretation coding code", "H", "L", "N", names.BELOW_RANGE, names.ABOVE_RANGE),
    _fixed("Observation", "method coding system", names.METHODS),
    _fixed("Observation", "valueQuantity comparator", "<", "<=", ">=", ">"),
    *_must("Observation", "specimen display", "referenceRange low value", "referenceRange high value"),
    *_must("Observation", "component code"),
    *_never("Observation", "component valueQuantity", "component valueCodeableConcept"),
    *_must("Observation", f"component {_PERFORMER} valueReference", f"component {_PERFORMER} valueReference reference"),
    *_once("Observation", f"component {_PERFORMER}"),
    _refers("Observation", f"component {_PERFORMER} valueReference", "Practitioner"),
]
_GROUP = [
    *_head("ObservationGroup", names.GROUP_PROFILE),
    *_never("ObservationGroup", "basedOn", "partOf", "category", "performer", "dataAbsentReason", "interpretation"),
    *_never("ObservationGroup", "method", "specimen", "referenceRange", "component", *_OTHER_DAYS, *_OTHER_VALUES),
    *_never("ObservationGroup", "valueQuantity", "valueCodeableConcept", "valueString", "valueDateTime"),
    *_must("ObservationGroup", "status", "code", "code coding system", "code coding code", "effectiveDateTime"),
    *_must("ObservationGroup", "subject", "subject reference", "hasMember reference"),
    *_must("ObservationGroup", "code coding", many=True),
    _fixed("ObservationGroup", "status", "final"),
    _refers("ObservationGroup", "subject", "Patient"),
    _refers("ObservationGroup", "hasMember", "Observation"),
    *_must("ObservationGroup", f"hasMember {_RELATION}", f"hasMember {_RELATION} valueCode"),
    _fixed("ObservationGroup", f"hasMember {_RELATION} valueCode", "COMP", "RSON"),
]
ROWS: dict[str, tuple[Row, ...]] = {
    "Bundle": tuple(_BUNDLE),
    "Composition": tuple(_COMPOSITION),
    "Patient": tuple(_PATIENT),
    "Organization": tuple(_ORGANIZATION),
    "Insurer": tuple(_INSURER_ROWS),
    "Practitioner": tuple(_head("Practitioner", names.PRACTITIONER_PROFILE)),
    "Encounter": tuple(_ENCOUNTER),
    "CoverageService": tuple(_SERVICE),
    "CoverageInsurance": tuple(_INSURANCE),
    "Observation": tuple(_OBSERVATION),
    "ObservationGroup": tuple(_GROUP),
}
# Entries of a document by resource type; 1.5 sets no upper bound for institutions and doctors.
ENTRIES: tuple[tuple[str, int, int], ...] = (
    ("Composition", 1, 1), ("Patient", 1, 1), ("Organization", 1, MANY), ("Practitioner", 1, MANY),
    ("Encounter", 1, 1), ("Coverage", 0, 2),
)  # fmt: skip
# Members that are lists in R4; what is named here and is no list, or is one and is not named, has the wrong shape.
LISTS: dict[str, frozenset[str]] = {
    "Bundle": frozenset({"entry", "link"}),
    "Composition": frozenset({"extension", "category", "author", "attester", "relatesTo", "event", "section", "contained"}),
    "Patient": frozenset({
        "extension", "identifier", "name", "telecom", "address", "contact", "photo", "communication", "link",
        "generalPractitioner", "contained",
    }),
    "Organization": frozenset({
        "extension", "identifier", "type", "alias", "telecom", "address", "contact", "endpoint", "contained",
    }),
    "Practitioner": frozenset({
        "extension", "identifier", "name", "telecom", "address", "photo", "qualification", "communication", "contained",
    }),
    "Encounter": frozenset({
        "extension", "identifier", "statusHistory", "classHistory", "type", "episodeOfCare", "basedOn", "participant",
        "appointment", "reasonCode", "reasonReference", "diagnosis", "account", "location", "contained",
    }),
    "Coverage": frozenset({"extension", "identifier", "payor", "class", "costToBeneficiary", "contract", "contained"}),
    "Observation": frozenset({
        "extension", "identifier", "basedOn", "partOf", "category", "focus", "performer", "interpretation", "note",
        "referenceRange", "hasMember", "derivedFrom", "component", "contained",
    }),
}  # fmt: skip
