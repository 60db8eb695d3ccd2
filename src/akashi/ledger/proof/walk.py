"""Steps 2 to 6 of verification in one pass over the leaves (docs/spec/verification.md).

Guarantees: the failure reported is the one of the lowest step, and within a step the first in log order, as if the steps ran
one after the other; memory does not hold the parsed log. Refuses at the first malformed leaf. Trusts nobody: the registry
is built from the leaves themselves. Left to the caller: whose signature on the checkpoint to believe (step 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from akashi.errors import AkashiError
from akashi.ledger.admission import approvals_of, signer_record
from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.events import AnyKind, Context, load_body
from akashi.ledger.keyring.records import record_of
from akashi.ledger.model import Approver, Header, KeyRecord, Leaf, Operation
from akashi.ledger.proof.bundle import Bundle, Range
from akashi.ledger.proof.signatures import SignatureQueue
from akashi.ledger.proof.verdict import ApprovalRow, OperationRow
from akashi.ledger.registry import LEDGER_KINDS, Genesis, LogRekeyed, LogStamped
from akashi.ledger.rules import Denied, decide_signer, decide_time
from akashi.ledger.state import Memory, Overlay
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import ZERO_HASH, encode_header, header_hash, parse_leaf
from akashi.ledger.wire.merkle import Frontier, leaf_hash, root_from_range
from akashi.ledger.wire.note import origin_parts

_AFTER = 1 << 8  # behind all signatures of a leaf
LEAVES, TREE, LEDGER, SIGNERS, CHAIN = 2, 3, 4, 5, 6
SENT, ERASED = "transfer.sent", "payload.erased"
_REGISTRY = {(kind.info.tag, kind.info.version): kind for kind in LEDGER_KINDS}
_GENESIS = (Genesis, ("ledger.genesis", 1))


class Sent(NamedTuple):
    """What a ``transfer.sent`` says of its payload; raw values, judged only where something refers to them."""

    body_digest: Value
    wraps: Value
    commitment: Value


class Walk:
    """One pass; afterwards the attributes hold what the later steps need."""

    def __init__(self, bundle: Bundle, kinds: Iterable[AnyKind] = LEDGER_KINDS) -> None:
        self._bundle = bundle
        self._checkpoint = bundle.checkpoint
        self._header = bundle.header
        self._ledger = origin_parts(self._checkpoint.origin)[0]
        self._kinds = {(kind.info.tag, kind.info.version): kind for kind in kinds} | _REGISTRY
        self._failure: tuple[int, int, int, str] | None = None  # step, leaf index, place in the leaf, class
        self._signatures = SignatureQueue()
        self._records: dict[bytes, KeyRecord] = {}
        self._state = Memory()
        self._seen: set[bytes] = set()
        self._last = (1, 0)  # height, block ms
        self._disclosed = {opened.operation for opened in bundle.disclosures}
        self.whole = len(bundle.ranges) == 1 and len(bundle.ranges[0].leaves) == self._checkpoint.size
        self._blocks = _Blocks() if self.whole else None
        self.rows: list[OperationRow] = []
        self.genesis_hash = b""
        self.log_keys: list[tuple[int, bytes]] = []
        """(leaf index, log public key), ascending: each signs checkpoints larger than its index."""
        self.stamped: dict[bytes, int] = {}
        """Token to the index of its first ``log.stamped`` leaf."""
        self.sent: dict[bytes, Sent] = {}
        """By operation id; only those that a disclosure names."""
        self._payloads: dict[bytes, list[Sent]] = {}
        self.erased: list[tuple[dict[int, Value], list[Sent]]] = []
        """Bodies of erasure receipts, each with what earlier leaves sent under its payload id."""
        self.unknown_kinds = False
        self._approvers: tuple[Approver, ...] = ()  # of the leaf at hand
        self._place: int | None = None  # which of its signatures a failure is about

    def run(self) -> None:
        """Steps 2 to 6. Raises :class:`EncodingError` (step 2) or :class:`ProofError` (the others)."""
        if self._bundle.ranges[0].start != 0:
            self._fail(LEDGER, 0, "bundle.genesis")
        for part in self._bundle.ranges:
            self._range(part)
        if self._header.size != self._checkpoint.size or self._header.root != self._checkpoint.root:
            self._fail(TREE, self._checkpoint.size, "chain")
        wrong = self._signatures.finish()
        if wrong is not None:  # what this very leaf said was read before its signatures, and is judged after them
            self._fail(SIGNERS, wrong[0], "approval.signature" if wrong[1] else "signature", wrong[1])
        if self._failure is None and self._blocks is not None and self._blocks.last() != self._bundle.head:
            self._fail(CHAIN, 0, "chain")
        if self._failure is not None:
            raise ProofError(self._failure[3])

    def _fail(self, step: int, index: int, failure: str, place: int | None = None) -> None:
        """Note a failure; ``place``: of which signature of the leaf, ``None`` for what is judged after all of them."""
        at = (step, index, _AFTER if place is None else place)
        if self._failure is None or at < self._failure[:3]:
            self._failure = (*at, failure)

    def _open(self, step: int) -> bool:
        """Whether a failure of ``step`` would still be the one to report."""
        return self._failure is None or step < self._failure[0]

    def _range(self, part: Range) -> None:
        hashes = []
        for index, data in enumerate(part.leaves, part.start):
            leaf = parse_leaf(data)  # (2)
            operation = parse_operation(leaf.envelope)
            hashed = leaf_hash(data)
            hashes.append(hashed)
            if self._failure is None or self._failure[0] > LEDGER:
                if self._approvers or self._place:
                    self._approvers, self._place = (), None
                self._leaf(index, leaf, operation, hashed)
        if self._open(TREE):
            self._tree(part, hashes)

    def _tree(self, part: Range, hashes: list[bytes]) -> None:
        """Step 3 for one range."""
        try:
            root = root_from_range(hashes, part.start, self._checkpoint.size, part.proof)
        except ProofError as error:
            self._fail(TREE, part.start, error.failure)
            return
        if root != self._checkpoint.root:
            self._fail(TREE, part.start, "proof.inclusion")

    def _leaf(self, index: int, leaf: Leaf, operation: Operation, hashed: bytes) -> None:
        operation_id = operation.id
        failure = self._step_ledger(index, leaf, operation, operation_id)
        if failure is not None:
            self._fail(LEDGER, index, failure)
            return
        if index == 0:
            self.genesis_hash = hashed
        if not self._open(SIGNERS):
            return
        if leaf.result == 0:
            failure = self._step_signers(index, leaf, operation, operation_id)
            if failure is not None:
                self._fail(SIGNERS, index, failure, self._place)
                return
        if self._failure is None and self._blocks is not None and not self._blocks.add(leaf, hashed):
            self._fail(CHAIN, index, "chain")
        statement = operation.statement
        self.rows.append(
            OperationRow(
                index,
                operation_id.hex(),
                statement.kind,
                leaf.result,
                statement.actor.institution,
                statement.actor.person,
                leaf.block_ms,
                approvals=_shown(self._approvers) if self._approvers else (),
            )
        )

    def _step_ledger(self, index: int, leaf: Leaf, operation: Operation, operation_id: bytes) -> str | None:
        """Step 4 for one leaf: its failure class, or ``None``."""
        statement = operation.statement
        if index == 0 and not self._is_genesis(leaf, operation):
            return "bundle.genesis"
        if statement.ledger != self._ledger:
            return "op.foreign"
        here = (leaf.height, leaf.block_ms)
        if here[0] < self._last[0] or here[1] < self._last[1]:
            return "chain"
        if here[0] > self._header.height or here[1] > self._header.block_ms:
            return "chain"
        self._last = here
        if leaf.result != 0:
            return None
        if operation_id in self._seen:
            return "op.replayed"
        self._seen.add(operation_id)
        timely = decide_time(statement, self._ledger, leaf.block_ms)
        return timely.reason if isinstance(timely, Denied) else None

    def _is_genesis(self, leaf: Leaf, operation: Operation) -> bool:
        statement = operation.statement
        if leaf.result != 0 or (statement.kind, statement.version) != _GENESIS[1]:
            return False
        try:
            return load_body(Genesis, statement.body).origin == self._checkpoint.origin
        except EncodingError:
            return False

    def _step_signers(self, index: int, leaf: Leaf, operation: Operation, operation_id: bytes) -> str | None:
        """Step 5 for one leaf with result 0: its failure class, or ``None``."""
        statement = operation.statement
        if index > 0 and statement.kind == "ledger.genesis":
            return "enrolment"
        record = self._records.get(operation.key)
        if record is None:
            record = signer_record(self._state, statement, operation.key, leaf.block_ms)
            if record is not None:
                self._records[operation.key] = record
        decision = decide_signer(record, statement, operation.algorithm, leaf.block_ms)
        kind = self._kinds.get((statement.kind, statement.version))
        if kind is None:
            self.unknown_kinds = True
        elif (
            record is not None
            and record.purpose not in kind.info.signers
            # The table of kinds narrows the purposes; the algorithm comes after them in the order of the page.
            and (not isinstance(decision, Denied) or decision.reason == "signer.algorithm")
        ):
            return "signer.purpose"
        if record is None or isinstance(decision, Denied):
            return decision.reason if isinstance(decision, Denied) else "signer.unknown"
        # Judged in batches: what a wrong signature let into the registry cannot hide that it comes first.
        self._signatures.add(index, record, operation)
        if operation.approvals:
            failure = self._approve(index, leaf, operation)
            if failure is not None:
                return failure
        return self._keep(index, leaf, operation, operation_id, record)

    def _approve(self, index: int, leaf: Leaf, operation: Operation) -> str | None:
        """Step 5 for the approvals of one leaf: the failure class of the first that does not hold, or ``None``."""
        try:
            for approved in approvals_of(operation, self._find, leaf.block_ms):
                self._approvers += (approved.approver,)
                self._signatures.add_approval((index, len(self._approvers)), approved)
        except Refused as error:
            self._place = len(self._approvers) + 1
            return error.reason
        return None

    def _find(self, key: bytes) -> KeyRecord | None:
        raw = self._state.get_raw("key", key)
        return None if raw is None else record_of(key, raw)

    def _keep(self, index: int, leaf: Leaf, operation: Operation, operation_id: bytes, record: KeyRecord) -> str | None:
        """Apply registry kinds; note what steps 7 to 10 refer to."""
        statement = operation.statement
        registered = _REGISTRY.get((statement.kind, statement.version))
        if registered is not None:
            context = Context(statement, operation_id, operation.key, record.purpose, leaf.block_ms, self._approvers)
            if not self._apply(registered, context):
                return "enrolment"
            self._note_registry(index, statement.kind, statement.body)
        elif statement.kind == SENT:
            self._note_sent(operation_id, statement.body)
        elif statement.kind == ERASED:
            payload = statement.body.get(1)
            earlier = self._payloads.get(payload, ()) if isinstance(payload, bytes) else ()
            self.erased.append((statement.body, list(earlier)))
        return None

    def _apply(self, kind: AnyKind, context: Context) -> bool:
        overlay = Overlay(self._state)
        try:
            kind.run(overlay, context)
        except AkashiError:
            return False
        self._state.absorb(overlay.changes)
        self._records.clear()  # what a registry kind changed is read anew
        return True

    def _note_registry(self, index: int, kind: str, body: dict[int, Value]) -> None:
        if kind == "ledger.genesis":
            self.log_keys.append((index, load_body(Genesis, body).log_key))
        elif kind == "log.rekeyed":
            self.log_keys.append((index, load_body(LogRekeyed, body).log_key))
        elif kind == "log.stamped":
            self.stamped.setdefault(load_body(LogStamped, body).token, index)

    def _note_sent(self, operation_id: bytes, body: dict[int, Value]) -> None:
        sent = Sent(body.get(4), body.get(5), body.get(6))
        payload = body.get(3)
        if isinstance(payload, bytes):
            self._payloads.setdefault(payload, []).append(sent)
        if operation_id in self._disclosed:
            self.sent[operation_id] = sent


def _shown(approvers: tuple[Approver, ...]) -> tuple[ApprovalRow, ...]:
    return tuple([ApprovalRow(approver.person, approver.kind, approver.basis) for approver in approvers])


class _Blocks:
    """Step 6: the headers that a whole log implies."""

    def __init__(self) -> None:
        self._frontier = Frontier()
        self._height = 0
        self._block_ms = 0
        self._previous = ZERO_HASH

    def add(self, leaf: Leaf, hashed: bytes) -> bool:
        """Take the next leaf; ``False`` if it cannot follow the one before."""
        if leaf.height == self._height + 1:
            if self._height:
                self._previous = header_hash(self.last())
            self._height, self._block_ms = leaf.height, leaf.block_ms
        elif leaf.height != self._height or leaf.block_ms != self._block_ms:
            return False
        self._frontier.append(hashed)
        return True

    def last(self) -> bytes:
        """The encoded header of the block that is open."""
        header = Header(self._height, self._previous, self._frontier.size, self._frontier.root(), self._block_ms)
        return encode_header(header)
