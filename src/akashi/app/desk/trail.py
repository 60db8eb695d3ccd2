"""A transfer's trail in words, the same for both sides.

Guarantees: one sentence for each step, from the ledger's entries only; people appear by their handle, and by name only at their own
gateway. Refuses to show steps that are not on the ledger; what is pending is listed apart, as 未確定.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.gateway.home import Gateway
from akashi.exchange.model import Step, Transfer
from akashi.vault.events import PayloadPhase, erasure_progress, payload_record

SENTENCES: dict[str, tuple[str, str]] = {
    "transfer.sent": ("封をして送りました", "Sealed and sent"),
    "transfer.opened": ("開封しました", "Opened"),
    "transfer.exported": ("取り出しました", "Taken out"),
    "transfer.confirmed": ("受領を確認しました", "Receipt confirmed"),
    "transfer.refused": ("受け取りを辞退しました", "Refused"),
    "transfer.withdrawn": ("送信を取り消しました", "Withdrawn"),
    "transfer.expired": ("期限が切れました", "Expired"),
    "payload.erasure_ordered": ("消去を始めました", "Erasure ordered"),
    "payload.erased": ("消去しました（鍵を破棄）", "Erased (key destroyed)"),
    "transfer.erased": ("消去の証明を台帳に記録しました", "The erasure receipt is on the ledger"),
}


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line to show."""

    index: int
    operation: str
    kind: str
    block_ms: int
    sentence: str
    institution: str
    person: str | None
    approved: tuple[str, ...] = ()
    """With which kinds of key (``passkey``) persons signed for themselves; empty: the gateway signed, for ``person`` where there is one."""


@dataclass(frozen=True, slots=True)
class ErasureState:
    """How far the erasure is: ``none``, ``erasing`` or ``erased`` with level and time."""

    state: str
    level: int = 0
    erased_ms: int = 0
    missing: tuple[int, ...] = ()
    """Numbers of the servers whose receipt is missing, where several hold copies."""
    not_proven: tuple[int, ...] = ()
    """Numbers of those that left without a word."""


def trail_lines(gateway: Gateway, steps: tuple[Step, ...], language: str) -> list[TrailLine]:
    """The lines of a trail; ``language`` is ``ja`` or ``en``."""
    names = gateway.names()
    own = {account.person: account.name for account in gateway.accounts.accounts()}
    which = 0 if language == "ja" else 1
    return [
        TrailLine(
            step.index,
            step.operation.hex(),
            step.kind,
            step.block_ms,
            SENTENCES.get(step.kind, (step.kind, step.kind))[which],
            names.get(step.institution, step.institution),
            None if step.person is None else own.get(step.person, step.person),
            tuple([one.name.lower() for one in step.approved]),
        )
        for step in steps
    ]


def erasure_state(gateway: Gateway, transfer: Transfer) -> ErasureState:
    """How far the payload's erasure is, as the ledger records it."""
    with gateway.ledger.view() as state:
        record = payload_record(state, transfer.payload)
        progress = erasure_progress(state, transfer.payload, gateway.clock.now_ms())
    if record is None or record.phase is PayloadPhase.ANNOUNCED:
        return ErasureState("none")
    if record.phase is PayloadPhase.ORDERED:
        return ErasureState("erasing", missing=progress.missing, not_proven=progress.not_proven)
    return ErasureState("erased", int(record.level), record.erased_ms or 0, not_proven=progress.not_proven)
