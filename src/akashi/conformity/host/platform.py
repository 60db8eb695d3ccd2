"""The state of a machine: updates, listening services, disks, endpoints, and settings against their baseline.

Guarantees: a list that is old, cut off or empty is never taken for "nothing to do". Refuses: to change or fetch anything. Trusts: the
operating system for its own tables; an export is as good as whoever made it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import (
    Columns,
    exported,
    files_below,
    given_bytes,
    given_path,
    json_value,
    listed,
    mapping,
    modified_ms,
    moment_ms,
    objects,
    read_bytes,
    table,
    text,
    words,
)
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

APT_LISTS = Path("/var/lib/apt/lists")
APT_MARKS = (APT_LISTS / "partial", Path("/var/lib/apt/periodic/update-success-stamp"))
"""What apt touches whenever it has renewed its lists."""
TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
UDP_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
FIRST_EPHEMERAL = 32_768
TICKETS: Columns = {
    "ticket": ("ticket", "申請番号"),
    "path": ("path", "ファイル"),
    "sha256": ("sha256",),
    "approved_by": ("approved_by", "承認者"),
}


@probe("updates", kind=TargetKind.MACHINE)
def updates(target: Target, bench: Bench) -> Observed:
    """Updates that wait. ``updates``: an export (``apt list --upgradable``, ``apt-get -s upgrade``, JSON) to read instead."""
    if target.options.get("updates"):
        path = given_path(target, "updates")
        raw = read_bytes(path)
        pending, security, made = _pending(raw)
        return _waiting(pending, security, made or modified_ms(path), raw, "export")
    apt = bench.tool("apt-get")
    if apt is None:
        raise Unreached(reason="no-tool")
    status, raw = bench.run([apt, "-s", "-o", "Debug::NoLocking=true", "upgrade"], seconds=30)
    listed_at = [modified_ms(path) for path in APT_MARKS if path.exists()]
    marks = listed_at if any(APT_LISTS.glob("*Packages*")) else []  # without lists nothing ever waits
    if status != 0:
        raise Unreached(reason="tool")
    pending, security, _ = _pending(raw)
    return _waiting(pending, security, max(marks, default=0), raw, "apt-get")


def _waiting(pending: int, security: int, list_ms: int, raw: bytes, tool: str) -> Observed:
    facts: dict[str, Fact] = {"pending": pending, "security": security, "list_ms": list_ms}
    return Observed(facts, raw, tool)


def _pending(raw: bytes) -> tuple[int, int, int]:
    """``(all, security, moment of the list)``."""
    written = text(raw)
    if written.lstrip().startswith("{"):
        export = mapping(raw)
        entries, made = objects(export.get("updates")), export.get("checked")
        flags = [one.get("security") for one in entries]
        if "updates" not in export or not isinstance(made, str) or not all(isinstance(flag, bool) for flag in flags):
            raise Unreached(reason="format")
        return len(entries), flags.count(True), moment_ms(made)
    lines = written.splitlines()
    simulated = [line for line in lines if line.startswith("Inst ")]
    # Both tools end or begin with a line of their own; without it the text was cut off or is something else.
    summary = next((done for line in lines if (done := _SUMMARY.match(line))), None)
    held = 0
    if summary is not None:
        found, held = simulated, int(summary[1])
    elif lines and re.match(r"(Listing|一覧表示)", lines[0]):
        found = [line for line in lines[1:] if line.strip() and not line.startswith(("WARNING", "N:"))]
        if any("/" not in line or "[" not in line for line in found):
            raise Unreached(reason="format")
    else:
        raise Unreached(reason="format")
    return len(found) + held, sum(1 for line in found if "security" in line.lower()), 0


_SUMMARY = re.compile(r"\d+ upgraded, \d+ newly installed, (?:\d+ downgraded, )?\d+ to remove and (\d+) not upgraded")


@probe("services", kind=TargetKind.MACHINE, option="services")
def services(target: Target, bench: Bench) -> Observed:
    """Listening sockets against the expected ones: ``services`` like ``tcp/22,tcp/8443``; ``sockets``: an ``ss -lntuH`` export."""
    expected = set(listed(target.options["services"]))
    if not all(re.fullmatch(r"(tcp|udp)/\d{1,5}", one) for one in expected):
        raise Unreached(reason="option")
    if target.options.get("sockets"):
        raw = exported(target, "sockets", bench)
        found, tool = list(_ss(text(raw))), "export"
    else:
        found = [(kind, *one) for kind, paths in (("tcp", TCP_TABLES), ("udp", UDP_TABLES)) for one in _kernel(paths)]
        raw, tool = json.dumps(sorted({(f"{kind}/{port}", loop) for kind, port, loop in found})).encode(), "proc"
    if not found and tool == "export":
        raise Unreached(reason="empty")
    outside = {f"{kind}/{port}" for kind, port, loop in found if not loop}
    inside = {f"{kind}/{port}" for kind, port, loop in found if loop}
    facts: dict[str, Fact] = {
        "listening": len(outside | inside),
        "unexpected": tuple(sorted(outside - expected)),
        "unexpected_loopback": len(inside - outside - expected),
        "absent": tuple(sorted(expected - outside - inside)),
    }
    return Observed(facts, raw, tool)


def _kernel(paths: tuple[Path, ...]) -> Iterator[tuple[int, bool]]:
    """``(port, loopback)`` of listening sockets; a UDP socket on an ephemeral port is somebody's question, not a service."""
    for path in paths:
        try:
            lines = path.read_text(encoding="ascii").splitlines()[1:]
        except OSError as error:
            if path.name.endswith("6"):
                continue  # a kernel without IPv6 has no such table
            raise Unreached(reason="file") from error
        for line in lines:
            fields = line.split()
            where, _, port = fields[1].partition(":")
            number = int(port, 16)
            if fields[3] == "0A" or (fields[3] == "07" and path.name.startswith("udp") and number < FIRST_EPHEMERAL):
                yield number, _loopback(where)


