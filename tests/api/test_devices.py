"""A new device, from the manager's page to its first request; and who cannot make one."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, pkcs12

from akashi.app.desk import devices
from akashi.app.device_requests import FRESH_MS, Ask, DeviceRequest, sign_request
from akashi.app.gateway.home import GATEWAY_KEY
from akashi.app.server.pickups import LIFE_MS, Pickups, PickupUnknown
from akashi.clock import FixedClock
from akashi.identity.model import DeviceReason
from tests.api.served import PASSWORD, Member, World

OURS = {"Sec-Fetch-Site": "same-origin"}


def spki() -> bytes:
    """A fresh public key."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(
    world: World, signer: Member, ask: Ask, subject: str, detail: bytes, *, late_ms: int = 0, of: str = ""
) -> bytes:
    """A request under the gateway key of ``signer``, in the name of ``of``."""
    gateway = world.gateway(signer)
    request = DeviceRequest(ask, of or signer.institution, subject, gateway.clock.now_ms() - late_ms, detail)
    return sign_request(gateway.keystore.signer(GATEWAY_KEY), gateway.ledger.ledger_id, request)


def ask(world: World, member: Member, path: str, body: bytes) -> httpx.Response:
    """A device's certificate at the server's origin."""
    return world.client(member, world.server.settings.port).post(path, content=body)


@pytest.mark.network
def test_a_new_device_from_the_page_to_its_first_request(world: World, tmp_path: Path) -> None:
    """Asked for by a colleague, approved by the manager, whose page shows code and password once; the public origin hands out the P12 once; then the device signs in."""
    manager = world.client(world.payer)
    manager.post("/login", data={"login": world.payer.login, "password": PASSWORD, "code": ""}, headers=OURS)
    asked = world.asked_device(world.payer)
    csrf = re.findall(r'name="csrf" value="([0-9a-f]{64})"', manager.get("/devices/requests").text)[0]
    alone = manager.post("/devices", data={"csrf": csrf, "person": world.payer.person}, headers=OURS)
    made = manager.post(f"/devices/requests/{asked}/approve", data={"csrf": csrf}, headers=OURS).text
    device, code, password = re.findall(r"<dd><code>([0-9a-z-]+)</code></dd>", made)
    public = world.client(None, world.server.settings.public_port)
    first = public.post("/enrol", data={"code": code}, headers=OURS)
    second = public.post("/enrol", data={"code": code}, headers=OURS)
    key, certificate, _ = pkcs12.load_key_and_certificates(first.content, password.encode())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate is not None
    path = tmp_path / "device.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    owner = world.signed_in(Member(world.payer.institution, world.payer.login, "", device, path, world.payer.port))

    assert (alone.status_code, "別の人の承認" in alone.text) == (403, True)
    assert (second.status_code, device) == (404, asked)
    assert owner.get("/api/v1/session").json()["device"] == device


@pytest.mark.network
def test_a_device_is_revoked_from_the_page(world: World) -> None:
    """The manager revokes; the device's next request is refused."""
    second = world.second_device(world.payer)
    session = world.gateway(world.payer).accounts.sign_in(
        world.payer.login, PASSWORD, None, world.gateway(world.payer).machine_certificate()
    )
    devices.revoked(world.gateway(world.payer), session, second.device, DeviceReason.RETIRED)
    try:
        status = world.client(second).get("/login").status_code
    except httpx.TransportError:
        status = 403  # the revocation list was there before us: not even a handshake

    assert status == 403


@pytest.mark.network
@pytest.mark.parametrize("path", ["/api/v1/devices", "/api/v1/devices/revoke", "/api/v1/pickups"])
def test_a_certificate_alone_gets_nothing(world: World, path: str) -> None:
    """Whoever steals a terminal cannot make more of it: the gateway's signature is asked for."""
    answers = [ask(world, world.clinic, path, body) for body in (b"", b"{}", b"\xd2\x84\x40\xa0\x40\x40")]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "app.device_request")}


@pytest.mark.network
def test_requests_of_others_and_old_ones_are_refused(world: World) -> None:
    """Another institution's signature, another's name, another question, an old request: each refused with its reason."""
    person = world.clinic.person
    bodies = {
        "request.scope": signed(world, world.payer, Ask.ISSUE, person, spki()),
        "request.key": signed(world, world.payer, Ask.ISSUE, person, spki(), of=world.clinic.institution),
        "request.time": signed(world, world.clinic, Ask.ISSUE, person, spki(), late_ms=FRESH_MS + 1_000),
    }
    reasons = {
        name: ask(world, world.clinic, "/api/v1/devices", body).json()["reason"] for name, body in bodies.items()
    }
    other = signed(world, world.clinic, Ask.REVOKE, person, spki())
    question = ask(world, world.clinic, "/api/v1/devices", other).json()["reason"]

    assert reasons == {name: name for name in bodies}
    assert question == "request.scope"


@pytest.mark.network
def test_people_and_devices_of_others_do_not_exist(world: World) -> None:
    """A properly signed request about somebody else's person or device is answered as if there were none."""
    issue = ask(
        world, world.clinic, "/api/v1/devices", signed(world, world.clinic, Ask.ISSUE, world.payer.person, spki())
    )
    body = signed(world, world.clinic, Ask.REVOKE, world.payer.device, bytes([1]))
    revoke = ask(world, world.clinic, "/api/v1/devices/revoke", body)

    assert (issue.status_code, revoke.status_code) == (404, 404)


@pytest.mark.network
@pytest.mark.parametrize("detail", [b"", b"no key", b"\x30" * 91])
def test_keys_that_are_none_are_refused(world: World, detail: bytes) -> None:
    """The new device's public key is a P-256 key, or there is no certificate."""
    body = signed(world, world.clinic, Ask.ISSUE, world.clinic.person, detail)

    assert ask(world, world.clinic, "/api/v1/devices", body).status_code == 400


def test_a_file_waits_seven_days_and_goes_once(tmp_path: Path) -> None:
    """Fetched, too old, or never there: the same refusal; nothing stays on the disk."""
    clock = FixedClock(1_800_000_000_000)
    pickups = Pickups(tmp_path / "pickups", clock)
    code, late = pickups.offer(b"first"), pickups.offer(b"second")
    got = pickups.collect(f" {code.upper()} ")
    with pytest.raises(PickupUnknown):
        pickups.collect(code)
    clock.advance(LIFE_MS + 1)
    with pytest.raises(PickupUnknown):
        pickups.collect(late)

    assert got == b"first"
    assert list((tmp_path / "pickups").iterdir()) == []


def test_the_code_is_not_on_the_disk(tmp_path: Path) -> None:
    """Whoever reads the folder learns no code."""
    code = Pickups(tmp_path / "pickups", FixedClock(0)).offer(b"data")

    assert [path for path in (tmp_path / "pickups").iterdir() if code in path.name] == []
