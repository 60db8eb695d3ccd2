"""What the second verifier proves, and which failure class each fault has (steps of verification.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from akashi_verifier.steps import verify
from akashi_verifier.tree import digest
from tests.verifier import writer
from tests.verifier.writer import GATEWAY_KEY, LOG_KEY, NEXT_LOG_KEY, OFFICE, OFFICE_KEY, SERVER_KEY, START, Log, Signer

HOSPITAL = "inst-0002"
PAYLOAD, BODY, WRAPS, SALT, PLAIN = b"p" * 16, b"b" * 32, [b"w" * 32, b"v" * 32], b"s" * 32, b"c" * 32


def transferred() -> tuple[Log, bytes]:
    """A log in which a file was sent and erased; and the id of the sending."""
    log = writer.founded()
    commitment = digest("akashi/commit/1", SALT, PLAIN)
    sent = log.add(GATEWAY_KEY, "transfer.sent", {3: PAYLOAD, 4: BODY, 5: WRAPS, 6: commitment}, HOSPITAL)
    erased = {1: PAYLOAD, 2: sent, 3: BODY, 4: WRAPS[::-1], 5: 1, 6: START, 7: START + 5, 8: 2}
    log.add(SERVER_KEY, "payload.erased", erased, OFFICE)
    return log, sent


def failure(log: Log, **how: Any) -> str | None:
    """The failure class of the whole log's bundle under its own trust file."""
    found: str | None = verify(log.bundle(**how), log.trust())["failure"]
    return found


def test_whole_log_is_verified_and_replayed() -> None:
    """A bundle of the whole log under a trust file is verified at the level replayed."""
    log, _ = transferred()
    result = verify(log.bundle(), log.trust())
    assert (result["status"], result["level"], result["size"]) == ("verified", "replayed", 5)
    assert result["erasures"] == [{"payload": PAYLOAD.hex(), "level": 2, "method": 1, "backup_horizon_ms": START + 5}]
    assert [row["kind"] for row in result["operations"]][3:] == ["transfer.sent", "payload.erased"]


def test_part_of_a_log_is_only_attested() -> None:
    """A bundle without all leaves says that a revocation may stand elsewhere."""
    log, _ = transferred()
    log.add(OFFICE_KEY, "clock.stepped", {1: START, 2: START + 1, 3: 2}, OFFICE)
    result = verify(log.bundle((0, 2), (3, 4)), log.trust())
    assert (result["status"], result["level"]) == ("verified", "attested")
    assert "revocation_absence" in result["unproven"]


def test_without_trust_nothing_more_than_self_consistency() -> None:
    """Without a trust file the result is not called verified."""
    result = verify(writer.founded().bundle())
    assert (result["status"], result["unproven"][0]) == ("self_consistent", "no_trust")


def test_disclosure_opens_the_commitment() -> None:
    """A right opening is accepted, a wrong one is bundle.disclosure."""
    log, sent = transferred()
    good = ["disclosure", sent, SALT, PLAIN]
    found = [failure(log, more=[[*good[:3], plain]]) for plain in (PLAIN, b"x" * 32)]
    assert found == [None, "bundle.disclosure"]


@pytest.mark.parametrize("field", [1, 3, 4])
def test_erasure_of_something_else(field: int) -> None:
    """An erasure whose payload, body or wraps are not those of the transfer is refused."""
    log, sent = transferred()
    body: dict[int, Any] = {1: PAYLOAD, 2: sent, 3: BODY, 4: WRAPS, 5: 1, 6: START, 7: START, 8: 1}
    body[field] = {1: b"q" * 16, 3: b"q" * 32, 4: WRAPS[:1]}[field]
    log.add(SERVER_KEY, "payload.erased", body, OFFICE)
    assert failure(log) == "erasure"


def _foreign(log: Log) -> None:
    log.add(GATEWAY_KEY, "note.made", {}, HOSPITAL, f1=b"x" * 16)


def _replayed(log: Log) -> None:
    each = writer.envelope(GATEWAY_KEY, writer.statement("note.made", {}, HOSPITAL, log.now))
    log.block(each)
    log.block(each)


def _expired(log: Log) -> None:
    log.add(GATEWAY_KEY, "note.made", {}, HOSPITAL, f8=START - 10, f9=START - 5)


def _ahead(log: Log) -> None:
    log.add(GATEWAY_KEY, "note.made", {}, HOSPITAL, f8=log.now + 300_001, f9=log.now + 300_002)


def _back_in_time(log: Log) -> None:
    log.block(writer.envelope(GATEWAY_KEY, writer.statement("note.made", {}, HOSPITAL, START)), ms=START)


def _gap(log: Log) -> None:
    log.block(writer.envelope(GATEWAY_KEY, writer.statement("note.made", {}, HOSPITAL, log.now)), height=9)


