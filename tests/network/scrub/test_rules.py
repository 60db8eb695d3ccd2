"""Judgements of the scrub: what a quorum signed, what a block brought, what a report and a marker say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.network.model import IncidentPlace
from akashi.network.peers.lines import assemble, own_note, read_note, signed_by
from akashi.network.scrub.marks import MARKER, Mark
from akashi.network.scrub.model import Damage, ScrubReport
from akashi.network.scrub.rules import (
    Anchor,
    advanced,
    anchor_of,
    decode_report,
    encode_report,
    is_signed,
    place_of,
    quarantine_places,
    tree_of,
)
from tests.network.peers.servers import BLOCK_MS, ORIGIN, Signers, root_of

EVERYBODY = [Signers(number) for number in range(1, 5)]
MEMBERS = [one.member for one in EVERYBODY]
PLACES = st.sampled_from(IncidentPlace)
DAMAGE = st.builds(Damage, PLACES, st.text("abc._", min_size=1, max_size=20), st.integers(0, 1 << 40))
REPORTS = st.builds(
    ScrubReport,
    st.lists(DAMAGE, max_size=5).map(tuple),
    st.none() | st.integers(0, 1 << 50),
    st.integers(1, 1 << 40),
    st.integers(0, 1 << 40),
    st.sampled_from(["", "00" * 16, "ab" * 16]),
    st.integers(0, 1 << 20),
)


def note_of(*numbers: int, size: int = 9, history: str = "") -> bytes:
    """What these servers together signed."""
    root = root_of(size, history)
    signed = []
    for one in EVERYBODY:
        if one.number in numbers:
            note = own_note(ORIGIN, size, root, BLOCK_MS // 1000, one.log, one.cosigner)
            signed.append(signed_by(read_note(ORIGIN, note), one.member, whole=True))
    return assemble(ORIGIN, [one for one in signed if one is not None], numbers[0])


def test_a_quorum_anchors() -> None:
    """Three of four say which tree it is."""
    assert anchor_of(ORIGIN, MEMBERS, note_of(1, 3, 4)) == Anchor(9, root_of(9))


@pytest.mark.parametrize(
    "note",
    [note_of(1, 2), note_of(1, 2, 3)[:-10], b"", note_of(1, 2, 3).replace(b"\n9\n", b"\n8\n")],
    ids=["two", "cut", "nothing", "size"],
)
def test_less_than_a_quorum_anchors_nothing(note: bytes) -> None:
    """Must fail: two of four, a cut note, another size under the same signatures."""
    assert anchor_of(ORIGIN, MEMBERS, note) is None


def test_another_ledgers_quorum_anchors_nothing() -> None:
    """Must fail: a true note of another origin."""
    assert anchor_of(ORIGIN.replace("/1", "/2"), MEMBERS, note_of(1, 2, 3)) is None


def test_every_flipped_byte_of_a_note_is_noticed() -> None:
    """Whatever byte changes, the note is no quorum's for another tree; and a line that is false is not taken for a former member's."""
    note = note_of(1, 2, 3)
    for at in range(len(note)):
        changed = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        anchor = anchor_of(ORIGIN, MEMBERS, changed)
        assert anchor is None or anchor == Anchor(9, root_of(9))


def test_former_members_notes_are_known() -> None:
    """Two servers that the ledger ever named, and no false line: no damage. One alone, or a false line: damage."""
    assert is_signed(ORIGIN, MEMBERS, note_of(1, 2))
    assert not is_signed(ORIGIN, MEMBERS, note_of(1))
    assert not is_signed(ORIGIN, MEMBERS, note_of(1, 2).replace(b"\n9\n", b"\n8\n"))


def test_where_findings_lie() -> None:
    """Derived rows are the state's, everything else the leaves'."""
    assert [place_of(step).name for step in range(1, 8)] == ["LEAVES"] * 6 + ["STATE"]


@given(st.integers(0, 1 << 60), st.binary(min_size=32, max_size=32))
def test_an_app_hash_names_a_tree(size: int, root: bytes) -> None:
    """Size and root, and nothing of another length."""
    assert tree_of(size.to_bytes(8, "big") + root) == Anchor(size, root)
    assert tree_of(root) is None


@given(st.integers(0, 50), st.lists(st.sampled_from(["new", "old", "refused"]), max_size=20))
def test_leaves_come_in_order(index: int, what: list[str]) -> None:
    """New leaves follow each other; old and refused operations bring none; a leaf that was jumped over is noticed."""
    places: list[int | None] = []
    at = index
    for one in what:
        places.append({"new": at, "old": at - 1 if at else None, "refused": None}[one])
        at += one == "new"
    assert advanced(index, places) == at
    assert advanced(index, [*places, at + 1]) is None


@given(REPORTS)
def test_reports_are_kept(report: ScrubReport) -> None:
    """What is written is read."""
    assert decode_report(encode_report(report)) == report


@given(st.binary(max_size=60))
def test_damaged_reports_begin_anew(data: bytes) -> None:
    """Bytes that are no report are an empty one."""
    assert decode_report(data) == ScrubReport()


def test_a_new_round_begins_at_the_first_block() -> None:
    """The place and the findings go; when the last round ended stays."""
    report = ScrubReport((Damage(IncidentPlace.STATE, "a", 1),), 5, 9, 8, "ab", 3)
    assert report.begun() == ScrubReport((), 5, 1, 0, "", 3)
    assert report.found(Damage(IncidentPlace.KEYS, "b", 2)).findings[1].failure == "b"


def test_the_quarantine_is_bounded() -> None:
    """One more only where there is room."""
    assert quarantine_places(["1"], 2)
    assert not quarantine_places(["1", "2"], 2)


@given(DAMAGE, st.sampled_from(["aside", "leaves", "blocks", "whole"]), st.integers(0, 1 << 50))
def test_marks_are_kept(tmp_path_factory: pytest.TempPathFactory, damage: Damage, step: str, stamp: int) -> None:
    """What is written is read; ``whole`` alone lets a server vote."""
    folder = tmp_path_factory.mktemp("mark")
    mark = Mark(stamp, damage, step, ("YQ==",)).write(folder)
    assert Mark.read(folder) == mark
    assert mark.is_whole == (step == "whole")
    Mark.remove(folder)
    assert Mark.read(folder) is None


def test_a_damaged_mark_means_a_repair_from_the_beginning(tmp_path: Path) -> None:
    """A marker that cannot be read never lets a server vote."""
    (tmp_path / MARKER).write_bytes(b'{"step": "who')
    mark = Mark.read(tmp_path)
    assert mark is not None
    assert (mark.step, mark.is_whole) == ("aside", False)
