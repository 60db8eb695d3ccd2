"""What is there against what should be there: devices on the network, and what watches over them.

Guarantees: a device is known by its network card's number, else by its address; a found device that no line of the register explains
is counted, however it was found. Refuses: to call an empty list a match. Trusts: the list of what was found was taken on the network
that the register is about.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import (
    Columns,
    Row,
    exported,
    given_bytes,
    mapping,
    moment_ms,
    objects,
    table,
    text,
    xml,
)
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

ASSETS: Columns = {
    "asset_id": ("asset_id", "資産番号"),
    "mac": ("mac", "macアドレス"),
    "address": ("address", "ip", "ipアドレス"),
    "status": ("status", "状態"),
}
IN_USE = frozenset({"in_use", "使用中", "稼働", "利用中"})
RETIRED = frozenset({"retired", "廃棄", "撤去", "返却"})
STORED = frozenset({"stored", "lent", "保管", "貸出", "予備"})


@dataclass(frozen=True, slots=True)
class Device:
    """A card number and an address; either may be empty."""

    mac: str
    address: str


def card(written: str) -> str:
    """A network card's number in one form; an empty text where it is none."""
    digits = re.sub(r"[:\-.]", "", written.strip().lower())
    return digits if re.fullmatch(r"[0-9a-f]{12}", digits) and digits not in ("0" * 12, "f" * 12) else ""


def address(written: str) -> str:
    """An IP address in one form; an empty text where it is none."""
    try:
        return str(ipaddress.ip_address(written.strip().split("%")[0]))
    except ValueError:
        return ""


def place(written: str) -> str:
    """An IP address, with its port where a register lists services; an empty text where it is none.

    >>> place("192.0.2.1"), place("192.0.2.1:08443"), place("[2001:DB8::1]:443"), place("192.0.2.1:99999")
    ('192.0.2.1', '192.0.2.1:8443', '[2001:db8::1]:443', '')
    """
    found = _SERVICE.fullmatch(written.strip())
    if found is None:
        return address(written)
    bare, port = address(found[1] or found[2]), int(found[3])
    if not bare or not 0 < port <= MAX_PORT:
        return ""
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


MAX_PORT = 65_535
_SERVICE = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})")


def found_devices(raw: bytes) -> tuple[str, list[Device]]:
    """The devices in a CSV, ``ip neigh``, ``arp -a`` or nmap XML, and which of them it was."""
    written = text(raw)
    if written.lstrip().startswith("<"):
        return "nmap", list(_nmap(raw))
    if "," in written.splitlines()[0]:
        columns: Columns = {"mac": ASSETS["mac"], "address": ASSETS["address"]}
        return "csv", [_device(row["mac"], row["address"]) for row in table(raw, columns)]
    return "neighbours", [one for line in written.splitlines() if line.strip() for one in _neighbour(line)]


def _nmap(raw: bytes) -> Iterable[Device]:
    root = xml(raw)
    # A scan that was cut off has no `runstats`: what it did not come to would look absent.
    if root.tag != "nmaprun" or not any(root.all("finished")):
        raise Unreached(reason="format")
    for host in root.all("host"):
        if any(one.attributes.get("state") == "down" for one in host.all("status")):
            continue
        kinds = {one.attributes.get("addrtype"): one.attributes.get("addr", "") for one in host.all("address")}
        yield _device(kinds.get("mac", ""), kinds.get("ipv4", kinds.get("ipv6", "")))


def _neighbour(line: str) -> Iterable[Device]:
    """One line of ``ip neigh`` (``… lladdr aa:bb… REACHABLE``) or ``arp -a`` (Linux, Windows)."""
    parts = re.split(r"[\s()]+", line.strip())
    where = next((made for part in parts if (made := address(part))), "")
    number = next((made for part in parts if (made := card(part))), "")
    if not where and not number:
        if re.search(r"interface|internet address|インターネット|インターフェイス", line, re.IGNORECASE):
            return
        raise Unreached(reason="format")
    silent = {"FAILED", "INCOMPLETE", "<incomplete>", "incomplete"} & set(parts)
    far = where and (ipaddress.ip_address(where).is_multicast or where == "255.255.255.255")
    if not silent and not far and number:
        yield Device(number, where)


