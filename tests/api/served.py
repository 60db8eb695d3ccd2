"""A small home that is really served: a secretariat, a clinic, a payer, over TLS on this machine, with invented people."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from akashi.api import serving
from akashi.api.server.app import server_app
from akashi.api.serving import Service
from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths
from akashi.app.demo import read_heads
from akashi.app.desk.maps import FORMATS, MapShelf, today
from akashi.app.gateway.enrolment import FirstPerson, Joined, equip, join
from akashi.app.gateway.home import Gateway
from akashi.app.people.devices import request
from akashi.app.server.home import Server
from akashi.checkup.generate import Maker, encode_file
from akashi.clock import SystemClock
from akashi.identity.devices.model import DevicePurpose
from akashi.identity.model import DeviceReason, InstitutionReason, InstitutionRole, Role
from akashi.keys.model import FAST_UNSAFE_COST
from tests.ports import free_ports
from tests.waiting import PATIENCE_S

PASSPHRASE = b"invented passphrase of a test home"
PASSWORD = "Horse-battery-9-staple"
STAFF = Role.OPERATOR | Role.MANAGER


@dataclass
class Member:
    """One institution of the served home, with a person and their device."""

    institution: str
    login: str
    person: str
    device: str
    key_file: Path
    port: int
    other_login: str = ""
    machine_file: Path | None = None
    """The certificate of a gateway machine, the only kind that the server's own origin takes."""


