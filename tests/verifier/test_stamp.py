"""Time stamps: what bounds the time of an operation, what is only reported, and what is refused (step 8)."""

from __future__ import annotations

from typing import Any

import pytest

from akashi_verifier import Failure, stamp
from akashi_verifier.steps import verify
from tests.verifier import writer, writer_tsa
from tests.verifier.writer import START
from tests.verifier.writer_tsa import STAMPED_AT, Authority, authority, imprint, stamp_item


def outcome(items: list[Any], *roots: str) -> dict[str, Any]:
    """The result for the stamped log with these stamp items."""
    log, _, _ = writer_tsa.stamped()
    return verify(log.bundle(more=items), log.trust(*roots))


def test_counted_stamp_bounds_the_operations() -> None:
    """Leaves under the stamp existed before it; the leaf after its log.stamped leaf was recorded after it."""
    _, items, root = writer_tsa.stamped()
    result = outcome(items, root)
    assert result["stamps"] == [{"size": 3, "time_ms": STAMPED_AT, "counted": True}]
    bounds = [(row["after_ms"], row["before_ms"]) for row in result["operations"]]
    assert bounds == [(None, STAMPED_AT)] * 3 + [(None, None), (STAMPED_AT, None)]


def test_fractions_of_a_second_are_cut_to_milliseconds() -> None:
    """A time of .9876 s is 987 ms."""
    log, _, root = writer_tsa.stamped()
    token = authority().token(imprint(log.note(size=3)), fraction=".9876")
    assert outcome([stamp_item(log, 3, token)], root)["stamps"][0]["time_ms"] == STAMPED_AT + 987


def test_stamp_of_an_authority_nobody_trusts_is_not_counted() -> None:
    """Without a root that its chain ends in, a stamp is reported and bounds nothing."""
    _, items, _ = writer_tsa.stamped()
    result = outcome(items, Authority(60).trust_line)
    assert (result["status"], result["stamps"][0]["counted"]) == ("verified", False)
    assert {"no_stamp_before", "no_stamp_after"} <= set(result["unproven"])


@pytest.mark.parametrize(("revoked_at", "counted"), [(STAMPED_AT - 1000, False), (STAMPED_AT + 2000, True)])
def test_revocation_before_the_stamp_uncounts_it(revoked_at: int, counted: bool) -> None:
    """A certificate revoked by the time of the stamp gives no bound; one revoked later does."""
    log, _, root = writer_tsa.stamped()
    token = authority().token(imprint(log.note(size=3)))
    item = stamp_item(log, 3, token, crls=[authority().revocation(revoked_at)])
    assert outcome([item], root)["stamps"][0]["counted"] is counted


def test_expired_certificate_gives_no_bound() -> None:
    """A certificate that was not valid at the token's time is no step of a path."""
    log, _, _ = writer_tsa.stamped()
    old = Authority(50, days=2)
    token = old.token(imprint(log.note(size=3)), at_ms=START + 3 * 86_400_000)
    assert outcome([stamp_item(log, 3, token)], old.trust_line)["stamps"][0]["counted"] is False


def test_stamp_over_another_note_is_refused() -> None:
    """A token whose imprint is not the note's is `stamp`."""
    log, _, root = writer_tsa.stamped()
    assert outcome([stamp_item(log, 3, authority().token(b"x" * 32))], root)["failure"] == "stamp"


def test_certificate_without_critical_usage_is_refused() -> None:
    """The extended key usage must be critical."""
    log, _, _ = writer_tsa.stamped()
    lax = Authority(70, critical=False)
    item = stamp_item(log, 3, lax.token(imprint(log.note(size=3))))
    assert outcome([item], lax.trust_line)["failure"] == "stamp"


def test_note_of_another_tree_is_refused() -> None:
    """A stamped note that the checkpoint's tree does not extend is proof.consistency."""
    log, _, root = writer_tsa.stamped()
    other = writer.founded()
    other.leaves[2] = other.leaves[1]
    note = other.note(size=3)
    item = ["stamp", note, authority().token(imprint(note)), [], [], writer.consistency(3, log.hashes)]
    assert outcome([item], root)["failure"] == "proof.consistency"


def test_note_larger_than_the_bundle_is_refused() -> None:
    """A stamp over a later checkpoint than the bundle's is proof.size."""
    log, items, root = writer_tsa.stamped()
    early = writer.founded()
    log.leaves, log.headers = log.leaves[:5], log.headers
    late = ["stamp", log.note(size=5), items[0][2], [], [], []]
    assert verify(early.bundle(more=[late]), early.trust(root))["failure"] == "proof.size"


def test_no_byte_of_a_token_can_be_changed_unnoticed() -> None:
    """Each flipped byte of a token is refused, or leaves time and signer as they were (unsigned parts)."""
    note = writer.founded().note()
    token = authority().token(imprint(note))
    expected = ("opened", STAMPED_AT, authority().signer)
    found = {
        _opening(token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :], note) for place in range(len(token))
    }
    assert found == {expected, ("stamp", None, None)}


def _opening(token: bytes, note: bytes) -> tuple[str, int | None, bytes | None]:
    try:
        opened = stamp.open_token(token, imprint(note), [], [])
    except Failure as failure:
        return failure.code, None, None
    return "opened", opened.time_ms, opened.signer


@pytest.mark.parametrize("raw", ["30", "3081010000", "30800000", "1f0100", "30820001", "3084ffffffff", "308100"])
def test_der_that_is_not_der_is_refused(raw: str) -> None:
    """Indefinite, long, high-tag and short elements are refused."""
    with pytest.raises(Failure) as caught:
        stamp.read(bytes.fromhex(raw))
    assert caught.value.code == "stamp"
