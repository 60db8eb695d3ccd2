"""Every command that signs somebody in, as nobody, as somebody without a role, and as every role: generated from the parsers.

The command runs in this process on a whole service up to its first permission; what lies behind it is stopped there, so that nothing happens.
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest

from akashi.cli import homes
from akashi.cli.homes import Opened
from akashi.cli.shell import Shell, run_parsed
from akashi.cli.tree import build_parser
from akashi.errors import AkashiError
from akashi.identity.errors import SignInFailed
from akashi.identity.model import Role, Session
from akashi.identity.permissions import PERMISSIONS
from akashi.identity.service import Accounts
from tests.app.service import CLINIC, Service
from tools.cli_doc import leaves

ASKED = re.compile(r"\(([a-z_]+\.[a-z_]+)\)")
LOOKS_FIRST = {
    "akashi access explain", "akashi conformity assess apply", "akashi device lost", "akashi device renew", "akashi document sign",
    "akashi emergency take", "akashi person key", "akashi person password", "akashi person temporary", "akashi visit act-as",
    "akashi visit request",
}  # fmt: skip
"""Commands that first look at what they were given (a file, a secret, a record that may be one's own), and stop there if it is not usable."""
EITHER = {"akashi access explain", "akashi emergency close", "akashi emergency list"}
"""Commands for which another permission, or its being about oneself, does as well; tests/app/people has them."""
STOPPED = {2, 3, 4, 5}
PEOPLE = {"hanako", "taro", "jiro", "mori", "hoshi", "sato", "suzuki"}
"""Logins of the manuals' examples."""
OTHER = "try-other"
"""A colleague of whoever acts: what is one's own is another matter."""
OUTPUTS = {"--out", "--csv", "--to"}


class Reached(AkashiError):
    """The permission was given: the command would go on from here."""

    code = "test.reached"
    exit_status = 99


@cache
def parser() -> argparse.ArgumentParser:
    """The command tree, built once: it is the largest part of a run."""
    return build_parser()


@cache
def commands() -> dict[str, list[str]]:
    """Each command with ``--as``, and the words of its own example."""
    found = {}
    for leaf, _ in leaves(parser()):
        if any("--as" in action.option_strings for action in leaf._actions):
            example = (leaf.epilog or "").partition("\n\n")[0].removeprefix("example:").split(" > ")[0]
            found[leaf.prog] = shlex.split(example)[1:]
    return found


class Stage:
    """A service behind the command line, where whoever signs in is who we say."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service, self.folder = service, folder
        self.asked: list[str] = []

    def words(self, name: str, login: str) -> list[str]:
        """The command's words, with files that exist and somebody who acts."""
        words, before = [], ""
        for word in commands()[name]:
            words.append(word if before in OUTPUTS and word != "FOLDER" else self._usable(word))
            before = word
        return [*words, *([] if "--as" in words else ["--as", login]), "--lang", "en"]

    def _usable(self, word: str) -> str:
        """A handle becomes well formed, a person somebody who is there, a file or folder one that exists."""
        if word.endswith("-…"):
            return word.removesuffix("…") + "a" * 20
        if word in PEOPLE:
            return OTHER
        if word == "FOLDER" or re.fullmatch(r"[\w-]+\.(csv|json|pdf|txt|xlsx|zip|yaml|xml|akashi|sealed|md)", word):
            path = self.folder / word
            if word == "FOLDER":
                path.mkdir(exist_ok=True)
            elif not path.exists():
                path.write_bytes(b"{}")
            return str(path)
        return word

    def run(self, name: str, session: Session | None) -> tuple[int, str]:
        """Exit status and errors of the command for somebody (nobody: the sign-in fails)."""

        @contextmanager
        def opened(_arguments: argparse.Namespace, _shell: Shell) -> Iterator[Opened]:
            yield Opened(self.service.clinic, self.service.server)

        def signed(_gateway: object, _arguments: argparse.Namespace) -> Session:
            if session is None:
                raise SignInFailed
            return session

        require, asked = Accounts.require, self.asked

        def first(accounts: Accounts, one: Session, action: str, **more: object) -> None:
            asked.append(action)
            require(accounts, one, action, **more)  # type: ignore[arg-type]  # handed on as it came
            raise Reached

        err = io.StringIO()
        with (
            patch.object(homes, "opened_both", opened),
            patch.object(homes, "signed_in", signed),
            patch.object(Accounts, "require", first),
        ):
            arguments = parser().parse_args(self.words(name, "somebody"))
            shell = Shell(io.StringIO(), err, language="en", clock=self.service.clock)
            return run_parsed(arguments, shell), err.getvalue()


@pytest.fixture
def stage(house: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage, in a folder of its own, with a colleague."""
    if house.clinic.accounts.person_of_login(OTHER) is None:
        house.clinic.accounts.add_person(login=OTHER, name="架空 同僚", roles=Role.AUDITOR)
    monkeypatch.chdir(tmp_path)
    return Stage(house, tmp_path)


def test_there_are_many_commands() -> None:
    """An enumeration that finds nothing proves nothing."""
    assert len(commands()) > 50


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_refuses_whom_it_must(stage: Stage, name: str) -> None:
    """Nobody and somebody without a role do nothing; who lacks the action is refused by name, who has it goes on."""
    session = replace(stage.service.session(CLINIC), token="")
    nobody, _ = stage.run(name, None)
    roleless, said = stage.run(name, replace(session, roles=Role(0)))
    asked = list(dict.fromkeys(stage.asked))

    assert nobody in ({8} if name not in LOOKS_FIRST else {8} | STOPPED)
    assert roleless in ({3} if name not in LOOKS_FIRST else STOPPED)
    assert set(asked) <= set(PERMISSIONS)
    assert bool(asked) or name in LOOKS_FIRST
    if len(asked) == 1 and name not in EITHER:
        role = next(role for role in Role if PERMISSIONS[asked[0]] & role)
        other = next((role for role in Role if not PERMISSIONS[asked[0]] & role), Role(0))
        statuses = [stage.run(name, replace(session, roles=one))[0] for one in (role, other)]

        assert ASKED.findall(said)[:1] == asked
        assert statuses == [99, 3]
