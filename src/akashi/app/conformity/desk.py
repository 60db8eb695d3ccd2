"""What people do with conformity at a gateway, with permission and journal: declare, register, answer, keep evidence.

Guarantees: every act is permitted first and journalled afterwards, failures too; nothing a person typed is in the journal. Refuses what
``identity`` denies. Trusts: the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from akashi.app.gateway.home import Gateway
from akashi.conformity.answers import EvidenceFile
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.model import Answer, Audience, Reply, Target
from akashi.errors import AkashiError, Unavailable
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.model import HANDLE

READ, ANSWER, PROBE, SUBMIT = "conformity.read", "conformity.answer", "conformity.probe", "conformity.submit"


@contextmanager
def journalled(gateway: Gateway, session: Session, action: str, subject: str | None = None) -> Iterator[None]:
    """Require the permission, then journal what happens inside under the action's name, whether it works or not.

    Raises ``RecordUnknown`` for a ``subject`` that is no handle: nothing has such a name, and the journal holds no free text.
    """
    gateway.accounts.require(session, action)
    if subject is not None and not HANDLE.fullmatch(subject):
        raise RecordUnknown(name="?")
    try:
        yield
    except AkashiError as error:
        outcome = Outcome.FAILED if isinstance(error, Unavailable) else Outcome.REFUSED
        gateway.journal.record(What.ACTION, outcome, session=session, subject=subject, reason=error.code)
        raise
    gateway.journal.record(What.ACTION, session=session, subject=subject, reason=action)


def declare(gateway: Gateway, session: Session, features: Iterable[str]) -> None:
    """Declare the institution's features."""
    with journalled(gateway, session, ANSWER):
        gateway.conformity.declare(features)


def register_target(gateway: Gateway, session: Session, target: Target) -> Target:
    """Register a target with its consent."""
    with journalled(gateway, session, PROBE):
        return gateway.conformity.register_target(target, session)


def withdraw_target(gateway: Gateway, session: Session, handle: str) -> None:
    """End a target's consent."""
    with journalled(gateway, session, PROBE, handle):
        gateway.conformity.withdraw_target(handle, session)


def answer(gateway: Gateway, session: Session, answers: Sequence[Answer]) -> str:
    """Keep answers; the handle of this act."""
    with journalled(gateway, session, ANSWER):
        return gateway.conformity.answers.give(answers, session)


def answer_one(gateway: Gateway, session: Session, catalogue: str, item: str, reply: Reply, **more: object) -> str:
    """Keep one answer; fields that are not given stay as they were."""
    before = gateway.conformity.answers.of(catalogue, item) or Answer(catalogue, item, reply, 0)
    return answer(gateway, session, [replace(before, reply=reply, carried_from="", **more)])  # type: ignore[arg-type]  # the fields of Answer


def keep_evidence(
    gateway: Gateway, session: Session, name: str, data: bytes, media_type: str, audience: Audience
) -> EvidenceFile:
    """Seal an evidence file into the vault."""
    with journalled(gateway, session, ANSWER):
        return gateway.conformity.answers.keep_evidence(name, data, media_type, audience, session)


def read_evidence(gateway: Gateway, session: Session, handle: str) -> tuple[EvidenceFile, bytes]:
    """An evidence file's bytes."""
    with journalled(gateway, session, READ, handle):
        return gateway.conformity.answers.read_evidence(handle)


def carry_over(gateway: Gateway, session: Session, items: Sequence[tuple[str, str]]) -> int:
    """Say again what was said last year."""
    with journalled(gateway, session, ANSWER):
        return gateway.conformity.answers.carry_over(items, session)
