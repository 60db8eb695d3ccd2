"""The frame of every command: no traceback, errors in two languages, secrets from the right places, pipes that end."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from akashi.cli.__main__ import main
from akashi.cli.files import FileThere, FileUnreadable, FileUnwritable, read_bounded, write_whole
from akashi.cli.homes import SecretMissing, secret
from akashi.cli.shell import BadArguments, ConfirmationMissing, Shell, language_of_environment, moment, run_parsed
from akashi.durable import DiskFull
from tests.cli.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
NAME = "架空　太郎"


class Terminal(io.StringIO):
    """Standard input or error at which somebody sits."""

    def isatty(self) -> bool:
        """Somebody does."""
        return True


def run_failing(error: BaseException, *, as_json: bool = False) -> tuple[int, str]:
    """The status and standard error of a command that fails with ``error``."""

    def fail(_arguments: argparse.Namespace, _shell: Shell) -> int:
        raise error

    err = io.StringIO()
    status = run_parsed(argparse.Namespace(run=fail), Shell(io.StringIO(), err, "en", as_json))
    return status, err.getvalue()


def test_an_unexpected_failure_keeps_its_details_back() -> None:
    """A defect of ours ends in two lines that name the kind of failure, not the value that it failed on."""
    status, said = run_failing(ValueError(NAME))

    assert status == 1
    assert said.startswith("error: An unexpected failure (ValueError).\nhint: ")
    assert NAME not in said


def test_a_failure_of_the_system_is_told() -> None:
    """What the operating system refuses is a reason to try again, without the path it was about."""
    status, said = run_failing(PermissionError(13, "Permission denied", f"/{NAME}"))

    assert status == 7
    assert "Permission denied" in said
    assert NAME not in said


def test_an_interruption_is_quiet() -> None:
    """Ctrl-C ends with 130 and no words."""
    assert run_failing(KeyboardInterrupt()) == (130, "")


def test_errors_as_json_are_one_object() -> None:
    """With ``--json`` an error is one object with code, message and hint."""
    status, said = run_failing(DiskFull(name="x.csv"), as_json=True)

    assert status == 7
    assert json.loads(said) == {
        "code": "durable.disk_full",
        "hint": "Free some space and try again; the previous content is untouched.",
        "message": "No space left on the disk (x.csv).",
    }


@pytest.mark.parametrize(
    ("locale", "language"), [("en_GB.UTF-8", "en"), ("ja_JP.UTF-8", "ja"), ("C", "ja"), ("", "ja")]
)
def test_the_language_comes_from_the_locale(monkeypatch: pytest.MonkeyPatch, locale: str, language: str) -> None:
    """English for English locales, Japanese for all others."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", locale)

    assert language_of_environment() == language


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y\n", True), ("yes\n", True), ("n\n", False), ("", False), ("はい\n", False)]
)
def test_only_yes_is_yes(monkeypatch: pytest.MonkeyPatch, answer: str, *, agreed: bool) -> None:
    """At the terminal a question is answered with y or yes; anything else does nothing."""
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    shell = Shell(io.StringIO(), io.StringIO())
    refused = False

    try:
        shell.require_yes("送りますか？")
    except ConfirmationMissing:
        refused = True

    assert refused is not agreed


def test_without_a_terminal_nothing_is_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that says yes is not a person."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    with pytest.raises(ConfirmationMissing):
        Shell(io.StringIO(), io.StringIO()).require_yes("?")


def test_a_secret_is_not_read_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file and without a terminal there is no secret, and the error names the option."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter2\n"))

    with pytest.raises(SecretMissing) as caught:
        secret(None, "?", "--password-file")

    assert "--password-file" in caught.value.hint("en")


def test_the_bar_is_for_terminals() -> None:
    """Progress is drawn where standard error is a terminal, and nowhere else."""
    pipe, terminal = io.StringIO(), Terminal()

    for err in (pipe, terminal):
        show = Shell(io.StringIO(), err).progress("audit")
        show(1, 2)
        show(2, 2)

    assert pipe.getvalue() == ""
    assert terminal.getvalue().startswith("\raudit [###############...............] 1/2\raudit [####")
    assert terminal.getvalue().endswith("2/2\n")


def test_times_are_japans() -> None:
    """A moment is shown in Japan's time; none is a dash."""
    assert (moment(1_795_219_200_000), moment(None)) == ("2026-11-21 09:00:00", "-")


def test_files_that_are_no_files(tmp_path: Path) -> None:
    """Folders, missing names and names with a NUL are unreadable files, told by their last part only."""
    for path in (tmp_path, tmp_path / "missing", tmp_path / "a\x00b"):
        with pytest.raises(FileUnreadable) as caught:
            read_bounded(path, 10)
        assert str(tmp_path) not in str(caught.value)


def test_results_never_replace_a_file(tmp_path: Path) -> None:
    """An existing file, also a dangling link, stays as it is; a missing folder is said before anything is written."""
    (tmp_path / "there").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("nowhere")

    for name in ("there", "link"):
        with pytest.raises(FileThere):
            write_whole(tmp_path / name, b"new")
    with pytest.raises(FileUnwritable):
        write_whole(tmp_path / "no" / "folder", b"new")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]
    assert (tmp_path / "there").read_bytes() == b"mine"


