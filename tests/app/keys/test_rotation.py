"""Keys change with an overlap, and a change that is interrupted anywhere is finished by running it again.

Run as a program, ``test_rotation.py HOME CAST ROLE STEP`` is the process that changes a key and is killed after the step.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.app.config import GatewaySettings, gateway_paths
from akashi.app.gateway.home import acting
from akashi.app.keys import gateway_keys, ledger_keys, rotation, server_keys
from akashi.app.keys.errors import KeyRoleUnknown, RotationNeedsServer
from akashi.app.keys.gateway_keys import GATEWAY_ROLES, rotate_gateway
from akashi.app.keys.gateway_keys import ledger_keys as gateway_ledger_keys
from akashi.app.keys.ledger_keys import BACKDATE_MS
from akashi.app.keys.rotation import KeyRole, Rotated, Step
from akashi.app.keys.server_keys import CA_OVERLAP_MS, SERVER_ROLES, rotate_server
from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.identity.ca import verify_issued
from akashi.keys.model import KeyKind
from akashi.ledger.proof.evidence import export_all
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import key_record, opening_key
from tests.app.service import CLINIC, DAY_MS, PAYER, START, Cast, Service, checkup_file, copied

ROOT = Path(__file__).resolve().parents[3]
OVERLAP_MS = GatewaySettings().key_overlap_ms
LEDGER_ROLES = [KeyRole.SECRETARIAT, KeyRole.SERVER, KeyRole.GATEWAY, KeyRole.OPENING]
STEPS = {
    KeyRole.SECRETARIAT: ("made", "enrolled", "switched"),
    KeyRole.SERVER: ("made", "enrolled", "switched"),
    KeyRole.GATEWAY: ("made", "enrolled", "switched"),
    KeyRole.OPENING: ("made", "enrolled", "switched"),
    KeyRole.CA: ("made", "certified", "published", "switched"),
    KeyRole.TSA: ("made", "certified", "switched"),
    KeyRole.SERVER_WEB: ("made", "switched"),
    KeyRole.MACHINE: ("made", "certified", "switched", "placed"),
    KeyRole.WEB: ("made", "certified", "switched", "placed"),
}
FAST = {(KeyRole.GATEWAY, "enrolled"), (KeyRole.CA, "certified"), (KeyRole.WEB, "switched")}
"""Each death is a process of its own: these run always, the whole matrix with ``make test-slow``."""
KILLED = [
    pytest.param(role, step, id=f"{role}-{step}", marks=[] if (role, step) in FAST else pytest.mark.slow)
    for role, steps in STEPS.items()
    for step in steps
]


def rotate(service: Service, role: KeyRole) -> Rotated:
    """Change a key of the server, or of the payer's gateway."""
    if role in SERVER_ROLES:
        return rotate_server(service.server, role)
    return rotate_gateway(service.gateway(PAYER), service.server, role)


def at(home: Path, cast: Cast, ms: int = 0) -> Service:
    """The home, opened at a later time."""
    return Service(home, cast, FixedClock(START + ms))


def accept(service: Service) -> None:
    """The clinic was told by telephone that the payer may have a new opening key."""
    with service.server.engine.view() as state:
        named = opening_key(state, service.cast.handles[PAYER], service.clock.now_ms())
    assert named is not None
    service.clinic.exchange.accept_key(service.cast.handles[PAYER], named.key, acting(service.session(CLINIC)))


def works(service: Service, *, session: bool = True) -> None:
    """A transfer goes out, is opened and confirmed, is stamped, and everything verifies from the published trust file.

    The payer's session is bound to its machine's certificate: after that changed, it has ended (``session`` false).
    """
    sent = service.send(service.draft(checkup_file(people=2)))
    if session:
        service.open(sent.transfer)
        service.confirm(sent.transfer)
    service.server.stamper.stamp()
    verdict = verify_file(export_all(service.server.engine), service.server.trust_text().encode(), KINDS)
    assert verdict.status is Status.VERIFIED, verdict.failure


