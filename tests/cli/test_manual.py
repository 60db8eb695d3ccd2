"""Every command has a manual, an example that parses, exit statuses, and its place in docs/cli.md; none is longer than 80 lines."""

from __future__ import annotations

import argparse
import io
import re
import shlex
from pathlib import Path

import pytest

from akashi import cli
from akashi.cli.__main__ import main
from akashi.cli.shell import EXITS, Shell
from akashi.cli.tree import build_parser
from akashi.errors import AkashiError
from tools.cli_doc import PAGE, leaves, render

COMMANDS = {parser.prog: (parser, text) for parser, text in leaves(build_parser())}
PROMISED = """init demo serve verify trail; institution add|list|disable|enable; person add|list|disable|password|totp;
    device add|list|revoke; checkup inspect|convert|generate; transfer send|list|show|receive|confirm|refuse|withdraw|resend|pending;
    evidence export; ledger audit|checkpoint|receipt|stamp|rebuild; journal verify|list; home snapshot; house run;
    keys passphrase; conformity catalog|declare|run|answer|report|compare|export|import|verify|reply|publish-list"""
SHARED = {"desk", "bench", "findings"}
"""Modules inside command packages that hold no command."""


def promised() -> list[str]:
    """``akashi …`` for every command of the list above."""
    names = []
    for group in " ".join(PROMISED.split()).split(";"):
        words = group.split()
        single = len(words) > 2 or ("|" not in group and len(words) == 1)
        names += words if single else [f"{words[0]} {name}" for name in words[1].split("|")]
    return [f"akashi {name}" for name in names]


def test_every_promised_command_is_there() -> None:
    """The commands that the documents name can be run."""
    assert [name for name in promised() if name not in COMMANDS] == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_has_a_manual(name: str) -> None:
    """Help, description, exit statuses of the table, and an example that the parser itself takes."""
    parser, text = COMMANDS[name]
    example, _, statuses = (parser.epilog or "").partition("\n\nexit status:\n")
    words = shlex.split(example.removeprefix("example:").split(" > ")[0])
    known = [f"  {number:<3} {meaning}" for number, meaning in EXITS.items()]

    assert text
    assert (parser.description or "").endswith(".")
    assert statuses
    assert set(statuses.splitlines()) <= set(known)
    assert build_parser(words[1:]).parse_args(words[1:]).run is parser.get_default("run")


@pytest.mark.parametrize("name", ["akashi", "akashi transfer", "akashi transfer send", "akashi verify"])
def test_help_is_a_result(name: str) -> None:
    """``--help`` prints to standard output, says nothing else, and is no failure."""
    out, err = io.StringIO(), io.StringIO()

    status = main([*name.split()[1:], "--help"], Shell(out, err))

    assert (status, err.getvalue()) == (0, "")
    assert out.getvalue().startswith(f"usage: {name} ")


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/cli.md is what the parsers say, whatever the terminal and the environment are."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("AKASHI_HOME", "elsewhere")
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_command_is_on_the_page() -> None:
    """Each command has its own heading in docs/cli.md."""
    headings = set(re.findall(r"^## (akashi .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))

    assert headings == set(COMMANDS)


def test_no_secret_is_an_argument() -> None:
    """Passwords, codes and passphrases come from files or the terminal: no option takes one as its value."""
    secret = re.compile("pass|code|secret|seed|key")
    offered = [
        (name, action.dest)
        for name, (parser, _) in COMMANDS.items()
        for action in parser._actions
        if secret.search(action.dest)
        and action.type is not int
        and not (action.type is Path and action.dest.endswith("file"))
    ]

    assert offered == []


def test_a_command_is_one_short_file() -> None:
    """A command is parse, one use case, print: at most 80 lines."""
    root = Path(cli.__file__).parent
    long = [
        path.name
        for path in root.glob("*/*.py")
        if path.stem not in SHARED and len(path.read_text(encoding="utf-8").splitlines()) > 80
    ]

    assert long == []


def test_exit_statuses_are_the_error_trees() -> None:
    """Every branch of the error tree has its exit status in the table of the manuals."""
    ours = [branch for branch in AkashiError.__subclasses__() if branch.__module__.startswith("akashi.")]

    assert {branch.exit_status for branch in ours} <= set(EXITS)


def test_parsers_take_nothing_twice() -> None:
    """No command offers an option under two meanings (``--person`` of a device is who answers for it, and nothing else)."""
    for parser, _ in COMMANDS.values():
        dests = [action.dest for action in parser._actions if not isinstance(action, argparse._HelpAction)]
        assert len(dests) == len(set(dests))
