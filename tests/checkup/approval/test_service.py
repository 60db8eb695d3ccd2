"""Approving, retiring, sharing and adopting maps on a real ledger, and what may be converted with then."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from hashlib import sha256
from io import BytesIO

import pytest

from akashi.app.desk import conversion
from akashi.app.desk.maps import MapShelf, today
from akashi.checkup.approval.errors import (
    ApprovalRefused,
    MapDraftClosed,
    MapHandleUnknown,
    MapIdTaken,
    MapNotUsable,
    MapVersionWrong,
    SecondPersonNeeded,
)
from akashi.checkup.approval.model import MapState, RetireReason
from akashi.checkup.approval.service import MapApprovals
from akashi.checkup.errors import LayoutUnknown, MapInvalid
from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.keys.errors import KeystoreDamaged
from akashi.ledger.author import Author
from akashi.vault.documents import Documents
from tests.app.line import AppChannel, remote_ledger
from tests.app.service import CLINIC, PAYER, Service, checkup_file
from tests.checkup.approval.texts import MAP_ID, text
from tests.exchange.world import FlakyLedger, Outage

OTHER_PERSON = "per-somebodyelse"


def test_an_approved_map_is_on_the_ledger_and_usable(service: Service) -> None:
    """The digest of the text, the layout, the days and the approver are recorded; the shelf offers it before shipped ones."""
    clinic, session = service.clinic, service.session(CLINIC)
    made = clinic.map_approvals.approve(text(), session)
    assert (made.version, made.map_id, made.state, made.own) == (1, MAP_ID, MapState.APPROVED, True)
    assert made.approval is not None
    assert made.approval.digest == sha256(text().encode()).digest()
    assert (made.approval.owner, made.approval.person) == (clinic.institution, session.person)
    assert clinic.ledger.entry(made.operation) is not None
    assert clinic.maps.maps()[0].map_id == MAP_ID


def test_versions_follow_one_another_and_old_ones_stay_readable(service: Service) -> None:
    """A gap or a repeated version is refused with the one that is wanted; the text of version 1 is still there."""
    approvals, session = service.clinic.map_approvals, service.session(CLINIC)
    first = approvals.approve(text(), session)
    with pytest.raises(MapVersionWrong):
        approvals.approve(text(3), session)
    with pytest.raises(MapVersionWrong):
        approvals.approve(text(1, remark="again"), session)
    second = approvals.approve(text(2), session)
    assert (second.map, second.version) == (first.map, 2)
    assert approvals.text(first.map, 1) == text()
    assert approvals.next_version(MAP_ID) == 3


def test_the_highest_valid_version_converts(service: Service) -> None:
    """Two versions are valid on the day: the newer one is used, and the draft names its digest."""
    clinic, session = service.clinic, service.session(CLINIC)
    clinic.map_approvals.approve(text(), session)
    clinic.map_approvals.approve(text(2), session)
    clinic.maps._formats = clinic.paths.root  # no shipped map knows the layout
    clinic.maps._shipped = []
    clinic.maps._items, clinic.maps._definition = MapShelf(clinic.paths.maps).items(), None
    seen = conversion.inspect_file(clinic, BytesIO(checkup_file("hoshi", 1)))
    assert clinic.maps.map_for(seen, today(clinic.clock.now_ms())).version == 2


def test_a_draft_of_a_conversion_names_the_text_that_was_used(service: Service) -> None:
    """Its digest is that of the approved text, so that evidence can say which map made a file."""
    clinic = service.clinic
    clinic.map_approvals.approve(text(), service.session(CLINIC))
    clinic.maps._shipped = []
    draft = conversion.make_draft(clinic, "a.csv", checkup_file("hoshi", 1), kinds=())
    assert (draft.report.map_id, draft.map_digest) == (MAP_ID, sha256(text().encode()).digest())


def test_a_retired_map_is_refused_by_name(service: Service) -> None:
    """A file of its layout is not called unknown: the error names the map, the version and why."""
    clinic, session = service.clinic, service.session(CLINIC)
    made = clinic.map_approvals.approve(text(), session)
    ended = clinic.map_approvals.retire(made.map, 1, RetireReason.WRONG, session)
    clinic.maps._shipped = []
    assert ended.state is MapState.RETIRED
    with pytest.raises(MapNotUsable, match="retired"):
        conversion.make_draft(clinic, "a.csv", checkup_file("hoshi", 1))
    with pytest.raises(ApprovalRefused):
        clinic.map_approvals.retire(made.map, 1, RetireReason.WRONG, session)


def test_a_file_that_lies_in_the_folder_is_not_used(service: Service) -> None:
    """The folder of earlier versions is looked at by nobody but the list."""
    clinic = service.clinic
    clinic.paths.maps.mkdir(exist_ok=True)
    (clinic.paths.maps / "kumo.yaml").write_text(text(), encoding="utf-8")
    clinic.maps._shipped = []
    assert [path.name for path in clinic.maps.lying()] == ["kumo.yaml"]
    with pytest.raises(LayoutUnknown):
        conversion.make_draft(clinic, "a.csv", checkup_file("hoshi", 1))


def test_an_altered_text_is_never_used(service: Service) -> None:
    """Attack: the sealed text on disk is replaced by another sealed one, by whoever can write the file."""
    clinic, session = service.clinic, service.session(CLINIC)
    first = clinic.map_approvals.approve(text(), session)
    clinic.map_approvals.retire(first.map, 1, RetireReason.OTHER, session)
    second = clinic.map_approvals.approve(text(2), session)
    one, two = (sha256(text(version).encode()).hexdigest() for version in (1, 2))
    with sqlite3.connect(clinic.paths.map_documents) as other:
        query = "UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE key = ?) WHERE key = ?"
        other.execute(query, (one, two))
    assert clinic.map_approvals.version(second.map, 2).state is MapState.ALTERED
    clinic.maps._shipped = []
    with pytest.raises(MapNotUsable, match="altered"):
        conversion.make_draft(clinic, "a.csv", checkup_file("hoshi", 1))


def test_an_altered_text_under_the_own_key_is_never_used(service: Service) -> None:
    """Attack: somebody with the key store seals another text in the place of the approved one."""
    clinic = service.clinic
    made = clinic.map_approvals.approve(text(), service.session(CLINIC))
    digest = sha256(text().encode()).hexdigest()
    clinic.map_approvals._documents.put("text", digest, text(remark="altered"), 1)
    assert clinic.map_approvals.version(made.map, 1).state is MapState.ALTERED
    assert clinic.map_approvals.look()[0] == []
    with pytest.raises(MapHandleUnknown):
        clinic.map_approvals.text(made.map, 1)


def test_what_was_moved_within_the_store_stops_the_list(service: Service) -> None:
    """Attack: the row that says which text is which version is replaced. Nothing is guessed."""
    clinic, session = service.clinic, service.session(CLINIC)
    clinic.map_approvals.approve(text(), session)
    with sqlite3.connect(clinic.paths.map_documents) as other:
        other.execute(
            "UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE space = 'text') WHERE space = 'version'"
        )
    with pytest.raises(KeystoreDamaged):
        clinic.map_approvals.versions()


def test_shipped_ids_are_taken(service: Service) -> None:
    """A map of one's own cannot stand in for one that is part of the program."""
    with pytest.raises(MapIdTaken):
        service.clinic.map_approvals.approve(text(map_id="hoshi-2024"), service.session(CLINIC))


