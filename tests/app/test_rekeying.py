"""Changing the log's key in a service that has members: what was signed stays good, gateways follow by proof only.

Attack: a server that shows another key without the secretariat's chain of changes; a crash at every step of the change. Run as a
program, ``test_rekeying.py HOME STEP`` is the process that changes the key and is killed.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from akashi.app.config import ServerSettings, gateway_paths, server_paths
from akashi.app.errors import RemoteDistrusted
from akashi.app.gateway.following import PinnedTrust
from akashi.app.gateway.home import GATEWAY_KEY, Gateway
from akashi.app.gateway.remote import RemoteLedger
from akashi.app.server import rekeying
from akashi.app.server.founding import trust_digest
from akashi.app.server.home import Server
from akashi.app.server.logkeys import current_log_key, log_key_names, log_public, publish_log_key
from akashi.app.server.rekeying import SuccessorMissing, rekey
from akashi.app.wiring import KINDS
from akashi.cli.__main__ import main as akashi
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.identity.events import AccessAnchored
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerDamaged, LedgerStopped, ProofError
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.evidence import export_all, export_log_keys, export_subject
from akashi.ledger.proof.trust import MAX_ENTRIES, add_logs, parse_trust
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.note import NoteKey, NoteKind, parse_checkpoint, verify_log
from akashi_verifier.steps import verify as second_verify
from tests.api.served import checkup_file as served_file
from tests.api.served import deliver, served
from tests.app.line import AppChannel
from tests.app.service import CLINIC, PASSPHRASE, START, Cast, Service, checkup_file, copied
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = "/api/v1/log/evidence"


class Answering(AppChannel):
    """A line whose server says ``said`` when asked for the evidence of the log's keys."""

    said: bytes | None = None

    def call(self, method: str, path: str, *, content: object = None) -> httpx.Response:
        """As the server answers, but for the evidence."""
        if path == EVIDENCE and self.said is not None:
            return httpx.Response(200, content=self.said)
        return super().call(method, path, content=content)  # type: ignore[arg-type]  # handed on as it came


def line_of(gateway: Gateway, server: Server) -> tuple[Answering, RemoteLedger]:
    """The ledger as ``gateway`` sees it over HTTPS, with its pinned trust file."""
    channel = Answering(server, gateway.paths.certificate.read_bytes())
    pinned = PinnedTrust(gateway.paths.trust)
    return channel, RemoteLedger(channel, pinned.read(), gateway.seen.read, gateway.seen.keep, pinned)


def anchored(service: Service, ledger: RemoteLedger, number: int) -> Acknowledged:
    """One operation of the clinic over its line."""
    gateway = service.clinic
    body = AccessAnchored(bytes([number]) * 32, number, START - 2_000 + number, START - 1_000 + number)
    return Author(ledger, gateway.keystore.signer(GATEWAY_KEY), gateway.institution, service.clock).submit(body)


def signs(server: Server, name: str) -> bool:
    """Whether the newest checkpoint is signed by this key of the key store."""
    key = NoteKey(server.engine.origin, NoteKind.ED25519, log_public(server.keystore, name))
    try:
        verify_log(parse_checkpoint(server.engine.checkpoint()), [key])
    except ProofError:
        return False
    return True


def both(data: bytes, trust: bytes) -> tuple[str, str]:
    """What the two verifiers say."""
    first, second = verify_file(data, trust, KINDS), second_verify(data, trust)
    return first.failure or str(first.status), second["failure"] or second["status"]


def logs_of(text: bytes) -> int:
    """How many log keys a trust file believes."""
    return len(parse_trust(text).logs)


def test_the_successor_signs_and_the_trust_file_names_both(service: Service) -> None:
    """From the operation's block on the committed key signs; older lines of the trust file stay as they were."""
    old = service.server.trust_text()
    done = rekey(service.server)

    assert service.server.engine.entry(done.operation_id) is not None
    assert signs(service.server, "log-2")
    assert not signs(service.server, "log-1")
    assert service.server.trust_text().startswith(old)
    assert logs_of(service.server.trust_text().encode()) == 2
    assert log_key_names(service.server.keystore) == ["log-1", "log-2", "log-3"]


