"""URLs, code systems and fixed codes of the eCheckup profile (facts of the public FSH sources, see docs/checkup-fhir.md).

Guarantees: every name is spelled as the profile spells it, its slips included. Refuses: rules; they stand in ``rows``
and ``invariants``.

>>> uri("1.2.392.200119.6.1005"), plain("urn:oid:1.2.392.200119.6.1005")
('urn:oid:1.2.392.200119.6.1005', '1.2.392.200119.6.1005')
"""

from __future__ import annotations

import re

_PROFILES = "http://jpfhir.jp/fhir/eCheckup/StructureDefinition/"
_CLINS = "http://jpfhir.jp/fhir/clins/StructureDefinition/"
BUNDLE_PROFILE = _CLINS + "JP_Bundle_eCheckupGeneral"
BUNDLE_PROFILES = (BUNDLE_PROFILE, _PROFILES + "JP_Bundle_eCheckupGeneral", _CLINS + "JP_Bundle_CLINS")
PATIENT_PROFILE = _CLINS + "JP_Patient_eCheckupGeneral"
COMPOSITION_PROFILE = _PROFILES + "JP_Composition_eCheckupGeneral"
ORGANIZATION_PROFILE = _PROFILES + "JP_Organization_eCheckupGeneral"
INSURER_PROFILE = _PROFILES + "JP_OrganizationInsurer_eCheckupGeneral"
PRACTITIONER_PROFILE = _PROFILES + "JP_Practitioner_eCheckupGeneral"
ENCOUNTER_PROFILE = _PROFILES + "JP_Encounter_eCheckupGeneral"
SERVICE_PROFILE = _PROFILES + "JP_CoverageService_eCheckupGeneral"
INSURANCE_PROFILE = _PROFILES + "JP_CoverageInsurance_eCheckupGeneral"
OBSERVATION_PROFILE = _PROFILES + "JP_Observation_eCheckupGeneral"
GROUP_PROFILE = _PROFILES + "JP_ObservationGroup_eCheckupGeneral"

BUNDLE_ID = "http://jpfhir.jp/fhir/clins/bundle-identifier"
INSTANCE_ID = "http://jpfhir.jp/fhir/core/IdSystem/resourceInstance-identifier"
INSTITUTION_ID = "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"
MEMBER_ID = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"
PAYER_ID = "http://jpfhir.jp/fhir/clins/Idsystem/JP_PublicPayer_memberID"
INSURER_ID = "urn:oid:1.2.392.100495.20.3.61"
LOCAL_PATIENT = "urn:oid:1.2.392.100495.20.3.51."
# Of institutions whose number is not a 保険医療機関番号; the official sample uses this root.
OTHER_PATIENT = "urn:oid:1.2.392.200119.6.102.1"

DOCUMENT_TYPES = "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes"
REPORTS = "urn:oid:1.2.392.200119.6.1001"
PROGRAMS = "urn:oid:1.2.392.200119.6.1002"
SECTIONS = "http://jpfhir.jp/fhir/eCheckup/CodeSystem/section-code"
ENCOUNTERS = "http://jpfhir.jp/fhir/eCheckup/CodeSystem/encounter-category"
ORGANIZATIONS = "http://jpfhir.jp/fhir/eCheckup/CodeSystem/report-organization-code"
INSURERS = "http://terminology.hl7.org/CodeSystem/organization-type"
TICKETS = "urn:oid:1.2.392.200119.6.208"
CATEGORIES = "http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS"
ITEMS = "1.2.392.200119.6.1005"
JLAC10 = "1.2.392.200119.4.504"
MUNICIPAL = "1.2.392.100495.100.1051"
ITEM_SYSTEMS = frozenset({ITEMS, JLAC10, MUNICIPAL})
METHODS = "urn:oid:1.2.392.200119.6.1007"
GROUPS = "http://jpfhir.jp/fhir/eCheckup/CodeSystem/observationGroup-codes"
FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
ABSENCES = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
UCUM = "http://unitsofmeasure.org"

