"""Good and really broken scanners, bills, lists, registers and backups: for each check at least one good and two broken."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from akashi.conformity.model import DAY_MS, Measurement, Target, TargetKind
from akashi.conformity.probing import PROBES, measure
from tests.conformity import resticstand
from tests.conformity.hoststand import NOW, SYSTEM, Case, bench_in, case, dumped, seen, table, write

BILL = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [
        {"type": "library", "name": "sample-lib", "version": "1.4.2", "purl": "pkg:pypi/sample-lib@1.4.2"},
        {"type": "library", "name": "openssl", "version": "3.0.15-1", "purl": "pkg:deb/debian/libssl3@3.0.15-1?distro=debian-12&upstream=openssl"},
    ],
}  # fmt: skip
GRAVE = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def osv(
    package: str,
    ecosystem: str,
    fixed: str,
    *,
    modified: str = "2026-11-19T00:00:00Z",
    score: str = GRAVE,
    **more: object,
) -> dict[str, object]:
    """An invented advisory."""
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
    }
    return {
        "id": f"X-{package}-{fixed}",
        "modified": modified,
        "severity": [{"type": "CVSS_V3", "score": score}],
        "affected": [affected],
        **more,
    }


JVN = (
    '<rdf:RDF xmlns:rdf="urn:r" xmlns="urn:rss" xmlns:sec="urn:s" xmlns:dcterms="urn:d"><item><sec:identifier>JVNDB-2026-000001</sec:identifier>'
    '<sec:cpe version="2.2">cpe:/a:example:{product}</sec:cpe><sec:cvss score="9.8" version="3.1"/>'
    "<dcterms:modified>2026-11-19T09:00+09:00</dcterms:modified></item></rdf:RDF>"
)


def _malware() -> list[Case]:
    good = {
        "engine": "x",
        "definitions": "2026-11-20T03:00:00Z",
        "resident": True,
        "eicar": "blocked",
        "macro": "removed",
        "clean": "passed",
    }
    option = {"malware": "m"}

    def scanner(check: str, name: str, quality: str, **changed: object) -> Case:
        return case(check, "malware", name, quality, {"m": dumped({**good, **changed})}, option)

    return [
        scanner("malware.refused", "both refused", "good"),
        scanner("malware.refused", "EICAR passes", "broken", eicar="passed"),
        scanner("malware.refused", "macros pass", "broken", macro="passed"),
        scanner("malware.refused", "all is refused", "broken", clean="blocked"),
        scanner("malware.refused", "on demand only", "broken", resident=False),
        scanner("malware.definitions", "of yesterday", "good"),
        scanner("malware.definitions", "of last year", "broken", definitions="2025-11-20"),
        scanner("malware.definitions", "of tomorrow's year", "broken", definitions="2027-11-20"),
        Case("malware.definitions", "no scanner", "broken", lambda: seen("malware", {}, {})),
    ]


def _sbom() -> list[Case]:
    check, option = "sbom.vulnerabilities", {"sbom": "bom.json", "vulnerabilities": "lists"}

    def against(name: str, quality: str, *entries: object, text: str = "", bom: object = BILL) -> Case:
        files = {"bom.json": dumped(bom), "lists/a.json": dumped(list(entries))} | (
            {"lists/b.xml": text} if text else {}
        )
        return case(check, "sbom", name, quality, files, option)

    others = osv("x", "PyPI", "1"), osv("x", "Debian:12", "1")
    slight = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
    nested = {
        **BILL,
        "components": [
            {
                "type": "application",
                "name": "box",
                "version": "1",
                "purl": "pkg:pypi/box@1",
                "components": BILL["components"],
            }
        ],
    }
    unknown = {**BILL, "components": [{"type": "library", "name": "black-box"}]}
    return [
        against("long fixed", "good", osv("sample_lib", "PyPI", "1.4"), osv("openssl", "Debian:12", "3.0.11-1")),
        against("withdrawn", "good", osv("sample-lib", "PyPI", "2.0", withdrawn="2026-11-01T00:00:00Z"), *others),
        against("JVN names others", "good", *others, text=JVN.format(product="elsewhere")),
        against("a list for other packages", "broken", osv("x", "npm", "1.0.0")),
        against("a list of JVN alone", "broken", text=JVN.format(product="elsewhere")),
        against("a grave one", "broken", osv("sample_lib", "PyPI", "1.10")),
        against("Debian's source package", "broken", osv("openssl", "Debian:12", "3.0.15-1+deb12u1")),
        against("nested components", "broken", osv("Sample.Lib", "PyPI", "1.10"), bom=nested),
        against("a slight one", "broken", osv("sample-lib", "PyPI", "1.10", score=slight)),
        against("ungraded", "broken", osv("sample-lib", "PyPI", "1.10", score="?")),
        against(
            "JVN names it without a version", "broken", osv("x", "PyPI", "1"), text=JVN.format(product="sample-lib")
        ),
        against("a list of last year", "broken", osv("x", "PyPI", "1", modified="2025-11-19T00:00:00Z")),
        against("an empty list", "broken"),
        against("a component without a version", "broken", osv("x", "PyPI", "1"), bom=unknown),
        against("an empty bill", "broken", osv("x", "PyPI", "1"), bom={**BILL, "components": []}),
    ]


def _complete() -> list[Case]:
    check, option = "sbom.complete", {"sbom": "bom.json", "installed": "freeze.txt"}
    frozen = {
        "as listed": ("good", "Sample_Lib==1.4.2\n"),
        "one more": ("broken", "sample-lib==1.4.2\nother==1\n"),
        "another version": ("broken", "sample-lib==1.4.3\n"),
        "not installed": ("broken", "other==1\n"),
    }
    made = [
        case(check, "sbom_installed", name, quality, {"bom.json": dumped(BILL), "freeze.txt": text}, option)
        for name, (quality, text) in frozen.items()
    ]
    dpkg = {
        **BILL,
        "components": [
            {"type": "library", "name": "zlib1g", "version": "1:1.2.13", "purl": "pkg:deb/debian/zlib1g@1%3A1.2.13"}
        ],
    }
    for quality, version in (("good", "1:1.2.13"), ("broken", "1:1.2.14")):
        files = {"bom.json": dumped(dpkg), "freeze.txt": f"zlib1g:amd64\t{version}\n"}
        made.append(case(check, "sbom_installed", f"dpkg {version}", quality, files, option))
    return made


def _updates() -> list[Case]:
    check, option = "updates.pending", {"updates": "u"}
    simulated = "Reading package lists...\n{more}0 upgraded, 0 newly installed, 0 to remove and {held} not upgraded.\n"
    security = "Inst openssl [3.0.1] (3.0.2 Debian-Security:12/oldstable-security [amd64])\n"
    return [
        case(check, "updates", "nothing waits", "good", {"u": simulated.format(more="", held=0)}, option),
        case(check, "updates", "apt list, nothing", "good", {"u": "Listing...\n"}, option),
        case(check, "updates", "a security update", "broken", {"u": simulated.format(more=security, held=0)}, option),
        case(check, "updates", "held back", "broken", {"u": simulated.format(more="", held=3)}, option),
        case(
            check,
            "updates",
            "apt list",
            "broken",
            {"u": "Listing...\nbash/oldstable 5.2 amd64 [upgradable from: 5.1]\n"},
            option,
        ),
        case(
            check, "updates", "an old list", "broken", {"u": dumped({"checked": "2026-01-01", "updates": []})}, option
        ),
        case(check, "updates", "a text that was cut off", "broken", {"u": "Reading package lists...\n"}, option),
    ]


def _registers() -> list[Case]:
    papers = "文書番号,責任者,承認日,承認者,見直し日,次回見直し"
    good = "D-1,担当,2026/4/1,責任者,2026-10-01,2027-04-01"
    vendors = "業者番号,種類,受領日,署名,期限"
    needs = "要求番号,回答,補う対策"
    rows: list[tuple[str, str, str, str, str, tuple[str, ...]]] = [
        ("documents.current", "papers", "in order", "good", papers, (good,)),
        ("documents.current", "papers", "no owner", "broken", papers, (good, good.replace("D-1,担当", "D-2,"))),
        ("documents.current", "papers", "not approved", "broken", papers, (good.replace("責任者", ""),)),
        (
            "documents.current",
            "papers",
            "approved in the future",
            "broken",
            papers,
            (good.replace("2026/4/1", "2027/4/1"),),
        ),
        ("documents.current", "papers", "overdue", "broken", papers, (good.replace("2027-04-01", "2026-11-01"),)),
        ("documents.current", "papers", "no rows", "broken", papers, ()),
        ("documents.current", "papers", "the same number twice", "broken", papers, (good, good)),
        ("disclosures.current", "disclosures", "in force", "good", vendors, ("V-1,SDS,2026-05-01,はい,2027-04-30",)),
        ("disclosures.current", "disclosures", "expired", "broken", vendors, ("V-1,SDS,2025-05-01,はい,2026-04-30",)),
        ("disclosures.current", "disclosures", "without an end", "broken", vendors, ("V-1,SDS,2025-05-01,はい,",)),
        (
            "disclosures.current",
            "disclosures",
            "not signed",
            "broken",
            vendors,
            ("V-1,SDS,2026-05-01,いいえ,2027-04-30",),
        ),
        ("disclosures.current", "disclosures", "not received", "broken", vendors, ("V-1,SDS,,,2027-04-30",)),
        ("requirements.gaps", "requirements", "met", "good", needs, ("R-1,はい,", "R-2,対象外,")),
        ("requirements.gaps", "requirements", "a gap", "broken", needs, ("R-1,はい,", "R-2,いいえ,")),
        ("requirements.gaps", "requirements", "covered", "broken", needs, ("R-1,はい,", "R-2,いいえ,日々の確認で補う")),
        ("requirements.gaps", "requirements", "no answer", "broken", needs, ("R-1,はい,", "R-2,,")),
        ("requirements.gaps", "requirements", "nothing applies", "broken", needs, ("R-1,対象外,",)),
    ]
    made = [
        case(check, probe, name, quality, {"r.csv": table(head, *lines)}, {probe: "r.csv"})
        for check, probe, name, quality, head, lines in rows
    ]
    missing = case(
        "documents.current",
        "papers",
        "a paper that must be there",
        "broken",
        {"r.csv": table(papers, good)},
        {"papers": "r.csv", "required": "D-1,D-7"},
    )
    return [*made, missing]


def stored(
    options: Mapping[str, str], prepare: Callable[[Path], None], ages: tuple[int, ...] = (1, 25, 49)
) -> list[Measurement]:
    """A folder of generations of these ages in hours, changed by ``prepare``, and probed with consent."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(dir=elsewhere()) as other:
        top = Path(name)
        for age in ages:
            made = top / "store" / f"gen-{age:03}"
            content = {"a.csv": b"id,value\n1,2\n", "b/c.bin": bytes(range(256)) * 40}
            sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in content.items())
            write(made, {**content, "SHA256SUMS": sums})
            for path in made.rglob("*"):
                os.utime(path, (NOW / 1000 - age * 3600,) * 2)
        write(Path(other) / "gen-001", {"a.csv": "id\n"})
        try:
            prepare(top / "store")
            chosen = {key: value.format(other=other) for key, value in options.items()}
            target = Target("tgt-backup", TargetKind.BACKUP, str(top / "store"), chosen, NOW + DAY_MS)
            one = next(one for one in PROBES if one.name == "backup")
            return [measure(one, target, bench_in(top, SYSTEM))]
        finally:
            subprocess.run(["chattr", "-R", "-ia", name], check=False, capture_output=True)


