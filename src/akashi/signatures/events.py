"""What the ledger records of a signed document: digests, the level, and a confirmed qualification.

Guarantees: a signature is recorded once, ever, by the person who is said to have made it at their own institution's gateway. Refuses names and
file names: there is nowhere to put them. Trusts: the gateway, for the level and the qualification; whoever has the document can check both
from the file. State (``doc``): SHA-256 of the signature's CMS to ``[document, certificate, level, qualification or null, institution, person, ms]``.

The part stands beside ``identity``, so who may act is asked through ``acting``, which ``app/wiring.py`` hands in.
"""

from __future__ import annotations

from collections.abc import Callable

from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import AnyKind, Context, Kind, digest, enum, event, number
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.signatures.model import DocumentRecord, Level, Qualification

SPACE = "doc"
Acting = Callable[[ReadState, Context], None]
"""Raises ``Refused`` unless the actor is an enabled person of the acting institution."""


@event("document.signed", signers={Purpose.GATEWAY})
class DocumentSigned:
    """A person signed a document with a certificate of their own."""

    document: bytes = number(1, digest())
    signature: bytes = number(2, digest())
    certificate: bytes = number(3, digest())
    level: Level = number(4, enum(Level))
    qualification: Qualification | None = number(5, enum(Qualification), default=None)


def document(state: ReadState, signature: bytes) -> DocumentRecord | None:
    """The record of a signature, by SHA-256 of its CMS."""
    row = state.get(SPACE, signature)
    return None if row is None else _record(signature, row)


def documents_of(state: ReadState, digest_of_file: bytes) -> list[DocumentRecord]:
    """All recorded signatures whose signed file has this SHA-256."""
    rows = [_record(key, row) for key, row in state.scan(SPACE)]
    return [one for one in rows if one.document == digest_of_file]


def _record(signature: bytes, row: Value) -> DocumentRecord:
    match row:
        case [bytes(file), bytes(certificate), int(level), (int() | None) as held, str(of), str(person), int(at)]:
            qualified = None if held is None else Qualification(held)
            return DocumentRecord(signature, file, certificate, Level(level), qualified, of, person, at)
    raise LedgerDamaged("state.doc")


def document_kinds(acting: Acting) -> list[AnyKind]:
    """The kinds of this part."""

    def apply_signed(state: WriteState, body: DocumentSigned, context: Context) -> None:
        """Record a signature once."""
        acting(state, context)
        actor = context.statement.actor
        if state.get(SPACE, body.signature) is not None:
            raise Refused("document.again")
        qualification = None if body.qualification is None else int(body.qualification)
        row: list[Value] = [
            body.document, body.certificate, int(body.level), qualification, actor.institution, actor.person or "",
            context.block_ms,
        ]  # fmt: skip
        state.put(SPACE, body.signature, row)

    return [Kind(DocumentSigned, apply_signed)]
