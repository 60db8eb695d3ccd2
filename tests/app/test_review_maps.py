"""Review of maps and results: what two people do at once, what was altered or swapped, what one person can make the others pay for."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from akashi.app.checkup import mapdesk
from akashi.app.checkup.batch_report import lines
from akashi.app.checkup.batch_state import BatchForeign
from akashi.app.desk import conversion
from akashi.app.desk.maps import MapShelf
from akashi.app.mapmaking import trial
from akashi.checkup.approval import service as approval_service
from akashi.checkup.approval import store as approval_store
from akashi.checkup.approval.errors import (
    MapDraftClosed,
    MapDraftMoved,
    MapDraftsMany,
    MapIdTaken,
    MapNotUsable,
    SecondPersonNeeded,
)
from akashi.checkup.approval.events import MapApproved, approvals
from akashi.checkup.approval.frozen import thaw
from akashi.checkup.approval.model import MapDraft, MapState
from akashi.checkup.errors import HeadingMissing
from akashi.checkup.mapping.model import Decision, Draft, Placing, Proposal
from akashi.keys.errors import KeystoreDamaged
from tests.app.checkup.batches import by_name, lay, run, sample
from tests.app.service import CLINIC, PAYER, SHELF, Service, checkup_file, layout_map
from tests.checkup.approval.texts import text

FILE = checkup_file("hoshi", 4)
ITEM = next(one for one in SHELF.items().items.values() if one.type == "PQ" and one.unit == "cm")


@pytest.fixture
def desk(service: Service) -> Service:
    """Gateways without any shipped map: every layout is new to them."""
    for gateway in (service.clinic, service.payer):
        gateway.maps = MapShelf(gateway.paths.maps, approved=gateway._approved_maps)
        gateway.maps._shipped = []
        gateway.maps._items, gateway.maps._words = SHELF.items(), SHELF.words()
    return service


@pytest.fixture
def handle(desk: Service) -> str:
    """A draft whose sure columns are adopted."""
    made = mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "kekka.csv", FILE)
    mapdesk.adopt_sure(desk.clinic, desk.session(CLINIC), made, at_least=80)
    return made


def test_what_was_read_is_what_is_signed(desk: Service, handle: str) -> None:
    """Attack: a colleague changes the draft after the approver read it. Nothing is signed, the draft stays open."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    read = trial.to_sign(clinic, session, handle).digest
    mapdesk.decide(clinic, session, handle, 1, Decision.IGNORE)
    with pytest.raises(MapDraftMoved):
        mapdesk.approve(clinic, session, handle, expected=read)
    assert mapdesk.versions(clinic, session) == []
    assert mapdesk.show(clinic, session, handle).closed == ""
    now = trial.to_sign(clinic, session, handle).digest
    assert mapdesk.approve(clinic, session, handle, expected=now).approval is not None


