"""What a gateway hands out as the receipt of a step is the receipt of that step.

Attack: the operator answers with the good receipt of another operation.
"""

from __future__ import annotations

import pytest

from akashi.app.desk import transfers
from akashi.identity.journal import Outcome, What
from akashi.ledger.errors import ProofError
from tests.app.lying import lied_to
from tests.app.service import Service, checkup_file


def test_the_receipt_of_another_operation_is_not_handed_out(service: Service) -> None:
    """It verifies, but it is of something else: refused, and the refusal is in the journal."""
    sent = service.send(service.draft(checkup_file())).acknowledged
    engine = service.server.engine
    other = engine.receipt(engine.entries(service.clinic.institution)[0].operation_id)
    lied = lied_to(service)
    try:
        true = b"".join(transfers.receipt(lied.gateway, lied.session, sent.operation_id).pieces)
        lied.channel.lies = {f"/api/v1/operations/{sent.operation_id.hex()}/receipt": lambda _: other}
        with pytest.raises(ProofError) as caught:
            transfers.receipt(lied.gateway, lied.session, sent.operation_id)
        last = list(lied.gateway.journal.entries(1))[-1]
    finally:
        lied.gateway.close()

    assert true == engine.receipt(sent.operation_id)
    assert caught.value.failure == "receipt.operation"
    assert (last.what, last.outcome) == (What.DOWNLOADED, Outcome.REFUSED)
