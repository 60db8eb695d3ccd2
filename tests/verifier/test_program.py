"""The command line of the second verifier, and its independence."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from akashi_verifier.__main__ import main
from tests.verifier import writer, writer_tsa
from tests.waiting import PATIENCE_S

HOME = Path(__file__).parents[2] / "verifier"
MODULES = sorted(HOME.rglob("*.py"))
OUTSIDE = {"cryptography"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, with nothing but `verifier/` on the path."""
    command = [sys.executable, "-m", "akashi_verifier", *arguments]
    environment = {"PYTHONPATH": str(HOME), "LC_ALL": "C"}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment, check=False, timeout=PATIENCE_S
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A stamped bundle and its trust file."""
    log, stamps, root = writer_tsa.stamped()
    (tmp_path / "a.akashi").write_bytes(log.bundle(more=stamps))
    (tmp_path / "trust").write_bytes(log.trust(root))
    return str(tmp_path / "a.akashi"), str(tmp_path / "trust")


def test_verified_bundle_exits_0(files: tuple[str, str]) -> None:
    """With a trust file: status 0, both languages, also where the terminal knows neither."""
    done = run("--trust", files[1], files[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert "検証できました" in done.stdout
    assert "Verified." in done.stdout


def test_json_is_the_specified_object(files: tuple[str, str]) -> None:
    """With --json the output is one object with the keys of verification.md, in that order."""
    result = json.loads(run("--json", "--trust", files[1], files[0]).stdout)
    expected = "status failure level origin size operations stamps erasures unproven"
    assert list(result) == expected.split()
    row = "index id kind result institution person block_ms after_ms before_ms approvals"
    assert list(result["operations"][0]) == row.split()


def test_a_reader_that_leaves_early_is_no_failure(files: tuple[str, str]) -> None:
    """`… | head -0`: the pipe is closed before the answer; the status is still the verdict's and nothing complains."""
    command = [sys.executable, "-m", "akashi_verifier", "--trust", files[1], files[0]]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PYTHONPATH": str(HOME), "LC_ALL": "C"}
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert (process.wait(timeout=PATIENCE_S), complaint) == (0, b"")


def test_without_trust_exits_9(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Self-consistent only has its own exit status and says so."""
    assert main([files[0]]) == 9
    assert "Self-consistent only" in capsys.readouterr().out


def test_failed_exits_6(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A bent bundle exits 6 and prints the failure class, nothing of the content."""
    path = Path(files[0])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert main([files[0]]) == 6
    assert capsys.readouterr().out.splitlines()[-1] == "理由 / failure: bundle.end"


@pytest.mark.parametrize("arguments", [[], ["no-such-file"], ["--trust"], ["a\0b"], ["."], ["--loud", "x"]])
def test_unreadable_arguments_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read is status 2 and a sentence, not a traceback."""
    try:
        status: object = main(arguments)
    except SystemExit as leaving:
        status = leaving.code
    assert status == 2
    assert "Traceback" not in capsys.readouterr().err


def test_program_prints_any_result(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Bent files never end the program with anything but one of its statuses."""
    seeded, path = random.Random(3), Path(files[0])
    receipt = path.with_name("receipt")
    receipt.write_bytes(writer.founded().receipt(2))
    statuses = {main([str(receipt)]), main(["--trust", files[1], str(receipt)])}
    good = path.read_bytes()
    for _ in range(60):
        start = seeded.randrange(len(good))
        path.write_bytes(good[:start] + seeded.randbytes(seeded.randrange(4)) + good[start + seeded.randrange(3) :])
        statuses.add(main(["--trust", files[1], files[0]]))
    assert statuses <= {0, 6, 9}
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_verifier_imports_nothing_of_ours(module: Path) -> None:
    """Independence: the standard library, `cryptography` and itself; no import by name of a string either."""
    names = set()
    for found in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(found, ast.Import):
            names |= {alias.name for alias in found.names}
        elif isinstance(found, ast.ImportFrom):
            names.add(found.module or "")
    roots = {name.split(".")[0] for name in names}
    assert roots <= set(sys.stdlib_module_names) | OUTSIDE | {"akashi_verifier"}
    assert not roots & {"importlib", "socket", "urllib", "http", "subprocess", "runpy"}


def test_verifier_stays_small() -> None:
    """A second implementation is worth something while one person can read it: few modules, of at most 400 lines."""
    assert max(len(module.read_text("utf-8").splitlines()) for module in MODULES) <= 400
    assert len([module for module in MODULES if module.parent.name == "akashi_verifier"]) <= 12
    assert len(MODULES) <= 19  # with the six of conformity and the two of trust chains
