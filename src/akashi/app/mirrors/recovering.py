"""A whole service from a mirror and a copy of its key store: the same log where that is safe, else a new epoch.

Guarantees: everything that is written followed from the mirror's verified ledger; the new home opens, or the recovery has failed; payloads that
were ordered to be erased are not in it. The same log goes on only if the log's key is in the key store, the operator says that nothing newer
is known, and none of the checkpoints that were handed in contradicts that. Refuses a home that is there. Needs: the mirror's home
with its passphrase, a copy of the folder ``server/keys`` (it opens with its passphrase or with the officers' shares). Institutions' gateways
are their own: they are not in a mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import ServerPaths, gateway_paths, gateways_in, server_paths
from akashi.app.errors import HomeExists
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.app.mirrors.epochs import begin_epoch
from akashi.app.mirrors.mirroring import PUBLIC
from akashi.app.server.founding import COSIGNER_KEY, SERVER_KEY
from akashi.app.server.home import Server
from akashi.app.server.logkeys import log_key_names, log_public
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.errors import AkashiError
from akashi.keys.errors import KeyMissing, KeystoreMissing
from akashi.keys.keystore import FileKeystore
from akashi.ledger.keyring.members import handed_over
from akashi.ledger.registry import log_identity
from akashi.ledger.wire.note import NoteSigner
from akashi.network.mirror.copy import verify_trusted_note
from akashi.network.mirror.errors import MirrorDamaged, MirrorKeysMissing, RecoveryRefused
from akashi.network.mirror.generation import RECOVERY_KEY, open_generation
from akashi.network.mirror.model import Recovered, SealedWraps, ServiceFile
from akashi.network.mirror.recovery import ledger_id_of, rebuild_ledger, refill_vault
from akashi.network.mirror.rules import OriginDecision, decide_origin
from akashi.network.mirror.service import Mirror
from akashi.vault.service import Vault

Unlock = Callable[[Path], FileKeystore]
"""Opens the copied key store in its new folder: with its passphrase, or with shares under a new one."""
_NAMES = frozenset({"server.toml", "directory.db", *(f"public/{name}" for name in PUBLIC)})


@dataclass(frozen=True, slots=True)
class Wish:
    """How the operator wants to go on."""

    same_log: bool
    """The operator says that nothing newer than the mirror's newest checkpoint is known anywhere."""
    seen: tuple[bytes, ...] = ()
    """Checkpoints that others have kept: gateways, witnesses, receipts."""


def recover(
    mirror: Mirror, home: Path, key_copy: Path, unlock: Unlock, passphrase: bytes, wish: Wish, clock: Clock
) -> Recovered:
    """Make a server's home from a mirror. Raises ``HomeExists``, :class:`MirrorDamaged`, :class:`MirrorKeysMissing`, :class:`RecoveryRefused`."""
    paths = server_paths(home)
    if paths.settings.exists() or (paths.ledger / "ledger.db").exists():
        raise HomeExists(name=home.name)
    mirror.verify()
    keystore = _restored(key_copy, paths, unlock)
    wraps, files = _opened(mirror, keystore)
    _judge(mirror, home, keystore, wish)
    _write(paths, files)
    if wish.same_log:
        size = rebuild_ledger(mirror.copy, paths.ledger, KINDS, *_signers(paths, keystore, mirror.origin))
        previous = None
    else:
        previous = mirror.copy.note
        size = begin_epoch(mirror, paths, keystore, clock)
    staged, missing = _refill(mirror, paths, keystore, wraps, clock)
    write_file(
        paths.settings, next(file.data for file in files if file.name == paths.settings.name)
    )  # last: now it is a home
    server = Server.open(home, passphrase, clock)
    try:
        return Recovered(server.engine.origin, max(size, server.engine.size), staged, missing, previous)
    finally:
        server.close()


