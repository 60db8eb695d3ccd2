"""A home restored from an old copy neither forks the log nor brings erased data back.

Attack: an operator (or a thief with a backup) puts old files in place of newer ones, all of them or some.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from akashi.app.server.home import Server
from akashi.clock import FixedClock
from akashi.exchange.model import Status
from akashi.ledger.errors import LedgerDamaged
from akashi.vault.errors import PayloadErased, PayloadMissing
from tests.app.remains import Secrets, canary_file, found, secrets_of
from tests.app.service import PASSPHRASE, START, Cast, Service, checkup_file, copied
from tests.app.test_erasure import _withdrawn


def _replace(folder: Path, by: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(by, folder)


def _reopen_refused(home: Path) -> str:
    with pytest.raises(LedgerDamaged) as caught:
        Server.open(home, PASSPHRASE, FixedClock(START + 10_000))
    return caught.value.failure


def test_an_old_server_is_refused_where_gateways_saw_more(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The whole server folder goes back to before a transfer; the gateways beside it remember, and it does not open."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    old = copied(home / "server", tmp_path / "old")
    with Service(home, cast) as service:
        service.send(service.draft(checkup_file()))

    _replace(home / "server", old)

    assert _reopen_refused(home) == "rolled_back"


def test_an_old_ledger_is_refused_by_the_server_itself(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Only the ledger goes back, and no gateway is beside the server: its own reminder is enough."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    old = copied(home / "server" / "ledger", tmp_path / "old")
    with Service(home, cast) as service:
        service.send(service.draft(checkup_file()))
    shutil.rmtree(home / "gateways")

    _replace(home / "server" / "ledger", old)

    assert _reopen_refused(home) == "rolled_back"


def test_a_fork_of_the_log_is_refused(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Two copies of one home went different ways; a server of one beside gateways of the other does not open."""
    source, cast = template
    homes = [copied(source, tmp_path / name) for name in ("a", "b")]
    for number, home in enumerate(homes):
        with Service(home, cast) as service:
            for seed in range(number + 1):
                service.send(service.draft(checkup_file(seed=10 * number + seed)))

    _replace(homes[1] / "gateways", homes[0] / "gateways")

    assert _reopen_refused(homes[1]) == "forked"


@pytest.fixture
def erased(template: tuple[Path, Cast], tmp_path: Path) -> tuple[Path, Cast, Secrets]:
    """A home whose vault was copied before an erasure and put back after it; the ledger and its receipt are newer."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    with Service(home, cast) as service:
        name = service.send(service.draft(canary_file())).transfer
        gone = secrets_of(service, name)
    old = copied(home / "server" / "vault", tmp_path / "old")
    with Service(home, cast) as service:
        _withdrawn(service, name)
        assert service.server.housekeeping.run_once().erased == 1
    assert found(home, [*gone.wrapped, *gone.sealed]) == []
    _replace(home / "server" / "vault", old)
    assert found(home, gone.wrapped) != []
    return home, cast, gone


def test_an_old_vault_does_not_bring_erased_data_back(erased: tuple[Path, Cast, Secrets]) -> None:
    """From the moment the server is open nothing of the erased payload is handed out, and it is in no file any more."""
    home, cast, gone = erased
    with Service(home, cast) as service:
        vault = service.server.vault
        at_open = [found(home, needles) for needles in (gone.wrapped, gone.sealed, gone.never)]
        with pytest.raises(PayloadErased):
            vault.body(gone.payload)
        with pytest.raises(PayloadErased):
            vault.wrap(gone.payload, bytes(32))

        assert vault.stored() == []
        assert vault.size(gone.payload) is None
    assert at_open == [[], [], []]


def test_an_order_without_a_receipt_counts_against_an_old_vault(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Erased, then killed before the receipt, then the old vault is put back: the order on the ledger is enough."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    with Service(home, cast) as service:
        name = service.send(service.draft(canary_file())).transfer
        gone = secrets_of(service, name)
    old = copied(home / "server" / "vault", tmp_path / "old")
    with Service(home, cast) as service, pytest.MonkeyPatch.context() as patch:
        _withdrawn(service, name)
        patch.setattr(service.server.housekeeping, "_report_erased", lambda item: False)
        service.server.housekeeping.run_once()
        assert service.trail(name)[-1] == "payload.erasure_ordered"
    _replace(home / "server" / "vault", old)

    with Service(home, cast) as service:
        with pytest.raises(PayloadErased):
            service.server.vault.body(gone.payload)
        report = service.server.housekeeping.run_once()
        trail = service.trail(name)

    assert report.erased == 1
    assert trail[-2:] == ["payload.erased", "transfer.erased"]
    assert found(home, [*gone.wrapped, *gone.sealed]) == []


def test_a_vault_from_before_a_transfer_says_what_is_missing(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """The sealed bytes were lost with the restore: opening says so, and the ledger gets no receipt that would be a lie."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    with Service(home, cast):
        old = copied(home / "server" / "vault", tmp_path / "old")
    with Service(home, cast) as service:
        name = service.send(service.draft(checkup_file())).transfer
    _replace(home / "server" / "vault", old)

    with Service(home, cast) as service:
        with pytest.raises(PayloadMissing):
            service.open(name)
        _withdraw_late(service, name)
        report = service.server.housekeeping.run_once()
        trail = service.trail(name)

    assert (report.erased, report.waiting) == (0, 1)
    assert "payload.erased" not in trail


def _withdraw_late(service: Service, name: str) -> None:
    """The receiver recorded an opening that failed; the transfer runs out instead."""
    assert service.clinic.exchange.show(name).transfer.status is Status.OPENED
    service.clock.advance(31 * 24 * 3600 * 1000)


def test_a_name_that_the_ledger_does_not_commit_to_is_not_shown(service: Service) -> None:
    """A directory entry that was altered, or whose registration never reached the ledger, is shown by nobody; the others are."""
    directory = service.server.directory
    directory.store(directory.prepare("inst-0000neverregistered", "架空の名前だけ", ""))
    shown = service.clinic.names()

    assert "inst-0000neverregistered" not in shown
    assert len(shown) == len(directory.entries()) - 1