def _loopback(where: str) -> bool:
    """The kernel prints addresses as host-order words."""
    packed = b"".join(bytes.fromhex(where[at : at + 8])[::-1] for at in range(0, len(where), 8))
    found = ipaddress.ip_address(packed)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _ss(written: str) -> Iterator[tuple[str, int, bool]]:
    for line in written.splitlines():
        fields = line.split()
        if not fields or fields[0] == "Netid":
            continue
        found = re.fullmatch(r"\[?([0-9a-fA-F.:*]+?)\]?(?:%\w+)?\]?:(\d{1,5})", fields[4]) if len(fields) >= 5 else None
        if found is None or fields[0] not in ("tcp", "udp"):
            raise Unreached(reason="format")
        yield fields[0], int(found[2]), found[1].startswith("127.") or found[1] == "::1"


@probe("disk", kind=TargetKind.MACHINE)
def disk(target: Target, bench: Bench) -> Observed:
    """Whether what is mounted lies on encrypted volumes. ``disk``: ``lsblk -J`` or ``manage-bde -status`` to read instead."""
    if target.options.get("disk"):
        raw, tool = exported(target, "disk", bench), "export"
    else:
        lsblk = bench.tool("lsblk")
        if lsblk is None:
            raise Unreached(reason="no-tool")
        status, raw = bench.run([lsblk, "-J", "-o", "NAME,TYPE,FSTYPE,MOUNTPOINTS"], seconds=5)
        tool = "lsblk"
        if status != 0:
            raise Unreached(reason="tool")
    volumes = list(_blocks(mapping(raw))) if raw.lstrip().startswith(b"{") else list(_bitlocker(text(raw)))
    facts: dict[str, Fact] = {
        "volumes": len(volumes),
        "encrypted": volumes.count(True),
        "plain": volumes.count(False),
    }
    return Observed(facts, raw, tool)


def _blocks(tree: Mapping[str, object]) -> Iterator[bool]:
    waiting = [(one, False) for one in objects(tree.get("blockdevices"))]
    while waiting:
        one, sealed = waiting.pop()
        here = sealed or one.get("type") == "crypt"
        points = one.get("mountpoints", [one.get("mountpoint")])
        if not isinstance(points, list):
            raise Unreached(reason="format")
        mounted = [str(point) for point in points if point]
        # A boot loader cannot unlock itself: what lies under /boot holds no records.
        if any(not re.match(r"/boot(/|$)", point) for point in mounted) and one.get("type") not in ("rom", "loop"):
            yield here
        waiting += [(child, here) for child in objects(one.get("children"))]


def _bitlocker(written: str) -> Iterator[bool]:
    """One block a volume; protection that is suspended protects nothing."""
    blocks = re.split(r"(?m)^(?:Volume|ボリューム) [A-Z]:", written)[1:]
    for block in blocks:
        done = re.search(r"(?:Percentage Encrypted|暗号化されたパーセンテージ)[^:：]*[:：]\s*(\d+)", block)
        state = re.search(r"(?:Protection Status|保護状態)[^:：]*[:：]\s*(.+)", block)
        if done is None or state is None:
            raise Unreached(reason="format")
        yield done[1] == "100" and re.search(r"Protection On|保護はオン", state[1]) is not None


@probe("disk_health", kind=TargetKind.MACHINE, option="smart")
def disk_health(target: Target, bench: Bench) -> Observed:
    """``smartctl -j -a`` outputs (one, or a list of them)."""
    raw = exported(target, "smart", bench)
    value = json_value(raw)
    disks = objects(value if isinstance(value, list) else [value])
    health = [one.get("smart_status") for one in disks]
    passed = [one.get("passed") if isinstance(one, dict) else None for one in health]
    if not disks or not all(isinstance(one, bool) for one in passed):
        raise Unreached(reason="format")
    worn = sum(1 for one in disks if _worn(one))
    facts: dict[str, Fact] = {"disks": len(disks), "failing": passed.count(False), "worn": worn}
    return Observed(facts, raw, "smartctl")


