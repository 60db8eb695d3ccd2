"""Kept split views: what counts as proof when they are handed out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.app.roster.contradicting import contradictions, files_of, is_proven
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.ledger.proof.trust import parse_trust
from akashi.network.store import Evidence, NetworkStore
from tests.app.network.four import Homes, found_four
from tests.app.network.paper import Paper

START = 1_795_219_200_000
OTHER_ROOT = bytes(range(32))


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Four homes after their founding."""
    return found_four(tmp_path_factory.mktemp("split"), FixedClock(START), range(32_001, 32_009))


@pytest.fixture(scope="module")
def paper(founded: Homes) -> Paper:
    """Their ledger."""
    return Paper(founded, FixedClock(START + 60_000))


def split(paper: Paper, member: int = 3, against: int = 1) -> Evidence:
    """Server ``member`` signed another root than ``against`` for one size."""
    one, other = paper.signed([against]), paper.signed([member], root=OTHER_ROOT)
    return Evidence(member, against, paper.size, one, other, START + 5)


def test_two_signed_roots_of_one_size_are_proof(paper: Paper) -> None:
    """Both signatures verify under the published trust file; also where a server contradicts itself."""
    trust = [parse_trust((paper.public / "trust.txt").read_bytes())]

    assert is_proven(split(paper), trust)
    assert is_proven(split(paper, 2, 2), trust)


def test_what_proves_nothing_is_called_unproven(paper: Paper) -> None:
    """Must fail: the same root, another size, somebody else's signature, a changed note, no trust file that knows the keys."""
    trust, good = [parse_trust((paper.public / "trust.txt").read_bytes())], split(paper)
    wrongs = [
        good._replace(other=paper.signed([3])),
        good._replace(size=good.size - 1),
        good._replace(member=2),
        good._replace(other=good.other.replace(b"server/3 ", b"server/3 A")),
        good._replace(one=b"no note"),
    ]

    assert [is_proven(one, trust) for one in wrongs] == [False] * len(wrongs)
    assert not is_proven(good, [])


def said(home: Path, *words: str) -> tuple[int, str, str]:
    """What ``akashi network status`` answers."""
    out, err = io.StringIO(), io.StringIO()
    status = main(["network", "status", "--home", str(home), *words], Shell(out, err, clock=FixedClock(START)))
    return status, out.getvalue(), err.getvalue()


def test_the_command_writes_what_was_kept(founded: Homes, paper: Paper, tmp_path: Path) -> None:
    """Two notes and a list for each; none of them is written over; nothing at all where nothing was kept."""
    home = founded.folders[0]
    nothing = said(home, "--evidence", str(tmp_path))
    store = NetworkStore(NetworkPlaces.of(server_paths(home)).store)
    store.put_evidence(split(paper))
    store.close()
    (found,) = contradictions(home)
    first, again = said(home, "--evidence", str(tmp_path)), said(home, "--evidence", str(tmp_path))

    assert nothing[:2] == (0, "食い違う記録はありません。\n")
    assert (first[0], "署名を確認" in first[1], again[0]) == (6, True, 5)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files_of([found])
    assert json.loads((tmp_path / "split-views.json").read_bytes())[0]["proven"] is True


def test_wrong_arguments_are_refused_plainly(founded: Homes, tmp_path: Path) -> None:
    """A folder that is not there, and a home that is none: a sentence and a status, nothing written."""
    answers = [
        said(founded.folders[0], "--evidence", str(tmp_path / "none")),
        said(tmp_path, "--evidence", str(tmp_path)),
    ]

    assert [(status, text) for status, text, _ in answers] == [(2, ""), (2, "")]
    assert all("Traceback" not in told and told for _, _, told in answers)
