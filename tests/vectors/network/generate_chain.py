"""Writes the vectors of trust chains (docs/spec/network.md, "Trust chain"): the same bytes every time.

``python -m tests.vectors.network.generate_chain --write`` replaces ``chain-*.json``; a test holds that they are current. The story: server 1 hands over to four, a fifth joins, the second leaves.
Nothing is real: keys are hashes of their names, and the leaves were not executed; the rows of a step are as an execution would have made them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from akashi.ledger.model import Leaf
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.leaf import encode_leaf, parse_leaf
from akashi.ledger.wire.merkle import consistency_proof, range_proof
from akashi.ledger.wire.note import NoteKind, cosign, parse_checkpoint, sign_checkpoint, vkey
from akashi.network.peers.lines import cosigner_name
from akashi.network.trustchain import Chain, Step, follow_chain, network_trust
from tests.vectors.world import LEDGER_ID, ORIGIN, ROOT_KEY, SECRETARIAT, EdKey, Log

HERE = Path(__file__).parent
Bend = Callable[["Story"], Chain]
Case = tuple[str, str | None, Bend, str | None]
"""Comment, failure, how the chain is made, and the trust file that is believed (``None``: the one from before)."""


@dataclass(frozen=True)
class Pair:
    """The keys with which a server signs checkpoints."""

    log: EdKey
    cosigner: EdKey

    @property
    def log_key(self) -> bytes:
        """32 bytes."""
        return self.log.public_key

    @property
    def cosigner_key(self) -> bytes:
        """32 bytes."""
        return self.cosigner.public_key


def pair(number: int) -> Pair:
    """Of the server with this number."""
    return Pair(EdKey(f"log {number}", ORIGIN), EdKey(f"cosigner {number}", cosigner_name(ORIGIN, number)))


def handle(number: int) -> str:
    """How the ledger calls it."""
    return f"srv-server{number:02d}"


def trust_of(numbers: Sequence[int], leaf: int | None = None) -> str:
    """A published trust file of these servers."""
    return network_trust(BEFORE, ORIGIN, {number: pair(number) for number in numbers}, leaf)


BEFORE = (
    f"log {vkey(ORIGIN, NoteKind.ED25519, pair(1).log_key)}\n"
    f"witness server-1 {vkey(pair(1).cosigner.name, NoteKind.COSIGNATURE, pair(1).cosigner_key)}\n"
    f"quorum server-1\n#!genesis {sha256(b'invented genesis').hexdigest()}\n"
)


@dataclass
class Story:
    """The leaves and the steps; a bend changes fields before :meth:`chain`."""

    voting: tuple[tuple[int, ...], ...] = ((1, 2, 3, 4), (1, 2, 3, 4, 5), (1, 3, 4, 5))
    signing: tuple[tuple[int, ...], ...] = ((1,), (1, 2, 3), (3, 1, 4, 5))
    named: tuple[int, ...] = (4, 5, 2)
    kinds: tuple[str, ...] = ("server.enrolled", "server.enrolled", "server.retired")
    ledger: bytes = LEDGER_ID
    result: int = 0
    handed_over: int = 0
    """What is added to the size that the handover names."""
    log: Log = field(default_factory=Log)
    sizes: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def changes(self, at: int) -> bytes:
        """The rows that the operation of this step writes."""
        members: list[Value] = [
            [one, sha256(b"server %d" % one).digest(), pair(one).log_key, pair(one).cosigner_key]
            for one in self.voting[at]
        ]
        row: list[Value] = [self.named[at], 1, sha256(b"server %d" % self.named[at]).digest()]
        rows: list[Value] = [
            ["log", b"members", cbor.encode(members)],
            ["srv", handle(self.named[at]).encode(), cbor.encode(row)],
        ]
        return cbor.encode(rows)

    def say(self, kind: str, body: dict[int, object], effects: bytes = bytes(32), result: int = 0) -> None:
        """One leaf in a block of its own."""
        ledger = self.ledger if kind in self.kinds else LEDGER_ID
        envelope = self.log.envelope((kind, body), ROOT_KEY, SECRETARIAT, ledger=ledger)
        height = len(self.log.leaves) + 1
        self.log.leaves.append(encode_leaf(Leaf(height, self.log.now_ms, envelope, result, effects)))
        self.log.now_ms += 1000

    def tell(self) -> None:
        """All leaves, with some between that change nothing here."""
        for at, kind in enumerate(self.kinds):
            for number in range(3):
                self.say("institution.registered", {1: f"inst-filler{at}{number}"})
            self.starts.append(len(self.log.leaves))
            effects = sha256(b"akashi/effects/1\x00" + self.changes(at)).digest()
            self.say(kind, {1: handle(self.named[at])}, effects, self.result if at else 0)
            if not at:
                size = len(self.log.leaves) + self.handed_over
                self.say("log.handover", {1: f"akashi-{LEDGER_ID.hex()}-1", 2: size, 3: self.log.root()})
            self.sizes.append(len(self.log.leaves) + (at > 0))
        self.say("institution.registered", {1: "inst-filler9"})

    def note(self, size: int, numbers: Sequence[int], root: bytes | None = None) -> bytes:
        """The tree of this size, with the first one's log line and everybody's cosignature."""
        root = self.log.root(size) if root is None else root
        made = sign_checkpoint(ORIGIN, size, root, pair(numbers[0]).log)
        for number in numbers:
            made = cosign(made, pair(number).cosigner, self.log.now_ms // 1000)
        return made

    def step(self, at: int, size: int, numbers: Sequence[int], after: int | None) -> Step:
        """Shown in the tree of ``size``, which extends that of ``after``."""
        start, count = self.starts[at], 1 if at else 2
        subtree = self.log.subtree(size)
        proof = range_proof(start, start + count, size, subtree)
        consistency = [] if after is None else consistency_proof(after, size, subtree)
        leaves = tuple(self.log.leaves[start : start + count])
        return Step(start, leaves, self.changes(at), tuple(proof), self.note(size, numbers), tuple(consistency))

    def chain(self) -> Chain:
        """As a server gives it out."""
        self.tell()
        sizes: list[int | None] = [None, *self.sizes]
        steps = [self.step(at, self.sizes[at], self.signing[at], sizes[at]) for at in range(len(self.kinds))]
        return Chain(ORIGIN, trust_of(self.voting[-1], steps[-1].at).encode(), tuple(steps))


def told(**bent: object) -> Bend:
    """A story with other fields, chained as it is."""

    def make(story: Story) -> Chain:
        return replace(story, **bent).chain()  # type: ignore[arg-type]  # fields by name

    return make


def bent(at: int, **fields: object) -> Bend:
    """One step with other fields: values, or what makes them from the story and the step."""

    def make(story: Story) -> Chain:
        chain = story.chain()
        found = {name: one(story, chain.steps[at]) if callable(one) else one for name, one in fields.items()}
        steps = list(chain.steps)
        steps[at] = replace(steps[at], **found)  # type: ignore[arg-type]  # as above
        return replace(chain, steps=tuple(steps))

    return make


def ordered(*order: int) -> Bend:
    """These steps, their proofs as they are."""

    def make(story: Story) -> Chain:
        chain = story.chain()
        return replace(chain, steps=tuple(chain.steps[at] for at in order))

    return make


def _middle_left_out(story: Story) -> Chain:
    chain = story.chain()
    size = story.sizes[2]
    fitting = replace(story.step(2, size, (1, 2, 3, 4, 5), story.sizes[0]), note=story.note(size, (1, 2, 3, 4, 5)))
    return replace(chain, steps=(chain.steps[0], fitting))


def _first_left_out(story: Story) -> Chain:
    chain = ordered(1, 2)(story)
    return replace(
        chain, steps=(replace(chain.steps[0], note=story.note(story.sizes[1], (1,)), consistency=()), chain.steps[1])
    )


def _flipped(story: Story, step: Step) -> bytes:
    """The last line's signature with another last bit."""
    lines = step.note.split(b"\n")
    end = lines[-2]
    lines[-2] = end[:-2] + (b"A" if end[-2:-1] != b"A" else b"B") + end[-1:]
    made = b"\n".join(lines)
    parse_checkpoint(made)
    return made


