"""Which lines of a note are whose, and the quorum note made of them (docs/network-peers.md section 4).

Guarantees: pure. A member's two lines (log, type 0x01; cosignature, type 0x04) count together or not at all, and only under the name that follows from
its number and the keys that the ledger names for it; a quorum note begins with a log line, has cosignatures of a quorum, 16 lines and 8 KiB at most, and
is read by the same strict parser as every checkpoint. Refuses a note of another ledger or epoch. Trusts whoever names the members.

>>> cosigner_name("example.jp/akashi/" + "00" * 16 + "/1", 3)[-9:]
'/server/3'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akashi.ledger.errors import ProofError
from akashi.ledger.keyring.members import Member, quorum
from akashi.ledger.wire.note import (
    MAX_LINES,
    Checkpoint,
    NoteKey,
    NoteKind,
    NoteSigner,
    checkpoint_body,
    cosign,
    parse_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
    verify_log,
)
from akashi.network.peers.errors import NoteRefused

MAX_NOTE_MEMBERS = 22
"""With more members a quorum's cosignatures and the log's line do not fit into a note's 16 lines."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What one member signed: the size and root, its two lines (a quorum note of many has room for some log lines only), and the member as verified."""

    member: Member
    size: int
    root: bytes
    seconds: int
    log_line: str | None
    cosignature: str

    def note(self, origin: str) -> bytes:
        """The note with this member's lines alone."""
        return _joined(checkpoint_body(origin, self.size, self.root), [*self.log_lines(), self.cosignature])

    def log_lines(self) -> list[str]:
        """The log line, where it is there."""
        return [] if self.log_line is None else [self.log_line]


def cosigner_name(origin: str, number: int) -> str:
    """``<domain>/akashi/<ledger id>/server/<n>``: the origin without its epoch, and the server."""
    return f"{origin.rpartition('/')[0]}/server/{number}"


def own_note(origin: str, size: int, root: bytes, seconds: int, log: NoteSigner, cosigner: NoteSigner) -> bytes:
    """A server's own note for a head: log line and cosignature, ``seconds`` being the block's time."""
    return cosign(sign_checkpoint(origin, size, root, log), cosigner, seconds)


def read_note(origin: str, note: bytes) -> Checkpoint:
    """Parse a note of this origin. Raises ``EncodingError`` ``note.*``, ``NoteRefused`` ``note.origin``."""
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != origin:
        raise NoteRefused("note.origin")
    return checkpoint


def signed_by(checkpoint: Checkpoint, member: Member, *, whole: bool) -> Signed | None:
    """What ``member`` signed of a note of ours; ``None`` where nothing of it is there. ``whole``: both lines must be, as in a note that it sends itself.

    Raises ``ProofError`` ``note.signature`` for a line that does not verify, ``note.unsigned`` where one that must be there is missing.
    """
    log_key = NoteKey(checkpoint.origin, NoteKind.ED25519, member.log_key)
    cosigner = NoteKey(cosigner_name(checkpoint.origin, member.number), NoteKind.COSIGNATURE, member.cosigner_key)
    log_lines, cosignatures = (_texts(checkpoint, key) for key in (log_key, cosigner))
    if whole and not (log_lines and cosignatures):
        raise ProofError("note.unsigned")
    if log_lines:
        verify_log(checkpoint, [log_key])
    seconds = verify_cosignatures(checkpoint, {"": cosigner}).get("")
    if seconds is None:
        return None
    log_line = log_lines[0] if log_lines else None
    return Signed(member, checkpoint.size, checkpoint.root, seconds, log_line, cosignatures[0])


def _texts(checkpoint: Checkpoint, key: NoteKey) -> list[str]:
    return [line.text for line in checkpoint.lines if (line.name, line.hash) == (key.name, key.hash)]


def counted(members: Sequence[Member], root: bytes, signed: Mapping[int, Signed]) -> list[Signed]:
    """Of ``signed`` (by number) those that count: present members, by their present keys, for this root; in order of number."""
    return [
        one
        for member in sorted(members)
        if (one := signed.get(member.number)) is not None and one.member == member and one.root == root
    ]


def has_quorum(members: Sequence[Member], signed: Sequence[Signed]) -> bool:
    """Whether those that count are enough of ``members``, with a log's line among theirs to begin the note; never with more members than a note can show."""
    return 0 < len(members) <= MAX_NOTE_MEMBERS and len(signed) >= quorum(len(members)) and has_log_line(signed)


def has_log_line(signed: Sequence[Signed]) -> bool:
    """Whether a note can be made of these: every checkpoint has a line of the log."""
    return any(one.log_line is not None for one in signed)


def assemble(origin: str, signed: Sequence[Signed], first: int) -> bytes:
    """One note of what several members signed for one head; ``first`` is the number of the member whose log line begins it if it is there.

    Cosignatures come before further log lines where there is not room for all.
    """
    ordered = sorted(signed, key=lambda one: (one.member.number != first, one.member.number))[: MAX_LINES - 1]
    logs = [line for one in ordered for line in one.log_lines()][: MAX_LINES - len(ordered)]
    body = checkpoint_body(origin, ordered[0].size, ordered[0].root)
    return _joined(body, [*logs, *(one.cosignature for one in ordered)])


def _joined(body: bytes, lines: Sequence[str]) -> bytes:
    note = body + b"\n" + "".join(f"{line}\n" for line in lines).encode()
    parse_checkpoint(note)  # never hand out what no reader would accept
    return note
