"""Evidence collected from a real engine: it verifies, holds what it must and nobody else's leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.clock import FixedClock
from akashi.ledger.events import Kind, KindTable, event, handle, number, octets
from akashi.ledger.model import Purpose
from akashi.ledger.proof.bundle import parse_bundle
from akashi.ledger.proof.evidence import NoEvidence, export_all, export_subject, stamp_head, trust_of
from akashi.ledger.proof.trust import format_trust
from akashi.ledger.proof.verdict import Level, Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import LEDGER_KINDS, KeyRevoked, LogRekeyed, RevocationReason, log_key_commitment
from akashi.ledger.service import Engine
from akashi.ledger.wire.envelope import Signer, key_id
from tests.vectors.world import (
    COSIGNER,
    LAST_LOG,
    LOG,
    NEXT_LOG,
    RECEIVER,
    RECEIVER_KEY,
    ROOT_KEY,
    SECRETARIAT,
    SENDER,
    SENDER_KEY,
    SERVER,
    START_MS,
    EdKey,
    Log,
    enrolled,
    genesis,
    tsa,
    tsa_root,
)

MINE, THEIRS = "tr-mine0000", "tr-theirs00"


@event("testing.sent", signers={Purpose.GATEWAY})
class MadeUpSent:
    """As ``transfer.sent``: field 2 names the receiver."""

    transfer: str = number(1, handle("tr"))
    receiver: str = number(2, handle("inst"))
    payload: bytes = number(3, octets(16, 16))


@event("institution.testing", signers={Purpose.SECRETARIAT})
class Registered:
    """Stands beside ``institution.registered``, which belongs to another part."""

    institution: str = number(1, handle("inst"))


KINDS = KindTable([*LEDGER_KINDS, Kind(MadeUpSent, lambda *_: None), Kind(Registered, lambda *_: None)])


class Story:
    """An engine, a clock, and somebody who speaks; every ``say`` is one block a second later."""

    def __init__(self, directory: Path) -> None:
        self.words = Log()  # only for statements: it counts nonces
        self.clock = FixedClock(START_MS)
        first = self.words.envelope(genesis(), ROOT_KEY, SECRETARIAT)
        self.engine = Engine.create(directory, first, kinds=KINDS, log_key=LOG, cosigner=COSIGNER, clock=self.clock)
        self.say(enrolled(SERVER, SECRETARIAT, Purpose.SERVER), ROOT_KEY, SECRETARIAT)
        self.say(enrolled(SENDER_KEY, SENDER, Purpose.GATEWAY), ROOT_KEY, SECRETARIAT)
        self.say(enrolled(RECEIVER_KEY, RECEIVER, Purpose.GATEWAY), ROOT_KEY, SECRETARIAT)

    def say(self, body: object, signer: Signer, institution: str, subject: str | None = None) -> int:
        """Submit one operation; its index."""
        self.clock.advance(1000)
        self.words.now_ms = self.clock.now_ms()
        return self.engine.submit(self.words.envelope(body, signer, institution, subject=subject)).index

    def send(self, transfer: str, signer: Signer = SENDER_KEY) -> int:
        """A transfer from sender to receiver; its index."""
        return self.say(MadeUpSent(transfer, RECEIVER, bytes(16)), signer, SENDER, transfer)

    def stamp(self) -> int:
        """Stamp the head and record it; the index of the record."""
        return self.say(stamp_head(self.engine, tsa(self.clock.now_ms() + 500)), SERVER, SECRETARIAT)

    def trust_file(self) -> bytes:
        """What the ledger would have others believe."""
        return format_trust(trust_of(self.engine, tsa_roots=[tsa_root()]))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Keys enrolled in leaves 0 to 3."""
    made = Story(tmp_path / "ledger")
    yield made
    made.engine.close()


def indexes(data: bytes) -> list[int]:
    """Which leaves a bundle holds."""
    return [at for part in parse_bundle(data).ranges for at in range(part.start, part.end)]


def test_whole_log_is_replayed(story: Story) -> None:
    """A bundle of everything verifies at the higher level, each stamp with its consistency proof."""
    story.send(MINE)
    story.stamp()
    story.send(THEIRS)
    story.stamp()
    verdict = verify_file(export_all(story.engine), story.trust_file(), KINDS)
    assert (verdict.status, verdict.level, verdict.failure) == (Status.VERIFIED, Level.REPLAYED, None)
    assert [stamp.counted for stamp in verdict.stamps] == [True, True]
    assert "kinds" not in verdict.unproven