def _worn(one: Mapping[str, object]) -> bool:
    """Sectors already replaced or waiting (5, 197, 198), or a flash disk past nine tenths of its life."""
    attributes = one.get("ata_smart_attributes")
    rows = objects(attributes.get("table")) if isinstance(attributes, dict) else []
    raws = {row.get("id"): row.get("raw") for row in rows}
    bad = [value.get("value") for key, value in raws.items() if key in (5, 197, 198) and isinstance(value, dict)]
    flash = one.get("nvme_smart_health_information_log")
    used = flash.get("percentage_used", 0) if isinstance(flash, dict) else 0
    return any(isinstance(value, int) and value > 0 for value in bad) or (isinstance(used, int) and used >= 90)


@probe("endpoint", kind=TargetKind.FILE, option="endpoint")
def endpoint(target: Target, bench: Bench) -> Observed:
    """An export of PCs: ``[{"antivirus": "on", "firewall": "on", "programs": […], "admins": […], "users": […]}]``.

    ``allowed``: a text file of programs, one a line (``*`` at the end stands for anything); ``admins``: accounts that may be administrators.
    """
    raw = exported(target, "endpoint", bench)
    value = json_value(raw)
    machines = objects(value if isinstance(value, list) else [value])
    allowed = (
        [line.strip().lower() for line in text(given_bytes(target, "allowed")).splitlines() if line.strip()]
        if target.options.get("allowed")
        else None
    )
    admins = {one.lower() for one in listed(target.options.get("admins", ""))}
    states = [(one.get("antivirus"), one.get("firewall")) for one in machines]
    if not machines or any(state not in ("on", "off") for pair in states for state in pair):
        raise Unreached(reason="format")
    if any("programs" not in one or "admins" not in one for one in machines):
        raise Unreached(reason="format")
    programs = [name.lower() for one in machines for name in words(one["programs"])]
    facts: dict[str, Fact] = {
        "machines": len(machines),
        "antivirus_off": sum(1 for antivirus, _ in states if antivirus == "off"),
        "firewall_off": sum(1 for _, firewall in states if firewall == "off"),
        "allow_list": allowed is not None,
        "programs": len(programs),
        "programs_unlisted": len({name for name in programs if not _allowed(name, allowed or [])}),
        "admins_extra": sum(1 for one in machines for name in words(one["admins"]) if name.lower() not in admins),
    }
    return Observed(facts, raw, "export")


def _allowed(name: str, allowed: list[str]) -> bool:
    return any(name.startswith(one[:-1]) if one.endswith("*") and len(one) > 3 else name == one for one in allowed)


@probe("settings", kind=TargetKind.FILE, option="baseline")
def settings(target: Target, bench: Bench) -> Observed:
    """The files of a folder (the address) against a signed-off ``baseline`` and the ``tickets`` of changes since.

    ``baseline``: JSON ``{"approved_by": …, "approved": moment, "files": {relative name: SHA-256}}``; ``only``: patterns of names (``*.toml``)
    where settings lie among other files.
    """
    folder = Path(target.address)
    if not folder.is_dir():
        raise Unreached(reason="file")
    own = {given_path(target, name).resolve() for name in ("baseline", "tickets") if target.options.get(name)}
    raw = given_bytes(target, "baseline")
    baseline = mapping(raw)
    files, when = baseline.get("files"), baseline.get("approved")
    if not isinstance(files, dict) or not isinstance(when, str):
        raise Unreached(reason="format")
    if not files or not all(isinstance(one, str) and re.fullmatch("[0-9a-f]{64}", one) for one in files.values()):
        raise Unreached(reason="format")
    patterns = listed(target.options.get("only", "")) or ["*"]
    now = {
        str(path.relative_to(folder)): _digest(path)
        for path in files_below(folder)
        if path.resolve() not in own and any(fnmatchcase(path.name, one) for one in patterns)
    }
    drifted = {name for name in now.keys() | files.keys() if now.get(name) != files.get(name)}
    tickets = table(given_bytes(target, "tickets"), TICKETS) if target.options.get("tickets") else []
    asked = {(row["path"], row["sha256"]) for row in tickets if row["ticket"] and row["approved_by"]}
    facts: dict[str, Fact] = {
        "files": len(now),
        "changed": sum(1 for name in drifted if name in now and name in files),
        "added": len(now.keys() - files.keys()),
        "removed": len(files.keys() - now.keys()),
        "unexplained": sum(1 for name in drifted if (name, now.get(name, "")) not in asked),
        "approved": bool(baseline.get("approved_by")) and moment_ms(when) <= bench.clock.now_ms(),
    }
    return Observed(facts, json.dumps({"now": now, "baseline": files}, sort_keys=True).encode(), "akashi")


def _digest(path: Path) -> str:
    try:
        return sha256(read_bytes(path)).hexdigest()
    except Unreached as error:
        if error.params.get("reason") == "empty":
            return sha256(b"").hexdigest()
        raise
