"""A replicated state with a customer, a vendor, an assessor and one who is none of them; kinds of the flow are applied one by one.

Built on the exchange's desk: genesis, keys, institutions and people get there through the kinds that put them there in service.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.conformity.events import CONFORMITY_KINDS, RunRecorded
from akashi.conformity.flow.events import (
    CONFORMITY_FLOW_KINDS,
    AssessmentApplied,
    AssessmentEvaluated,
    AssessmentPublished,
    BoardDecided,
    CommitteeDecided,
    QuestionAsked,
    QuestionReplied,
)
from akashi.conformity.flow.model import ApplicantKind, Finding, Ruling
from akashi.conformity.model import DAY_MS
from akashi.exchange.events import EXCHANGE_KINDS
from akashi.identity.events import IDENTITY_KINDS, InstitutionRegistered, PersonRegistered
from akashi.identity.model import Role
from akashi.ledger.events import KindTable
from akashi.ledger.model import Purpose
from akashi.ledger.registry import LEDGER_KINDS, Genesis, log_key_commitment
from akashi.ledger.wire.envelope import key_id
from akashi.vault.events import VAULT_KINDS
from tests.exchange.desk import OFFICE, ORIGIN, SECRETARIAT, SERVER, START, Desk, storage_receipt

HOSPITAL, VENDOR, ASSESSOR, OTHER = "inst-hospital", "inst-vendor", "inst-assessor", "inst-other"
BOSS, CLERK, SELLER, SALES = "per-boss", "per-clerk", "per-seller", "per-sales"
EVA, COM, BOB, ALL = "per-evaluator", "per-committee", "per-board", "per-allthree"
STRANGER = "per-stranger"
PEOPLE = {
    BOSS: (HOSPITAL, Role.MANAGER),
    CLERK: (HOSPITAL, Role.OPERATOR),
    SELLER: (VENDOR, Role.MANAGER),
    SALES: (VENDOR, Role.OPERATOR),
    EVA: (ASSESSOR, Role.ASSESSOR),
    COM: (ASSESSOR, Role.COMMITTEE),
    BOB: (ASSESSOR, Role.BOARD),
    ALL: (ASSESSOR, Role.ASSESSOR | Role.COMMITTEE | Role.BOARD),
    STRANGER: (OTHER, Role.MANAGER | Role.OPERATOR),
}
ASM, DIGEST = "asm-0001", bytes([7]) * 32
UNTIL = START + 300 * DAY_MS


@dataclass
class FlowDesk(Desk):
    """Also applies the kinds of conformity; every delivery is a new payload."""

    payloads: int = 0

    def __post_init__(self) -> None:
        parts = (LEDGER_KINDS, IDENTITY_KINDS, VAULT_KINDS, EXCHANGE_KINDS, CONFORMITY_KINDS, CONFORMITY_FLOW_KINDS)
        self.kinds = KindTable([kind for part in parts for kind in part])

    def delivery(self) -> tuple[bytes, bytes, tuple[bytes, ...], bytes]:
        """Payload, body digest, wraps and storage receipt of something sealed."""
        self.payloads += 1
        payload, wraps = self.payloads.to_bytes(16, "big"), (bytes([3]) * 32,)
        return payload, bytes([2]) * 32, wraps, storage_receipt(payload, wraps)

    def by(self, body: object, person: str, subject: str = ASM) -> str | None:
        """Why an operation of ``person`` is refused, or ``None`` if it was applied."""
        return self.reason(body, PEOPLE[person][0], person, subject=subject)

    def applied(self, name: str = ASM, /, **changes: object) -> AssessmentApplied:
        """A well-formed application."""
        payload, body, wraps, storage = self.delivery()
        values: dict[str, object] = {
            "assessment": name, "assessor": ASSESSOR, "kind": ApplicantKind.PROVIDER, "sheets": (DIGEST,),
            "bundle": DIGEST, "boundary": DIGEST, "overview": DIGEST, "payload": payload, "body_digest": body,
            "wraps": wraps, "storage": storage,
        }  # fmt: skip
        return AssessmentApplied(**values | changes)  # type: ignore[arg-type]  # a mapping by construction

    def step(self, name: str, asm: str = ASM) -> object:
        """The body of a step by its short name; ``-`` and ``!`` mark a return and a rejection."""
        ruling = {"-": Ruling.RETURNED, "!": Ruling.REJECTED}.get(name[-1], Ruling.AGREED)
        match name.rstrip("-!"):
            case "ask":
                return QuestionAsked(asm, "que-0001", DIGEST, *self.delivery())
            case "reply":
                return QuestionReplied(asm, "que-0001", DIGEST, *self.delivery())
            case "evaluate":
                finding = Finding.UNFIT if name.endswith("!") else Finding.FIT
                return AssessmentEvaluated(asm, finding, DIGEST, *self.delivery())
            case "committee":
                return CommitteeDecided(asm, ruling)
            case "board":
                return BoardDecided(asm, ruling)
            case _:
                return AssessmentPublished(asm, UNTIL, DIGEST)

    def published(self, name: str = ASM, /, **changes: object) -> None:
        """Bring an assessment all the way."""
        assert self.by(self.applied(name, **changes), SELLER, name) is None
        for step, person in (("evaluate", EVA), ("committee", COM), ("board", BOB), ("publish", BOB)):
            assert self.by(self.step(step, name), person, name) is None

    def run(self, counts: tuple[int, ...], name: str = "run-0001", person: str = BOSS) -> None:
        """Record a run."""
        assert self.by(RunRecorded(name, DIGEST, sum(counts) or 1, START, START, counts), person, name) is None


def open_flow_desk() -> FlowDesk:
    """Everybody is registered; a server key signs storage receipts."""
    desk = FlowDesk()
    genesis = Genesis(
        ORIGIN, bytes([5]) * 32, log_key_commitment(bytes([6]) * 32), bytes([7]) * 32, SECRETARIAT.spki, -19, OFFICE
    )
    desk.apply(genesis, OFFICE, purpose=Purpose.SECRETARIAT, signer=key_id(SECRETARIAT.spki))
    desk.enrol(SERVER.spki, OFFICE, Purpose.SERVER, SERVER, SECRETARIAT)
    for institution, roles in ((HOSPITAL, 1), (VENDOR, 2), (ASSESSOR, 16), (OTHER, 3)):
        body = InstitutionRegistered(institution, roles, bytes(32))
        desk.apply(body, OFFICE, purpose=Purpose.SECRETARIAT, signer=key_id(SECRETARIAT.spki))
    for person, (institution, of) in PEOPLE.items():
        desk.apply(PersonRegistered(person, institution, int(of)), institution)
    return desk
