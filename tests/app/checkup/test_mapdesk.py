"""The desk where a map is made: from an unknown file to an approved map, with permission and journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.checkup import mapdesk
from akashi.app.desk import conversion
from akashi.app.desk.maps import MAX_TEXT, MapShelf, MapTooLarge
from akashi.checkup import load_map
from akashi.checkup.approval.errors import MapDraftClosed, MapDraftUnknown, MapHandleUnknown
from akashi.checkup.approval.model import DraftHead, MapState, RetireReason
from akashi.checkup.errors import LayoutUnknown, MapEmpty
from akashi.checkup.mapping.model import Choice, Decision, Placing, Proposal
from akashi.checkup.model import Role as ColumnRole
from akashi.exchange.errors import DocumentRefused
from akashi.identity.errors import NotPermitted
from akashi.identity.journal import Outcome
from akashi.identity.model import Role
from tests.app.service import CLINIC, PAYER, SHELF, Service, checkup_file

FILE = checkup_file("hoshi", 6)


@pytest.fixture
def desk(service: Service) -> Service:
    """Gateways without any shipped map: every layout is new to them."""
    for gateway in (service.clinic, service.payer):
        gateway.maps = MapShelf(gateway.paths.maps, approved=gateway._approved_maps)
        gateway.maps._shipped = []
        gateway.maps._items, gateway.maps._words = SHELF.items(), SHELF.words()
    return service


def drafted(desk: Service) -> str:
    """A draft whose sure columns are adopted."""
    session = desk.session(CLINIC)
    handle = mapdesk.start_draft(desk.clinic, session, "kekka.csv", FILE)
    mapdesk.adopt_sure(desk.clinic, session, handle, at_least=80)
    return handle


def test_from_an_unknown_file_to_an_approved_map(desk: Service) -> None:
    """Draft, decide, preview, approve; then the same file converts, with the approved text."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    with pytest.raises(LayoutUnknown):
        conversion.make_draft(clinic, "kekka.csv", FILE)
    handle = drafted(desk)
    seen = mapdesk.preview(clinic, session, handle, FILE)
    made = mapdesk.approve(clinic, session, handle)
    after = conversion.make_draft(clinic, "kekka.csv", FILE, kinds=())
    assert (seen.check.rows, len(seen.records), seen.changes) == (6, 5, ())
    assert made.state is MapState.APPROVED
    assert made.approval is not None
    assert after.map_digest == made.approval.digest
    assert mapdesk.version(clinic, session, made.map, 1)[1] == seen.text


def test_a_decision_is_there_for_the_next_process(desk: Service) -> None:
    """Nothing that a clerk decided is lost with the process: another store on the same file has it."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    handle = mapdesk.start_draft(clinic, session, "kekka.csv", FILE)
    mapdesk.decide(clinic, session, handle, 3, Decision.IGNORE)
    mapdesk.name_draft(clinic, session, handle, DraftHead("kumo", "", "2026-04-01", "2027-03-31", "010"))
    before = mapdesk.show(clinic, session, handle)
    clinic.map_approvals.close()
    del clinic.__dict__["map_approvals"]
    assert mapdesk.show(clinic, session, handle) == before
    assert (before.choices, before.head.map_id) == ({3: Choice(Decision.IGNORE)}, "kumo")


def test_the_second_version_tells_what_changed(desk: Service) -> None:
    """A new draft of the layout takes over id and days; its preview names the differences, and so do the versions."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    first = mapdesk.approve(clinic, session, drafted(desk))
    handle = drafted(desk)
    found = mapdesk.show(clinic, session, handle)
    column = next(at for at, choice in found.choices.items() if choice.state is Decision.ADOPT)
    mapdesk.decide(clinic, session, handle, column, Decision.IGNORE)
    seen = mapdesk.preview(clinic, session, handle, FILE)
    second = mapdesk.approve(clinic, session, handle)
    told = mapdesk.changes(clinic, session, first.map, 1, 2)
    assert (second.map, second.version) == (first.map, 2)
    assert seen.changes
    assert told == seen.changes


def test_a_map_of_nothing_is_refused(desk: Service) -> None:
    """Without any decision there is nothing to approve; the draft stays open."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    handle = mapdesk.start_draft(clinic, session, "kekka.csv", FILE)
    with pytest.raises(MapEmpty):
        mapdesk.approve(clinic, session, handle)
    assert mapdesk.show(clinic, session, handle).closed == ""


@pytest.mark.parametrize(
    "head",
    [
        DraftHead("", "", "2026-04-01", "2027-03-31"),
        DraftHead("a", "", "x", "y"),
        DraftHead("a", "", "2027-01-01", "2026-01-01"),
    ],
)
def test_a_head_must_make_sense(desk: Service, head: DraftHead) -> None:
    """No id, no dates, dates the wrong way round."""
    handle = mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "kekka.csv", FILE)
    with pytest.raises(mapdesk.HeadIncomplete):
        mapdesk.name_draft(desk.clinic, desk.session(CLINIC), handle, head)


def test_a_closed_draft_takes_no_decision(desk: Service) -> None:
    """Approved or put away, it stays readable as it was."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    handle = drafted(desk)
    mapdesk.drop_draft(clinic, session, handle)
    with pytest.raises(MapDraftClosed):
        mapdesk.decide(clinic, session, handle, 1, Decision.ADOPT)
    assert mapdesk.show(clinic, session, handle).closed


