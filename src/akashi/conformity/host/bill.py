"""Bills of materials (CycloneDX 1.6 JSON): made of our own environment, and read to be judged.

Guarantees: the same environment gives the same bytes; a bill without components, a component without a name and a list of
vulnerabilities that is empty end in 判定不能. Refuses: to take a bill's word for completeness: it is compared with what is installed.
Trusts: the metadata that the installer left.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import quote, unquote

from akashi.conformity.errors import Unreached
from akashi.conformity.host.advisories import Component, canonical, counted, read_list
from akashi.conformity.host.reading import (
    files_below,
    given_bytes,
    given_path,
    listed,
    mapping,
    objects,
    read_bytes,
    text,
)
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

NAMESPACE = uuid.UUID("5f0f7c1e-1f5b-5a0e-9d6c-2a5d4b1c7e90")
_ECOSYSTEMS = {
    "pypi": "PyPI", "deb": "Debian", "npm": "npm", "golang": "Go", "cargo": "crates.io", "maven": "Maven", "gem": "RubyGems",
    "nuget": "NuGet", "composer": "Packagist", "apk": "Alpine", "rpm": "Red Hat",
}  # fmt: skip
OWN = "self"
"""The value of ``installed`` that means this very process's environment."""


def make_bill(installed: Iterable[Distribution] | None = None, *, name: str = "akashi", version: str = "0") -> bytes:
    """A bill of the Python distributions of an environment; by default the one that this process runs in."""
    found = _distinct(distributions() if installed is None else installed)
    components = [_component(one) for one in found]
    known = {str(one["bom-ref"]).split("@")[0]: str(one["bom-ref"]) for one in components}
    root = f"application/{name}"
    edges = [{"ref": root, "dependsOn": sorted(known.values())}]
    edges += [{"ref": known[_purl_base(one)], "dependsOn": _needs(one, known)} for one in found]
    bill: dict[str, object] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": root, "name": name, "version": version}},
        "components": components,
        "dependencies": sorted(edges, key=lambda edge: str(edge["ref"])),
    }
    digest = sha256(json.dumps(bill, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(NAMESPACE, digest)}"
    return json.dumps(bill, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"


def _distinct(found: Iterable[Distribution]) -> list[Distribution]:
    """One distribution a name, the first on the path, as the interpreter sees it."""
    by_name: dict[str, Distribution] = {}
    for one in found:
        if one.metadata["Name"]:
            by_name.setdefault(canonical(one.metadata["Name"], "PyPI"), one)
    return [by_name[key] for key in sorted(by_name)]


def _purl_base(one: Distribution) -> str:
    return f"pkg:pypi/{canonical(one.metadata['Name'], 'PyPI')}"


def _component(one: Distribution) -> dict[str, object]:
    purl = f"{_purl_base(one)}@{quote(one.version, safe='.!~')}"
    made: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": canonical(one.metadata["Name"], "PyPI"),
        "version": one.version,
        "purl": purl,
    }
    licence = _licence(one)
    if licence:
        made["licenses"] = licence
    hashes = _hashes(one)
    if hashes:
        made["hashes"] = hashes
    record = one.read_text("RECORD")
    if record:
        # What is installed, file by file, is not what was downloaded: so it is a property, not the component's hash.
        lines = sorted(line for line in record.splitlines() if "sha256=" in line)
        made["properties"] = [
            {"name": "akashi:installed-files", "value": str(len(lines))},
            {"name": "akashi:record-sha256", "value": sha256("\n".join(lines).encode()).hexdigest()},
        ]
    return made


def _licence(one: Distribution) -> list[dict[str, object]]:
    expression = _said(one, "License-Expression")
    if expression:
        return [{"expression": expression}]
    classified = [
        line.rsplit("::", 1)[-1].strip()
        for line in one.metadata.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    said = _said(one, "License")
    names = sorted(set(classified) - {"OSI Approved"}) or (
        [said] if said and "\n" not in said and len(said) <= 80 else []
    )
    return [{"license": {"name": name}} for name in names]


def _said(one: Distribution, key: str) -> str:
    return str(next(iter(one.metadata.get_all(key) or []), "")).strip()


def _hashes(one: Distribution) -> list[dict[str, str]]:
    """The digest of the archive it came from, where the installer noted it (PEP 610)."""
    try:
        noted = json.loads(one.read_text("direct_url.json") or "{}")
        found = noted["archive_info"]["hashes"]["sha256"]
    except (ValueError, KeyError, TypeError):
        return []
    return [{"alg": "SHA-256", "content": found}] if re.fullmatch("[0-9a-f]{64}", str(found)) else []


def _needs(one: Distribution, known: Mapping[str, str]) -> list[str]:
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in one.requires or [] if "extra ==" not in line]
    bases = {f"pkg:pypi/{canonical(found[0], 'PyPI')}" for found in names if found}
    return sorted({known[base] for base in bases if base in known})


def read_bill(raw: bytes) -> list[Component]:
    """The components of a CycloneDX JSON bill, nested ones too; files and data are none."""
    bill = mapping(raw)
    if bill.get("bomFormat") != "CycloneDX":
        raise Unreached(reason="format")
    made: list[Component] = []
    waiting = objects(bill.get("components"))
    while waiting:
        one = waiting.pop(0)
        waiting += objects(one.get("components"))
        if one.get("type") not in ("file", "data"):
            made.append(_read_component(one))
    if not made:
        raise Unreached(reason="empty")
    return made


def _read_component(one: Mapping[str, object]) -> Component:
    name, version, purl = one.get("name"), one.get("version", ""), one.get("purl", "")
    cpe = one.get("cpe", "")
    if not isinstance(name, str) or not name or not all(isinstance(part, str) for part in (version, purl, cpe)):
        raise Unreached(reason="format")
    found = re.fullmatch(r"pkg:([a-z]+)/([^@?#]+)(?:@([^?#]+))?(?:\?([^#]*))?(?:#.*)?", str(purl))
    if found is None:
        return Component("", name, str(version), str(cpe))
    ecosystem = _ECOSYSTEMS.get(found[1], found[1])
    extra = dict(pair.split("=", 1) for pair in (found[4] or "").split("&") if "=" in pair)
    called = unquote(found[2])
    if found[1] == "deb":
        # OSV names Debian's source packages, and the release behind a colon.
        release = re.search(r"(\d+)$", extra.get("distro", ""))
        ecosystem += f":{release[1]}" if release else ""
        called = unquote(extra.get("upstream", called.rsplit("/", 1)[-1])).split("@")[0]
    elif found[1] == "maven":
        called = called.replace("/", ":")
    return Component(ecosystem, called, unquote(found[3] or str(version)), str(cpe))


@probe("sbom", kind=TargetKind.FILE, option="sbom")
def sbom(target: Target, bench: Bench) -> Observed:  # noqa: ARG001
    """A bill (``sbom``) against the lists of ``vulnerabilities``: files or folders, separated by commas."""
    raw = given_bytes(target, "sbom")
    components = read_bill(raw)
    names = listed(target.options.get("vulnerabilities", ""))
    paths = [path for name in names for path in _lists(given_path(target, "sbom").parent / name)]
    if not paths:
        raise Unreached(reason="option")
    found = [one for path in paths for one in read_list(read_bytes(path))]
    counts = counted(components, found)
    covered = {one.ecosystem.split(":")[0] for one in found}
    facts: dict[str, Fact] = {
        "components": len(components),
        "unchecked": sum(1 for one in components if not _checked(one, covered)),
        "advisories": len({one.id for one in found}),
        "list_ms": max((one.modified_ms for one in found), default=0),
        **counts,
    }
    return Observed(facts, json.dumps(facts, sort_keys=True).encode(), "akashi")


def _checked(one: Component, covered: AbstractSet[str]) -> bool:
    """Whether a list speaks of its kind of package at all; JVN's speaks of products by CPE."""
    return bool(one.version) and (one.ecosystem.split(":")[0] in covered or (bool(one.cpe) and "CPE" in covered))


def _lists(path: Path) -> list[Path]:
    return [one for one in files_below(path) if one.suffix in (".json", ".xml", ".rdf")] if path.is_dir() else [path]


@probe("sbom_installed", kind=TargetKind.FILE, option="installed")
def sbom_installed(target: Target, bench: Bench) -> Observed:  # noqa: ARG001
    """A bill (``sbom``) against what is ``installed``: ``self``, a folder of Python packages, or a list (pip freeze, dpkg)."""
    bill = read_bill(given_bytes(target, "sbom"))
    told = target.options["installed"]
    present = _own(distributions()) if told == OWN else _installed(given_path(target, "installed"))
    if not present:
        raise Unreached(reason="empty")
    ecosystem = present[0].ecosystem
    claimed: dict[str, set[str]] = {}
    for one in bill:
        if one.ecosystem.split(":")[0] == ecosystem:
            claimed.setdefault(canonical(one.name, ecosystem), set()).add(one.version)
    real: dict[str, set[str]] = {}
    for one in present:
        real.setdefault(canonical(one.name, ecosystem), set()).add(one.version)
    facts: dict[str, Fact] = {
        "listed": len(claimed),
        "installed": len(real),
        "missing": len(real.keys() - claimed.keys()),
        "extra": len(claimed.keys() - real.keys()),
        "different": sum(1 for name in real.keys() & claimed.keys() if not real[name] <= claimed[name]),
    }
    return Observed(facts, json.dumps(facts, sort_keys=True).encode(), "akashi")


def _own(found: Iterable[Distribution]) -> list[Component]:
    return [Component("PyPI", one.metadata["Name"], one.version) for one in _distinct(found)]


def _installed(path: Path) -> list[Component]:
    if path.is_dir():
        return _own(distributions(path=[str(path)]))
    lines = [line.strip() for line in text(read_bytes(path)).splitlines() if line.strip() and not line.startswith("#")]
    frozen = [re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+)", line) for line in lines]
    if all(frozen):
        return [Component("PyPI", one[1], one[2]) for one in frozen if one]
    return _packages(lines)


def _packages(lines: Sequence[str]) -> list[Component]:
    """``dpkg-query -W`` (name, tab, version) or ``dpkg -l`` (``ii  name  version  …``)."""
    made = []
    for line in lines:
        found = re.match(r"(?:ii\s+)?([a-z0-9][a-z0-9.+-]+)(?::[a-z0-9]+)?\s+(\S*\d\S*)", line)
        if found is None:
            if re.match(r"(Desired=|\||\+\+\+|rc\s|un\s)", line):
                continue
            raise Unreached(reason="format")
        made.append(Component("Debian", found[1], found[2]))
    return made