def test_a_text_that_is_no_map_is_refused_before_anything_is_kept(service: Service) -> None:
    """Neither as approval nor as a draft."""
    approvals, session = service.clinic.map_approvals, service.session(CLINIC)
    for act in (approvals.approve, approvals.start):
        with pytest.raises(MapInvalid):
            act("map: 2", session)
    assert (approvals.versions(), approvals.drafts()) == ([], [])


def test_a_child_adopts_what_was_shared_with_it(service: Service) -> None:
    """It needs the exact text and to be named; then its own files convert with it, and version 2 is adopted anew."""
    parent, child = service.clinic, service.payer
    by, of = service.session(CLINIC), service.session(PAYER)
    made = parent.map_approvals.approve(text(), by)
    with pytest.raises(MapHandleUnknown):
        child.map_approvals.adopt(text(), of)
    parent.map_approvals.share(made.map, 1, [child.institution], by)
    with pytest.raises(MapHandleUnknown):
        child.map_approvals.adopt(text(remark="not that text"), of)
    taken = child.map_approvals.adopt(text(), of)
    assert (taken.map, taken.own, taken.state) == (made.map, False, MapState.APPROVED)
    parent.map_approvals.approve(text(2), by)  # shared as version 1 was
    newer = child.map_approvals.adopt(text(2), of)
    states = {one.version: one.state for one in child.map_approvals.versions()}
    assert (newer.version, states) == (2, {2: MapState.APPROVED, 1: MapState.UNAPPROVED})


def test_a_child_stops_when_the_parent_does(service: Service) -> None:
    """Sharing that ends and retirement both count at the next look."""
    parent, child = service.clinic, service.payer
    by, of = service.session(CLINIC), service.session(PAYER)
    made = parent.map_approvals.approve(text(), by, children=[child.institution])
    child.map_approvals.adopt(text(), of)
    parent.map_approvals.share(made.map, 1, [], by)
    assert child.map_approvals.version(made.map, 1).state is MapState.WITHHELD
    parent.map_approvals.share(made.map, 1, [child.institution], by)
    assert child.map_approvals.version(made.map, 1).state is MapState.APPROVED
    parent.map_approvals.retire(made.map, 1, RetireReason.LAYOUT_ENDED, by)
    assert child.map_approvals.version(made.map, 1).state is MapState.RETIRED


