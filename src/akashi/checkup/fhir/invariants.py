"""The profile's invariants: rules that look at several elements at once, each a small named function.

Guarantees: every invariant carries the mutation that breaks it. Refuses: mending; an invariant only says yes or no.
Source: the FHIRPath of the public FSH (R…, emc-…), R4's own (bdl-…, obs-…), and two of ours (ours-…), said in English here.

>>> holds = {rule.name: rule.holds for rule in INVARIANTS}
>>> holds["R1113"]({"name": [{"extension": [], "text": "星　空"}]}), holds["R1113"]({"name": [{"text": "星 空"}]})
(True, True)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from akashi.checkup.fhir import names
from akashi.checkup.fhir.strict_json import first_text, texts, walk

Node = Mapping[str, Any]
_BUNDLE_VALUE = re.compile(r"[0-4][0-9][1-3][0-9]{7}\^20[23][0-9]\^[A-Za-z0-9-]{1,36}")
_MEMBER = re.compile(r"[0-9]{8}:[^:^\s]*:[^:^\s]*:([0-9]{2})?")
_PAYER = re.compile(r"[0-9]{8}::[^:^\s]{7}:")
_VALUES = ("valueQuantity", "valueCodeableConcept", "valueString", "valueDateTime")


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule of one profile; ``holds`` gets the resource (or the Bundle). ``warns``: the profile calls it a warning."""

    name: str
    profile: str
    holds: Callable[[Node], bool]
    path: str
    breaks: str
    ja: str
    en: str
    on: str = ""
    warns: bool = False


def _identifiers(node: Node, *systems: str) -> list[str]:
    return [
        first_text(identifier, "value")
        for identifier in walk(node, "identifier")
        if first_text(identifier, "system") in systems
    ]


def _local_patient(node: Node) -> bool:
    found = [system for system in texts(node, "identifier", "system") if system.startswith(names.LOCAL_PATIENT)]
    tails = [system.removeprefix(names.LOCAL_PATIENT) for system in found]
    return not tails or (
        len(tails) == 1 and tails[0][:1] == "1" and names.INSTITUTION.fullmatch(tails[0][1:]) is not None
    )


def _represented(node: Node) -> list[Node]:
    return [
        name
        for name in walk(node, "name")
        if isinstance(name, dict) and names.NAME_FORM in texts(name, "extension", "url")
    ]


def _kanji_or_kana(node: Node) -> bool:
    return any(form in {"IDE", "SYL"} for name in _represented(node) for form in texts(name, "extension", "valueCode"))


def _bundle_profile(node: Node) -> bool:
    return any(url.partition("|")[0] in names.BUNDLE_PROFILES for url in texts(node, "meta", "profile"))


def _same_unit(node: Node) -> bool:
    unit = first_text(node, "valueQuantity", "code")
    bounds = [*walk(node, "referenceRange", "low"), *walk(node, "referenceRange", "high")]
    return "valueQuantity" not in node or all(first_text(bound, "code") == unit for bound in bounds)


def _reasons(node: Node) -> set[str]:
    return set(texts(node, "dataAbsentReason", "coding", "code"))


def _reason_by_status(node: Node) -> bool:
    if "dataAbsentReason" not in node:
        return node.get("status") != "cancelled"
    return node.get("status") == "cancelled" and bool(_reasons(node) & {names.NOT_PERFORMED, names.ERROR})


def _has_value(node: Node) -> bool:
    return any(name.startswith("value") for name in node)


def _not_performed_alone(node: Node) -> bool:
    others = ("component", "specimen", "interpretation", "referenceRange", "method")
    return names.NOT_PERFORMED not in _reasons(node) or not (_has_value(node) or any(name in node for name in others))


def _error_alone(node: Node) -> bool:
    others = ("component", "specimen", "interpretation")
    return names.ERROR not in _reasons(node) or not (_has_value(node) or any(name in node for name in others))


def _one_value(node: Node) -> bool:
    return sum(name in node for name in _VALUES) <= 1


def _first_is_composition(node: Node) -> bool:
    entries = list(walk(node, "entry"))
    return bool(entries) and first_text(entries[0], "resource", "resourceType") == "Composition"


def _unique_places(node: Node) -> bool:
    places = Counter(texts(node, "entry", "fullUrl"))
    return all(count == 1 for count in places.values())


def _references(value: Any) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if isinstance(node.get("reference"), str):
                found.append(node["reference"])
            waiting += node.values()
    return found


def _references_inside(node: Node) -> bool:
    places = set(texts(node, "entry", "fullUrl"))
    return all(reference in places for reference in _references(list(walk(node, "entry", "resource"))))


def _sections_once(node: Node) -> bool:
    codes = Counter(texts(node, "section", "code", "coding", "code"))
    return all(count == 1 for count in codes.values())


def _two_authors(node: Node) -> bool:
    return sum(1 for _author in walk(node, "author")) >= 2


def _known_system(node: Node) -> bool:
    return any(names.plain(system) in names.ITEM_SYSTEMS for system in texts(node, "code", "coding", "system"))