def elsewhere() -> str | None:
    """A folder on another device than the usual one, where there is one."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  # a folder of our own is made in it


def seal(top: Path) -> None:
    """The third and older generations become immutable."""
    for made in sorted(top.iterdir())[2:]:
        subprocess.run(["chattr", "-R", "+i", str(made)], check=True, capture_output=True)


def can_seal() -> bool:
    """Only root on a file system with the mark can."""
    with tempfile.TemporaryDirectory() as name:
        done = (
            subprocess.run(["chattr", "+i", name], check=False, capture_output=True) if shutil.which("chattr") else None
        )
        subprocess.run(["chattr", "-i", name], check=False, capture_output=True) if done else None
        return done is not None and done.returncode == 0


def _nothing(_top: Path) -> None:
    """As it is."""


def _emptied(top: Path) -> None:
    for path in (top / "gen-049").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")


def _flipped(top: Path) -> None:
    path = top / "gen-001" / "b" / "c.bin"
    path.write_bytes(b"\xff" + path.read_bytes()[1:])


def _lost(top: Path) -> None:
    (top / "gen-001" / "a.csv").unlink()


def _unlisted(top: Path) -> None:
    for path in top.glob("*/SHA256SUMS"):
        path.unlink()


def _short_list(top: Path) -> None:
    path = top / "gen-001" / "SHA256SUMS"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def _half_sealed(top: Path) -> None:
    subprocess.run(["chattr", "+i", str(top / "gen-049" / "a.csv")], check=False, capture_output=True)


def _backup() -> list[Case]:
    two = {"method": "nas", "second": "{other}", "second_method": "removable"}
    sealing = [Case("backup.protected", "older ones sealed", "good", lambda: stored({}, seal))] if can_seal() else []
    apart = [Case("backup.methods", "two media", "good", lambda: stored(two, _nothing))] if elsewhere() else []
    return [
        *sealing,
        *apart,
        Case("backup.generations", "three days", "good", lambda: stored({}, _nothing)),
        Case("backup.generations", "two", "broken", lambda: stored({}, _nothing, (1, 25))),
        Case("backup.generations", "one is empty", "broken", lambda: stored({}, _emptied)),
        Case("backup.generations", "all of one hour", "broken", lambda: stored({}, _nothing, (1, 2, 3))),
        Case("backup.methods", "one medium", "broken", lambda: stored({"method": "nas"}, _nothing)),
        Case("backup.methods", "the same device", "broken", lambda: stored({**two, "second": "."}, _nothing)),
        Case(
            "backup.methods",
            "a second one of the same kind",
            "broken",
            lambda: stored({**two, "second_method": "nas"}, _nothing),
        ),
        Case(
            "backup.methods",
            "a second one that is not there",
            "broken",
            lambda: stored({**two, "second": "/nowhere"}, _nothing),
        ),
        Case("backup.protected", "open", "broken", lambda: stored({}, _nothing)),
        Case("backup.protected", "one file sealed", "broken", lambda: stored({}, _half_sealed)),
        Case("backup.protected", "too few", "broken", lambda: stored({}, _nothing, (1,))),
        Case("backup.fresh", "of an hour ago", "good", lambda: stored({}, _nothing)),
        Case("backup.fresh", "of two days ago", "broken", lambda: stored({}, _nothing, (48, 72, 96))),
        Case("backup.fresh", "of tomorrow", "broken", lambda: stored({}, _nothing, (-24, 1, 25))),
        Case("backup.restores", "equal", "good", lambda: stored({}, _nothing)),
        Case("backup.restores", "a byte differs", "broken", lambda: stored({}, _flipped)),
        Case("backup.restores", "a file is lost", "broken", lambda: stored({}, _lost)),
        Case("backup.restores", "a list of half the files", "broken", lambda: stored({}, _short_list)),
        Case("backup.restores", "nothing to compare with", "broken", lambda: stored({}, _unlisted)),
    ]


CASES: list[Case] = [
    *_malware(),
    *_sbom(),
    *_complete(),
    *_updates(),
    *_registers(),
    *_backup(),
    *resticstand.cases(sealing=can_seal()),
]
