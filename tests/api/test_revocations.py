"""Authorities past their end, clocks that are off, OCSP over the public origin, and a gateway whose server is away."""

from __future__ import annotations

from base64 import b64encode
from contextlib import closing
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from akashi.api import serving
from akashi.api.serving import Service
from akashi.api.tls import TlsServer
from akashi.app.config import gateway_paths
from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.app.gateway.home import Gateway
from akashi.app.gateway.revocations import newest_crl, revoked_serials
from akashi.clock import FixedClock, SystemClock
from akashi.durable import write_file
from akashi.identity import ca
from akashi.identity.ca import CertificateAuthority
from tests.api.pki import DAY_MS, LEDGER, Client, Pki, outcome, whoami
from tests.api.served import PASSPHRASE, Member, World, found


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    """An authority of one's own."""
    return Pki(tmp_path)


def under_an_old_authority(pki: Pki) -> tuple[CertificateAuthority, Client]:
    """An authority that ended yesterday, and a device whose own certificate it signed for another year."""
    old = CertificateAuthority.create(ec.generate_private_key(ec.SECP256R1()), LEDGER, pki.now - ca.CA_LIFE_MS - DAY_MS)
    with patch.object(ca, "_ms", lambda _: pki.now + 9 * ca.DEVICE_LIFE_MS):  # issued as if the authority had no end
        return old, pki.device("dev-desk", old)


@pytest.mark.network
def test_nobody_under_an_expired_authority(pki: Pki) -> None:
    """When the CA has ended its devices do not get through any more, even those whose own dates go on."""
    old, device = under_an_old_authority(pki)
    lists = lambda: old.crl([], 1, pki.now)  # noqa: E731 - asked again at every reload
    server = TlsServer(whoami, "127.0.0.1", 0, identity=pki.current, authority=old.pem, crl=lists)
    server.start()

    assert device.certificate.not_valid_after_utc > old.certificate.not_valid_after_utc
    assert outcome(server, device.context()) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"
    server.stop()


@pytest.mark.network
@pytest.mark.parametrize(
    ("minutes", "alert"), [(10, "SSLV3_ALERT_BAD_CERTIFICATE"), (-10, "SSLV3_ALERT_CERTIFICATE_EXPIRED")]
)
def test_a_clock_ten_minutes_off_is_told(pki: Pki, minutes: int, alert: str) -> None:
    """A device issued by a clock ten minutes fast is not good yet (five minutes are allowed for), one that ended ten minutes ago no more."""
    server = pki.server()
    server.start()
    begins = pki.now + minutes * 60_000 if minutes > 0 else pki.now - DAY_MS
    ends = pki.now + DAY_MS if minutes > 0 else pki.now + minutes * 60_000

    assert outcome(server, pki.device("dev-desk", from_ms=begins, to_ms=ends).context()) == alert
    assert "ALERT" not in outcome(server, pki.device("dev-desk", from_ms=pki.now + 4 * 60_000).context())
    server.stop()


def certificate(member: Member) -> x509.Certificate:
    """A member's device certificate."""
    return x509.load_pem_x509_certificate(member.key_file.read_bytes())


def status(world: World, member: Member, *, by_address: bool = False) -> ocsp.OCSPCertStatus:
    """What the public origin says of a member's device."""
    issuer = x509.load_pem_x509_certificate(world.server.ca_certificate)
    data = ocsp.OCSPRequestBuilder().add_certificate(certificate(member), issuer, hashes.SHA256()).build()
    der = data.public_bytes(Encoding.DER)
    public = world.client(None, world.server.settings.public_port)
    if by_address:
        answer = public.get(f"/ocsp/{quote(b64encode(der).decode(), safe='')}")
    else:
        answer = public.post("/ocsp", content=der, headers={"Content-Type": "application/ocsp-request"})
    assert answer.headers["Content-Type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(answer.content).certificate_status


@pytest.mark.network
def test_the_public_origin_answers_ocsp(world: World) -> None:
    """By POST and by GET, for a good device and at once for a revoked one."""
    device = world.second_device(world.clinic)
    before = status(world, device), status(world, device, by_address=True)
    world.revoke(device)

    assert before == (ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.GOOD)
    assert status(world, device) is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.network
@pytest.mark.parametrize("path", ["/ocsp/", "/ocsp/%00", "/ocsp/not-base64!", "/ocsp/AAAA"])
def test_odd_ocsp_addresses_are_malformed_requests(world: World, path: str) -> None:
    """Whatever stands in the address, the answer is the standard's own refusal."""
    answer = world.client(None, world.server.settings.public_port).get(path)

    assert ocsp.load_der_ocsp_response(answer.content).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.fixture
def alone(tmp_path: Path) -> tuple[Path, Member, bytes]:
    """A home whose server is gone, one of its members, and the last revocation list that the server made."""
    home = tmp_path / "home"
    home.mkdir()
    _, clinic, _ = found(home, tmp_path)
    with closing(serving.Server.open(home, PASSPHRASE, SystemClock())) as server:
        crl = server.crl()
    (home / "server").rename(tmp_path / "server elsewhere")
    return home, clinic, crl


@pytest.mark.network
def test_a_gateway_starts_while_its_server_is_away(alone: tuple[Path, Member, bytes]) -> None:
    """With the last good list in its home it listens and says that the server is away; without a list it does not start."""
    home, clinic, crl = alone
    with pytest.raises(ServerAway):
        Service(home, PASSPHRASE, SystemClock()).start()
    for one in (home / "gateways").iterdir():
        write_file(gateway_paths(home, one.name).crl, crl, 0o644)
    service = Service(home, PASSPHRASE, SystemClock())
    service.start()

    assert [gateway.institution for gateway in service.gateways if gateway.institution == clinic.institution]
    service.stop()


@pytest.mark.network
def test_only_a_good_list_is_used_while_the_server_is_away(alone: tuple[Path, Member, bytes]) -> None:
    """An expired list, a list by somebody else, a damaged file: as if there were none."""
    home, clinic, crl = alone
    foreign = CertificateAuthority.create(ec.generate_private_key(ec.SECP256R1()), LEDGER, SystemClock().now_ms())
    path = gateway_paths(home, clinic.institution).crl
    with closing(Gateway.open(home, clinic.institution, PASSPHRASE, SystemClock())) as gateway:
        for bad in (foreign.crl([], 1, SystemClock().now_ms()), b"", crl[:80] + b"A" + crl[81:]):
            write_file(path, bad, 0o644)
            with pytest.raises(ServerAway):
                newest_crl(gateway)
        write_file(path, crl, 0o644)
        good = newest_crl(gateway)
        gateway.clock = FixedClock(SystemClock().now_ms() + 8 * DAY_MS)
        with pytest.raises(ServerAway):
            newest_crl(gateway)

    assert good == crl


@pytest.mark.network
def test_an_older_or_foreign_list_from_the_server_is_refused(world: World) -> None:
    """What is kept is the newest that verified: a server that shows an older one, or somebody else's, is not believed."""
    gateway = world.gateway(world.clinic)
    now = newest_crl(gateway)
    foreign = CertificateAuthority.create(ec.generate_private_key(ec.SECP256R1()), LEDGER, SystemClock().now_ms())
    older = world.server.ca.crl([], 1, SystemClock().now_ms())
    for bad in (older, foreign.crl([], 10**6, SystemClock().now_ms())):
        with patch.object(world.server, "crl", lambda bad=bad: bad), pytest.raises(RemoteDistrusted):
            newest_crl(gateway)

    assert gateway.paths.crl.is_file()
    assert revoked_serials(now) == revoked_serials(gateway.paths.crl.read_bytes())
