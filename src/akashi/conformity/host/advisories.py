"""Vulnerability lists that were loaded from files (OSV, JVN), and which components they name.

Guarantees: versions are compared by the rules of their ecosystem; what cannot be compared, or what a list names without versions, is
`possible` and never dropped. Refuses: to fetch a list. Trusts: the lists; their own newest date is told with the result.

>>> compare("1.0rc1", "1.0", "PyPI"), compare("1.2.10", "1.2.9", "npm"), compare("2.0~rc1-1", "2.0-1", "Debian")
(-1, 1, -1)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import Element, json_value, moment_ms, objects, text, words, xml

SEVERITIES = ("critical", "high", "medium", "low", "unknown")


@dataclass(frozen=True, slots=True)
class Component:
    """Something installed: its ecosystem (as OSV names it), name, version and CPE where a list gives one."""

    ecosystem: str
    name: str
    version: str
    cpe: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``introduced`` (``0``: always) up to before ``fixed`` or up to ``last``; both empty: still open."""

    introduced: str
    fixed: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One vulnerable package of one advisory. ``versions`` and ``spans`` empty: the list does not say which versions."""

    id: str
    ecosystem: str
    name: str
    severity: str
    spans: tuple[Span, ...] = ()
    versions: frozenset[str] = frozenset()
    modified_ms: int = 0


def canonical(name: str, ecosystem: str) -> str:
    """A package's name as its ecosystem compares it (PEP 503 for Python)."""
    lowered = name.strip().lower()
    return re.sub(r"[-_.]+", "-", lowered) if ecosystem == "PyPI" else lowered


def affects(advisory: Advisory, component: Component) -> str:
    """``yes``, ``no`` or ``possible``."""
    if advisory.ecosystem == "CPE":
        vendor, _, product = advisory.name.partition("/")
        parts = component.cpe.lower().removeprefix("cpe:2.3:").removeprefix("cpe:/").split(":")
        named = parts[1:3] == [vendor, product]
        return "possible" if named or component.name.lower() in (product, advisory.name) else "no"
    (theirs, _, release), (ours, _, own) = advisory.ecosystem.partition(":"), component.ecosystem.partition(":")
    if theirs != ours or (release and own and release != own):
        return "no"
    if canonical(advisory.name, theirs) != canonical(component.name, ours):
        return "no"
    if component.version in advisory.versions:
        return "yes"
    answers = [_within(span, component) for span in advisory.spans]
    if "yes" in answers or "possible" in answers:
        return "yes" if "yes" in answers else "possible"
    return "no" if answers or advisory.versions else "possible"


def _within(span: Span, component: Component) -> str:
    try:
        if span.introduced not in ("", "0") and _order(component, span.introduced) < 0:
            return "no"
        if span.fixed:
            return "yes" if _order(component, span.fixed) < 0 else "no"
        return "yes" if not span.last or _order(component, span.last) <= 0 else "no"
    except ValueError:
        return "possible"


def _order(component: Component, other: str) -> int:
    return compare(component.version, other, component.ecosystem)


def compare(one: str, other: str, ecosystem: str) -> int:
    """-1, 0 or 1. Raises ``ValueError`` where a version is none of its ecosystem."""
    if ecosystem == "PyPI":
        left, right = _python(one), _python(other)
    elif ecosystem.split(":", maxsplit=1)[0] in ("Debian", "Ubuntu"):
        return _debian(one, other)
    else:
        left, right = _semantic(one), _semantic(other)
    return (left > right) - (left < right)


_PEP440 = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)(?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<pre_n>\d*))?"
    r"(?:(?:-(?P<post_i>\d+))|(?:[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>\d*)))?(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d*))?"
    r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.ASCII,
)
_PRE = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_Order = tuple[tuple[int, ...], ...]


