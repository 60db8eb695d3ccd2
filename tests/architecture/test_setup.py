"""Set-up: what it needs it says, what is done it does not do again, and it never goes past a missing package."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

COMMANDS = ["bash", "cat", "cut", "dirname", "find", "sha256sum", "xargs", "echo"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the set-up script, invented locks, and a PATH with nothing but a few commands and no root."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/setup.sh", tmp_path / "tools/setup.sh")
    # Without this line the commands of the machine's own /usr/sbin would be found.
    script = (tmp_path / "tools/setup.sh").read_text(encoding="utf-8").replace("PATH=$PATH:/usr/sbin:/sbin\n", "")
    (tmp_path / "tools/setup.sh").write_text(script, encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("invented==1\n", encoding="utf-8")
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in COMMANDS:
        (commands / name).symlink_to(str(shutil.which(name)))
    program(commands / "id", "echo 1000")
    return tmp_path


def program(path: Path, line: str) -> None:
    """A small program in place of a real one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{line}\n", encoding="utf-8")
    path.chmod(0o755)


def setup(clone: Path, kind: str = "run") -> subprocess.CompletedProcess[str]:
    """Run the script as somebody who is not root."""
    return subprocess.run(
        [clone / "commands/bash", clone / "tools/setup.sh", kind],
        env={"PATH": str(clone / "commands")},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def installed(clone: Path) -> None:
    """Leave what a finished set-up leaves; every further use of pip is an error."""
    program(clone / "commands/openssl", "exit 0")
    program(clone / ".venv/bin/pip", "exit 9")
    program(clone / ".venv/bin/python", "exit 9")
    digest = sha256((clone / "requirements.txt").read_bytes() + (clone / "tools/setup.sh").read_bytes()).hexdigest()
    (clone / ".venv/akashi-run.stamp").write_text(f"{digest}\n", encoding="utf-8")


def test_without_root_the_packages_are_named(clone: Path) -> None:
    """Somebody who is not root gets the exact line, exit status 2, and nothing is begun."""
    result = setup(clone)

    assert result.returncode == 2
    assert result.stderr.endswith("install -y --no-install-recommends python3 python3-venv openssl\n")
    assert not (clone / ".venv").exists()


def test_a_finished_set_up_is_left_alone(clone: Path) -> None:
    """With the lock installed nothing runs: no pip, no network."""
    installed(clone)

    result = setup(clone)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_changed_lock_is_installed(clone: Path) -> None:
    """One changed byte of the lock and pip is called, with hashes demanded."""
    installed(clone)
    program(clone / ".venv/bin/python", 'echo "$@"; exit 9')
    (clone / "requirements.txt").write_text("invented==2\n", encoding="utf-8")

    result = setup(clone)

    assert result.returncode == 9
    assert "--require-hashes --no-deps --only-binary=:all: -r requirements.txt" in result.stdout


def test_a_wrong_word_is_refused(clone: Path) -> None:
    """Anything but run or dev is a mistake, not a default."""
    assert setup(clone, "everything").returncode == 2


@pytest.mark.parametrize("script", [*sorted(path.name for path in (ROOT / "tools").glob("*.sh")), "../.ci/run"])
def test_scripts_stop_at_errors_and_may_be_run(script: str) -> None:
    """Every script parses, has its run bit, and treats unset names and failures in pipes as errors."""
    path = ROOT / "tools" / script
    bash = str(shutil.which("bash"))

    assert subprocess.run([bash, "-n", path], check=False, stdin=subprocess.DEVNULL).returncode == 0
    assert path.stat().st_mode & 0o111
    assert "uo pipefail\n" in path.read_text(encoding="utf-8")
