"""Whether a Bundle keeps the eCheckup profile: tables and named rules, no network, no code of another project.

Guarantees: every row of ``rows`` and every rule of ``invariants`` is applied to every resource it is about; the same
Bundle gives the same problems in the same order; any JSON value is answered, never with an exception. Refuses: checking
medical sense (the official sample marks values N that lie outside its own ranges; that is not ours to say here), and
terminologies that are not in this repository.

1. shape and counts of the entries; 2. rows and invariants of the Bundle; 3. of each resource by its profile.
Left to the caller: that the bytes are strict JSON (``strict_json``), and whether the sender may send at all.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from akashi.checkup.fhir import names
from akashi.checkup.fhir.invariants import INVARIANTS, Invariant
from akashi.checkup.fhir.rows import ENTRIES, LISTS, MANY, ROWS, Row
from akashi.checkup.fhir.strict_json import first_text, texts
from akashi.checkup.reasons import DEMAND, in_words

_STEP = re.compile(r"([A-Za-z]+)(?:\[([A-Za-z]+)=(.*)\])?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule at one place. ``entry`` counts the entries from 0 (-1: the Bundle itself); no value is quoted."""

    rule: str
    entry: int
    warns: bool = False
    ja: str = ""
    en: str = ""

    def sentence(self, language: str = "ja") -> str:
        """What is wrong, for a person."""
        place, _, demand = self.rule.partition("#")
        if language == "ja":
            return self.ja or f"「{place}」が仕様（{in_words(DEMAND, demand)}）に合いません。"
        return self.en or f"{place} does not keep to the profile ({demand})."


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    found = []
    for step in path.split(" "):
        match = _STEP.fullmatch(step)
        assert match is not None  # noqa: S101  # the tables are ours; a test reads every path
        found.append((match[1], match[2] or "", frozenset((match[3] or "").split(","))))
    return tuple(found)


def _at(node: Any, name: str, key: str, wanted: frozenset[str]) -> list[Any]:
    """The members ``name`` of ``node`` that pass the filter; one that is only marked absent counts as there."""
    if not isinstance(node, dict):
        return []
    value = node.get(name)
    found = list(value) if isinstance(value, list) else [] if value is None else [value]
    if not found and isinstance(node.get(f"_{name}"), dict):
        found = [None]
    return [inner for inner in found if not key or first_text(inner, key) in wanted]


def reach(node: Any, path: str) -> Iterator[tuple[Any, list[Any]]]:
    """Each parent of the path's last step, with what stands there."""
    parents = [node]
    *above, last = _steps(path)
    for step in above:
        parents = [inner for parent in parents for inner in _at(parent, *step)]
    return ((parent, _at(parent, *last)) for parent in parents)


def _good(row: Row, found: list[Any], places: Mapping[str, str]) -> bool:
    if row.kind == "count":
        return row.low <= len(found) <= row.high
    if row.kind == "claims":
        return any(isinstance(url, str) and url.partition("|")[0] in row.values for url in found)
    if row.kind == "refers":
        return all(places.get(first_text(reference, "reference")) in row.values for reference in found)
    if row.kind == "form":
        return all(value is None or _matches(row.values[0], value) for value in found)
    return all(value is None or (isinstance(value, str) and value in row.values) for value in found)


def _matches(form: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(form, value) is not None


_CLAIMS = {
    names.INSURER_PROFILE: "Insurer",
    names.ORGANIZATION_PROFILE: "Organization",
    names.SERVICE_PROFILE: "CoverageService",
    names.INSURANCE_PROFILE: "CoverageInsurance",
    names.GROUP_PROFILE: "ObservationGroup",
    names.OBSERVATION_PROFILE: "Observation",
}


def profile_of(resource: Any) -> str:
    """Which of our profiles a resource is held to: by its type, then by what it claims, then by what tells two apart."""
    kind = first_text(resource, "resourceType")
    for url in texts(resource, "meta", "profile"):
        claimed = _CLAIMS.get(url.partition("|")[0], "")
        if claimed and (claimed.startswith(kind) or (claimed == "Insurer" and kind == "Organization")):
            return claimed
    if kind == "Organization":
        return "Insurer" if "ins" in texts(resource, "type", "coding", "code") else kind
    if kind == "Coverage":
        return (
            "CoverageService" if names.TICKETS in texts(resource, "type", "coding", "system") else "CoverageInsurance"
        )
    return "ObservationGroup" if kind == "Observation" and "hasMember" in resource else kind


def _shapes(resource: Any, entry: int) -> Iterator[Problem]:
    kind = first_text(resource, "resourceType")
    lists = LISTS.get(kind)
    if lists is None or not isinstance(resource, dict):
        return
    for name, value in resource.items():
        if isinstance(value, list) != (name in lists) and not name.startswith("_"):
            known = name if re.fullmatch("[A-Za-z]{1,40}", name) else "?"
            yield Problem(f"{kind}.{known}#{'list' if name in lists else 'one'}", entry)


def _held(rows: tuple[Row, ...], resource: Any, entry: int, places: Mapping[str, str]) -> Iterator[Problem]:
    for row in rows:
        if not all(_good(row, found, places) for _parent, found in reach(resource, row.path)):
            yield Problem(row.rule, entry)


def _kept(rules: tuple[Invariant, ...], resource: Any, entry: int) -> Iterator[Problem]:
    for rule in rules:
        if isinstance(resource, dict) and not rule.holds(resource):
            yield Problem(rule.name, entry, rule.warns, rule.ja, rule.en)


@lru_cache(maxsize=64)
def _rules_of(profile: str) -> tuple[Invariant, ...]:
    return tuple(rule for rule in INVARIANTS if rule.profile == profile)


def _counts(resources: list[Any]) -> Iterator[Problem]:
    seen = Counter(first_text(resource, "resourceType") for resource in resources)
    for kind, low, high in ENTRIES:
        if not low <= seen[kind] <= high:
            yield Problem(f"Bundle.entry[{kind}]#{low}..{'*' if high == MANY else high}", -1)


def check_bundle(bundle: Any) -> tuple[Problem, ...]:
    """Every rule that the Bundle breaks: the Bundle's own first, then entry by entry. Empty: it keeps all we know of."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return (Problem("Bundle#Bundle", -1),)
    entries = bundle.get("entry")
    resources = [
        entry.get("resource") if isinstance(entry, dict) else None
        for entry in (entries if isinstance(entries, list) else [])
    ]
    places = {
        place: first_text(resource, "resourceType")
        for entry, resource in zip(entries if isinstance(entries, list) else [], resources, strict=True)
        if (place := first_text(entry, "fullUrl"))
    }
    problems = [*_shapes(bundle, -1), *_counts(resources)]
    problems += [*_held(ROWS["Bundle"], bundle, -1, places), *_kept(_rules_of("Bundle"), bundle, -1)]
    for number, resource in enumerate(resources):
        profile = profile_of(resource)
        problems += _shapes(resource, number)
        problems += _held(ROWS.get(profile, ()) if profile != "Bundle" else (), resource, number, places)
        problems += _kept(_rules_of(profile) if profile != "Bundle" else (), resource, number)
    return tuple(problems)


def problems_json(problems: tuple[Problem, ...]) -> str:
    """The problems for a program: rule, entry, severity, both sentences."""
    listed = [
        {"rule": problem.rule, "entry": problem.entry, "warns": problem.warns}
        | {"ja": problem.sentence("ja"), "en": problem.sentence("en")}
        for problem in problems
    ]
    return json.dumps(listed, ensure_ascii=False)
