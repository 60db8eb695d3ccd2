"""A service with a schedule for its mirror: the two folders, and both ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from akashi.app.mirrors.daily import MirrorDesk, bundle_number
from akashi.app.mirrors.following import Follower
from akashi.network.mirror.service import SUFFIX
from tests.app.service import Service
from tests.network.mirror.carrying import MIRROR_PASSPHRASE, Carried

MINUTE_MS = 60_000


@dataclass
class Line:
    """``out`` is the server's outbox and the mirror's inbox; ``back`` the other way."""

    carried: Carried
    out: Path
    back: Path
    enrolment: bytes
    desk: MirrorDesk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = MirrorDesk(self.carried.service.server)

    def reopened(self) -> None:
        """The service, after it was closed."""
        before = self.carried.service
        before.close()
        self.carried.service = Service(before.home, before.cast, before.clock)
        self.desk = MirrorDesk(self.carried.service.server)

    def minute(self) -> None:
        """A minute passes, and the server does what its settings ask for."""
        self.carried.service.clock.advance(MINUTE_MS)
        self.desk.turn()

    def numbers(self) -> list[int]:
        """The bundles that wait in the outbox."""
        handle = self.carried.mirror.handle
        found = (bundle_number(path, handle) for path in sorted(self.out.glob(f"*{SUFFIX}")))
        return [number for number in found if number is not None]

    def follower(self, *, remove: bool = False) -> Follower:
        """The mirror's side, as after a start."""
        carried = self.carried
        return Follower(
            carried.away, self.out, self.back, lambda: MIRROR_PASSPHRASE, carried.service.clock, remove=remove
        )