@dataclass
class Recording:
    """Every body that the server's application received or sent."""

    bodies: list[bytes] = field(default_factory=list)

    def around(self, app: Any) -> Any:
        """``app`` with its bodies written down."""

        async def recorded(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            async def received() -> Any:
                message = await receive()
                self.bodies.append(message.get("body", b""))
                return message

            async def sent(message: Any) -> None:
                self.bodies.append(message.get("body", b""))
                await send(message)

            await app(scope, received, sent)

        return recorded


@dataclass
class World:
    """What the tests talk to."""

    home: Path
    service: Service
    server: Server
    office: Member
    clinic: Member
    payer: Member
    recording: Recording
    ca: str
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, member: Member | None, port: int | None = None) -> httpx.Client:
        """A client that shows ``member``'s device certificate, at its own gateway or at ``port``."""
        context = ssl.create_default_context(cadata=self.ca)
        if member is not None:
            to_server = port is not None and port == self.server.settings.port
            context.load_cert_chain(member.machine_file if to_server and member.machine_file else member.key_file)
        at = port if port is not None else member.port if member is not None else 0
        made = httpx.Client(base_url=f"https://localhost:{at}", verify=context, trust_env=False, timeout=PATIENCE_S)
        self.clients.append(made)
        return made

    def signed_in(self, member: Member, login: str = "") -> httpx.Client:
        """A REST client with a session."""
        made = self.client(member)
        answer = made.post("/api/v1/session", json={"login": login or member.login, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        made.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return made

    def second_device(self, member: Member) -> Member:
        """The same person with one more device."""
        device, path = device_for(self.server, member.institution, member.person, member.key_file.parent)
        return replace(member, device=device, key_file=path, machine_file=None)

    def asked_device(self, member: Member) -> str:
        """A colleague asks for a device that the member's person will answer for; a manager has yet to approve it."""
        gateway, login = self.gateway(member), f"{member.login}-asks"
        if gateway.accounts.person_of_login(login) is None:
            made = gateway.accounts.add_person(login=login, name="架空 申請者", roles=Role.OPERATOR)
            gateway.accounts.set_password(made, PASSWORD)
        session = gateway.accounts.sign_in(login, PASSWORD, None, gateway.machine_certificate())
        device = request(gateway, session, DevicePurpose.WORKPLACE, member.person)
        gateway.accounts.sign_out(session.token)
        return device

    def revoke(self, member: Member) -> None:
        """The member's device is lost."""
        self.server.revoke_device(member.device, DeviceReason.LOST)

    @contextmanager
    def disabled(self, member: Member) -> Iterator[None]:
        """The institution is stopped while the block runs."""
        self.server.disable_institution(member.institution, InstitutionReason.SUSPECTED_LEAK)
        try:
            yield
        finally:
            self.server.enable_institution(member.institution)

    def gateway(self, member: Member) -> Gateway:
        """The gateway of a member, inside this process."""
        return next(one for one in self.service.gateways if one.institution == member.institution)


def device_for(
    server: Server, institution: str, person: str, folder: Path, *, machine: bool = False
) -> tuple[str, Path]:
    """A device certificate and its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    issued = server.issue_device(institution, person, key.public_key(), machine=machine)
    path = folder / f"{issued.device}.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + issued.certificate)
    return issued.device, path


def _member(server: Server, joined: Joined, login: str, folder: Path, port: int, other: Role) -> Member:
    accounts = joined.gateway.accounts
    accounts.set_password(joined.person, PASSWORD)
    second = accounts.add_person(login=f"{login}-b", name="架空 二人目", roles=other)
    accounts.set_password(second, PASSWORD)
    device, path = device_for(server, joined.institution, joined.person, folder)
    _, machine = device_for(server, joined.institution, joined.person, folder, machine=True)
    joined.gateway.close()
    return Member(joined.institution, login, joined.person, device, path, port, f"{login}-b", machine)


def found(home: Path, folder: Path, first_port: int = 0, **chosen: Any) -> tuple[Member, Member, Member]:
    """A home with three institutions, closed again; ``first_port`` is the server's if given, ``chosen`` the gateways' settings.

    Clients here keep no cookies from one sign-in to the next, so nobody asks them about a second place unless that is ``chosen``.
    """
    ports = free_ports(5)
    ports[0] = first_port or ports[0]
    clock = SystemClock()
    server = Server.create(
        home,
        ServerSettings(port=ports[0], public_port=ports[1]),
        "試験事務局",
        PASSPHRASE,
        clock,
        cost=FAST_UNSAFE_COST,
    )

    def settings(port: int) -> GatewaySettings:
        usual: dict[str, Any] = {"require_totp": False, "confirm_places": False, "upload_limit_bytes": 4 * 1024 * 1024}
        # One person of each institution signs in for all tests of a session: none of them may end another's.
        usual["parallel_sessions"] = 10_000
        return GatewaySettings(port=port, **usual | chosen)

    rest = {"passphrase": PASSPHRASE, "clock": clock, "cost": FAST_UNSAFE_COST}
    head = FirstPerson("jimu", "架空 事務", Role.SECRETARIAT)
    office = equip(
        server, home, server.secretariat_handle, head, PASSPHRASE, settings(ports[2]), clock, cost=FAST_UNSAFE_COST
    )
    clinic = join(
        server,
        home,
        name="架空健診センター",
        number="1319999901",
        roles=InstitutionRole.SENDER,
        first=FirstPerson("okuru", "架空 送信", STAFF),
        settings=settings(ports[3]),
        **rest,  # type: ignore[arg-type]  # shared by both calls
    )
    payer = join(
        server,
        home,
        name="架空健康保険組合",
        number="1329999902",
        roles=InstitutionRole.RECEIVER,
        first=FirstPerson("ukeru", "架空 受信", STAFF),
        settings=settings(ports[4]),
        **rest,  # type: ignore[arg-type]  # as above
    )
    made = (
        _member(server, office, "jimu", folder, ports[2], Role.AUDITOR),
        _member(server, clinic, "okuru", folder, ports[3], Role.AUDITOR),
        _member(server, payer, "ukeru", folder, ports[4], Role.AUDITOR),
    )
    server.close()
    return made


@contextmanager
def served(folder: Path, **chosen: Any) -> Iterator[World]:
    """Found a home in ``folder``, serve it, and stop it afterwards; ``chosen``: settings of its gateways."""
    home = folder / "home"
    home.mkdir()
    office, clinic, payer = found(home, folder, **chosen)
    recording = Recording()
    with patch.object(serving, "server_app", lambda server, errors: recording.around(server_app(server, errors))):
        service = Service(home, PASSPHRASE, SystemClock())
        service.start()
    server = service.server
    assert server is not None
    world = World(home, service, server, office, clinic, payer, recording, server.ca_certificate.decode())
    try:
        yield world
    finally:
        for client in world.clients:
            client.close()
        service.stop()


def checkup_file(world: World, people: int = 3, seed: int = 7) -> bytes:
    """A result file of invented people in a shipped layout (CP932)."""
    shelf = MapShelf(gateway_paths(world.home, world.clinic.institution).maps)
    layout = next(one for one in shelf.maps() if one.map_id.startswith("midori"))
    heads = read_heads(FORMATS / "layouts" / "midori.csv", layout.header_rows)
    maker = Maker(heads, layout, shelf.items(), today(SystemClock().now_ms()), messy=False)
    return b"".join(encode_file(heads, maker.rows(seed, people), encoding="cp932"))


def deliver(world: World, data: bytes, **more: object) -> str:
    """Send a file from the clinic to the payer over REST; returns the transfer's handle."""
    client = world.signed_in(world.clinic)
    answer = client.post("/api/v1/checkup/convert", content=data, headers={"X-File-Name": "kekka.csv"})
    assert answer.status_code == 201, answer.text
    body = {"draft": answer.json()["draft"], "receiver": world.payer.institution} | more
    sent = client.post("/api/v1/transfers", json=body)
    assert sent.status_code == 201, sent.text
    return str(sent.json()["transfer"])