def _python(written: str) -> _Order:
    """PEP 440; a local label orders like the version it stands behind."""
    found = _PEP440.fullmatch(written.strip().lower()) if len(written) <= 100 else None
    if found is None:
        raise ValueError("version")
    release = [int(one) for one in found["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    post = found["post"] or found["post_i"]
    if found["pre"]:
        pre = (_PRE[found["pre"]], int(found["pre_n"] or 0))
    else:
        pre = (-1, 0) if found["dev"] and not post else (9, 0)
    after = int(found["post_i"] or found["post_n"] or 0) if post else -1
    before = (0, int(found["dev_n"] or 0)) if found["dev"] else (1, 0)
    return (int(found["epoch"] or 0),), tuple(release), pre, (after,), before


def _semantic(written: str) -> _Order:
    """Semantic versioning 2.0, also with fewer or more than three numbers; build labels do not order."""
    found = re.fullmatch(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", written.strip(), re.ASCII)
    if found is None or len(written) > 100:
        raise ValueError("version")
    numbers = [int(one) for one in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    if not found[2]:
        return tuple(numbers), (1,)
    labels = [(0, int(one)) if one.isdigit() else (1, *one.encode()) for one in found[2].split(".")]
    return tuple(numbers), (0,), *labels


def _debian(one: str, other: str) -> int:
    """Debian policy 5.6.12."""
    left, right = _debian_parts(one), _debian_parts(other)
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    return _debian_order(left[1], right[1]) or _debian_order(left[2], right[2])


def _debian_parts(written: str) -> tuple[int, str, str]:
    found = re.fullmatch(r"(?:(\d+):)?([0-9A-Za-z.+~:-]+?)(?:-([0-9A-Za-z.+~]+))?", written.strip(), re.ASCII)
    if found is None or len(written) > 200:
        raise ValueError("version")
    return int(found[1] or 0), found[2], found[3] or "0"


def _debian_order(one: str, other: str) -> int:
    pairs = zip_longest(re.findall(r"(\D*)(\d*)", one), re.findall(r"(\D*)(\d*)", other), fillvalue=("", ""))
    for (text_a, number_a), (text_b, number_b) in pairs:
        for a, b in zip_longest(text_a, text_b, fillvalue=""):
            if _weight(a) != _weight(b):
                return -1 if _weight(a) < _weight(b) else 1
        if int(number_a or 0) != int(number_b or 0):
            return -1 if int(number_a or 0) < int(number_b or 0) else 1
    return 0


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return 0 if not letter else ord(letter) if letter.isalpha() else ord(letter) + 256


def read_list(raw: bytes) -> list[Advisory]:
    """The advisories of one file: OSV JSON (one, a list, ``{"vulns": […]}``) or JVN (MyJVN overview list, JVNDB RDF)."""
    if text(raw).lstrip().startswith("<"):
        return list(_jvn(xml(raw)))
    value = json_value(raw)
    if isinstance(value, dict) and "vulns" in value:
        value = value["vulns"]
    return [one for entry in objects(value if isinstance(value, list) else [value]) for one in _osv(entry)]


def _osv(entry: Mapping[str, object]) -> Iterator[Advisory]:
    """https://ossf.github.io/osv-schema/: ``affected[].package``, ``ranges[].events``, ``versions``."""
    name, modified = entry.get("id"), entry.get("modified")
    if not isinstance(name, str) or not isinstance(modified, str):
        raise Unreached(reason="format")
    if entry.get("withdrawn"):
        return
    severity, when = _severity(entry), moment_ms(modified)
    for affected in objects(entry.get("affected")):
        package = affected.get("package")
        if not isinstance(package, dict):
            continue  # a list by commit, not by package
        ecosystem, called = package.get("ecosystem"), package.get("name")
        if not isinstance(ecosystem, str) or not isinstance(called, str):
            raise Unreached(reason="format")
        spans = [span for one in objects(affected.get("ranges")) if one.get("type") != "GIT" for span in _spans(one)]
        own = _severity(affected)
        versions = frozenset(words(affected.get("versions")))
        yield Advisory(name, ecosystem, called, own if own != "unknown" else severity, tuple(spans), versions, when)


def _spans(one: Mapping[str, object]) -> Iterator[Span]:
    begun = ""
    for event in objects(one.get("events")):
        if isinstance(event.get("introduced"), str):
            begun = str(event["introduced"])
        elif isinstance(event.get("fixed"), str):
            yield Span(begun, fixed=str(event["fixed"]))
            begun = ""
        elif isinstance(event.get("last_affected"), str):
            yield Span(begun, last=str(event["last_affected"]))
            begun = ""
    if begun:
        yield Span(begun)


def _severity(entry: Mapping[str, object]) -> str:
    """From a CVSS 3 vector, else from the word that the database adds; what cannot be read is unknown."""
    scores = [_cvss3(str(one.get("score", ""))) for one in objects(entry.get("severity"))]
    if any(score >= 0 for score in scores):
        return grade(max(scores))
    for place in ("database_specific", "ecosystem_specific"):
        more = entry.get(place)
        said = more.get("severity") if isinstance(more, dict) else None
        if isinstance(said, str) and said.lower() in (*SEVERITIES, "moderate"):
            return "medium" if said.lower() == "moderate" else said.lower()
    return "unknown"


def grade(score: float) -> str:
    """CVSS 3.1, section 5."""
    return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"


_CVSS: dict[str, dict[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def _cvss3(vector: str) -> float:
    """The base score of a CVSS 3.x vector (3.1, section 7.1); -1 where it is none."""
    parts = dict(one.split(":", 1) for one in vector.split("/") if ":" in one)
    try:
        values = {key: table[parts[key]] for key, table in _CVSS.items()}
        wide = parts["S"] == "C"
        privileges = _PRIVILEGES[parts["S"]][parts["PR"]]
    except KeyError:
        return -1
    base = 1 - (1 - values["C"]) * (1 - values["I"]) * (1 - values["A"])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if wide else 6.42 * base
    if impact <= 0:
        return 0
    ease = 8.22 * values["AV"] * values["AC"] * privileges * values["UI"]
    score = min((1.08 if wide else 1) * (impact + ease), 10)
    return math.ceil(round(score * 100_000) / 10_000) / 10


def _jvn(root: Element) -> Iterator[Advisory]:
    """``item``s with ``sec:identifier``, ``sec:cpe`` (vendor, product, no versions) and ``sec:cvss``."""
    if root.tag not in ("RDF", "rss"):
        raise Unreached(reason="format")
    items = list(root.all("item"))
    for item in items:
        name, when = item.first("identifier"), item.first("modified") or item.first("date")
        if not name or not when:
            raise Unreached(reason="format")
        scores = [one.attributes.get("score", "") for one in item.all("cvss")]
        known = [float(score) for score in scores if re.fullmatch(r"\d{1,2}(\.\d)?", score)]
        severity = grade(max(known)) if known else "unknown"
        for cpe in item.all("cpe"):
            parts = cpe.text.strip().lower().removeprefix("cpe:/").split(":")
            if len(parts) < 3:
                raise Unreached(reason="format")
            yield Advisory(name, "CPE", f"{parts[1]}/{parts[2]}", severity, modified_ms=moment_ms(when))


def counted(components: Sequence[Component], advisories: Sequence[Advisory]) -> dict[str, int]:
    """How many pairs of component and advisory there are, by severity, and how many only `possible`."""
    by_name: dict[str, list[Advisory]] = {}
    loose = [one for one in advisories if one.ecosystem == "CPE"]
    for one in advisories:
        if one.ecosystem != "CPE":
            by_name.setdefault(canonical(one.name, one.ecosystem.split(":")[0]), []).append(one)
    hits: dict[tuple[str, str, str, str], str] = {}
    for component in components:
        for one in [*by_name.get(canonical(component.name, component.ecosystem.split(":")[0]), ()), *loose]:
            answer = affects(one, component)
            if answer != "no":
                key = (component.ecosystem, component.name, component.version, one.id)
                said = one.severity if answer == "yes" else "possible"
                hits[key] = min(hits.get(key, said), said, key=_WORST.index)
    found = list(hits.values())
    return {name: found.count(name) for name in (*SEVERITIES, "possible")}


_WORST = ("critical", "high", "unknown", "medium", "low", "possible")
"""An advisory that names a component twice counts once, at its worst."""