def _other_leaf(_story: Story, step: Step) -> tuple[bytes, ...]:
    leaf = parse_leaf(step.leaves[0])
    return (encode_leaf(replace(leaf, block_ms=leaf.block_ms + 1)), *step.leaves[1:])


def accepted() -> Iterator[tuple[str, Case]]:
    """Chains that lead somewhere, from several places on the way."""
    whole = Story().chain()
    yield "whole", ("three steps from server 1 alone", None, told(), None)
    yield "on-the-way", ("the file after the first step", None, told(), trust_of((1, 2, 3, 4), whole.steps[0].at))
    yield "bare", ("a file that does not say of which leaf it is", None, told(), trust_of((1, 2, 3, 4, 5)))
    yield "level", ("the file of today: no step is taken", None, told(), trust_of((1, 3, 4, 5), whole.steps[2].at))
    own = "# まゅ comment\n" + BEFORE.replace("log ", "\t log ", 1)
    yield "comment", ("the owner's comments stay, a line that begins with blanks is one", None, told(), own)
    yield "end-later", ("the last change is not shown: nobody can see that from the chain", None, _shorter, None)


def _shorter(story: Story) -> Chain:
    chain = ordered(0, 1)(story)
    return replace(chain, text=trust_of((1, 2, 3, 4, 5), chain.steps[1].at).encode())


