"""What the commands about mirrors share: opening a mirror's home, and reaching a server's desk for mirrors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akashi.app.mirrors.asking import Desk, mirror_desk
from akashi.app.passphrase import find_passphrase
from akashi.app.wiring import KINDS
from akashi.cli.homes import HomeInUse
from akashi.cli.shell import Shell
from akashi.ledger.errors import LedgerLocked
from akashi.network.mirror.service import Mirror
from akashi.vault.errors import VaultLocked


@contextmanager
def opened_mirror(home: Path, shell: Shell) -> Iterator[Mirror]:
    """The mirror in ``home``; what an interrupted import left is finished by opening it."""
    mirror = Mirror.open(home, find_passphrase(home), KINDS, shell.clock)
    try:
        yield mirror
    finally:
        mirror.close()


@contextmanager
def servers_desk(home: Path, shell: Shell) -> Iterator[Desk]:
    """The desk of a server's home, whether it is served now or not. Raises :class:`HomeInUse` where somebody holds it and does not answer."""
    try:
        with mirror_desk(home, lambda: find_passphrase(home), shell.clock) as desk:
            yield desk
    except (LedgerLocked, VaultLocked) as error:
        raise HomeInUse from error
