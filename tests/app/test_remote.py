"""What a gateway believes of a server that it reaches over HTTPS: nothing without a proof that extends what it saw.

Attack: the operator of the server forgets, forks, or answers with somebody else's receipts.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.app.server.home import Server
from akashi.clock import FixedClock
from akashi.identity.events import AccessAnchored
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.wire.note import parse_checkpoint
from tests.app.line import AppChannel, remote_ledger
from tests.app.service import PASSPHRASE, START, Cast, Service, checkup_file, copied


def _anchor(number: int) -> AccessAnchored:
    return AccessAnchored(bytes([number]) * 32, number, START - 2_000 + number, START - 1_000 + number)


def _author(service: Service, channel: AppChannel) -> Author:
    gateway = service.clinic
    return Author(
        remote_ledger(gateway, channel), gateway.keystore.signer("gateway"), gateway.institution, service.clock
    )


def test_an_acknowledgement_is_believed_with_its_receipt(service: Service) -> None:
    """Submitted over the line: durable at the server, and the gateway remembers the tree that the receipt proved."""
    channel = AppChannel(service.server, service.clinic.paths.certificate.read_bytes())
    done = _author(service, channel).submit(_anchor(1))
    seen = service.clinic.seen.read()

    assert service.server.engine.entry(done.operation_id) is not None
    assert seen is not None
    assert parse_checkpoint(seen).size == service.server.engine.size


def test_what_is_not_there_is_none_over_the_line(service: Service) -> None:
    """An unknown operation is ``None``, a refused one is ``Refused`` with its reason: as with the ledger itself."""
    channel = AppChannel(service.server, service.clinic.paths.certificate.read_bytes())
    author = _author(service, channel)

    assert author.ledger.entry(bytes(32)) is None
    author.submit(_anchor(2))
    with pytest.raises(Refused) as caught:
        author.submit(_anchor(1))
    assert caught.value.reason.startswith("access.")


def test_a_gateway_notices_a_server_that_was_rolled_back(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The server came back from an old copy on another machine, where no gateway's home warns it: the gateway refuses it."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    copied(home / "server", tmp_path / "elsewhere" / "server")
    with Service(home, cast) as service:
        channel = AppChannel(service.server, service.clinic.paths.certificate.read_bytes())
        author = _author(service, channel)
        author.submit(_anchor(1))
        rolled_back = Server.open(tmp_path / "elsewhere", PASSPHRASE, FixedClock(START + 5_000))
        try:
            channel.connect(rolled_back)
            with pytest.raises(RemoteDistrusted) as asked:
                author.ledger.checkpoint()
            with pytest.raises(RemoteDistrusted) as said:
                author.submit(_anchor(2))
        finally:
            rolled_back.close()

    assert asked.value.params["failure"] == "rolled_back"
    # It took the operation in its old history, which is as long as the newer one now and is not the same.
    assert said.value.params["failure"] == "proof.consistency"


def test_a_gateway_notices_a_fork(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The rolled back server grew another history, longer than the one seen: it cannot prove that it extends it."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    other = copied(source, tmp_path / "other")
    with Service(home, cast) as service, Service(other, cast) as forked:
        channel = AppChannel(service.server, service.clinic.paths.certificate.read_bytes())
        author = _author(service, channel)
        author.submit(_anchor(1))
        for seed in (1, 2, 3):
            forked.send(forked.draft(checkup_file(seed=seed)))
        channel.connect(forked.server)
        with pytest.raises(RemoteDistrusted):
            author.ledger.checkpoint()
        with pytest.raises(RemoteDistrusted):
            author.submit(_anchor(2))
        assert forked.server.engine.size > service.server.engine.size


def test_nobody_there_is_unavailable(service: Service) -> None:
    """A server that does not answer is ``ServerAway``, so that what was asked stays queued."""
    channel = AppChannel(service.server, service.clinic.paths.certificate.read_bytes())
    author = _author(service, channel)
    channel.down = True

    with pytest.raises(ServerAway):
        author.submit(_anchor(1))


def test_a_server_of_another_ledger_is_not_believed(service: Service, stranger: tuple[Path, Cast]) -> None:
    """A gateway that pinned another service's trust file does not even begin to speak with this server."""
    channel = AppChannel(service.server, service.clinic.paths.certificate.read_bytes())
    shutil.copy(stranger[0] / "server" / "public" / "trust.txt", service.clinic.paths.trust)

    with pytest.raises(RemoteDistrusted):
        remote_ledger(service.clinic, channel)


class _Elsewhere(AppChannel):
    """A server that names another ledger than the pinned one."""

    def json(self, path: str) -> Mapping[str, object]:
        found = dict(super().json(path))
        if path == "/api/v1/ledger":
            other = "00" * 16
            found |= {"ledger_id": other, "origin": f"akashi.example/akashi/{other}/1"}
        return found


def test_the_server_does_not_say_which_ledger_this_is(service: Service) -> None:
    """A server that names another ledger gets no statement signed for it: it could be replayed there."""
    channel = _Elsewhere(service.server, service.clinic.paths.certificate.read_bytes())

    with pytest.raises(RemoteDistrusted, match=r"note\.origin"):
        remote_ledger(service.clinic, channel)
