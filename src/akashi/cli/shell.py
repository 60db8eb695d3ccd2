"""What every command has in common: options, output, errors, the manual of a command.

The contract: results go to standard output; progress, questions and errors go to standard error. An error is two lines,
``error: …`` and ``hint: …``, in the chosen language; with ``--json`` it is one object. The exit status is the error class's
(:data:`EXITS`). Never a traceback for anything a user can do, never a secret from the command line.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, TextIO

from akashi.cli.mistakes import in_japanese
from akashi.clock import Clock, SystemClock
from akashi.errors import AkashiError, InputError, Unavailable

HOME_VARIABLE = "AKASHI_HOME"
DEFAULT_HOME = "akashi-home"
LANGUAGES = ("ja", "en")
EXITS: Mapping[int, str] = {
    0: "done",
    1: "an unexpected failure",
    2: "what was handed in cannot be used (file, argument, setting)",
    3: "not permitted, or a wrong passphrase",
    4: "no such thing",
    5: "the state has moved on",
    6: "a proof, signature or store does not verify",
    7: "try again later (disk full, home in use, server away)",
    8: "the sign-in failed",
    9: "self-consistent only (no trust file was given)",
    130: "interrupted",
}
"""What each exit status means."""
INTERRUPTED = 130
_BAR = 30
_JAPAN = timedelta(hours=9)
_CENTURY_DAYS = 36_600
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters with which another institution's text could steer a terminal, or turn the writing round."""
_BROKEN = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes that are no UTF-8."""


class BadArguments(InputError):
    """Arguments that the command does not take."""

    code = "cli.arguments"
    ja, en = "引数が正しくありません（{command}: {what}）。", "Bad arguments ({command}: {what})."
    hint_ja = hint_en = "{command} --help"

    def sentence(self, language: str = "ja") -> str:
        """The message for a person; the parser's own words are said in Japanese too."""
        if language != "ja":
            return super().sentence(language)
        return self.ja.format(**{**self.params, "what": in_japanese(str(self.params["what"]))})


class ConfirmationMissing(InputError):
    """A question that nobody answered with yes; nothing was done."""

    code = "cli.confirmation"
    ja, en = "確認されなかったので、何もしていません。", "Not confirmed; nothing was done."
    hint_ja = "端末で「y」と答えるか、内容を確かめたうえで --yes を付けてください。"
    hint_en = "Answer `y` at the terminal, or look at it and give --yes."


class SystemTrouble(Unavailable):
    """The operating system refused something; ``what`` is its short word for it."""

    code = "cli.system"
    ja, en = "システムの資源を使えませんでした（{what}）。", "The system did not let us ({what})."
    hint_ja, hint_en = "権限、空き、接続を確かめてください。", "Check permissions, free space and connections."