def test_a_full_disk_leaves_nothing_behind(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversion on a full disk says so, and no half file is left."""
    stage.step("sample good.csv")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out, err, status = stage.run("akashi checkup convert {tmp}/good.csv --out {tmp}/half.csv @")

    assert (out, status) == ([], 7)
    assert err[0] == "error: ディスクの空きがありません（half.csv）。"
    assert [path.name for path in stage.folder.iterdir() if "half" in path.name] == []


def test_the_standard_csv_goes_to_standard_output_as_it_is(stage: Stage) -> None:
    """Without ``--out`` the bytes on standard output are those that ``--out`` writes; words go to standard error."""
    stage.step("sample good.csv")
    stage.run("akashi checkup convert {tmp}/good.csv --out {tmp}/standard.csv @")
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()

    status = main(
        ["checkup", "convert", stage.fill("{tmp}/good.csv"), "--home", str(stage.home)],
        Shell(out, err, clock=stage.clock),
    )

    out.seek(0)
    assert status == 0
    assert out.buffer.read() == (stage.folder / "standard.csv").read_bytes()
    assert err.getvalue()


def test_words_hold_no_value_of_a_person(stage: Stage) -> None:
    """A name, a number or a formula planted in a file comes up in no output of inspect, convert or send, only in the findings file."""
    stage.step("sample formula.csv")
    said: list[str] = []
    for line in (
        "akashi checkup inspect {tmp}/formula.csv --json @",
        "akashi checkup convert {tmp}/formula.csv --out {tmp}/o.csv --findings {tmp}/f.csv @",
        "akashi checkup convert {tmp}/formula.csv --out {tmp}/p.csv --findings {tmp}/f.json --json @",
        "akashi transfer send {tmp}/formula.csv --to {payer} --yes @mori",
    ):
        out, err, status = stage.run(line)
        assert status == 0
        said += out + err
    text = "\n".join(said)

    assert [canary for canary in ("cmd|", "P0000001", "　") if canary in text] == []
    assert "cmd|" in (stage.folder / "f.json").read_text(encoding="utf-8")
    assert "'=cmd|" in (stage.folder / "f.csv").read_text(encoding="utf-8-sig")


def test_a_home_in_use_is_said(stage: Stage) -> None:
    """While another process holds the home and does not answer, a command says so, and says it is worth another try."""
    stage.step("hold")

    stamped = stage.run("akashi ledger stamp @")

    assert (stamped[0], stamped[2]) == ([], 7)
    assert stamped[1][0] == "error: この台帳は別のプロセスが使っています。"


def test_a_reader_that_leaves_is_no_failure() -> None:
    """``akashi … | head`` ends without a traceback and without a complaint at exit."""
    program = (
        "import os, sys\n"
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "from akashi.cli.shell import Shell, run_parsed\n"
        "import argparse\n"
        "def talk(arguments, shell):\n    for _ in range(9): shell.line('x' * 9999)\n    return 0\n"
        "sys.exit(run_parsed(argparse.Namespace(run=talk), Shell(sys.stdout, sys.stderr)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "src")},
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_launcher_runs_the_same_entry() -> None:
    """``python -m akashi.cli`` answers a mistake with two lines and status 2."""
    done = subprocess.run(
        [sys.executable, "-m", "akashi.cli", "nosuch", "--lang", "en"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"},
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]


def test_no_strangers_text_steers_the_terminal() -> None:
    """Escape sequences, carriage returns and reversed writing in what another institution wrote are not sent to the terminal."""
    out = io.StringIO()
    Shell(out, io.StringIO(), "ja").result({}, [f"{NAME}\x1b]0;x\x07\x9b2J\r\u202e一行目\n二行目\t終"])

    assert out.getvalue() == f"{NAME}·]0;x··2J··一行目\n二行目\t終\n"


def test_no_strangers_file_name_steers_the_terminal_by_an_error() -> None:
    """What an error says goes the same way."""
    err = io.StringIO()
    Shell(io.StringIO(), err, "ja").fail(BadArguments(what="\x1b[2J", command="akashi"))

    assert "\x1b" not in err.getvalue()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "必要な指定がありません: COMMAND"),
        (["device", "limit"], "必要な指定がありません: "),
        (["verify", "--lang", "de", "x"], "--lang: 'de' は選べません（選べるもの: 'ja', 'en'）"),
        (["verify", "x", "y", "z", "--nosuch"], "知らない指定です: "),
        (["transfer", "list", "--home"], "--home: 値を一つ続けてください"),
        (["checkup", "generate", "--people", "many"], "--people: 'many' は数ではありません"),
        (["device", "limit", "--most", "x\udce3"], "--most: "),
    ],
)
def test_mistakes_are_told_in_japanese(monkeypatch: pytest.MonkeyPatch, words: list[str], said: str) -> None:
    """What the parser does not take is said in plain Japanese, with the names that the person typed."""
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    err = io.StringIO()

    assert main(words, Shell(io.StringIO(), err)) == 2
    assert said in err.getvalue().splitlines()[0]
    assert not re.search("argument|required|choice|invalid|expected|unrecognized", err.getvalue())


def test_words_in_another_encoding_are_refused() -> None:
    """A name that came as CP932 is no name of anybody; the command is not begun."""
    err = io.StringIO()
    begun: list[str] = []
    named = argparse.Namespace(named=b"\x8e\x52".decode(errors="surrogateescape"), run=lambda *_: begun.append(""))

    assert run_parsed(named, Shell(io.StringIO(), err)) == 2
    assert "UTF-8 の端末で入力してください: named" in err.getvalue()
    assert not begun
