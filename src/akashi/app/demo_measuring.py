"""What the demonstration hands to the probes: real registers of what it runs, and a copy of the ledger.

Guarantees: every register is made of what is there at that moment (settings, listening sockets of the served process, answers of its
ports, the program's own environment); what nobody did (an alarm tried, a list of vulnerabilities loaded, a second backup) is not said.
Refuses: a port without an answer as a watched one. Trusts: the home that the demo made. The registers stay in the home, so that what is registered can be measured again.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, load_settings, server_paths
from akashi.app.demo import SETTINGS, Account, DemoFailed, Shown
from akashi.app.gateway.home import MACHINE_KEY, Gateway
from akashi.app.gateway.machine_tls import client_context
from akashi.app.network.control import ask
from akashi.app.network.local import homes
from akashi.app.network.places import AddressBook, NetworkPlaces
from akashi.app.selfcheck.plan import default_targets
from akashi.conformity.host.bill import OWN, make_bill
from akashi.conformity.host.logins import NO_DESKTOP
from akashi.conformity.model import DAY_MS, Target, TargetKind
from akashi.durable import make_directory, write_file
from akashi.errors import Unavailable
from akashi.ledger.engine.copies import snapshot

IN_USE = "使用中"
DEFAULTS = "admin:admin,admin:password,root:root,akashi:akashi"
"""Sign-ins that products are sold with; Akashi has none, so each must be refused."""
_SECONDS = 5
Known: TypeAlias = tuple[bytes, EllipticCurvePrivateKey]
"""A certificate (PEM) that a service lets in, and its key."""
_LISTENS = "0A"


@dataclass(frozen=True, slots=True)
class Service:
    """One listening service of the home: its name in the register, its port, and a page that answers whom it knows."""

    name: str
    host: str
    port: int
    page: str
    institution: str = ""
    """Whose devices it lets in; empty: it knows the gateways' machines."""

    @property
    def place(self) -> str:
        """As a register has it."""
        return f"{self.host}:{self.port}"


def services_of(home: Path) -> list[Service]:
    """What the home serves by its settings."""
    server = load_settings(server_paths(home).settings, ServerSettings)
    made = [
        Service("server", server.host, server.port, "/api/v1/ledger"),
        Service("public", server.host, server.public_port, "/trust.txt"),
    ]
    for one in gateways_in(home):
        own = load_settings(gateway_paths(home, one).settings, GatewaySettings)
        made.append(Service(f"gateway-{one}", own.host, own.port, "/login", one))
    return made


@dataclass(frozen=True, slots=True)
class Peer:
    """One of several servers of this machine: its two listeners, by name and place, and its process (0: it does not run)."""

    listeners: tuple[tuple[str, str], ...]
    process: int


def peers_of(home: Path) -> list[Peer]:
    """The servers of a home that is a network; none where one server keeps the ledger."""
    if not NetworkPlaces.of(server_paths(home)).exists:
        return []
    return [_peer(NetworkPlaces.of(server_paths(one))) for one in homes(home)]


def _peer(places: NetworkPlaces) -> Peer:
    me = AddressBook.read(places.book).me
    ports = {"peers": me.address.peer_port, "node": me.address.node_port}
    listeners = tuple((f"server-{me.number}-{name}", f"{me.address.host}:{port}") for name, port in ports.items())
    try:
        return Peer(listeners, int(ask(places.root, "pid")["pid"]))
    except Unavailable:
        return Peer(listeners, 0)


def measurable(home: Path, gateway: Gateway, shown: Shown, serving: int) -> list[Target]:
    """The home's own targets with all that their probes can use; ``serving``: the process that serves it."""
    registers, services = home / "registers", services_of(home)
    make_directory(registers)
    staff = registers / "staff.csv"
    write_file(staff, "\n".join(["login", *_logins(gateway), ""]).encode())
    known = {one.institution: _device(home, one) for one in shown.accounts}
    machine = gateway.paths.certificate.read_bytes(), gateway.keystore.private_key(MACHINE_KEY)
    alive = [one.name for one in services if _answers(one, home, known.get(one.institution, machine))]
    peers = peers_of(home)
    alive += [name for peer in peers if peer.process for name, _ in peer.listeners]
    sockets = {place for one in {serving, *(peer.process for peer in peers)} - {0} for place in listening(one)}
    _write_registers(registers, home, shown, alive, sorted(sockets), gateway.clock.now_ms())
    until = gateway.clock.now_ms() + DAY_MS
    return [
        *(_equipped(one, gateway, services, peers) for one in default_targets(home, until, staff=staff)),
        Target("", TargetKind.FILE, str(registers), _REGISTERS, until),
        Target("", TargetKind.FILE, str(home), _SETTINGS | {"baseline": str(registers / "baseline.json")}, until),
        _copied(home, until),
    ]


_REGISTERS = {
    "inventory": "assets.csv",
    "found": "listening.csv",
    "monitoring": "answers.json",
    "sbom": "bill.json",
    "installed": OWN,
}
_SETTINGS = {"only": SETTINGS}