def test_nobody_decides_while_it_is_signed(desk: Service, handle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: a decision between making the text and signing it. It waits, and finds the draft closed."""
    clinic, session, met = desk.clinic, desk.session(CLINIC), list[str]()
    before = mapdesk.text_of

    def press() -> None:
        try:
            mapdesk.decide(clinic, session, handle, 1, Decision.IGNORE)
            met.append("decided")
        except MapDraftClosed:
            met.append("closed")

    other = threading.Thread(target=press)

    def slow(gateway: object, found: MapDraft) -> str:
        made = before(clinic, found)
        other.start()
        other.join(0.1)
        return made

    monkeypatch.setattr(mapdesk, "text_of", slow)
    mapdesk.approve(clinic, session, handle)
    other.join()
    assert met == ["closed"]


def test_two_clerks_lose_no_decision(desk: Service, handle: str) -> None:
    """Both press at once on columns of their own: every press is kept, and the head stays."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    columns = range(1, 13)

    def press(odd: int) -> None:
        for column in columns:
            if column % 2 == odd:
                mapdesk.decide(clinic, session, handle, column, Decision.IGNORE)

    head = mapdesk.show(clinic, session, handle).head
    pair = [threading.Thread(target=press, args=(odd,)) for odd in (0, 1)]
    for one in pair:
        one.start()
    for one in pair:
        one.join()
    found = mapdesk.show(clinic, session, handle)
    assert {found.choices[column].state for column in columns} == {Decision.IGNORE}
    assert found.head == head


def test_whoever_changed_it_last_is_asked_inside_the_same_step(desk: Service, handle: str) -> None:
    """With two persons the last change is looked at together with the text that is signed."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    clinic.map_approvals._two_persons = True
    with pytest.raises(SecondPersonNeeded):
        mapdesk.approve(clinic, session, handle)
    assert mapdesk.versions(clinic, session) == []


def test_an_altered_version_does_not_bring_back_the_one_before(desk: Service) -> None:
    """Attack: whoever can write the disk spoils the newest version, so that an older one with other meanings converts again."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    for number in (1, 2):
        clinic.map_approvals.approve(text(number), session)
    newest = sha256(text(2).encode()).hexdigest()
    with sqlite3.connect(clinic.paths.map_documents) as other:
        other.execute("DELETE FROM documents WHERE space = 'text' AND key = ?", (newest,))
    with pytest.raises(MapNotUsable, match=r"2.*altered"):
        conversion.make_draft(clinic, "a.csv", FILE)
    assert clinic.maps.maps() == []


def test_an_approval_that_the_server_hides_does_not_bring_back_the_one_before(
    desk: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a server answers as if version 2, whose approval it acknowledged, had never been."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    made = [clinic.map_approvals.approve(text(number), session) for number in (1, 2)]
    monkeypatch.setattr(
        approval_service, "approvals", lambda state: (one for one in approvals(state) if one.version == 1)
    )
    with pytest.raises(MapNotUsable, match=r"2.*unapproved"):
        conversion.make_draft(clinic, "a.csv", FILE)
    assert [one.state for one in clinic.map_approvals.versions()] == [MapState.UNAPPROVED, MapState.APPROVED]
    assert made[0].map == made[1].map


def test_a_version_that_waits_leaves_the_one_before_in_use(desk: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the ledger has not answered yet counts neither way."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    clinic.map_approvals.approve(text(1), session)
    monkeypatch.setattr(clinic.map_approvals._outbox, "submit", lambda _operation: None)
    clinic.map_approvals.approve(text(2), session)
    assert [one.state for one in clinic.map_approvals.versions()] == [MapState.WAITING, MapState.APPROVED]
    assert [one.version for one in clinic.maps.maps()] == [1]


def test_another_map_under_a_used_id_is_not_adopted(desk: Service) -> None:
    """Attack: a map under the id of one that is in use here, shared with a higher version, to take its place by that alone."""
    clinic, payer, of = desk.clinic, desk.payer, desk.session(PAYER)
    first = clinic.map_approvals.approve(text(), desk.session(CLINIC), children=[payer.institution])
    payer.map_approvals.adopt(text(), of)
    other = text(9, remark="another owner's")
    said = MapApproved("map-bbbb", 1, sha256(other.encode()).digest(), bytes(32), 0, 1, (payer.institution,))
    clinic.author.submit(said, subject="map-bbbb", person=desk.cast.persons[CLINIC])
    with pytest.raises(MapIdTaken):
        payer.map_approvals.adopt(other, of)
    assert [(one.map, one.version) for one in payer.map_approvals.versions()] == [(first.map, 1)]


GOOD = Proposal(Placing.MAP, 100, (), ITEM.code, kind="number", unit=ITEM.unit)


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "m"},
        {"factor": "1, required: true"},
        {"factor": "0"},
        {"factor": "NaN"},
        {"factor": "1e9"},
        {"factor": "-1"},
        {"when_column": 99_999, "when_words": ("1",)},
        {"when_column": 1},
        {"when_words": ("1",)},
    ],
)
def test_a_proposal_cannot_write_into_the_map(desk: Service, handle: str, change: dict[str, object]) -> None:
    """Attack: over REST a factor that is more YAML, a unit that is not the item's, a column that is not there."""
    session = desk.session(CLINIC)
    before = mapdesk.show(desk.clinic, session, handle).choices
    mapdesk.decide(desk.clinic, session, handle, 2, Decision.DEFERRED, GOOD)
    with pytest.raises(mapdesk.ProposalWrong):
        mapdesk.decide(desk.clinic, session, handle, 1, Decision.ADOPT, replace(GOOD, **change))  # type: ignore[arg-type]
    kept = mapdesk.show(desk.clinic, session, handle).choices
    assert {**kept, 2: None} == {**before, 2: None}