def test_nobody_acts_on_anothers_map(service: Service) -> None:
    """Attack: the child retires or shares its parent's map."""
    parent, child = service.clinic, service.payer
    made = parent.map_approvals.approve(text(), service.session(CLINIC), children=[child.institution])
    of = service.session(PAYER)
    child.map_approvals.adopt(text(), of)
    with pytest.raises(MapHandleUnknown):
        child.map_approvals.retire(made.map, 1, RetireReason.OTHER, of)
    with pytest.raises(MapHandleUnknown):
        child.map_approvals.share(made.map, 1, [], of)
    with pytest.raises(MapIdTaken):
        child.map_approvals.approve(text(2), of)


def test_two_persons_are_two(service: Service) -> None:
    """With the setting, who saved last cannot approve, and a text that nobody handed in cannot be approved at all."""
    clinic, session = service.clinic, service.session(CLINIC)
    approvals = clinic.map_approvals
    approvals._two_persons = True
    own, other = approvals.start(text(), session), approvals.start(text(), replace(session, person=OTHER_PERSON))
    for draft in ("", own):
        with pytest.raises(SecondPersonNeeded):
            approvals.approve(text(), session, draft=draft)
    made = approvals.approve(approvals.draft(other).text, session, draft=other)
    assert (made.state, approvals.draft(other).closed) == (MapState.APPROVED, made.map)
    with pytest.raises(MapDraftClosed):
        approvals.drop(other, session)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_approval_that_got_no_answer_counts_once(service: Service, moment: str) -> None:
    """The line breaks before or after the ledger has it: it is kept, waits, and is said once more, as one version."""
    outage, gateway = Outage(), service.clinic
    approvals = flaky(service, outage, gateway.clock)
    getattr(outage, moment)["submit"] = 1
    with pytest.raises(Unavailable):
        approvals.approve(text(), service.session(CLINIC))
    waiting = [one.state for one in approvals.versions()]
    assert approvals.resume() == 1
    (made,) = approvals.versions()
    assert (waiting, made.state) == ([MapState.WAITING if moment == "before" else MapState.APPROVED], MapState.APPROVED)
    assert approvals.resume() == 0
    approvals.close()


def test_a_retirement_that_got_no_answer_counts_here_at_once(service: Service) -> None:
    """What somebody wants ended is not used until the line is back."""
    outage, gateway = Outage(), service.clinic
    approvals = flaky(service, outage, gateway.clock)
    made = approvals.approve(text(), service.session(CLINIC))
    outage.before["submit"] = 1
    with pytest.raises(Unavailable):
        approvals.retire(made.map, 1, RetireReason.WRONG, service.session(CLINIC))
    assert approvals.version(made.map, 1).state is MapState.RETIRED
    approvals.close()


def test_over_a_line_a_child_sees_the_same(service: Service) -> None:
    """A gateway that is elsewhere adopts, uses and loses a shared map as one beside the server does; nobody there is no map."""
    parent, child = service.clinic, service.payer
    by, of = service.session(CLINIC), service.session(PAYER)
    channel = AppChannel(service.server, child.paths.certificate.read_bytes())
    author = Author(remote_ledger(child, channel), child.keystore.signer("gateway"), child.institution, child.clock)
    there = MapApprovals(Documents(child.paths.map_documents, child.keystore, "maps"), author, child.clock)
    made = parent.map_approvals.approve(text(), by, children=[child.institution])
    taken = there.adopt(text(), of)
    usable = [one.layout_map.map_id for one in there.look()[0]]
    parent.map_approvals.share(made.map, 1, [], by)
    ((gone,), hidden) = there.look()[1], there.look()[0]
    channel.down = True
    with pytest.raises(Unavailable):
        there.look()
    there.close()
    assert (taken.state, usable) == (MapState.APPROVED, [MAP_ID])
    assert (gone.version.state, gone.layout, hidden) == (MapState.WITHHELD, made.approval.layout, [])  # type: ignore[union-attr]  # it was approved


def flaky(service: Service, outage: Outage, clock: Clock) -> MapApprovals:
    """The clinic's approvals behind a line that breaks as the test says."""
    gateway = service.clinic
    author = Author(FlakyLedger(gateway.ledger, outage), gateway.keystore.signer("gateway"), gateway.institution, clock)
    return MapApprovals(Documents(gateway.paths.map_documents, gateway.keystore, "maps"), author, clock)
