"""An order for a payload that is not here: its id is barred, for good, and the outcome says that nothing was held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from akashi.clock import FixedClock
from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.vault.errors import PayloadErased, PayloadMissing
from akashi.vault.events import ErasureMethod, erased_event
from akashi.vault.model import ErasureLevel, ErasureOutcome, PayloadStatus
from akashi.vault.receipt import parse_storage_receipt
from akashi.vault.service import Vault
from tests.vault.forge import LEDGER, PAYLOAD, noise, sealed

ORDER, LATER, BODY, WRAPS = bytes([7]) * 32, bytes([8]) * 32, bytes([1]) * 32, (bytes([2]) * 32,)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], Vault]:
    """Opens the same vault, again and again."""
    keys = FileKeystore.create(tmp_path / "keys", b"invented", cost=FAST_UNSAFE_COST)
    keys.generate("server", KeyKind.ED25519)
    signer = keys.signer("server")
    return lambda: Vault(tmp_path / "vault", signer, LEDGER, FixedClock(1_000))


def test_nothing_held_is_said_as_such(opened: Callable[[], Vault]) -> None:
    """The outcome names what was announced, the order, and that there was no copy; a scrub raises its level like any other's."""
    with opened() as vault:
        outcome = vault.bar(PAYLOAD, ORDER, BODY, WRAPS)
        assert vault.scrub().scrubbed == (PAYLOAD,)
        scrubbed = vault.outcome(PAYLOAD)

    assert outcome == ErasureOutcome(PAYLOAD, ORDER, BODY, WRAPS, 1_000, 1_000, ErasureLevel.KEY, held=False)
    assert scrubbed.level is ErasureLevel.FILE
    assert erased_event(outcome).method is ErasureMethod.NOTHING_HELD


def test_a_barred_id_takes_nothing_also_after_a_start(opened: Callable[[], Vault]) -> None:
    """Attack: the bytes come after the order, or after the next start."""
    sealing = sealed(noise(1000))
    body = b"".join(sealing.chunks())
    with opened() as vault:
        vault.bar(PAYLOAD, ORDER, BODY, WRAPS)
    with opened() as vault:
        with pytest.raises(PayloadErased):
            vault.stage(PAYLOAD, sealing.wraps, [body])
        assert vault.recovered.uploads == vault.recovered.slots == 0
        assert vault.stored() == []
        assert vault.size(PAYLOAD) is None


def test_barring_twice_keeps_the_first_order(opened: Callable[[], Vault]) -> None:
    """Idempotent, and the first order stands."""
    with opened() as vault:
        first = vault.bar(PAYLOAD, ORDER, BODY, WRAPS)

        assert vault.bar(PAYLOAD, LATER, BODY, WRAPS) == first
        assert vault.erase(PAYLOAD, LATER) == first


def test_what_is_here_after_all_is_erased(opened: Callable[[], Vault]) -> None:
    """The copy arrived between the question and the bar: it is destroyed and said so, not denied."""
    sealing = sealed(noise(1000))
    with opened() as vault:
        receipt = vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
        assert vault.receipt(PAYLOAD) == receipt
        outcome = vault.bar(PAYLOAD, ORDER, BODY, WRAPS)

        assert (outcome.held, outcome.body_digest) == (True, parse_storage_receipt(receipt)[0].body_digest)
        row = vault.find(PAYLOAD)
        assert row is not None
        assert row.status is PayloadStatus.ERASED
        with pytest.raises(PayloadErased):
            vault.receipt(PAYLOAD)


def test_no_receipt_for_what_is_not_stored(opened: Callable[[], Vault]) -> None:
    """A receipt is given for stored bytes only."""
    with opened() as vault, pytest.raises(PayloadMissing):
        vault.receipt(PAYLOAD)