def test_subject_holds_its_own_leaves_and_no_others(story: Story) -> None:
    """Genesis, the signers' enrolments, the nearest stamps around, and the transfer: nothing of anybody else's."""
    story.stamp()
    before = story.stamp()
    theirs = story.send(THEIRS)
    mine = [story.send(MINE), story.send(MINE)]
    after = story.stamp()
    story.send(THEIRS)
    story.stamp()
    data = export_subject(story.engine, MINE)
    verdict = verify_file(data, story.trust_file(), KINDS)
    assert (verdict.status, verdict.level, verdict.failure) == (Status.VERIFIED, Level.ATTESTED, None)
    assert indexes(data) == [0, 1, 2, before, *mine, after]
    assert theirs not in indexes(data)
    rows = {row.at: row for row in verdict.operations}
    assert all(rows[at].after_ms and rows[at].before_ms for at in mine)


def test_subject_without_stamps_has_open_sides(story: Story) -> None:
    """No stamps, no bounds; the verdict says so."""
    story.send(MINE)
    verdict = verify_file(export_subject(story.engine, MINE), story.trust_file(), KINDS)
    assert verdict.status is Status.VERIFIED
    assert {"no_stamp_before", "no_stamp_after"} <= set(verdict.unproven)


def test_registrations_of_the_parties_are_included(story: Story) -> None:
    """Sender and receiver: how they were registered is part of the evidence, another institution is not."""
    registered = [
        story.say(Registered(name), ROOT_KEY, SECRETARIAT, name) for name in (SENDER, RECEIVER, "inst-third00")
    ]
    story.send(MINE)
    held = indexes(export_subject(story.engine, MINE, registered="institution.testing"))
    assert [at in held for at in registered] == [True, True, False]


def test_successor_keys_bring_their_whole_line(story: Story) -> None:
    """A signer enrolled by an earlier gateway key: that key, and its revocation, are included too."""
    successor = EdKey("sender's second gateway key")
    added = story.say(enrolled(successor, SENDER, Purpose.GATEWAY), SENDER_KEY, SENDER)
    revoked = story.say(KeyRevoked(key_id(SENDER_KEY.spki), RevocationReason.SUPERSEDED), successor, SENDER)
    story.send(MINE, successor)
    data = export_subject(story.engine, MINE)
    assert {2, added, revoked} <= set(indexes(data))
    assert verify_file(data, story.trust_file(), KINDS).status is Status.VERIFIED


def test_secretariat_keys_are_always_included(story: Story) -> None:
    """A revoked secretariat key verifies in a part of the log, because its successor's enrolment is there too."""
    second = EdKey("second secretariat key")
    story.say(enrolled(second, SECRETARIAT, Purpose.SECRETARIAT), ROOT_KEY, SECRETARIAT)
    story.say(KeyRevoked(key_id(ROOT_KEY.spki), RevocationReason.SUPERSEDED), second, SECRETARIAT)
    story.send(MINE)
    assert verify_file(export_subject(story.engine, MINE), story.trust_file(), KINDS).status is Status.VERIFIED


def test_rekeyed_log_verifies_from_the_genesis(story: Story) -> None:
    """After a change of the log key the first trust file still does, without its log line."""
    first = trust_of(story.engine)
    story.clock.advance(1000)
    story.words.now_ms = story.clock.now_ms()
    body = LogRekeyed(NEXT_LOG.public_key, log_key_commitment(LAST_LOG.public_key))
    story.engine.rekey(NEXT_LOG, story.words.envelope(body, ROOT_KEY, SECRETARIAT))
    story.send(MINE)
    data = export_subject(story.engine, MINE)
    assert verify_file(data, format_trust(first), KINDS).status is Status.VERIFIED
    assert verify_file(data, story.trust_file(), KINDS).status is Status.VERIFIED


def test_unknown_subject_is_one_clear_error(story: Story) -> None:
    """Nothing is exported about what the ledger does not know."""
    with pytest.raises(NoEvidence):
        export_subject(story.engine, "tr-unknown0")
