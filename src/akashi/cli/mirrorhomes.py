"""What the commands about mirrors share: opening a mirror's home, reaching a server's desk for mirrors, and what comes after a recovery."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.mirrors.adopting import EPOCH_SUFFIX
from akashi.app.mirrors.asking import Desk, mirror_desk
from akashi.app.passphrase import find_passphrase
from akashi.app.wiring import KINDS
from akashi.cli.homes import HomeInUse
from akashi.cli.shell import Shell
from akashi.ledger.errors import LedgerLocked
from akashi.ledger.wire.note import origin_parts
from akashi.network.mirror.model import Recovered
from akashi.network.mirror.service import Mirror
from akashi.vault.errors import VaultLocked

_NEXT = (  # always or only in a new epoch, what for, the command: docs/mirror.md section 4
    (True, "確かめて始めます", "audit it and serve it", "akashi ledger audit --home {home} && akashi serve --home {home}"),
    (False, "各機関で（停止中に、確認番号を電話で照合）", "each institution (not served meanwhile, fingerprint compared by telephone)",
     "akashi mirror adopt {epoch} --home GATEWAY"),
    (False, "複数のサーバーに戻すとき（serve を止めて）", "to be several servers again (with serve stopped)",
     "akashi network init --home {home} --servers 4 && akashi network start --home {home}"),
    (True, "新しい分散鍵（前のものは使えません）", "new shares (the old ones are used up)", "akashi keys shares --home {home} …"),
)  # fmt: skip


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


def next_steps(made: Recovered, home: Path, shell: Shell) -> list[str]:
    """The commands that follow a recovery into ``home``, for a person."""
    epoch = server_paths(home).public / f"epoch-{origin_parts(made.origin)[1]}{EPOCH_SUFFIX}"
    named = {"home": shlex.quote(str(home)), "epoch": shlex.quote(str(epoch))}
    told = [(shell.choose(ja, en), text) for always, ja, en, text in _NEXT if always or made.previous is not None]
    word = shell.choose("次の手順", "next")
    return [f"{word} {number}. {what}: {text.format(**named)}" for number, (what, text) in enumerate(told, 1)]