def _restored(key_copy: Path, paths: ServerPaths, unlock: Unlock) -> FileKeystore:
    """The copied key store in its new place, opened."""
    if not key_copy.is_dir():
        raise KeystoreMissing
    make_directory(paths.keys)
    for file in sorted(key_copy.iterdir()):
        if file.is_file() and not (paths.keys / file.name).exists():
            write_file(paths.keys / file.name, file.read_bytes())
    return unlock(paths.keys)


def _opened(mirror: Mirror, keystore: FileKeystore) -> tuple[list[SealedWraps], list[ServiceFile]]:
    """The newest generation. Without one there is nothing to begin from."""
    found = mirror.generation()
    if found is None:
        raise MirrorDamaged("generation.missing")
    header, generation = found
    try:
        recovery = next(one for one in keystore.openers(RECOVERY_KEY) if one.key_id == generation.recovery)
    except (KeyMissing, StopIteration) as error:
        raise MirrorKeysMissing(name=RECOVERY_KEY) from error
    return open_generation(header, generation, mirror.transport_opener(generation.transport), recovery)


def _judge(mirror: Mirror, home: Path, keystore: FileKeystore, wish: Wish) -> None:
    """Whether the same log may go on, if that is wished. Raises :class:`RecoveryRefused`."""
    if not wish.same_log:
        return
    if handed_over(mirror.copy.state) is not None:  # its checkpoints are a quorum's, and one server is none
        raise RecoveryRefused(reason="network")
    identity = log_identity(mirror.copy.state)
    held = {log_public(keystore, name) for name in log_key_names(keystore)}
    notes = [*wish.seen, *_remembered(home)]
    decision = decide_origin(
        has_log_key=identity is not None and identity.log_key in held,
        size=mirror.copy.size,
        seen=_compared(mirror, notes),
    )
    if decision is not OriginDecision.CONTINUE:
        raise RecoveryRefused(reason=decision.value)


def _remembered(home: Path) -> Iterable[bytes]:
    notes = (SeenCheckpoint.peek(gateway_paths(home, one).database) for one in gateways_in(home))
    return [note for note in notes if note is not None]


def _compared(mirror: Mirror, notes: Sequence[bytes]) -> list[tuple[int, bool]]:
    """Of each signed checkpoint of this log: its size, and whether the mirror's tree had this root then. Others say nothing."""
    found = []
    for note in notes:
        with suppress(AkashiError):
            size, root = verify_trusted_note(note, mirror.origin, mirror.copy.state, mirror.trust)
            known = 0 < size <= mirror.copy.size
            found.append((size, not known or mirror.copy.tables.frontier(size).root() == root))
    return found


def _write(paths: ServerPaths, files: Sequence[ServiceFile]) -> None:
    """Settings last: without them there is no home yet. Raises :class:`MirrorDamaged` for a name that has no business there."""
    if not {file.name for file in files} <= _NAMES or paths.settings.name not in {file.name for file in files}:
        raise MirrorDamaged("generation.file")
    make_directory(paths.public)
    for file in files:
        if file.name != paths.settings.name:
            public = file.name.startswith("public/")
            write_file(paths.root / file.name, file.data, 0o644 if public else 0o600)


def _signers(paths: ServerPaths, keystore: FileKeystore, origin: str) -> tuple[dict[bytes, NoteSigner], NoteSigner]:
    cosigner = keystore.note_signer(COSIGNER_KEY, (paths.public / "cosigner").read_text().strip())
    return {
        log_public(keystore, name): keystore.note_signer(name, origin) for name in log_key_names(keystore)
    }, cosigner


def _refill(
    mirror: Mirror, paths: ServerPaths, keystore: FileKeystore, wraps: list[SealedWraps], clock: Clock
) -> tuple[int, int]:
    with Vault(paths.vault, keystore.signer(SERVER_KEY), ledger_id_of(mirror.copy), clock) as vault:
        return refill_vault(mirror, vault, wraps)