def _unknown(log: Log) -> None:
    log.add(Signer(77), "note.made", {}, HOSPITAL)


def _late(log: Log) -> None:
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(Signer(20), "inst-0003", 2, f7=START), OFFICE)
    log.add(Signer(20), "note.made", {}, "inst-0003")


def _revoked(log: Log) -> None:
    log.add(GATEWAY_KEY, "key.revoked", {1: GATEWAY_KEY.id, 2: 3}, HOSPITAL)
    log.add(GATEWAY_KEY, "note.made", {}, HOSPITAL)


def _stranger(log: Log) -> None:
    log.add(GATEWAY_KEY, "note.made", {}, "inst-0003")


def _purpose(log: Log) -> None:
    log.add(GATEWAY_KEY, "log.rekeyed", {1: NEXT_LOG_KEY.public, 2: b"n" * 32}, HOSPITAL)


def _algorithm(log: Log) -> None:
    protected = {1: -9, 4: GATEWAY_KEY.id, 16: "akashi-op/1"}
    fields = writer.statement("note.made", {}, HOSPITAL, log.now)
    log.block(writer.envelope(GATEWAY_KEY, fields, protected=protected))


def _forged(log: Log) -> None:
    fields = writer.statement("note.made", {}, HOSPITAL, log.now)
    log.block(writer.envelope(GATEWAY_KEY, fields, signature=b"\1" * 64))


def _forged_p256(log: Log) -> None:
    fields = writer.statement("note.made", {}, OFFICE, log.now)
    log.block(writer.envelope(SERVER_KEY, fields, signature=bytes(64)))


def _slipped_in(log: Log) -> None:
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(Signer(20), HOSPITAL, 2), OFFICE)


def _unproven(log: Log) -> None:
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(Signer(20), "inst-0003", 2, f8=b"\1" * 64), OFFICE)


def _twice(log: Log) -> None:
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(SERVER_KEY, OFFICE, 3, f6=1), OFFICE)


def _more_fields(log: Log) -> None:
    log.add(OFFICE_KEY, "clock.stepped", {1: 1, 2: 2, 3: 1, 4: 0}, OFFICE)


def _other_rekey(log: Log) -> None:
    log.add(OFFICE_KEY, "log.rekeyed", {1: LOG_KEY.public, 2: b"n" * 32}, OFFICE)


def _revokes_a_stranger(log: Log) -> None:
    log.add(GATEWAY_KEY, "key.revoked", {1: SERVER_KEY.id, 2: 3}, HOSPITAL)


def _last_office_key(log: Log) -> None:
    log.add(OFFICE_KEY, "key.revoked", {1: OFFICE_KEY.id, 2: 1}, OFFICE)


def _revoked_twice(log: Log) -> None:
    log.add(OFFICE_KEY, "key.revoked", {1: GATEWAY_KEY.id, 2: 3}, OFFICE)
    log.add(OFFICE_KEY, "key.revoked", {1: GATEWAY_KEY.id, 2: 2}, OFFICE)


def _since_without_compromise(log: Log) -> None:
    log.add(OFFICE_KEY, "key.revoked", {1: GATEWAY_KEY.id, 2: 3, 3: START}, OFFICE)


def _device_of_a_server(log: Log) -> None:
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(Signer(20), OFFICE, 3, f10="dev-0001"), OFFICE)


def _stamp_of_another_log(log: Log) -> None:
    log.add(SERVER_KEY, "log.stamped", {1: b"x" + log.note(), 2: b"t", 3: [], 4: []}, OFFICE)


def _clock_reason(log: Log) -> None:
    log.add(OFFICE_KEY, "clock.stepped", {1: 1, 2: 2, 3: 1}, OFFICE)


def _opening_key_by_the_office(log: Log) -> None:
    opening = writer.enrolment(Signer(21), HOSPITAL, 5, f2=0, f9=1)
    del opening[8]
    log.add(OFFICE_KEY, "key.enrolled", opening, OFFICE)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (_last_office_key, "enrolment"),
        (_revoked_twice, "enrolment"),
        (_since_without_compromise, "enrolment"),
        (_device_of_a_server, "enrolment"),
        (_stamp_of_another_log, "enrolment"),
        (_clock_reason, "enrolment"),
        (_opening_key_by_the_office, "enrolment"),
        (_foreign, "op.foreign"),
        (_replayed, "op.replayed"),
        (_expired, "op.expired"),
        (_ahead, "op.ahead"),
        (_back_in_time, "chain"),
        (_gap, "chain"),
        (_unknown, "signer.unknown"),
        (_late, "signer.expired"),
        (_revoked, "signer.revoked"),
        (_stranger, "signer.institution"),
        (_purpose, "signer.purpose"),
        (_algorithm, "signer.algorithm"),
        (_forged, "signature"),
        (_forged_p256, "signature"),
        (_slipped_in, "enrolment"),
        (_unproven, "enrolment"),
        (_twice, "enrolment"),
        (_more_fields, "enrolment"),
        (_other_rekey, "enrolment"),
        (_revokes_a_stranger, "enrolment"),
    ],
)
def test_each_fault_of_a_log_has_its_class(fault: Callable[[Log], None], code: str) -> None:
    """One fault in an otherwise good log gives exactly its class, although every signature of the log holds."""
    log = writer.founded()
    fault(log)
    assert failure(log) == code


