"""What every command has in common: options, output, errors.

The contract: results go to standard output; progress, questions and errors go to standard error. An error is two lines,
``error: …`` and ``hint: …``, in the chosen language, without a capital or a full stop added by us; with ``--json`` it is one object.
The exit status is the error class's. Never a traceback for anything a user can do, never a secret from the command line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from akashi.clock import Clock, SystemClock
from akashi.errors import AkashiError, InputError

HOME_VARIABLE = "AKASHI_HOME"
DEFAULT_HOME = "akashi-home"
INTERRUPTED = 130
_BAR = 30


class BadArguments(InputError):
    """Arguments that the command does not take."""

    code = "cli.arguments"
    ja, en = "引数が正しくありません（{what}）。", "Bad arguments ({what})."
    hint_ja = hint_en = "akashi {command} --help"


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are our errors."""

    def error(self, message: str) -> NoReturn:
        """Raise :class:`BadArguments` instead of exiting."""
        raise BadArguments(what=message, command=" ".join(self.prog.split()[1:]))


@dataclass(frozen=True, slots=True)
class Shell:
    """Where a command reads the time and writes its words."""

    out: TextIO
    err: TextIO
    language: str = "ja"
    as_json: bool = False
    clock: Clock = SystemClock()

    def say(self, text: str) -> None:
        """A line for a person, on standard error."""
        print(text, file=self.err, flush=True)

    def line(self, text: str) -> None:
        """A line of the result, on standard output."""
        print(text, file=self.out, flush=True)

    def result(self, value: Mapping[str, object] | Sequence[Mapping[str, object]], lines: Sequence[str]) -> None:
        """The result: ``value`` as JSON with ``--json``, else ``lines``."""
        if self.as_json:
            self.line(json.dumps(value, ensure_ascii=False, sort_keys=True))
        else:
            for text in lines:
                self.line(text)

    def choose(self, ja: str, en: str) -> str:
        """One of two sentences."""
        return ja if self.language == "ja" else en

    def fail(self, error: AkashiError) -> int:
        """Say what went wrong; returns the exit status."""
        if self.as_json:
            body = {"code": error.code, "hint": error.hint(self.language), "message": error.sentence(self.language)}
            self.say(json.dumps(body, ensure_ascii=False, sort_keys=True))
        else:
            self.say(f"error: {error.sentence(self.language)}")
            if error.hint(self.language):
                self.say(f"hint: {error.hint(self.language)}")
        return error.exit_status

    def progress(self, label: str) -> Callable[[int, int], None]:
        """A bar for long work, only where standard error is a terminal."""

        def show(done: int, total: int) -> None:
            if self.err.isatty():
                filled = _BAR * done // total if total else 0
                end = "\n" if total and done >= total else ""
                self.err.write(f"\r{label} [{'#' * filled}{'.' * (_BAR - filled)}] {done:,}/{total:,}{end}")
                self.err.flush()

        return show


def language_of_environment() -> str:
    """``en`` where the locale says so, else ``ja``."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if named.startswith("en") else "ja"


def common_options(*, home: bool = True) -> argparse.ArgumentParser:
    """The options that every command takes; a parent parser."""
    parent = Parser(add_help=False)
    if home:
        where = os.environ.get(HOME_VARIABLE, DEFAULT_HOME)
        parent.add_argument("--home", type=Path, default=Path(where), help=f"the home folder (default: ${HOME_VARIABLE}, else {DEFAULT_HOME})")
    parent.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    parent.add_argument("--lang", choices=("ja", "en"), default=language_of_environment(), help="language of messages")
    return parent


def run_parsed(arguments: argparse.Namespace, shell: Shell) -> int:
    """Run the command that was chosen; every failure becomes two lines and an exit status."""
    try:
        status = arguments.run(arguments, shell)
    except AkashiError as error:
        return shell.fail(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return int(status)
