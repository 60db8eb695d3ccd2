"""Three bundles of one service, made once, and the mirror's home as it was before each: what the attack tests start from.

Bundle 1 brings two transfers, bundle 2 the order to erase the second, bundle 3 a third transfer. Each test copies the home it needs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.ledger.wire.envelope import Signer
from akashi.network.mirror.framing import Item, opened_bundle, written
from akashi.network.mirror.model import BundleHeader
from akashi.network.mirror.service import Mirror
from tests.app.service import START, Cast, Service, copied
from tests.network.mirror.carrying import MIRROR_PASSPHRASE, Carried

Change = Callable[[list[Item]], list[Item]]


@dataclass(frozen=True)
class Story:
    """What was made, and what to look for in raw files."""

    folder: Path
    bundles: list[Path]
    receipts: list[bytes]
    kept: bytes
    erased: bytes
    signer: Signer
    stranger: Signer
    fork: Path
    wraps: list[bytes] = field(repr=False)
    body: list[bytes] = field(repr=False)

    def away(self, imported: int, to: Path) -> Path:
        """A copy of the mirror's home after that many imports."""
        return copied(self.folder / f"away-{imported}", to)

    def forged(self, of: int, to: Path, change: Change, *, signer: Signer | None = None, **header: int | str) -> Path:
        """A bundle with other items, signed by the server (or somebody else)."""
        with opened_bundle(self.bundles[of - 1]) as reader:
            items = list(reader.items())
            head: BundleHeader = replace(reader.header, **header)  # type: ignore[arg-type]  # the tests name real fields
        to.write_bytes(b"".join(written(head, change(items), signer or self.signer)))
        return to


def tell(template: tuple[Path, Cast], folder: Path) -> Story:
    """Make the story in ``folder``."""
    source, cast = template
    service = Service(copied(source, folder / "home"), cast, FixedClock(START))
    carried = Carried(folder, service)
    bundles: list[Path] = []
    receipts: list[bytes] = []

    def step() -> None:
        made = carried.export()
        shutil.copytree(carried.away, folder / f"away-{len(bundles)}")
        bundles.append(made.path)
        carried.mirror.take(made.path)
        receipts.append(carried.mirror.receipts())
        carried.answer()

    kept, erased = carried.payload(carried.send(1)), carried.send(2)
    gone = carried.payload(erased)
    wraps = service.server.vault.wraps(gone)
    body = [piece for piece in service.server.vault.body(gone) if len(piece) > 64]
    step()
    service.close()
    forked = Service(copied(folder / "home", folder / "other-home"), cast, FixedClock(START))
    carried.service, straight = forked, carried.medium
    carried.medium = folder / "other-medium"
    carried.medium.mkdir()
    carried.send(7)
    fork = carried.export().path
    forked.close()
    carried.service, carried.medium = Service(folder / "home", cast, FixedClock(START)), straight
    carried.erase(erased)
    step()
    carried.send(3)
    step()
    shutil.copytree(carried.away, folder / "away-3")
    server = carried.service.server
    signer, stranger = server.keystore.signer("server"), server.keystore.signer("secretariat")
    carried.close()
    return Story(folder, bundles, receipts, kept, gone, signer, stranger, fork, wraps, body)


def opened(home: Path) -> Mirror:
    """A mirror's home, opened."""
    return Mirror.open(home, MIRROR_PASSPHRASE, KINDS, FixedClock(START))


def same(items: list[Item]) -> list[Item]:
    """No change."""
    return items