class Unexpected(AkashiError):
    """A defect of ours: the kind of failure is told, its details are kept back because they may hold a person's data."""

    code = "cli.unexpected"
    ja, en = "想定していない失敗です（{kind}）。", "An unexpected failure ({kind})."
    hint_ja = "版と操作の手順を添えて開発元に知らせてください。ファイルの中身は送らないでください。"
    hint_en = "Report it with the version and the steps; do not send the content of files."


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are our errors."""

    def error(self, message: str) -> NoReturn:
        """Raise :class:`BadArguments` instead of exiting."""
        raise BadArguments(what=message, command=self.prog)


def manual(
    parent: argparse.ArgumentParser | None, description: str, example: str, exits: Sequence[int] = (0, 2)
) -> dict[str, Any]:
    """What a parser needs beside its name and help: description, example and exit statuses."""
    statuses = "\n".join(f"  {number:<3} {EXITS[number]}" for number in sorted({*exits, 0, 2}))
    return {
        "parents": [] if parent is None else [parent],
        "description": description,
        "epilog": f"example:\n  {example}\n\nexit status:\n{statuses}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


@dataclass(frozen=True, slots=True)
class Shell:
    """Where a command reads the time and writes its words."""

    out: TextIO
    err: TextIO
    language: str = "ja"
    as_json: bool = False
    clock: Clock = field(default_factory=SystemClock)

    def say(self, text: str) -> None:
        """A line for a person, on standard error."""
        print(_STEERING.sub("\N{MIDDLE DOT}", text), file=self.err, flush=True)

    def line(self, text: str) -> None:
        """A line of the result, on standard output."""
        print(text, file=self.out, flush=True)

    def raw(self, data: bytes) -> None:
        """A result that is a file, on standard output as it is."""
        self.out.flush()
        self.out.buffer.write(data)
        self.out.buffer.flush()

    def result(self, value: Mapping[str, object] | Sequence[Mapping[str, object]], lines: Sequence[str]) -> None:
        """The result: ``value`` as JSON with ``--json``, else ``lines``."""
        if self.as_json:
            self.line(json.dumps(value, ensure_ascii=False, sort_keys=True))
        else:
            for text in lines:
                self.line(_STEERING.sub("\N{MIDDLE DOT}", text))

    def choose(self, ja: str, en: str) -> str:
        """One of two sentences."""
        return ja if self.language == "ja" else en

    def fail(self, error: AkashiError) -> int:
        """Say what went wrong; returns the exit status."""
        sentence, hint = error.sentence(self.language), error.hint(self.language)
        if self.as_json:
            body = {"code": error.code, "hint": hint, "message": sentence}
            self.say(json.dumps(body, ensure_ascii=False, sort_keys=True))
        else:
            self.say(f"error: {sentence}")
            if hint:
                self.say(f"hint: {hint}")
        return error.exit_status

    def require_yes(self, question: str) -> None:
        """Ask at the terminal. Raises :class:`ConfirmationMissing` for anything but yes, and where nobody can answer."""
        if not sys.stdin.isatty():
            raise ConfirmationMissing
        self.err.write(f"{question} [y/N] ")
        self.err.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise ConfirmationMissing

    def progress(self, label: str) -> Callable[[int, int], None]:
        """A bar for long work, only where standard error is a terminal."""

        def show(done: int, total: int) -> None:
            if self.err.isatty():
                filled = _BAR * done // total if total else 0
                end = "\n" if total and done >= total else ""
                self.err.write(f"\r{label} [{'#' * filled}{'.' * (_BAR - filled)}] {done:,}/{total:,}{end}")
                self.err.flush()

        return show


def days(text: str) -> int:
    """The type of options that count days: 1 to 36,600 (a century), so that no date leaves the calendar.

    >>> days("30")
    30
    """
    number = int(text)
    if not 0 < number <= _CENTURY_DAYS:
        raise argparse.ArgumentTypeError(f"1…{_CENTURY_DAYS}")
    return number


def moment(ms: int | None) -> str:
    """A time for a person: Japan's, to the second. ``-`` where there is none.

    >>> moment(0)
    '1970-01-01 09:00:00'
    """
    if ms is None:
        return "-"
    return (datetime.fromtimestamp(ms // 1000, UTC) + _JAPAN).strftime("%Y-%m-%d %H:%M:%S")


def language_of_environment() -> str:
    """``en`` where the locale says so, else ``ja``."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if named.startswith("en") else "ja"


def language_of(words: Sequence[str]) -> str:
    """The language of a command line that no parser took (an error of arguments, the version): ``--lang``, else the locale's.

    >>> language_of(["verify", "--lang", "en"])
    'en'
    """
    named = [second for first, second in pairwise([*words, ""]) if first == "--lang"]
    named += [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    return next((name for name in named if name in LANGUAGES), language_of_environment())


def common_options(*, home: bool = True) -> argparse.ArgumentParser:
    """The options that every command takes; a parent parser."""
    parent = Parser(add_help=False)
    if home:
        parent.add_argument(
            "--home",
            type=Path,
            default=Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME),
            help=f"the home folder (default: the value of {HOME_VARIABLE}, else {DEFAULT_HOME})",
        )
    parent.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    parent.add_argument("--lang", choices=LANGUAGES, default=language_of_environment(), help="language of messages")
    return parent


def _require_text(arguments: argparse.Namespace) -> None:
    """Refuse what the terminal sent in another encoding: such a word can be no name. Paths may hold any bytes, and are of a type of their own."""
    for name, value in vars(arguments).items():
        words = value if isinstance(value, list) else [value]
        if any(isinstance(word, str) and _BROKEN.search(word) for word in words):
            raise BadArguments(what=f"not UTF-8: {name}", command="akashi")


def run_parsed(arguments: argparse.Namespace, shell: Shell) -> int:
    """Run the command that was chosen; every failure becomes two lines and an exit status."""
    try:
        _require_text(arguments)
        return int(arguments.run(arguments, shell))
    except AkashiError as error:
        return shell.fail(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has left. What is still buffered would fail once more at exit, so it goes nowhere.
        sys.stdout = io.StringIO()
        return 0
    except OSError as error:
        return shell.fail(SystemTrouble(what=os.strerror(error.errno) if error.errno else type(error).__name__))
    except Exception as error:  # noqa: BLE001 - the last line of defence: a traceback may show a person's data
        return shell.fail(Unexpected(kind=type(error).__name__))
