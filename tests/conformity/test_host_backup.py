"""The backup probe on a real restic repository: what it tries, and that it leaves every generation as it was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from akashi.conformity.host.backup import CANARY, sealed
from akashi.conformity.model import DAY_MS, Reach, Target, TargetKind
from akashi.conformity.probing import PROBES, measure
from tests.conformity import resticstand
from tests.conformity.cases_software import can_seal, stored
from tests.conformity.hoststand import NOW, SYSTEM, bench_in, opinion

needs_restic = pytest.mark.skipif(
    resticstand.RESTIC is None, reason="restic is not installed (docs/conformity-probes-host.md)"
)
needs_seal = pytest.mark.skipif(not can_seal(), reason="only root on a file system with the immutable mark can seal")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the repository with its password."""
    shutil.copytree(resticstand.template() / "repo", tmp_path / "repo")
    shutil.copy(resticstand.template() / "key", tmp_path / "key")
    return tmp_path


def snapshots(top: Path) -> set[str]:
    """The names of all snapshots."""
    return {path.name for path in (top / "repo" / "snapshots").iterdir()}


@needs_restic
def test_the_probe_leaves_every_generation(repository: Path) -> None:
    """After the probe the same snapshots are there, the canary is gone, and the modes are as before."""
    before = {path: path.stat().st_mode for path in (repository / "repo").rglob("*")}
    names = snapshots(repository)
    resticstand.look(repository)

    assert snapshots(repository) == names
    assert {path: path.stat().st_mode for path in before} == before


@needs_restic
@needs_seal
def test_a_canary_that_cannot_be_forgotten_is_used_again(repository: Path) -> None:
    """In a store that only grows one canary stays, not one for each run."""
    names = snapshots(repository)
    resticstand.restic(repository, "--host", CANARY, "backup", "--tag", CANARY, str(repository / "key"))
    resticstand.seal(repository)
    try:
        seen = [resticstand.look(repository) for _ in range(2)]
        left = snapshots(repository) - names
    finally:
        subprocess.run(["chattr", "-R", "-i", str(repository)], check=True)

    assert [one.facts["canary_refused"] for one in seen] == [True, True]
    assert [one.facts["generations"] for one in seen] == [3, 3]
    assert len(left) == 1
    assert list((repository / "repo" / "locks").iterdir()) == []


@needs_restic
def test_the_restored_files_do_not_stay(repository: Path) -> None:
    """Scratch is empty again after the drill."""
    resticstand.look(repository)

    assert list((repository / "scratch").iterdir()) == []


@needs_restic
def test_the_password_is_in_nothing_that_leaves() -> None:
    """Neither facts nor raw output nor the tool's name hold the repository's password."""
    one = resticstand.untouched()[0]

    assert b"invented-for-tests" not in one.raw
    assert "invented-for-tests" not in repr(one)


@needs_restic
def test_an_original_that_differs_is_no_equal_restore(repository: Path, tmp_path: Path) -> None:
    """What has not changed since the backup must come back the same."""
    facts = resticstand.look(repository, {"original": str(resticstand.FOLDER / "source" / "b")}).facts

    assert (facts["drill_against"], facts["drill_expected"], facts["drill_equal"]) == ("original", 1, 1)


def test_without_consent_nothing_is_tried(tmp_path: Path) -> None:
    """The probe adds and deletes a canary, so it needs consent."""
    one = next(one for one in PROBES if one.name == "backup")
    found = measure(one, Target("t", TargetKind.BACKUP, str(tmp_path), {}, NOW), bench_in(tmp_path, SYSTEM))

    assert found.reach is Reach.REFUSED


def test_a_folder_is_as_before(tmp_path: Path) -> None:
    """The canary folder is gone and nothing else is touched."""
    (tmp_path / "store" / "gen-1").mkdir(parents=True)
    (tmp_path / "store" / "gen-1" / "a").write_text("x", encoding="utf-8")
    one = next(one for one in PROBES if one.name == "backup")
    measure(one, Target("t", TargetKind.BACKUP, str(tmp_path / "store"), {}, NOW + DAY_MS), bench_in(tmp_path, SYSTEM))

    assert [str(path.relative_to(tmp_path / "store")) for path in sorted((tmp_path / "store").rglob("*"))] == [
        "gen-1",
        "gen-1/a",
    ]


@needs_seal
def test_append_only_parents_do_not_protect_what_is_in_them(tmp_path: Path) -> None:
    """Refusing to remove a generation is not enough while its files can be rewritten."""

    def grow_only(top: Path) -> None:
        subprocess.run(["chattr", "+a", str(top)], check=True)

    measurements = stored({}, grow_only)

    assert opinion("backup.protected", measurements).reason == "backup.protected.beside"


@needs_seal
def test_sealed_sees_the_mark_and_changes_nothing(tmp_path: Path) -> None:
    """An immutable file is sealed, a file without write permission is not: its owner gives it back."""
    marked, readonly = tmp_path / "marked", tmp_path / "readonly"
    for path in (marked, readonly):
        path.write_text("x", encoding="utf-8")
        path.chmod(0o400)
    subprocess.run(["chattr", "+i", str(marked)], check=True)
    try:
        found = sealed(marked), sealed(readonly)
    finally:
        subprocess.run(["chattr", "-i", str(marked)], check=True)

    assert found == (True, False)