def test_a_refused_operation_may_have_any_fault_of_the_registry() -> None:
    """Inclusion is not acceptance: a refused operation is shown with its reason and not held against the log."""
    log = writer.founded()
    log.block(writer.envelope(Signer(77), writer.statement("note.made", {}, HOSPITAL, log.now)), result=7)
    assert verify(log.bundle(), log.trust())["operations"][-1]["result"] == 7


def test_a_gateway_enrols_its_successor_and_an_opening_key() -> None:
    """An institution with a gateway key extends its own keys."""
    log = writer.founded()
    log.add(GATEWAY_KEY, "key.enrolled", writer.enrolment(Signer(20, -9), HOSPITAL, 2), HOSPITAL)
    opening = writer.enrolment(Signer(21), HOSPITAL, 5, f2=0, f9=1)
    del opening[8]
    log.add(Signer(20, -9), "key.enrolled", opening, HOSPITAL)
    assert failure(log) is None


def test_rekeyed_log_signs_with_the_new_key() -> None:
    """After log.rekeyed the committed key is believed through the pinned genesis, and the old one no more without it."""
    log = writer.founded()
    log.add(OFFICE_KEY, "log.rekeyed", {1: NEXT_LOG_KEY.public, 2: b"n" * 32}, OFFICE)
    trust = f"quorum none\n#!genesis {log.hashes[0].hex()}\n".encode()
    found = [verify(log.bundle(note=log.note(key)), trust)["failure"] for key in (NEXT_LOG_KEY, LOG_KEY)]
    assert found == [None, "note.unsigned"]


def test_checkpoint_needs_log_and_quorum() -> None:
    """A missing, foreign or broken signature line has its class."""
    log = writer.founded()
    body = log.note()[: -len(writer.COSIGNER_KEY.line(b"")) - len(LOG_KEY.line(b""))]
    broken = body + LOG_KEY.line(b"another body") + writer.COSIGNER_KEY.line(body[:-1])
    stranger = writer.NoteKey(99)
    notes = [log.note(LOG_KEY), log.note(writer.COSIGNER_KEY), log.note(stranger, writer.COSIGNER_KEY), broken]
    found = [failure(log, note=note) for note in notes]
    assert found == ["note.quorum", "note.unsigned", "note.unsigned", "note.signature"]


def test_another_genesis_is_refused() -> None:
    """A log that is not the pinned one fails, even if the same key signed its checkpoint."""
    log = writer.founded()
    trust = log.trust().replace(log.hashes[0].hex().encode(), b"0" * 64)
    assert verify(log.bundle(), trust)["failure"] == "trust.genesis"


def test_bundle_without_leaf_0() -> None:
    """A bundle without the genesis is bundle.genesis."""
    log = writer.founded()
    assert verify(log.bundle((1, 3)), log.trust())["failure"] == "bundle.genesis"


def test_range_proof_must_lead_to_the_root() -> None:
    """A wrong hash, a missing one and one too many have their classes."""
    log = writer.founded()
    items = log.items((0, 1))
    proof = items[3][3]
    found = []
    for bent in ([b"x" * 32, *proof[1:]], proof[1:], [*proof, b"x" * 32]):
        items[3] = [*items[3][:3], bent]
        found.append(verify(writer.seal(items), log.trust())["failure"])
    assert found == ["proof.inclusion", "proof.length", "proof.length"]


def test_receipts_prove_inclusion_not_the_signer() -> None:
    """A receipt of every index verifies and says that the signer is not proven."""
    log = writer.founded()
    results = [verify(log.receipt(index), log.trust()) for index in range(3)]
    assert [result["status"] for result in results] == ["verified"] * 3
    assert all("signer" in result["unproven"] for result in results)


def test_receipt_of_another_index_is_refused() -> None:
    """A receipt that claims another place is proof.inclusion; outside of the tree proof.index."""
    log = writer.founded()
    receipt = log.receipt(1)
    found = [verify(receipt.replace(b"index 1", b"index %d" % n), log.trust())["failure"] for n in (0, 3)]
    assert found == ["proof.inclusion", "proof.index"]
