"""Hostile input: whatever an export holds, the verdict is 判定不能 or 不適合, and no probe breaks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.judges.registry import JUDGES
from akashi.conformity.model import DAY_MS, Measurement, Reach, Target, TargetKind, Verdict
from akashi.conformity.probing import PROBES, run_probes
from tests.conformity.cases_host import ASSETS
from tests.conformity.cases_software import BILL, osv
from tests.conformity.hoststand import NOW, SYSTEM, bench_in, dumped, opinion, seen, table

FILES = {
    "assets": ASSETS,
    "bom": dumped(BILL),
    "osv": dumped(osv("x", "PyPI", "1")),
    "w": table("account,from,to,approved_by"),
    "pam": "auth required pam_unix.so\n",
    "empty": "",
}
READS: dict[str, dict[str, str]] = {
    "clock": {"clock": "in"},
    "password_store": {"password_store": "in"},
    "idle": {"idle": "in"},
    "inventory": {"inventory": "assets", "found": "in"},
    "malware": {"malware": "in"},
    "sbom": {"sbom": "bom", "vulnerabilities": "in"},
    "sbom_installed": {"sbom": "bom", "installed": "in"},
    "updates": {"updates": "in"},
    "services": {"services": "tcp/22", "sockets": "in"},
    "disk": {"disk": "in"},
    "disk_health": {"smart": "in"},
    "endpoint": {"endpoint": "in"},
    "settings": {"baseline": "in"},
    "monitoring": {"monitoring": "in", "inventory": "assets"},
    "remote_login": {"remote_login": "w", "log": "in"},
    "papers": {"papers": "in"},
    "disclosures": {"disclosures": "in"},
    "requirements": {"requirements": "in"},
    "host_login": {"sshd": "in", "pam": "pam"},
}
HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blank": b"\n \n",
    "zeros": bytes(4_000),
    "high bytes": bytes(range(128, 256)) * 20,
    "half a JSON": b'{"a": [1, 2',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a number": b"7",
    "a key twice": b'{"machines": [], "machines": []}',
    "deep": b"[" * 100_000,
    "not a number": b"[NaN]",
    "a page": b"<html><body>Not Found</body></html>",
    "an entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><nmaprun>&b;</nmaprun>',
    "half a CSV": b'asset_id,mac\n"A-1',
    "a spreadsheet's error": "資産番号,状態\n#REF!,#N/A\n".encode(),
    "a program": b"\x7fELF" + bytes(200),
    "UTF-16 without an end": b"\xff\xfe{\0\x00",
}


def hostile(probe: str, data: bytes) -> list[Measurement]:
    """One measurement of this input."""
    return seen(probe, {**FILES, "in": data}, READS[probe])


@pytest.mark.parametrize("probe", READS)
@pytest.mark.parametrize("name", HOSTILE)
def test_garbage_never_conforms(probe: str, name: str) -> None:
    """Neither 適合 nor 一部適合, and the probe itself does not trip."""
    measurements = hostile(probe, HOSTILE[name])
    checks = [check for check in JUDGES.checks if (judge := JUDGES.find(check)) and judge.probe == probe]

    assert checks
    assert measurements[0].note != "probe"
    assert {opinion(check, measurements).verdict for check in checks} <= {
        Verdict.UNDECIDED,
        Verdict.FAILS,
        Verdict.NOT_APPLICABLE,
    }


@settings(max_examples=15)
@given(data=st.binary(max_size=300))
@pytest.mark.parametrize("probe", sorted(READS))
def test_no_bytes_trip_a_probe(probe: str, data: bytes) -> None:
    """Random bytes end in a measurement that is no 適合."""
    measurements = hostile(probe, data)
    checks = [check for check in JUDGES.checks if (judge := JUDGES.find(check)) and judge.probe == probe]

    assert measurements[0].note != "probe"
    assert Verdict.CONFORMS not in {opinion(check, measurements).verdict for check in checks}


@pytest.mark.parametrize("probe", sorted(READS))
def test_what_is_missing_is_undecided(probe: str) -> None:
    """A file that is not there is 判定不能."""
    measurements = seen(probe, {key: value for key, value in FILES.items() if key != "in"}, READS[probe])
    checks = [check for check in JUDGES.checks if (judge := JUDGES.find(check)) and judge.probe == probe]

    assert measurements[0].reach is Reach.UNREACHED
    assert {opinion(check, measurements).verdict for check in checks} == {Verdict.UNDECIDED}


def test_this_machine_is_measured_without_a_probe_breaking() -> None:
    """The probes of a machine run here, with whatever tools there are, and none trips (apt-get is slow: see the next test)."""
    mine = {"clock", "password_store", "host_login", "malware", "disk", "services"}
    probes = [one for one in PROBES if one.name in mine]
    with tempfile.TemporaryDirectory() as name:
        target = Target("t", TargetKind.MACHINE, "127.0.0.1", {"services": "tcp/22"}, NOW + DAY_MS)
        found = run_probes(probes, [target], bench_in(Path(name), SYSTEM))

    assert {one.probe for one in found} == mine
    assert Reach.BROKEN not in {one.reach for one in found}


def test_the_package_tool_itself_is_asked() -> None:
    """``apt-get -s upgrade`` is run, and its own summary is what is judged."""
    said = "Inst openssl [3.0.1] (3.0.2 Debian-Security:12 [amd64])\n1 upgraded, 0 newly installed, 0 to remove and 2 not upgraded."
    found = seen("updates", {}, {}, tools={"apt-get": f"echo '{said}'"})

    assert (found[0].facts["pending"], found[0].facts["security"]) == (3, 1)
