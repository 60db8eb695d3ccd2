"""How an institution speaks in the flow: keep, seal to proven keys, say on the ledger, and open what others sealed.

Guarantees: what is said is kept here, sealed, before it leaves; an operation is durable before it is submitted and, where no answer came,
submitted again unchanged by :meth:`Speaker.resume`, so that a step counts once. What is opened must be what the ledger's commitment says,
file by file, and the evidence must prove that its owner's gateway signed exactly that; the server's word is not enough. Refuses: to seal to
an opening key that was not proven to be the institution's own. Trusts: the caller for who acts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from akashi.clock import Clock
from akashi.conformity.deliveries import delivered
from akashi.conformity.errors import BundleInvalid, RecordUnknown, StepRefused
from akashi.conformity.proof.codec import Fields
from akashi.conformity.proof.commitments import commit, verify_commitment
from akashi.conformity.saying import Voice
from akashi.conformity.sealing import OpeningKeyMissing, Staged, fetch, stage
from akashi.identity.model import Session
from akashi.keys.openers import Opener
from akashi.ledger.author import Author, prepared
from akashi.ledger.errors import EncodingError
from akashi.ledger.model import Statement
from akashi.ledger.registry import OpeningKey, opening_key
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.vault.documents import Box, Documents
from akashi.vault.port import PayloadStore

STATEMENT = "statement.cbor"
MAX_TEXT = 40_000
_OWN = "flow.own"

ProveKey = Callable[[str], bytes | None]
"""The id of an institution's opening key, proven from the evidence to be its own; ``None`` where it has none."""


ProveSteps = Callable[[str], Sequence[Statement]]
"""The accepted statements on a subject, each proven from the evidence; raises ``ProofError`` where it does not verify."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text with files, as it is kept, sealed and opened. ``rows``: what a program reads (item and reply, for one)."""

    text: str = field(repr=False, default="")
    files: tuple[tuple[str, bytes], ...] = field(repr=False, default=())
    rows: tuple[tuple[str, int], ...] = field(repr=False, default=())

    def value(self) -> Value:
        """What the commitment covers: text, rows, and the digest of every file under its name."""
        digests: list[Value] = [[name, sha256(data).digest()] for name, data in self.files]
        rows: list[Value] = [[key, number] for key, number in self.rows]
        return [self.text, rows, digests]