def _device(mac: str, where: str) -> Device:
    made = Device(card(mac), place(where))
    if not made.mac and not made.address:
        raise Unreached(reason="format")
    return made


@probe("inventory", kind=TargetKind.FILE, option="inventory")
def inventory(target: Target, bench: Bench) -> Observed:
    """The register of assets (``inventory``) against the devices that were ``found``."""
    listed = given_bytes(target, "inventory")
    if not target.options.get("found"):
        raise Unreached(reason="option")
    raw = exported(target, "found", bench)
    source, devices = found_devices(raw)
    groups = _by_status(table(listed, ASSETS))
    seen = {one.mac for one in devices} | {one.address for one in devices}
    known = [row for rows in groups.values() for row in rows]
    explained = {card(row["mac"]) for row in known} | {place(row["address"]) for row in known if not card(row["mac"])}
    facts: dict[str, Fact] = {
        "listed": len(known),
        "in_use": len(groups["in_use"]),
        "retired": len(groups["retired"]),
        "found": len(devices),
        "source": source,
        "unknown": sum(1 for one in devices if not ({one.mac, one.address} - {""}) & explained),
        "missing": sum(1 for row in groups["in_use"] if not _seen(row, seen)),
        "retired_seen": sum(1 for row in groups["retired"] if _seen(row, seen)),
        "twice": len(known) - len({row["asset_id"] for row in known}),
    }
    return Observed(facts, raw, "akashi")


def _by_status(rows: list[Row]) -> dict[str, list[Row]]:
    made: dict[str, list[Row]] = {"in_use": [], "retired": [], "stored": []}
    for row in rows:
        status = row["status"].lower()
        if not row["asset_id"] or not (card(row["mac"]) or place(row["address"])):
            raise Unreached(reason="format")
        if status in IN_USE:
            made["in_use"].append(row)
        elif status in RETIRED:
            made["retired"].append(row)
        elif status in STORED:
            made["stored"].append(row)
        else:
            raise Unreached(reason="format")
    return made


def _seen(row: Row, seen: set[str]) -> bool:
    """By its card where the register knows it; by its address only otherwise, since addresses are handed on."""
    number = card(row["mac"])
    return number in seen if number else place(row["address"]) in seen


@probe("monitoring", kind=TargetKind.FILE, option="monitoring")
def monitoring(target: Target, bench: Bench) -> Observed:
    """An export of the monitoring: which assets it watches, when it last heard of them, when its alarm was last tried.

    ``monitoring``: JSON ``{"alarm_tested": moment, "watched": [{"asset_id": …, "seen": moment}]}``, where ``null`` says that the alarm was
    never tried; ``inventory``: the register.
    """
    raw = exported(target, "monitoring", bench)
    if not target.options.get("inventory"):
        raise Unreached(reason="option")
    export = mapping(raw)
    heard: dict[str, int] = {}
    for one in objects(export.get("watched")):
        name, when = one.get("asset_id"), one.get("seen")
        if not isinstance(name, str) or not isinstance(when, str):
            raise Unreached(reason="format")
        heard[name] = moment_ms(when)
    tested = export.get("alarm_tested", "")
    if tested is not None and not isinstance(tested, str):
        raise Unreached(reason="format")
    in_use = {row["asset_id"] for row in _by_status(table(given_bytes(target, "inventory"), ASSETS))["in_use"]}
    facts: dict[str, Fact] = {
        "assets": len(in_use),
        "unwatched": len(in_use - heard.keys()),
        "oldest_ms": min((when for name, when in heard.items() if name in in_use), default=0),
        "newest_ms": max(heard.values(), default=0),
        "alarm_ms": 0 if tested is None else moment_ms(tested),
    }
    return Observed(facts, json.dumps(export, ensure_ascii=False).encode(), "export")