# Both roots were in use between 1.2 and 1.5; we write the first and read either.
VERSION = "http://hl7.org/fhir/StructureDefinition/composition-clinicaldocument-versionNumber"
OLD_VERSION = "http://jpfhir.jp/fhir/Common/Extension/StructureDefinition/composition-clinicaldocument-versionNumber"
NAME_FORM = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
PERFORMER = "http://jpfhir.jp/fhir/eCheckup/Extension/StructureDefinition/observation-component-performer"
# "observatio" without n: that is how the profile spells it.
RELATION = "http://jpfhir.jp/fhir/Common/Extension/StructureDefinition/observatioGroupRelationship"

REPORT_CODES = {
    "10": "特定健診等", "40": "健診結果報告", "41": "事業者健診", "42": "自治体検診", "43": "乳幼児検診", "44": "妊婦検診",
    "60": "被保護者の健診", "70": "保険者以外の特定健診相当", "80": "保険者の特定健診以外", "90": "その他検診", "99": "その他",
}  # fmt: skip
PROGRAM_CODES = {
    "000": "不明", "010": "特定健診等", "020": "広域連合の保健事業", "030": "事業者健診", "040": "学校健診",
    "060": "がん検診", "090": "肝炎検診", "990": "その他の健診（検診）",
}  # fmt: skip
SECTION_NAMES = {
    "01011": "特定健診検査結果セクション", "01012": "特定健診問診結果セクション",
    "01021": "広域連合保健事業検査結果セクション", "01022": "広域連合保健事業問診結果セクション",
    "01031": "事業者健診検査結果セクション", "01032": "事業者健診問診結果セクション",
    "01041": "学校保健安全法検査結果セクション", "01042": "学校保健安全法問診結果セクション",
    "01071": "", "01072": "", "01081": "", "01082": "",
    "01910": "検査結果セクション", "01920": "問診結果セクション",
    "01990": "任意追加項目セクション", "01995": "添付書類セクション",
}  # fmt: skip
# Results, questionnaire, additional items: by program (OID …1002). Only 特定健診 parts the additional items off.
SECTIONS_OF = {
    "010": ("01011", "01012", "01990"), "020": ("01021", "01022", "01021"),
    "030": ("01031", "01032", "01031"), "040": ("01041", "01042", "01041"),
}  # fmt: skip
GENERAL_SECTIONS = ("01910", "01920", "01910")
# Our group (leading item of the national table) -> 一連検査グループ; others are named by their first five signs.
GROUP_NAMES = {
    "2A020161001930149": ("2A000", "貧血検査"), "9A110161000000049": ("9A110", "心電図検査"),
    "9E100161000000049": ("9E100", "眼底検査"), "3C015161002399949": ("3C015", "血清クレアチニン検査"),
    "9N211161100000049": ("9N206", "胸部Ｘ線検査（直接撮影）"), "9N226161100000049": ("9N221", "胸部Ｘ線検査（間接撮影）"),
    "9N251161100000049": ("9N251", "胸部CT検査"), "9N256161100000049": ("9N256", "上部消化管検査"),
}  # fmt: skip
NOT_PERFORMED, ERROR = "not-performed", "error"
BELOW_RANGE, ABOVE_RANGE = "LX", "HX"

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
INSTITUTION = re.compile(r"[0-4][0-9][1-3][0-9]{7}")


def uri(system: str) -> str:
    """An OID as FHIR writes it; a URL stays what it is."""
    return f"urn:oid:{system}" if re.fullmatch(r"[0-9]+(\.[0-9]+)*", system) else system


def plain(system: str) -> str:
    """The code system as the neutral record names it: an OID without its prefix."""
    return system.removeprefix("urn:oid:")


def clean(text: str) -> str:
    """``text`` without the signs that a FHIR string cannot hold; nothing where only blanks are left."""
    kept = _FORBIDDEN.sub("", text)
    return kept if kept.strip() else ""
