"""``tools/cometbft.sh``: what is there is left alone; what cannot be built costs one line, unless it is required."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from akashi.network.node.install import CHECKSUM, MODULE, ROOT, VERSION

COMMANDS = ["awk", "bash", "cut", "dirname", "grep", "mkdir", "mktemp", "mv", "rm", "sort", "tail", "timeout"]
BUILDS = f"""
case "$1" in
    env) echo go1.26.8 ;;
    install) echo "#!$BASH" >"$GOBIN/cometbft"; echo "echo {VERSION[1:]}" >>"$GOBIN/cometbft"; chmod 755 "$GOBIN/cometbft" ;;
    version) printf 'mod\\t{MODULE}\\t{VERSION}\\t{CHECKSUM}\\n' ;;
esac
"""


def program(path: Path, text: str) -> None:
    """A small program in place of a real one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the script, no lock with Go in it, and a PATH of a few commands, chmod among them."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "cometbft.sh", tmp_path / "tools")
    (tmp_path / "requirements-dev.txt").write_text("invented==1\n", encoding="utf-8")
    (tmp_path / "commands").mkdir()
    for name in [*COMMANDS, "chmod"]:
        (tmp_path / "commands" / name).symlink_to(str(shutil.which(name)))
    program(tmp_path / ".venv" / "bin" / "python", "exit 1")
    return tmp_path


def run(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The script, with nothing of our environment."""
    return subprocess.run(
        [clone / "commands" / "bash", clone / "tools" / "cometbft.sh", *words],
        env={"PATH": str(clone / "commands"), "TMPDIR": str(clone)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_it_is_built_once(clone: Path) -> None:
    """The machine's Go builds it into .tools; the second time nothing runs and nothing is said."""
    program(clone / "commands" / "go", BUILDS)
    first = run(clone)
    program(clone / "commands" / "go", "exit 9")
    second = run(clone)

    assert (first.returncode, first.stdout) == (0, f"setup: building cometbft {VERSION} with go1.26.8\n")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert [path.name for path in (clone / ".tools").iterdir()] == ["cometbft"]


def test_another_version_is_replaced(clone: Path) -> None:
    """What is there is asked for its version, and built anew if that is another."""
    program(clone / "commands" / "go", BUILDS)
    program(clone / ".tools" / "cometbft", "echo 0.38.24")

    assert run(clone).returncode == 0
    assert "0.38.25" in (clone / ".tools" / "cometbft").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("go", "why"),
    [
        (BUILDS.replace("install)", 'install) echo first; echo "no such host" >&2; exit 1;'), "no such host"),
        (BUILDS.replace(CHECKSUM, "h1:other"), "its sources are not the pinned ones"),
        (BUILDS.replace("go1.26.8", "go1.21.0"), "no Go 1.22.11 or later"),
    ],
    ids=["no modules", "other sources", "old Go, and none to be had"],
)
@pytest.mark.parametrize(("words", "status"), [((), 0), (("required",), 2)])
def test_where_it_cannot_be_built_it_says_so(
    clone: Path, go: str, why: str, words: tuple[str, ...], status: int
) -> None:
    """One line with the reason, and no program; an error only for who needs it."""
    program(clone / "commands" / "go", go)
    result = run(clone, *words)

    assert result.returncode == status
    assert result.stdout.splitlines()[-1].startswith(f"setup: cometbft {VERSION} was not built ({why}): ")
    assert not (clone / ".tools" / "cometbft").exists()
    assert [path.name for path in clone.iterdir() if path.name.startswith("tmp.")] == []