def rejected_signers() -> Iterator[tuple[str, Case]]:
    """Those who sign are not enough of those before."""
    fields = (told(signing=((1,), (1, 2), (1, 3, 4, 5))), None)
    yield "quorum", ("a quorum missing by one", "note.quorum", *fields)
    fields = (told(signing=((1,), (1, 2, 5), (1, 3, 4, 5))), None)
    yield "quorum-new", ("the new server counted for its own step", "note.quorum", *fields)
    fields = (told(signing=((2,), (1, 2, 3), (1, 3, 4, 5))), None)
    yield "unsigned", ("the handover under a log key of the next servers", "note.unsigned", *fields)
    yield "signature", ("a cosignature with another last bit", "note.signature", bent(1, note=_flipped), None)
    yield (
        "alone",
        ("a later step that server 1 signed alone", "note.quorum", told(signing=((1,), (1,), (1,))), None),
    )
    text = trust_of((1, 2, 3, 4), Story().chain().steps[0].at)
    yield (
        "own-policy",
        ("a policy of the owner's own", "trust.own_policy", told(), text.replace("servers 3", "servers 2")),
    )
    yield "strangers", ("a file of servers that the chain never had", "trust.foreign", told(), trust_of((1, 2, 6)))
    yield "trust-form", ("a trust file that is none", "trust.format", told(), "quorum servers\n")


def rejected_order() -> Iterator[tuple[str, Case]]:
    """Steps reordered, repeated, left out."""
    yield "swapped", ("two steps swapped", "trust.order", ordered(0, 2, 1), None)
    yield "repeated", ("a step twice", "trust.order", ordered(0, 1, 1, 2), None)
    yield "reversed", ("all steps backwards", "trust.order", ordered(2, 1, 0), None)
    yield "no-handover", ("the handover left out", "proof.consistency", ordered(1, 2), None)
    yield (
        "no-handover-fits",
        ("the handover left out, with proofs that fit and server 1's signature", "trust.step", _first_left_out, None),
    )
    yield "no-middle-fits", ("the middle left out, with proofs that fit", "trust.step", _middle_left_out, None)
    yield "no-end", ("the end left out, the file as if it were there", "trust.differs", ordered(0, 1), None)
    text = trust_of((1, 3, 4, 5), Story().chain().steps[2].at)
    yield "older", ("a chain older than the file", "trust.older", _shorter, text)


