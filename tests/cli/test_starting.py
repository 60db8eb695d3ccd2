"""A command loads what it needs: the tables of the command tree agree with the modules, and nothing else is loaded or said."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

import pytest

from akashi import __version__, cli
from akashi.cli.__main__ import main
from akashi.cli.groups import Group, Held
from akashi.cli.shell import BadArguments, Parser, Shell, common_options
from akashi.cli.tree import MEMBERS, build_parser
from tests.architecture.source import ROOT

INNER = {"akashi.cli.flow.apply", "akashi.cli.flow.decide", "akashi.cli.flow.shares"}
"""Modules whose commands another command's module adds below its own."""
FACES = "fastapi starlette pydantic jinja2 pyhanko openpyxl akashi.api akashi.web"
SERVER = "uvicorn asyncio httpx webauthn pkcs11 akashi.app.network"
WORDS = [
    [],
    ["nix"],
    ["--nix"],
    ["--help"],
    ["--nix", "nix"],
    ["--", "ledger", "audit"],
    ["--nix", "ledger", "audit"],
    ["ledger"],
    ["ledger", "nix"],
    ["ledger", "--help"],
    ["ledger", "--help", "audit"],
    ["ledger", "--nix", "audit"],
    ["ledger", "audit", "--nix"],
    ["ledger", "audit", "--json"],
    ["institution", "enable"],
    ["checkup", "map"],
    ["checkup", "map", "nix"],
    ["checkup", "map", "-h"],
    ["conformity", "target", "nix"],
    ["conformity", "boundary", "--help"],
    ["verify", "-h"],
]


def modules(members: Sequence[Group | Held]) -> Iterator[Held]:
    """Every module of the table."""
    for member in members:
        if isinstance(member, Group):
            yield from modules(member.members)
        else:
            yield member


def branches(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and all below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from branches(inner)


def outcome(parser: argparse.ArgumentParser, words: list[str]) -> object:
    """What becomes of ``words``: what was parsed, printed, or refused."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            return vars(parser.parse_args(words))
    except BadArguments as error:
        return error.sentence("en"), error.hint("en"), error.exit_status
    except SystemExit as left:
        return printed.getvalue(), left.code


def loaded_by(*words: str) -> set[str]:
    """Every module that a fresh interpreter has loaded after ``akashi …``."""
    program = (
        "import json, sys\nfrom akashi.cli.__main__ import main\n"
        "main(sys.argv[1:])\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("one", list(modules(MEMBERS)), ids=lambda one: one.module)
def test_table_and_module_agree(one: Held) -> None:
    """A module declares the names that the table says, in that order, and no other; a line that the table shows is its own."""
    commands = Parser(prog="akashi").add_subparsers()
    import_module(one.module).declare(commands, common_options(home=one.homed))

    assert one.module.startswith("akashi.cli.")
    assert tuple(commands.choices) == one.names
    assert one.help in ("", *(shown.help for shown in commands._choices_actions))


def test_no_module_is_forgotten() -> None:
    """Every module that declares commands stands in the table, once, or is declared by one that does."""
    root = Path(cli.__file__).parent
    declaring = {
        f"akashi.cli.{path.parent.name}.{path.stem}"
        for path in root.glob("*/*.py")
        if "\ndef declare(" in path.read_text(encoding="utf-8")
    }
    named = [one.module for one in modules(MEMBERS)]

    assert sorted([*named, *INNER]) == sorted(declaring)


def test_what_is_shown_at_the_top_has_a_line() -> None:
    """Commands in no group have their line in the table: the first manual shows them before they are loaded."""
    assert [one for one in MEMBERS if not one.help] == []


def test_every_manual_is_the_same_by_both_ways() -> None:
    """The manual of a command or group is the whole tree's, when only its own words chose what was loaded."""
    for whole in branches(build_parser()):
        words = whole.prog.split()[1:]
        chosen = {parser.prog: parser for parser in branches(build_parser([*words, "--help"]))}

        assert chosen[whole.prog].format_help() == whole.format_help()


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_any_words_end_the_same_by_both_ways(words: list[str]) -> None:
    """Result, manual, or error with hint and status: the same as with every command loaded."""
    assert outcome(build_parser(words), words) == outcome(build_parser(), words)


def test_groups_take_no_options() -> None:
    """Before the last word of a command nothing takes a value, so the first word of a group is what chooses its member."""
    for parser in branches(build_parser()):
        if any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):
            assert {action.dest for action in parser._actions if action.option_strings} <= {"help", "version"}


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["ledger"]], ids=" ".join)
def test_the_top_loads_no_command(words: list[str]) -> None:
    """The version, the first manual and a missing word are answered from the tables: no part of the product is loaded."""
    ours = {name for name in loaded_by(*words) if name.startswith("akashi.")}

    assert {name.split(".")[1] for name in ours} == {"cli", "clock", "errors"}
    assert ours & {one.module for one in modules(MEMBERS)} == set()


@pytest.mark.parametrize(
    ("words", "without"),
    [
        (["verify", "--help"], f"{FACES} {SERVER} akashi.app.gateway.home"),
        (["conformity", "verify", "--help"], f"{FACES} {SERVER} akashi.app.gateway.home"),
        (["transfer", "list", "--help"], f"{FACES} {SERVER} akashi.app.server.home"),
        (["person", "list", "--help"], f"{FACES} {SERVER} akashi.app.server.home"),
        (["checkup", "convert", "--help"], f"{FACES} {SERVER} sqlite3 akashi.app.gateway.home"),
        (["network", "run", "--help"], f"{FACES} uvicorn pkcs11 httpx webauthn akashi.app.gateway.home"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_does_not_load_what_it_does_not_use(words: list[str], without: str) -> None:
    """No pages for a command that shows none, no signing of PDFs for one that signs none, no server where a gateway acts."""
    assert loaded_by(*words) & set(without.split()) == set()


@pytest.mark.parametrize(
    ("language", "said"), [("ja", f"証（Akashi） 版 {__version__}\n"), ("en", f"Akashi {__version__}\n")]
)
def test_the_version_is_the_packages(language: str, said: str) -> None:
    """``akashi --version`` prints the version that the package names, in the language that was asked for."""
    out, err = io.StringIO(), io.StringIO()

    assert main(["--version", "--lang", language], Shell(out, err)) == 0
    assert (out.getvalue(), err.getvalue()) == (said, "")
