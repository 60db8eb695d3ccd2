"""A service, a mirror that no network reaches, and the medium that is carried between them."""

from __future__ import annotations

from pathlib import Path

from akashi.app.gateway.home import acting
from akashi.app.mirrors import mirroring
from akashi.app.mirrors.mirroring import Exported
from akashi.app.wiring import KINDS
from akashi.exchange.model import WithdrawReason
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.mirror.service import Mirror
from akashi.vault.events import payload_record
from tests.app.service import CLINIC, Service, checkup_file

MIRROR_PASSPHRASE = b"invented passphrase of a test mirror"


class Carried:
    """Both sides, and what is done with them."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.service = service
        self.away, self.medium = folder / "away", folder / "medium"
        self.medium.mkdir()
        self.mirror = Mirror.create(
            self.away,
            service.server.trust_text().encode(),
            MIRROR_PASSPHRASE,
            KINDS,
            service.clock,
            cost=FAST_UNSAFE_COST,
        )
        mirroring.enrol(service.server, self.mirror.enrolment())

    def close(self) -> None:
        """Release both."""
        self.mirror.close()
        self.service.close()

    def reopened(self) -> Mirror:
        """The mirror, closed and opened again."""
        self.mirror.close()
        self.mirror = Mirror.open(self.away, MIRROR_PASSPHRASE, KINDS, self.service.clock)
        return self.mirror

    def export(self, *, again: bool = False) -> Exported:
        """The next bundle, on the medium."""
        return mirroring.export(self.service.server, "", self.medium, again=again)

    def carry(self) -> Exported:
        """Export, import, and take the receipt in."""
        made = self.export()
        self.mirror.take(made.path)
        self.answer()
        return made

    def answer(self) -> int:
        """Carry the receipt back; how many erasures were new."""
        return mirroring.accept(self.service.server, self.mirror.receipts())[1]

    def send(self, seed: int = 1) -> str:
        """A transfer from the clinic to the payer."""
        return self.service.send(self.service.draft(checkup_file(people=2, seed=seed))).transfer

    def payload(self, transfer: str) -> bytes:
        """The payload of a transfer."""
        return self.service.clinic.exchange.show(transfer).transfer.payload

    def erase(self, transfer: str) -> None:
        """Withdraw it, and let housekeeping carry the erasure out here."""
        session = self.service.session(CLINIC)
        self.service.clinic.exchange.withdraw(transfer, WithdrawReason.WRONG_CONTENT, acting(session))
        assert self.service.server.housekeeping.run_once().erased == 1

    def pending(self) -> list[bytes]:
        """The payloads whose erasure some mirror has not answered for."""
        return [one.payload for one in mirroring.open_erasures(self.service.server)]

    def order_of(self, payload: bytes) -> bytes | None:
        """The order to erase a payload, as the ledger has it."""
        with self.service.server.engine.view() as state:
            record = payload_record(state, payload)
        return None if record is None else record.order_id