@pytest.mark.parametrize("role", [role for role in KeyRole if role is not KeyRole.LOG])
def test_a_key_is_changed_and_the_service_works(template: tuple[Path, Cast], tmp_path: Path, role: KeyRole) -> None:
    """All steps are done once; after a restart the new generation is in use and the service works as before."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        done = rotate(service, role)
    with at(home, cast) as service:
        assert (done.generation, done.did) == (2, STEPS[role])
        works(service, session=role is not KeyRole.MACHINE)


@pytest.mark.parametrize("role", LEDGER_ROLES)
def test_both_keys_are_good_until_the_overlap_is_over(
    template: tuple[Path, Cast], tmp_path: Path, role: KeyRole
) -> None:
    """Running it again does nothing before, withdraws the old key after, and only then begins another change."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        first = rotate(service, role)
    with at(home, cast, OVERLAP_MS - 1) as service:
        again = rotate(service, role)
    with at(home, cast, OVERLAP_MS) as service:
        over = rotate(service, role)
    with at(home, cast, OVERLAP_MS + 1) as service:
        following = rotate(service, role)

    assert first.retires_ms == again.retires_ms == START + OVERLAP_MS
    assert again.did == ()
    assert (over.did, over.retires_ms) == (("retired",), None)
    assert (following.generation, following.did) == (3, STEPS[role])


def test_an_old_signing_key_is_destroyed_and_an_old_opening_key_is_kept(
    template: tuple[Path, Cast], tmp_path: Path
) -> None:
    """What was sealed to the old opening key and not yet fetched still opens after the change."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        sent = service.send(service.draft(checkup_file(people=2)))
        for role in (KeyRole.GATEWAY, KeyRole.OPENING):
            done = gateway_ledger_keys(service.payer, role).rotate(overlap_ms=0)
            assert done.did[-1] == "retired"
    with at(home, cast) as service:
        keys = service.payer.keystore

        assert (keys.generations("gateway"), keys.generations("opening")) == ([2], [1, 2])
        assert service.open(sent.transfer).documents


def test_new_payloads_are_sealed_to_the_new_opening_key(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The ledger's answer to senders is the new key, from the switch on."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        rotate(service, KeyRole.OPENING)
        with service.server.engine.view() as state:
            named = opening_key(state, cast.handles[PAYER], service.clock.now_ms())

        assert named is not None
        assert named.public == service.payer.keystore.public("opening", 2)


def test_the_suite_is_changed_with_the_key(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The next opening key is of the listed suite; what comes is sealed under it."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        rotate_gateway(service.payer, service.server, KeyRole.OPENING, KeyKind.HPKE_P256)
        with service.server.engine.view() as state:
            named = opening_key(state, cast.handles[PAYER], service.clock.now_ms())

        assert named is not None
        assert named.suite == 2


def test_two_authorities_overlap(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Old devices stay good, new ones come from the new authority, each has its list; later the old one goes."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        old = service.server.ca.certificate
        rotate(service, KeyRole.CA)
    with at(home, cast) as service:
        bundle = x509.load_pem_x509_certificates(service.server.ca_certificate)
        crl, now = service.server.crl(), service.clock.now_ms()
        device = x509.load_pem_x509_certificate(service.payer.paths.certificate.read_bytes())
        rotate(service, KeyRole.MACHINE)
        renewed = x509.load_pem_x509_certificate(service.payer.paths.certificate.read_bytes())
        new = service.server.ca.certificate

        assert bundle == [new, old]
        assert crl.count(b"BEGIN X509 CRL") == 2
        assert gateway_paths(home, cast.handles[PAYER]).ca.read_bytes() == service.server.ca_certificate
        verify_issued(_der(device), old, now)
        verify_issued(_der(renewed), new, now)
    with at(home, cast, CA_OVERLAP_MS + DAY_MS) as service:
        late = rotate(service, KeyRole.CA)
    with at(home, cast, CA_OVERLAP_MS + DAY_MS) as service:
        assert late.did == ("retired",)
        assert x509.load_pem_x509_certificates(service.server.ca_certificate) == [new]
        assert service.server.crl().count(b"BEGIN X509 CRL") == 1
        assert len(parse_trust(service.server.trust_text().encode()).tsa_roots) == 2


def test_stamps_of_the_old_authority_still_verify(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The roots of both stay in the trust file."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        service.server.stamper.stamp()
        rotate(service, KeyRole.CA)
    with at(home, cast) as service:
        rotate(service, KeyRole.TSA)
    with at(home, cast) as service:
        works(service)


def test_the_old_machine_is_revoked_as_replaced(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Its certificate is refused from the next request on."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        before = len(x509.load_pem_x509_crl(service.server.crl()))
        rotate(service, KeyRole.MACHINE)

        assert len(x509.load_pem_x509_crl(service.server.crl())) == before + 1


def test_a_gateway_without_the_server_is_told_whom_to_ask(service: Service) -> None:
    """TLS certificates are issued in the server's home; a foreign role is refused by name."""
    with pytest.raises(RotationNeedsServer):
        rotate_gateway(service.payer, None, KeyRole.WEB)
    with pytest.raises(KeyRoleUnknown):
        rotate_gateway(service.payer, None, KeyRole.CA)
    with pytest.raises(KeyRoleUnknown):
        rotate_server(service.server, KeyRole.OPENING)