def test_drafts_are_not_without_number(desk: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: draft after draft of ten thousand columns. What is put away makes room; texts count too."""
    monkeypatch.setattr(approval_service, "MOST_DRAFTS", 2)
    clinic, session = desk.clinic, desk.session(CLINIC)
    first = mapdesk.hand_in(clinic, session, text())
    mapdesk.start_draft(clinic, session, "kekka.csv", FILE)
    with pytest.raises(MapDraftsMany):
        mapdesk.start_draft(clinic, session, "kekka.csv", FILE)
    with pytest.raises(MapDraftsMany):
        mapdesk.hand_in(clinic, session, text(2))
    mapdesk.drop_draft(clinic, session, first)
    assert mapdesk.start_draft(clinic, session, "kekka.csv", FILE)
    assert len(clinic.map_approvals.drafts()) == 3


def test_columns_are_thawed_once_and_authenticated_each_time(
    desk: Service, handle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press on a large draft costs no second thawing; columns that were altered on the disk are refused even so."""
    clinic, session, thawed = desk.clinic, desk.session(CLINIC), list[type]()
    mapdesk.show(clinic, session, handle)

    def counted(kind: type[Draft], text: str) -> Draft:
        thawed.append(kind)
        return thaw(kind, text)

    monkeypatch.setattr(approval_store, "thaw", counted)
    mapdesk.decide(clinic, session, handle, 1, Decision.IGNORE)
    mapdesk.show(clinic, session, handle)
    assert Draft not in thawed
    with sqlite3.connect(clinic.paths.map_documents) as other:
        query = (
            "UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE space = 'draft') WHERE space = 'content'"
        )
        other.execute(query)
    with pytest.raises(KeystoreDamaged):
        mapdesk.show(clinic, session, handle)


def test_no_cell_of_a_file_without_headings_is_drafted(desk: Service) -> None:
    """Attack on privacy: without headings the first person's row would be the headings of a draft that everybody sees."""
    rows = FILE.decode("utf-8").splitlines()
    heads = layout_map("hoshi").header_rows
    with pytest.raises(HeadingMissing):
        mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "a.csv", "\r\n".join(rows[heads:]).encode())
    assert desk.clinic.map_approvals.drafts() == []


def test_a_row_of_names_and_findings_is_no_heading(desk: Service) -> None:
    """The same where nothing but words stands in the first row."""
    rows = "星　空太,ﾎｼ ｿﾗﾀ,架空商事,総務部,異常なし,所見なし,経過観察,非喫煙,特になし,正常範囲\r\n" * 3
    with pytest.raises(HeadingMissing):
        mapdesk.start_draft(desk.clinic, desk.session(CLINIC), "a.csv", rows.encode())
    assert desk.clinic.map_approvals.drafts() == []


def test_a_batch_does_not_write_through_a_link_to_its_memory(tmp_path: Path) -> None:
    """Attack: the folder ``state`` of the output is a link to another place. Nothing is written there."""
    source, out = lay(tmp_path / "in", {"hoshi.csv": sample("hoshi")}), tmp_path / "out"
    run(source, out)
    (out / "state").rename(tmp_path / "away")
    (tmp_path / "else").mkdir()
    (out / "state").symlink_to(tmp_path / "else")
    with pytest.raises(BatchForeign):
        run(source, out, resume=True)
    assert list((tmp_path / "else").iterdir()) == []


def test_a_batch_does_not_wait_for_a_pipe_in_its_memory(tmp_path: Path) -> None:
    """Attack: an entry of the state is a pipe that nobody writes to. The file is converted again."""
    source, out = lay(tmp_path / "in", {"hoshi.csv": sample("hoshi")}), tmp_path / "out"
    folder = by_name(run(source, out))["hoshi.csv"].found.folder
    place = out / "state" / f"{folder}.json"
    place.unlink()
    os.mkfifo(place)
    assert by_name(run(source, out, resume=True))["hoshi.csv"].kept is False


def test_a_state_that_somebody_wrote_is_not_quoted(tmp_path: Path) -> None:
    """Attack: a kept entry with other words for name, format and map, to steer the terminal or to lie about the map."""
    source, out = lay(tmp_path / "in", {"hoshi.csv": sample("hoshi")}), tmp_path / "out"
    first = by_name(run(source, out))["hoshi.csv"]
    place = out / "state" / f"{first.found.folder}.json"
    entry = json.loads(place.read_text())
    cut = len(entry["map_id"]) - 1
    moved = {"map_id": entry["map_id"][:cut], "map_digest": entry["map_id"][cut:] + entry["map_digest"]}
    place.write_text(json.dumps({**entry, "name": "\x1b[2Jx", "format": "\x1b]0;x", **moved}))
    summary = run(source, out, resume=True)
    told = "\n".join(lines(summary, "ja"))
    assert summary.outcomes[0].kept
    assert "\x1b" not in told
    kept, before = summary.outcomes[0].entry, first.entry
    assert (kept.name, kept.format, kept.map_id) == (before.name, before.format, before.map_id)