_MEMBERS = f"identifier[system={names.MEMBER_ID}]"
INVARIANTS: tuple[Invariant, ...] = (
    Invariant("R0213", "Bundle", _bundle_profile, "meta profile", 'set:["no-such-profile"]',
              "「Bundle」が健診結果報告書のプロファイルを名乗っていません。", "The Bundle does not claim the profile."),
    Invariant("R02151", "Bundle", lambda node: names.BUNDLE_ID in texts(node, "identifier", "system"),
              "identifier system", 'set:"no-such-system"',
              "「Bundle」の識別子の「system」が違います。", "The system of the Bundle's identifier is wrong."),
    Invariant("R2152", "Bundle",
              lambda node: [bool(_BUNDLE_VALUE.fullmatch(value)) for value in _identifiers(node, names.BUNDLE_ID)] == [True],
              "identifier value", 'set:"1319999999^1999^x"',
              "「Bundle」の識別子が「機関番号10桁^西暦^36字以内」ではありません。",
              "The Bundle's identifier is not institution^year^up to 36 signs."),
    Invariant("bdl-first", "Bundle", _first_is_composition, "entry", "rotate",
              "最初の要素が「Composition」ではありません。", "The first entry is not the Composition."),
    Invariant("bdl-unique", "Bundle", _unique_places, "entry", "twice",
              "同じ「fullUrl」が二度あります。", "A fullUrl occurs twice."),
    Invariant("bdl-inside", "Bundle", _references_inside, "entry resource event detail reference", 'set:"urn:uuid:x"',
              "「Bundle」の外を指す参照があります。", "A reference leads outside the Bundle."),
    Invariant("ours-section-once", "Composition", _sections_once, "section", "twice",
              "同じセクションが二度あります。", "A section occurs twice."),
    Invariant("ours-authors", "Composition", _two_authors, "author", "shorten",
              "作成者は医師と機関の二つが必要です。", "The authors are a doctor and an institution."),
    Invariant("R1010", "Patient", _local_patient, f"identifier[system={names.LOCAL_PATIENT}11319999999] system",
              f'set:"{names.LOCAL_PATIENT}21319999999"',
              "施設の患者番号の「system」が「1＋機関番号10桁」で終わりません。",
              "The system of the local patient number does not end in 1 and the institution's ten digits."),
    Invariant("R1012", "Patient", lambda node: len(_identifiers(node, names.MEMBER_ID, names.PAYER_ID)) == 1,
              f"{_MEMBERS} system", 'set:"no-such-system"',
              "被保険者識別子は一つだけ必要です。", "Exactly one insured person's identifier is needed."),
    Invariant("R1013", "Patient",
              lambda node: all(_MEMBER.fullmatch(value) for value in _identifiers(node, names.MEMBER_ID)),
              f"{_MEMBERS} value", 'set:"99000001:1:2"',
              "被保険者識別子の形が違います。", "The insured person's identifier has another form."),
    Invariant("R1013-payer", "Patient",
              lambda node: all(_PAYER.fullmatch(value) for value in _identifiers(node, names.PAYER_ID)),
              f"{_MEMBERS} system", f'set:"{names.PAYER_ID}"',
              "公費の受給者識別子の形が違います。", "The public payer's identifier has another form."),
    Invariant("R1112", "Patient", _kanji_or_kana, "name extension", "drop all",
              "漢字とカナのどちらの氏名もありません。", "There is neither a name in kanji nor one in kana."),
    Invariant("R1113", "Patient",
              lambda node: not any("　" in first_text(name, "text") for name in _represented(node)),
              "name text", 'set:"星　空"',
              "氏名に全角の空白があります。", "A name holds a full-width blank."),
    Invariant("emc-obs-2", "Observation", _same_unit, "referenceRange low code", 'set:"no-such-unit"',
              "基準値と値の単位が違います。", "Range and value differ in unit.", on="valueQuantity", warns=True),
    Invariant("emc-obs-3", "Observation", _reason_by_status, "status", 'set:"final"',
              "値のない理由と状態が合いません。", "Status and reason for absence do not fit.",
              on="dataAbsentReason", warns=True),
    Invariant("emc-obs-4", "Observation", _not_performed_alone, "method", 'add:{"text": "x"}',
              "未実施なのに値や検査方法などがあります。", "Not performed, and yet there is a value, a method or the like.",
              on=f"dataAbsentReason coding[code={names.NOT_PERFORMED}]", warns=True),
    Invariant("emc-obs-5", "Observation", _error_alone, "interpretation", 'add:{"text": "x"}',
              "測定不能なのに値や判定などがあります。", "Not measured, and yet there is a value or an interpretation.",
              on=f"dataAbsentReason coding[code={names.ERROR}]", warns=True),
    Invariant("obs-code-system", "Observation", _known_system, "code coding system", 'set:"no-such-system"',
              "項目コードのコード体系が、特定健診・JLAC10・自治体検診のどれでもありません。",
              "The item code is of none of the profile's code systems."),
    Invariant("obs-6", "Observation", lambda node: not ("dataAbsentReason" in node and _has_value(node)),
              "valueString", 'add:"x"',
              "値と、値のない理由が両方あります。", "There are both a value and a reason for its absence.",
              on="dataAbsentReason"),
    Invariant("obs-one-value", "Observation", _one_value, "valueString", 'add:"x"',
              "値が二つあります。", "There are two values.", on="valueQuantity"),
)  # fmt: skip