def test_the_log_key_is_changed_as_ever(service: Service) -> None:
    """The same command reaches the log's key, which has a commitment of its own."""
    assert rotate_server(service.server, KeyRole.LOG).generation == 2


def test_roles_are_complete() -> None:
    """Every kind of key can be changed at the server or at a gateway, and at one of them only."""
    assert set(SERVER_ROLES) | set(GATEWAY_ROLES) == set(KeyRole)
    assert not set(SERVER_ROLES) & set(GATEWAY_ROLES)


@pytest.mark.parametrize(("role", "step"), KILLED)
def test_a_kill_after_any_step_is_finished_by_running_it_again(
    template: tuple[Path, Cast], tmp_path: Path, role: KeyRole, step: str
) -> None:
    """The home opens and works right after the kill; the second run does the remaining steps only, to the same generation."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    words = [sys.executable, __file__, str(home), role.value, step]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    said = json.dumps(asdict(cast))
    killed = subprocess.run(words, input=said, text=True, capture_output=True, env=environment, check=False)
    with at(home, cast) as service:
        sent = service.send(service.draft(checkup_file(people=1)))
        again = rotate(service, role)
        accept(service)
    with at(home, cast) as service:
        if role is not KeyRole.MACHINE:
            service.open(sent.transfer)
        steps = STEPS[role]

        assert killed.returncode == -signal.SIGKILL, killed.stderr
        # A certificate that waited for its key was put in place when the home was opened.
        placed = role in (KeyRole.MACHINE, KeyRole.WEB) and step == "switched"
        remaining = () if placed else steps[steps.index(step) + 1 :]
        assert (again.generation, again.did) == (2, remaining)
        works(service, session=role is not KeyRole.MACHINE)


def test_the_ledger_names_both_keys_of_a_change(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Enrolled by the old key, revoked as superseded: both records stay."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with at(home, cast) as service:
        rotate(service, KeyRole.GATEWAY)
        keys = gateway_ledger_keys(service.payer, KeyRole.GATEWAY)
        with service.server.engine.view() as state:
            old, new = key_record(state, keys.key(1)), key_record(state, keys.key(2))

        assert old is not None
        assert new is not None
        assert (old.revoked_ms, new.valid_from_ms) == (None, START - BACKDATE_MS)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def main(home: Path, cast: Cast, role: KeyRole, step: str) -> None:
    """Change a key and die right after ``step``."""

    def deadly(steps: list[Step]) -> tuple[str, ...]:
        for one in steps:
            if not one.done():
                one.do()
            if one.name == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return ()

    for module in (rotation, gateway_keys, ledger_keys, server_keys):
        setattr(module, "advance", deadly)  # noqa: B010 - the fault
    rotate(Service(home, cast), role)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Cast(**json.loads(sys.stdin.read())), KeyRole(sys.argv[2]), sys.argv[3])