def test_the_service_opens_with_the_new_key_and_goes_on(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """After a restart the state says which key signs; the service works as before."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with Service(home, cast) as service:
        rekey(service.server)
    with Service(home, cast) as service:
        sent = service.send(service.draft(checkup_file(people=2)))
        service.open(sent.transfer)
        service.confirm(sent.transfer)

        assert signs(service.server, "log-2")
        assert service.trail(sent.transfer)[-1] == "transfer.confirmed"


def test_a_key_is_changed_more_than_once(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Each change reveals what the one before committed to, with a restart between."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with Service(home, cast) as service:
        rekey(service.server)
        rekey(service.server)
    with Service(home, cast) as service:
        rekey(service.server)

        assert signs(service.server, "log-4")
        assert logs_of(service.server.trust_text().encode()) == 4
        assert both(export_all(service.server.engine), service.server.trust_text().encode()) == ("verified", "verified")


def test_old_receipts_verify_under_the_old_and_the_new_trust_file(service: Service) -> None:
    """A receipt taken before the change is as good as it was, for both verifiers."""
    old = service.server.trust_text().encode()
    sent = service.send(service.draft(checkup_file(people=2)))
    operation = service.server.engine.entries(sent.transfer)[0].operation_id
    receipt = service.server.engine.receipt(operation)
    rekey(service.server)

    assert both(receipt, old) == ("verified", "verified")
    assert both(receipt, service.server.trust_text().encode()) == ("verified", "verified")


def test_new_receipts_need_the_new_trust_file(service: Service) -> None:
    """A receipt carries no genesis: under the old file nobody knows the new key, under the new one it verifies."""
    old = service.server.trust_text().encode()
    receipt = service.server.engine.receipt(rekey(service.server).operation_id)

    assert both(receipt, old) == ("note.unsigned", "note.unsigned")
    assert both(receipt, service.server.trust_text().encode()) == ("verified", "verified")


def test_bundles_after_the_change_verify_with_the_old_trust_file(service: Service) -> None:
    """A bundle carries the chain from the pinned genesis to the key that signed it."""
    old = service.server.trust_text().encode()
    sent = service.send(service.draft(checkup_file(people=2)))
    rekey(service.server)
    engine = service.server.engine
    for data in (export_subject(engine, sent.transfer), export_all(engine), export_log_keys(engine)):
        assert both(data, old) == ("verified", "verified")


def test_the_evidence_of_the_log_keys_names_no_member(service: Service) -> None:
    """It goes to every member and holds the ledger's own leaves only, all of them the secretariat's."""
    rekey(service.server)
    verdict = verify_file(export_log_keys(service.server.engine), service.server.trust_text().encode(), KINDS)

    assert {row.kind for row in verdict.operations} == {"ledger.genesis", "log.rekeyed"}
    assert {row.institution for row in verdict.operations} == {service.server.secretariat_handle}


def test_without_the_committed_key_nothing_changes(service: Service) -> None:
    """A key store that lost the successor refuses before anything is written."""
    service.server.keystore.destroy("log-2")
    size, text = service.server.engine.size, service.server.trust_text()
    with pytest.raises(SuccessorMissing):
        rekey(service.server)

    assert (service.server.engine.size, service.server.trust_text()) == (size, text)


# Gateways follow.


def test_a_gateway_follows_over_its_line_without_noticing(service: Service) -> None:
    """Its next operation is acknowledged; the pinned file has one line more and is otherwise as it was."""
    _, ledger = line_of(service.clinic, service.server)
    before = service.clinic.paths.trust.read_bytes()
    rekey(service.server)
    done = anchored(service, ledger, 1)
    after = service.clinic.paths.trust.read_bytes()

    assert service.server.engine.entry(done.operation_id) is not None
    assert after.startswith(before)
    assert after == service.server.trust_text().encode()


def test_a_gateway_that_was_away_follows_two_changes(service: Service) -> None:
    """It gets both keys: receipts of the time between verify here too."""
    _, ledger = line_of(service.clinic, service.server)
    between = service.server.engine.receipt(rekey(service.server).operation_id)
    rekey(service.server)
    ledger.checkpoint()

    assert logs_of(service.clinic.paths.trust.read_bytes()) == 3
    assert both(between, service.clinic.paths.trust.read_bytes()) == ("verified", "verified")


def test_a_gateway_beside_the_server_follows_when_it_opens(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Within one process the same file is kept up to date, by the same proof."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with Service(home, cast) as service:
        rekey(service.server)
    with Service(home, cast) as service:
        receipt = service.server.engine.receipt(service.server.engine.registry()[-1].operation_id)
        service.clinic.verify_receipt(receipt)

        assert logs_of(service.clinic.paths.trust.read_bytes()) == 2


def test_an_open_gateway_follows_when_it_checks_a_receipt(service: Service) -> None:
    """The key changes while the gateway is open: the first receipt under the new key makes it follow."""
    service.clinic.verify_receipt(service.server.engine.receipt(rekey(service.server).operation_id))

    assert logs_of(service.clinic.paths.trust.read_bytes()) == 2


@pytest.mark.network
def test_served_gateways_follow_over_https(tmp_path: Path) -> None:
    """The key changes while everything is served: sending and confirming go on, every gateway believes both keys."""
    with served(tmp_path) as world:
        rekey(world.server)
        name = deliver(world, served_file(world))
        client = world.signed_in(world.payer)
        opened = client.post(f"/api/v1/transfers/{name}/open", json={"purpose": "checkup_result"})
        pinned = [gateway_paths(world.home, one.institution).trust for one in (world.clinic, world.payer)]

        assert opened.is_success, opened.text
        assert [logs_of(path.read_bytes()) for path in pinned] == [2, 2]


# Gateways do not follow what is not proven.


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Evidence of another service: it verifies, from another genesis."""
    home = tmp_path_factory.mktemp("stranger") / "home"
    server = Server.create(home, ServerSettings(), "別の事務局", PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST)
    try:
        rekey(server)
        return export_log_keys(server.engine)
    finally:
        server.close()


def _flipped(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


@pytest.mark.parametrize("forgery", ["of another service", "one bit flipped", "cut", "nothing", "from before"])
def test_evidence_that_proves_nothing_changes_nothing(service: Service, stranger: bytes, forgery: str) -> None:
    """Another genesis, damage, or a bundle that shows no change: the file stays, the answer does not count."""
    channel, ledger = line_of(service.clinic, service.server)
    before, stale = service.clinic.paths.trust.read_bytes(), export_log_keys(service.server.engine)
    rekey(service.server)
    real = export_log_keys(service.server.engine)
    channel.said = {
        "of another service": stranger,
        "one bit flipped": _flipped(real),
        "cut": real[:-1],
        "nothing": b"",
        "from before": stale,
    }[forgery]
    with pytest.raises(RemoteDistrusted):
        anchored(service, ledger, 1)

    assert service.clinic.paths.trust.read_bytes() == before


def test_a_fork_with_the_secretariats_own_keys_is_not_followed(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Same genesis, same committed key, another history than the one seen here: the chain of keys alone is not enough."""
    home, other, cast = copied(template[0], tmp_path / "home"), copied(template[0], tmp_path / "other"), template[1]
    with Service(home, cast) as service, Service(other, cast) as forked:
        channel, ledger = line_of(service.clinic, service.server)
        anchored(service, ledger, 1)
        before = service.clinic.paths.trust.read_bytes()
        rekey(forked.server)
        channel.connect(forked.server)
        with pytest.raises(RemoteDistrusted) as caught:
            ledger.checkpoint()

        assert str(caught.value.params["failure"]).startswith("proof.")
        assert service.clinic.paths.trust.read_bytes() == before


def test_without_a_pinned_genesis_no_key_follows(service: Service) -> None:
    """Whoever pins log keys only decides on each of them: nothing is added."""
    path = service.clinic.paths.trust
    path.write_bytes(
        b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"#!genesis"))
    )
    before = path.read_bytes()
    _, ledger = line_of(service.clinic, service.server)
    rekey(service.server)
    with pytest.raises(RemoteDistrusted):
        ledger.checkpoint()

    assert path.read_bytes() == before


def test_a_gateway_with_another_genesis_does_not_open_beside_a_changed_log(
    template: tuple[Path, Cast], tmp_path: Path
) -> None:
    """In one process, too, the evidence must lead to the pinned genesis."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    path = gateway_paths(home, cast.handles[CLINIC]).trust
    path.write_bytes(re.sub(rb"#!genesis [0-9a-f]{64}", b"#!genesis " + b"0" * 64, path.read_bytes()))
    before, clock = path.read_bytes(), FixedClock(START)
    server = Server.open(home, PASSPHRASE, clock)
    try:
        rekey(server)
        with pytest.raises(RemoteDistrusted) as caught:
            Gateway.open(home, cast.handles[CLINIC], PASSPHRASE, clock, server)
    finally:
        server.close()

    assert caught.value.params["failure"] == "trust.genesis"
    assert path.read_bytes() == before


def test_a_full_trust_file_keeps_the_newest_keys(service: Service) -> None:
    """A file may hold 32 log keys: the oldest gives way, the pinned genesis stays."""
    keys = [NoteKey(service.server.engine.origin, NoteKind.ED25519, bytes([number]) * 32) for number in range(40)]
    full = parse_trust(add_logs(service.server.trust_text().encode(), keys))

    assert [key.public for key in full.logs] == [key.public for key in keys[-MAX_ENTRIES:]]
    assert full.genesis == parse_trust(service.server.trust_text().encode()).genesis


# Interruptions.


def arm(server: Server, step: str, fault: Callable[..., None]) -> None:
    """Have ``fault`` happen at a step of the change."""

    def at(told: str) -> None:
        if told == step:
            fault()

    server.engine._chain._trace = at
    if step == "successor made":
        setattr(server.engine, "rekey", fault)  # noqa: B010 - the fault
    if step == "acknowledged":
        real = publish_log_key
        seen: list[int] = []

        def publish(*parts: Any) -> None:
            seen.append(1)
            (real if len(seen) == 1 else fault)(*parts)

        setattr(rekeying, "publish_log_key", publish)  # noqa: B010 - the fault, in a process that ends of it


STEPS = [
    ("successor made", False),
    ("begin", False),
    ("written", False),
    ("committed", True),
    ("published", True),
    ("acknowledged", True),
]


@pytest.mark.parametrize(("step", "changed"), STEPS)
def test_a_kill_leaves_the_old_key_or_the_new_one(
    template: tuple[Path, Cast], tmp_path: Path, step: str, changed: bool
) -> None:
    """Killed at a step, the home opens with the key that the ledger says, its trust file names it, and it changes again."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    done = subprocess.run(
        [sys.executable, __file__, str(home), step],
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("src", "verifier", "."))},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with Service(home, cast) as service:
        opened = (signs(service.server, "log-2"), logs_of(service.server.trust_text().encode()))
        rekey(service.server)
        service.clinic.verify_receipt(service.server.engine.receipt(service.server.engine.registry()[-1].operation_id))

        assert opened == (changed, 1 + changed)
        assert signs(service.server, "log-3" if changed else "log-2")
        assert logs_of(service.server.trust_text().encode()) == 2 + changed


def test_a_fault_after_the_commit_is_mended_by_the_next_change(service: Service) -> None:
    """The answer was lost, not the change: the running engine signs with the new key, the next attempt writes both lines."""

    def fail() -> None:
        raise OSError

    arm(service.server, "committed", fail)
    with pytest.raises(LedgerStopped):
        rekey(service.server)
    arm(service.server, "-", fail)
    before = logs_of(service.server.trust_text().encode())
    rekey(service.server)

    assert before == 1
    assert signs(service.server, "log-3")
    assert logs_of(service.server.trust_text().encode()) == 3


def test_the_hint_for_opening_is_only_a_hint(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Where the file cannot be read before opening, the first key is tried and the engine says what is wrong."""
    home = copied(template[0], tmp_path / "home")
    paths = server_paths(home)
    keystore = FileKeystore.open(paths.keys, PASSPHRASE)
    readable = current_log_key(paths, keystore)
    (paths.ledger / "ledger.db").write_bytes(b"no database")

    assert (readable, current_log_key(paths, keystore)) == ("log-1", "log-1")
    with pytest.raises(LedgerDamaged):
        Server.open(home, PASSPHRASE, FixedClock(START))


# The command.


def run(home: Path, *words: str) -> tuple[int, str]:
    """``akashi ledger rekey`` in a home; its exit status and what it printed."""
    out = io.StringIO()
    shell = Shell(out, out, "en", as_json=True, clock=FixedClock(START))
    return akashi(["ledger", "rekey", "--home", str(home), "--json", *words], shell), out.getvalue()


def test_the_command_changes_the_key(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Asked for with --yes it changes the key and prints the digest of the trust file to compare."""
    home = copied(template[0], tmp_path / "home")
    (home / "passphrase").write_bytes(PASSPHRASE)
    status, printed = run(home, "--yes")
    text = (server_paths(home).public / "trust.txt").read_text()

    assert status == 0
    assert json.loads(printed)["trust"] == trust_digest(text)
    assert logs_of(text.encode()) == 2


def test_the_command_asks_first(template: tuple[Path, Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can answer, nothing is done."""
    home = copied(template[0], tmp_path / "home")
    (home / "passphrase").write_bytes(PASSPHRASE)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    status, printed = run(home)

    assert (status, json.loads(printed)["code"]) == (2, "cli.confirmation")
    assert logs_of((server_paths(home).public / "trust.txt").read_bytes()) == 1


def die(*_: object) -> None:
    """Nothing of ours runs after this."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, step: str) -> None:
    """Change the key, and die on the way."""
    server = Server.open(home, PASSPHRASE, FixedClock(START))
    arm(server, step, die)
    rekey(server)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
