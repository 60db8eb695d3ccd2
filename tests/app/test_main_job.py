"""The main job on each layout, in one process: convert, seal, deliver, open, compare, confirm, erase, prove."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from akashi.app.errors import FindingsStop
from akashi.app.wiring import KINDS
from akashi.exchange.model import Status
from akashi.ledger.audit import audit
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.verify import verify_file
from tests.app.service import (
    CLINIC,
    PAYER,
    REAL_LAYOUT,
    SHARED,
    Cast,
    Service,
    checkup_file,
    encoded,
    found_home,
    rows_of,
)

SCHEMA = SHARED / "mhlw-xsd-v4" / "hc08_V08.xsd"
REAL = pytest.mark.skipif(not REAL_LAYOUT.is_file(), reason="the real institution's header row (shared/) is not here")
LAYOUTS = [
    ("midori", False),
    ("midori", True),
    ("hoshi", False),
    pytest.param("agency-830", False, marks=REAL),
    pytest.param("agency-830", True, marks=REAL),
]


@pytest.mark.parametrize(("layout", "messy"), LAYOUTS)
def test_main_job_on_every_layout(service: Service, layout: str, messy: bool) -> None:
    """The receiver gets byte for byte what was previewed, both see one trail, the payload goes, the evidence verifies."""
    draft = service.draft(checkup_file(layout, messy=messy))
    sent = service.send(draft)
    inbox = [one.handle for one in service.payer.exchange.inbox()]
    opened = service.open(sent.transfer)
    service.confirm(sent.transfer)
    report = service.server.housekeeping.run_once()
    trails = [service.gateways[part].exchange.show(sent.transfer).trail for part in (CLINIC, PAYER)]
    verdict = verify_file(
        export_subject(service.server.engine, sent.transfer), service.server.trust_text().encode(), KINDS
    )

    assert draft.severities[0] == 0
    assert draft.report.rows_out == 5
    assert inbox == [sent.transfer]
    assert dict(opened.documents) == dict(draft.documents)
    assert report.erased == 1
    assert trails[0] == trails[1]
    assert [step.kind for step in trails[0]][:3] == ["transfer.sent", "transfer.opened", "transfer.confirmed"]
    assert (verdict.status, verdict.failure) == ("verified", None)


def test_a_file_with_stops_is_refused_and_nothing_leaves(service: Service) -> None:
    """A messy file without a person's id in one row cannot be sent: no staging, no operation, no outbox entry."""
    heads, rows = rows_of("midori", 5, messy=True)
    rows[2][heads[1].index("個人ID")] = ""
    draft = service.draft(encoded(heads, iter(rows)))
    size = service.server.engine.size

    with pytest.raises(FindingsStop):
        service.send(draft)

    assert draft.severities[0] >= 1
    assert service.server.engine.size == size
    assert service.server.vault.stored() == []
    assert service.clinic.exchange.pending() == []


def test_nobody_is_left_out_of_the_archive_unseen(service: Service) -> None:
    """One of five has no insurer's number, so hc08 has four documents: the fifth is a warning with its row; the CSV has all five."""
    heads, rows = rows_of("midori", 5)
    rows[1][heads[1].index("保険者番号")] = ""
    draft = service.draft(encoded(heads, iter(rows)))
    with zipfile.ZipFile(io.BytesIO(dict(draft.documents)["hc08.zip"])) as archive:
        documents = archive.namelist()

    assert len(documents) == 4
    assert draft.report.rows_out == 5
    assert draft.severities[:2] == (0, 1)
    assert [(one.code, one.row) for one in draft.report.findings if one.code.startswith("hc08.")] == [
        ("hc08.identity", 2)
    ]


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the ministry's schema (shared/) is not here")
@pytest.mark.parametrize("layout", ["midori", "hoshi"])
def test_the_delivered_archive_is_valid_hc08(service: Service, layout: str) -> None:
    """Each document that the receiver opens is valid against the schema set of 特定健診 V08."""
    sent = service.send(service.draft(checkup_file(layout)))
    documents = dict(service.open(sent.transfer).documents)
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    with zipfile.ZipFile(io.BytesIO(documents["hc08.zip"])) as archive:
        trees = [etree.fromstring(archive.read(name)) for name in archive.namelist()]

    assert len(trees) == 5
    for tree in trees:
        schema.assertValid(tree)


@pytest.fixture(scope="module")
def listed_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A home whose gateways have opening keys of suite 2."""
    home = tmp_path_factory.mktemp("listed") / "home"
    return home, found_home(home, suite=2)


def test_main_job_with_listed_algorithms_only(listed_template: tuple[Path, Cast]) -> None:
    """Suite 2 from end to end: sent, opened alike, confirmed, erased, audited without findings."""
    home, cast = listed_template
    with Service(home, cast) as service:
        draft = service.draft(checkup_file())
        sent = service.send(draft)
        wraps = [service.server.vault.wrap(service.clinic.exchange.show(sent.transfer).transfer.payload, key)
                 for key in _opening_keys(service)]  # fmt: skip
        opened = service.open(sent.transfer)
        service.confirm(sent.transfer)
        report = service.server.housekeeping.run_once()
        status = service.clinic.exchange.show(sent.transfer).transfer.status
        path = service.server.paths.ledger

    assert wraps
    assert dict(opened.documents) == dict(draft.documents)
    assert status is Status.CONFIRMED
    assert report.erased == 1
    assert audit(path, KINDS).findings == ()


def _opening_keys(service: Service) -> list[bytes]:
    openers = [service.payer.keystore.opener("opening"), service.clinic.keystore.opener("opening")]
    assert {opener.suite for opener in openers} == {2}
    return [opener.key_id for opener in openers]
