"""The main job over HTTPS: what leaves, who may see it, and what the server learns."""

from __future__ import annotations

import io
import zipfile

import pytest

from akashi.app.wiring import KINDS
from akashi.ledger.proof.verify import verify_file
from tests.api.served import World, checkup_file, deliver

pytestmark = pytest.mark.network


def test_a_transfer_over_https_end_to_end(world: World) -> None:
    """Convert, send, open, export, confirm: both sides see one trail, and the evidence verifies under the trust file."""
    name = deliver(world, checkup_file(world))
    payer = world.signed_in(world.payer)
    inbox = payer.get("/api/v1/transfers").json()["transfers"]
    opened = payer.post(f"/api/v1/transfers/{name}/open", json={"purpose": "checkup_result"})
    plain = payer.post(
        f"/api/v1/transfers/{name}/export",
        json={"purpose": "checkup_result", "destination": "internal_system", "form": "plain"},
    )
    confirmed = payer.post(f"/api/v1/transfers/{name}/confirm")
    here = payer.get(f"/api/v1/transfers/{name}").json()
    there = world.signed_in(world.clinic).get(f"/api/v1/transfers/{name}").json()
    evidence = payer.get(f"/api/v1/transfers/{name}/evidence").content

    assert name in [one["transfer"] for one in inbox]
    assert opened.status_code == 200, opened.text
    assert zipfile.ZipFile(io.BytesIO(plain.content)).namelist()[0] == "standard.csv"
    assert confirmed.status_code == 200, confirmed.text
    assert here["status"] == "confirmed"
    assert here["trail"] == there["trail"]
    verdict = verify_file(evidence, world.server.trust_text().encode(), KINDS)
    assert verdict.failure is None
    assert verdict.status == "verified"
