"""Sealed documents in the vault: staged, announced by the caller's operation, fetched and opened again.

Guarantees: bytes leave this process sealed only, for opening keys that the caller proved; what is opened is what was sealed. Refuses: content
over 256 MiB in memory. Trusts: the caller, for whose keys these are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from akashi.errors import NotFound
from akashi.keys.openers import Opener
from akashi.ledger.registry import OpeningKey
from akashi.vault.errors import WrapMissing
from akashi.vault.model import Part, Recipient
from akashi.vault.port import PayloadStore
from akashi.vault.receipt import split_receipts
from akashi.vault.sealing import parse_wrap, read_container, seal, unseal, write_container

OPEN_LIMIT = 256 << 20
MEDIA_TYPE = "application/vnd.akashi.conformity"


@dataclass(frozen=True, slots=True)
class Staged:
    """A sealed payload that the server holds; ``storage`` is its receipt, ``copies`` are those of further servers. An orphan unless it is announced."""

    payload: bytes
    body_digest: bytes
    wraps: tuple[bytes, ...]
    storage: bytes
    commitment: bytes = field(repr=False)
    copies: tuple[bytes, ...] | None = None


class OpeningKeyMissing(NotFound):
    """An institution has no opening key, so nothing can be sealed to it."""

    code = "conformity.opening_key"
    ja, en = "{institution} の開封用の鍵がありません。", "{institution} has no opening key."
    hint_ja = "機関番号（inst-…）を確かめてください。参加したばかりの機関なら、鍵の登録を待ってください。"
    hint_en = "Check the handle (inst-…); an institution that has just joined registers its key first."


def stage(
    payloads: PayloadStore, ledger_id: bytes, documents: Iterable[tuple[str, bytes]], keys: Sequence[OpeningKey]
) -> Staged:
    """Seal (name, bytes) documents to ``keys`` and stage them. Raises what the vault raises."""
    parts = [Part(name, [data]) for name, data in documents]
    recipients = [Recipient(key.key, key.suite, key.public) for key in keys]
    sealing = seal(
        parts, media_type=MEDIA_TYPE, recipients=recipients, ledger_id=ledger_id, suite=keys[0].suite if keys else None
    )
    storage, copies = split_receipts(payloads.stage(sealing.payload_id, sealing.wraps, sealing.chunks()))
    summary = sealing.summary
    return Staged(
        sealing.payload_id, summary.body_digest, summary.wrap_digests, storage, summary.commitment, copies or None
    )


def fetch(
    payloads: PayloadStore, ledger_id: bytes, payload: bytes, openers: Sequence[Opener]
) -> list[tuple[str, bytes]]:
    """The documents of a payload, in memory. Raises ``WrapMissing``, ``PayloadMissing``, ``PayloadErased``, ``SealError``."""
    for opener in openers:
        try:
            wrap = payloads.wrap(payload, opener.key_id)
        except WrapMissing:
            continue
        return unseal(wrap, opener, ledger_id, payloads.body(payload)).read(OPEN_LIMIT)
    raise WrapMissing(payload=payload.hex())


def container_for(ledger_id: bytes, documents: Iterable[tuple[str, bytes]], keys: Sequence[OpeningKey]) -> bytes:
    """Documents sealed to ``keys`` as one file (docs/spec/sealed-payload.md), for what travels without a server."""
    parts = [Part(name, [data]) for name, data in documents]
    recipients = [Recipient(key.key, key.suite, key.public) for key in keys]
    sealing = seal(
        parts, media_type=MEDIA_TYPE, recipients=recipients, ledger_id=ledger_id, suite=keys[0].suite if keys else None
    )
    return b"".join(write_container(ledger_id, sealing.wraps, sealing.chunks()))


def open_container(ledger_id: bytes, data: bytes, openers: Sequence[Opener]) -> list[tuple[str, bytes]]:
    """The documents of such a file. Raises ``SealForeign`` where none of the openers is a recipient, ``SealError``."""
    container = read_container([data], ledger_id)
    addressed = {parse_wrap(wrap).key_id for wrap in container.wraps}
    opener = next((one for one in openers if one.key_id in addressed), openers[0])
    return unseal(container.wrap_for(opener.key_id), opener, ledger_id, container.body).read(OPEN_LIMIT)