def test_a_clerk_says_what_the_grades_mean(desk: Service) -> None:
    """A table of one's own is kept, can be named by a decision, and stands in the map."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    handle = drafted(desk)
    found = mapdesk.show(clinic, session, handle)
    column = next(at for at, choice in found.choices.items() if choice.state is Decision.ADOPT)
    mapdesk.give_table(clinic, session, handle, "grades", {"い": "異常なし", "ろ": "要再検査"})
    chosen = Proposal(Placing.MAP, 100, (), "9N001000000000001", ColumnRole.JUDGEMENT, kind="judgement", table="grades")
    mapdesk.decide(clinic, session, handle, column, Decision.ADOPT, chosen)
    text = mapdesk.text_of(clinic, mapdesk.show(clinic, session, handle))
    assert load_map(text).tables["grades"] == {"い": "異常なし", "ろ": "要再検査"}


@pytest.mark.parametrize(("name", "words"), [("", {"a": "b"}), ("A b", {"a": "b"}), ("ok", {}), ("ok", {" ": "b"})])
def test_a_table_needs_a_name_and_words(desk: Service, name: str, words: dict[str, str]) -> None:
    """What could not stand in a map is refused when it is given."""
    handle = mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "kekka.csv", FILE)
    with pytest.raises(mapdesk.TableWrong):
        mapdesk.give_table(desk.clinic, desk.session(CLINIC), handle, name, words)


@pytest.mark.parametrize(
    "change", [{"target": "9X999"}, {"kind": "guess"}, {"table": "none"}, {"target": "person.shoe"}]
)
def test_a_proposal_of_ones_own_must_name_what_there_is(desk: Service, change: dict[str, str]) -> None:
    """Items, kinds and tables that nobody knows are refused when they are chosen, not when the map is signed."""
    handle = mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "kekka.csv", FILE)
    right = Proposal(Placing.MAP, 100, (), "9N001000000000001", kind="number")
    mapdesk.decide(desk.clinic, desk.session(CLINIC), handle, 1, Decision.ADOPT, right)
    with pytest.raises(mapdesk.ProposalWrong):
        mapdesk.decide(desk.clinic, desk.session(CLINIC), handle, 1, Decision.ADOPT, replace(right, **change))  # type: ignore[arg-type]  # texts only


@pytest.mark.parametrize("column", [0, 10_000])
def test_a_column_that_is_not_there_is_refused(desk: Service, column: int) -> None:
    """Columns count from 1 to the last."""
    handle = mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "kekka.csv", FILE)
    with pytest.raises(MapHandleUnknown):
        mapdesk.decide(desk.clinic, desk.session(CLINIC), handle, column, Decision.ADOPT)


def test_a_text_without_end_is_no_map(desk: Service) -> None:
    """Over 4 MiB it is refused before it is parsed."""
    with pytest.raises(MapTooLarge):
        mapdesk.hand_in(desk.clinic, desk.session(CLINIC), "#" * (MAX_TEXT + 1))


def test_a_program_is_no_file(desk: Service) -> None:
    """What the gateway would not send it does not draft from."""
    with pytest.raises(DocumentRefused):
        mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "kekka.exe", b"MZ" + bytes(64))


def test_nobody_approves_without_the_right(desk: Service) -> None:
    """An operator may draft and look; approving, retiring and sharing are refused and stand in the journal."""
    clinic, operator = desk.clinic, replace(desk.session(CLINIC), roles=Role.OPERATOR)
    handle = drafted(desk)
    with pytest.raises(NotPermitted):
        mapdesk.approve(clinic, operator, handle)
    with pytest.raises(NotPermitted):
        mapdesk.retire(clinic, operator, "map-0000", 1, RetireReason.OTHER)
    with pytest.raises(NotPermitted):
        mapdesk.share(clinic, operator, "map-0000", 1, [])
    with pytest.raises(NotPermitted):
        mapdesk.adopt(clinic, operator, "x")
    assert mapdesk.show(clinic, operator, handle).decided > 0


def test_every_act_is_in_the_journal_without_words_of_the_file(desk: Service) -> None:
    """Done and refused alike, by handle."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    made = mapdesk.approve(clinic, session, drafted(desk))
    with pytest.raises(MapDraftUnknown):
        mapdesk.show(clinic, session, "mdr-0000")
    entries = list(clinic.journal.entries())
    assert [(one.outcome, one.reason) for one in entries[-2:]] == [
        (Outcome.DONE, mapdesk.MANAGE),
        (Outcome.REFUSED, MapDraftUnknown.code),
    ]
    assert made.map_id not in repr(entries)


def test_a_child_converts_with_its_parents_map(desk: Service) -> None:
    """Shared, handed over as a text, adopted: the payer's gateway reads the clinic's layout."""
    clinic, payer, by, of = desk.clinic, desk.payer, desk.session(CLINIC), desk.session(PAYER)
    made = mapdesk.approve(clinic, by, drafted(desk))
    mapdesk.share(clinic, by, made.map, 1, [payer.institution])
    mapdesk.adopt(payer, of, mapdesk.version(clinic, by, made.map, 1)[1])
    assert conversion.make_draft(payer, "kekka.csv", FILE, kinds=()).report.map_id == made.map_id
    assert mapdesk.receipt(payer, of, made.map, 1)


def test_no_cell_is_in_any_file_of_the_home(desk: Service) -> None:
    """Names and ids of the people in the file are in no file of the home, sealed or not, nor in the draft's columns."""
    handle = drafted(desk)
    found = mapdesk.show(desk.clinic, desk.session(CLINIC), handle)
    name = FILE.decode("utf-8-sig").splitlines()[1].split(",")[3].strip('"')
    shown = repr(found) + repr(found.columns) + repr([one.shape.examples for one in found.columns.columns])  # type: ignore[union-attr]  # it has columns
    assert len(name) >= 2
    assert name not in shown
    files = [path for path in Path(desk.home).rglob("*") if path.is_file()]
    assert not any(name.encode() in path.read_bytes() for path in files)