def _write_registers(
    folder: Path, home: Path, shown: Shown, alive: Sequence[str], sockets: Sequence[str], now_ms: int
) -> None:
    assets = [f"{one.name},,{one.place},{IN_USE}" for one in services_of(home)]
    assets += [f"{name},,{place},{IN_USE}" for peer in peers_of(home) for name, place in peer.listeners]
    found = [f",{one}" for one in sockets]
    seen = [{"asset_id": one, "seen": _moment(now_ms)} for one in alive]
    approved = {"approved": _moment(shown.founded_ms), "approved_by": shown.session.person}
    baseline = {**approved, "files": dict(shown.settings)}
    write_file(folder / "assets.csv", "\n".join(["asset_id,mac,address,status", *assets, ""]).encode())
    write_file(folder / "listening.csv", "\n".join(["mac,address", *found, ""]).encode())
    write_file(folder / "answers.json", json.dumps({"alarm_tested": None, "watched": seen}).encode())
    write_file(folder / "bill.json", make_bill())
    write_file(folder / "baseline.json", json.dumps(baseline).encode())


def _moment(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()


def listening(process: int) -> list[str]:
    """``address:port`` of every TCP socket that a process, or one that it started, listens on (Linux)."""
    mine = {inode for one in _family(process) for inode in _sockets(one)}
    rows = [line.split() for name in ("tcp", "tcp6") for line in _lines(Path("/proc/net") / name)[1:]]
    return sorted({_place(row[1]) for row in rows if row[3] == _LISTENS and row[9] in mine})


def _family(process: int) -> list[int]:
    """The process and all below it."""
    found = [process]
    for one in found:
        tasks = Path(f"/proc/{one}/task")
        children = [line for task in tasks.glob("*/children") for line in _lines(task)]
        found += [int(child) for line in children for child in line.split()]
    return found


def _sockets(process: int) -> Iterator[str]:
    """The inodes of a process's sockets."""
    for entry in Path(f"/proc/{process}/fd").glob("*"):
        try:
            name = os.readlink(entry)
        except OSError:
            continue  # closed meanwhile
        if name.startswith("socket:["):
            yield name[len("socket:[") : -1]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []


def _place(where: str) -> str:
    """The kernel's ``0100007F:20FB`` as ``127.0.0.1:8443``; addresses are words in the order of the host."""
    packed, _, port = where.partition(":")
    words = [bytes.fromhex(packed[at : at + 8])[::-1] for at in range(0, len(packed), 8)]
    address = ipaddress.ip_address(b"".join(words))
    return f"[{address}]:{int(port, 16)}" if address.version == 6 else f"{address}:{int(port, 16)}"


def _answers(service: Service, home: Path, known: Known) -> bool:
    """Whether a service answers somebody whom it knows with a page, over TLS with the service's CA."""
    context = client_context((server_paths(home).public / "ca.pem").read_bytes(), *known)
    line = http.client.HTTPSConnection(service.host, service.port, timeout=_SECONDS, context=context)
    try:
        with closing(line):
            line.request("GET", service.page)
            return line.getresponse().status < http.client.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False


def _device(home: Path, account: Account) -> Known:
    """Certificate and key of an account's demo device; the key stays in memory."""
    bundled = (gateway_paths(home, account.institution).root / "demo-device.p12").read_bytes()
    key, certificate, _ = pkcs12.load_key_and_certificates(bundled, account.p12_password.encode())
    if certificate is None or not isinstance(key, EllipticCurvePrivateKey):
        raise DemoFailed(step="demo-device.p12")
    return certificate.public_bytes(Encoding.PEM), key


def _logins(gateway: Gateway) -> list[str]:
    return sorted(one.login for one in gateway.accounts.accounts())


def _equipped(target: Target, gateway: Gateway, services: Sequence[Service], peers: Sequence[Peer]) -> Target:
    """A target with what its probes can use beyond the defaults."""
    more: dict[str, str] = {}
    if target.kind is TargetKind.TLS:
        asked = target.options["role"] == "server" or target.address.endswith(f":{gateway.settings.port}")
        # The second opinion on the same program is asked once of gateways and once of the server.
        more = {} if asked else {"sslyze": "no"}
    elif target.kind is TargetKind.MACHINE:
        ports = [str(one.port) for one in services]
        ports += [place.rpartition(":")[2] for peer in peers for _, place in peer.listeners]
        more = {"idle": NO_DESKTOP, "services": ",".join(f"tcp/{one}" for one in ports)}
    elif target.kind is TargetKind.HOST:
        url = f"https://{gateway.settings.host}:{gateway.settings.port}/api/v1/session"
        more = {"role": "gateway", "defaults": DEFAULTS, "defaults_url": url, "defaults_way": "json"}
    return replace(target, options={**target.options, **more})


def _copied(home: Path, until_ms: int) -> Target:
    """One copy of the ledger on this machine, as `akashi home snapshot` makes it: judged for what it is."""
    place = home / "backups"
    make_directory(place)
    made = snapshot(server_paths(home).ledger, place / str(sum(1 for _ in place.iterdir()) + 1))
    write_file(made.with_name("SHA256SUMS"), f"{sha256(made.read_bytes()).hexdigest()}  {made.name}\n".encode())
    return Target("", TargetKind.BACKUP, str(place), {"method": "internal"}, until_ms)