class Speaker:
    """One institution's voice. Thread-safe as its parts are; ``close`` it."""

    def __init__(  # its collaborators
        self,
        *,
        database: Path,
        author: Author,
        payloads: PayloadStore,
        openers: Sequence[Opener],
        box: Box,
        clock: Clock,
        prove_key: ProveKey,
        prove_steps: ProveSteps,
    ) -> None:
        self._documents = Documents(database, box, "conformity")
        self._voice = Voice(self._documents, author, clock)
        self._author, self._ledger, self._payloads = author, author.ledger, payloads
        self._openers, self._clock, self._prove_key = tuple(openers), clock, prove_key
        self._prove_steps = prove_steps
        self._proven: dict[str, Sequence[Statement]] = {}

    def close(self) -> None:
        """Release the store."""
        self._documents.close()

    @property
    def institution(self) -> str:
        """In whose name it speaks."""
        return self._author.institution

    def resume(self) -> int:
        """Submit again what got no answer; how many are accepted now. Raises ``Unavailable`` at the first silence."""
        return self._voice.resume()

    def say(self, body: object, subject: str, session: Session) -> None:
        """Say ``body`` about ``subject``. Raises ``StepRefused``, and ``Unavailable`` where it is kept and will be said again."""
        self._voice.say(body, subject, session)

    def worded(self, body: object, subject: str, session: Session) -> bytes:
        """The signed operation, not kept yet: a person who must approve it first is asked here."""
        return self._voice.worded(body, subject, session)

    def send(self, envelope: bytes) -> None:
        """Say what :meth:`worded` made; raises as :meth:`say`."""
        self._voice.send(envelope)

    def seal_once(self, spoken: Spoken, reader: str, session: Session) -> Staged:
        """:meth:`seal`; where the person is asked first, what was staged then is what their answer announces, if it is of the same content."""
        content = sha256(cbor.encode([reader, spoken.value()])).hexdigest()
        return prepared(session.approving, f"sealed {content}", lambda: self.seal(spoken, reader))

    def keep(self, space: str, key: str, value: Value) -> None:
        """Keep a document here, sealed; every version stays."""
        self._documents.put(space, key, value, self._clock.now_ms())

    def seal(self, spoken: Spoken, reader: str) -> Staged:
        """Seal to ``reader`` and to ourselves (``reader`` empty: to ourselves alone); ``commitment`` is that of ``spoken``."""
        if len(spoken.text) > MAX_TEXT:
            raise StepRefused(reason="flow.text")
        committed = commit(spoken.value())
        parts = [(STATEMENT, cbor.encode([committed.salt, committed.value])), *spoken.files]
        keys = self._keys(reader)
        staged = stage(self._payloads, self._ledger.ledger_id, parts, keys)
        if not {one.key for one in keys} & {one.key_id for one in self._openers}:
            # A payload has one suite; where ours is another we could not open our own words, so a copy stays here.
            copies: list[Value] = [[name, data] for name, data in parts]
            self.keep(_OWN, staged.payload.hex(), copies)
        return replace(staged, commitment=committed.digest)

    def _keys(self, reader: str) -> list[OpeningKey]:
        now = self._clock.now_ms()
        with self._ledger.view() as state:
            own = opening_key(state, self.institution, now)
            theirs = opening_key(state, reader, now) if reader else None
        mine = [] if own is None or own.key not in {one.key_id for one in self._openers} else [own]
        if not reader:
            if not mine:
                raise OpeningKeyMissing(institution=self.institution)
            return mine
        proven = self._prove_key(reader)
        if theirs is None or proven is None:
            raise OpeningKeyMissing(institution=reader)
        if theirs.key != proven:
            raise StepRefused(reason="flow.opening_key")
        return [theirs, *(one for one in mine if one.suite == theirs.suite)]

    def open(self, payload: bytes, commitment: bytes, subject: str) -> Spoken:
        """Fetch, open and compare what was said on ``subject``.

        Raises ``RecordUnknown``, what the vault raises, ``BundleInvalid`` where it is not what was signed, ``ProofError`` where the
        evidence does not verify.
        """
        return self.open_signed(payload, subject, signed=commitment, commitment=commitment)

    def open_signed(self, payload: bytes, subject: str, *, signed: bytes, commitment: bytes | None) -> Spoken:
        """The same where the operation signs something else than the commitment (``None``: what it signs is compared by the caller)."""
        with self._ledger.view() as state:
            found = delivered(state, payload)
        if found is None or self.institution not in (found.owner, *found.readers):
            raise RecordUnknown(name="payload")
        if not self._is_said(subject, found.owner, payload, signed):
            raise BundleInvalid(failure="flow.unproven")
        try:
            return _compared(self._parts(payload), commitment)
        except EncodingError as error:
            raise BundleInvalid(failure="flow.statement") from error

    def _is_said(self, subject: str, owner: str, payload: bytes, signed: bytes) -> bool:
        """Whether the evidence proves that ``owner`` said exactly this. Asked again once where an earlier answer does not have it."""
        for fresh in (False, True):
            if fresh or subject not in self._proven:
                self._proven[subject] = self._prove_steps(subject)
            for one in self._proven[subject]:
                said = list(one.body.values())
                if one.actor.institution == owner and one.subject == subject and payload in said and signed in said:
                    return True
        return False

    def _parts(self, payload: bytes) -> list[tuple[str, bytes]]:
        kept = self._documents.get(_OWN, payload.hex())
        if kept is None:
            return fetch(self._payloads, self._ledger.ledger_id, payload, self._openers)
        parts = []
        for row in kept.value if isinstance(kept.value, list) else []:
            one = Fields(row, 2)
            parts.append((one.text(), one.octets()))
        return parts


def _compared(parts: Sequence[tuple[str, bytes]], commitment: bytes | None) -> Spoken:
    """What was said, if salt, text and every file are what the commitment says."""
    if not parts or parts[0][0] != STATEMENT:
        raise BundleInvalid(failure="flow.statement")
    head = Fields(cbor.decode(parts[0][1]), 2)
    salt, value = head.octets(), head.octets()
    files = tuple(parts[1:])
    if commitment is not None and not verify_commitment(commitment, salt, value):
        raise BundleInvalid(failure="flow.commitment")
    spoken = _load(cbor.decode(value), files)
    if cbor.encode(spoken.value()) != value:
        raise BundleInvalid(failure="flow.files")
    return spoken


def _load(value: Value, files: tuple[tuple[str, bytes], ...]) -> Spoken:
    fields = Fields(value, 3)
    text, rows = fields.text(), []
    for row in fields.rows():
        pair = Fields(row, 2)
        rows.append((pair.text(), pair.number()))
    return Spoken(text, files, tuple(rows))