def rejected_content() -> Iterator[tuple[str, Case]]:
    """What a step shows is not what the tree holds, or not one change."""

    def forked(story: Story, step: Step) -> bytes:
        return story.note(parse_checkpoint(step.note).size, (1, 3, 4, 5), bytes(32))

    def early(story: Story, step: Step) -> bytes:
        return story.note(step.start, (1, 2, 3))

    def without_fifth(story: Story, _step: Step) -> bytes:
        return replace(story, voting=((1, 2, 3, 4), (1, 2, 3, 4), (1, 3, 4))).changes(1)

    yield "leaf", ("a leaf with another time", "proof.range", bent(1, leaves=_other_leaf), None)
    yield "rows", ("a server left out of the rows", "effects", bent(1, changes=without_fifth), None)
    yield "no-rows", ("no rows at all", "effects", bent(1, changes=cbor.encode([])), None)
    yield "fork", ("the last tree is another one", "proof.consistency", bent(2, note=forked), None)
    yield "early", ("a tree that does not hold the leaf yet", "proof.range", bent(1, note=early), None)
    yield (
        "proof-longer",
        ("a hash too many", "proof.length", bent(1, proof=lambda _, one: (*one.proof, bytes(32))), None),
    )
    yield (
        "proof-other",
        ("another hash", "proof.range", bent(1, proof=lambda _, one: (bytes(32), *one.proof[1:])), None),
    )
    yield "refused", ("an operation that was refused", "trust.foreign", told(result=5), None)
    yield "other-ledger", ("an operation of another ledger", "trust.foreign", told(ledger=bytes(16)), None)
    yield (
        "other-origin",
        ("another epoch's name", "trust.foreign", lambda one: replace(one.chain(), origin=ORIGIN[:-1] + "2"), None),
    )
    kinds = ("server.enrolled", "institution.registered", "server.retired")
    yield "kind", ("an operation that is not about servers", "trust.step", told(kinds=kinds), None)
    yield "named", ("another server changed than the operation names", "trust.step", told(named=(4, 3, 2)), None)
    two = ((1, 2, 3, 4), (1, 2, 3, 4, 5, 6), (1, 3, 4, 5, 6))
    yield "two-at-once", ("two servers more in one step", "trust.step", told(voting=two), None)
    yield "between", ("something between the last server and the handover", "trust.step", told(handed_over=1), None)


def rejected_form() -> Iterator[tuple[str, Case]]:
    """What is no chain."""
    yield "differs", ("the steps are right, the file is not", "trust.differs", _said(BEFORE), None)
    yield "no-steps", ("no steps", "trust.chain", lambda one: replace(one.chain(), steps=()), None)
    three = bent(1, leaves=lambda _, one: one.leaves * 3)
    yield "leaves", ("three leaves in a step", "trust.chain", three, None)


def _said(text: str) -> Bend:
    return lambda story: replace(story.chain(), text=text.encode())


def shapes() -> Iterator[tuple[str, tuple[str, str, bytes]]]:
    """Bytes that are bent after they were made."""
    good = Story().chain().encode()
    item = cbor.decode(good)
    assert isinstance(item, list)
    yield "trailing", ("a byte too many", "cbor.trailing", good + b"\x00")
    yield "cut", ("cut", "cbor.short", good[:-1])
    yield "magic", ("another word", "trust.chain", cbor.encode(["akashi-trust-chains", *item[1:]]))
    yield "format", ("another edition", "trust.chain", cbor.encode([item[0], 2, *item[2:]]))
    yield "format-true", ("true is not 1", "trust.chain", cbor.encode([item[0], True, *item[2:]]))
    yield "more", ("a field more", "trust.chain", cbor.encode([*item, None]))


def vectors() -> Iterator[tuple[str, str]]:
    """(file name, content) of every vector."""
    for maker in (accepted, rejected_signers, rejected_order, rejected_content, rejected_form):
        for name, (comment, failure, make, believed) in maker():
            yield _vector(name, comment, failure, make(Story()).encode(), believed or BEFORE)
    for name, (comment, wrong, data) in shapes():
        yield _vector(name, comment, wrong, data, BEFORE)


def _vector(name: str, comment: str, failure: str | None, data: bytes, trust: str) -> tuple[str, str]:
    text = None if failure else follow_chain(data, trust.encode()).text.decode()
    row = {
        "comment": comment, "format": "chain", "expect": "reject" if failure else "accept", "failure": failure,
        "input_hex": data.hex(), "trust": trust, "result": text,
    }  # fmt: skip
    return f"chain-{name}.json", json.dumps(row, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Replace all generated files."""
    made = dict(vectors())
    if "--write" in sys.argv:
        for path in HERE.glob("chain-*.json"):
            path.unlink()
        for name, text in made.items():
            (HERE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
