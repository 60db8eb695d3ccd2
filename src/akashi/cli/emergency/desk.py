"""What the commands about emergencies share: options, words for enumerations, and how an opening is shown.

Guarantees: secrets are printed on standard output only, once, by the commands that say so; texts come from files. Refuses nothing itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from akashi.app.gateway.home import Gateway
from akashi.cli.files import read_bounded
from akashi.cli.homes import person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.emergency.model import HOUR_MS, Opening, OpenReason, Prepared, ReviewVerdict, StepOutcome

REASONS = {one.name.lower().replace("_", "-"): one for one in OpenReason}
VERDICTS = {one.name.lower().replace("_", "-"): one for one in ReviewVerdict}
OUTCOMES = {one.name.lower().replace("_", "-"): one for one in StepOutcome}
STATUSES = (3, 4, 5, 6, 7, 8)
_TEXT_LIMIT = 64 * 1024


def command(
    commands: argparse._SubParsersAction[Any],
    parent: argparse.ArgumentParser,
    name: str,
    text: str,
    more: str,
    example: str,
) -> argparse.ArgumentParser:
    """The parser of one command that a person runs."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, **manual(parent, more, example, STATUSES))
    person_options(parser)
    return parser


def hours(text: str) -> int:
    """The type of options that name a number of hours, 1 to 24: in milliseconds.

    >>> hours("8")
    28800000
    """
    count = int(text)
    if not 1 <= count <= 24:
        raise argparse.ArgumentTypeError("1…24")
    return count * HOUR_MS


def text_of(path: Path | None) -> str:
    """The words of ``--text-file``."""
    return "" if path is None else read_bounded(path, _TEXT_LIMIT).decode("utf-8", "replace").strip()


def account_named(gateway: Gateway, name: str) -> str:
    """The handle behind a login or handle; an unknown one is for the use case to refuse."""
    return gateway.accounts.person_of_login(name) or name


def opening_row(one: Opening) -> dict[str, object]:
    """An opening as JSON."""
    return {
        "account": one.account,
        "alone": one.alone,
        "closed_ms": one.closed_ms,
        "declaration": one.declaration,
        "opener": one.opener,
        "opening": one.handle,
        "reason": one.reason.name.lower(),
        "reviewer": one.reviewer,
        "second": one.second,
        "stage": one.stage.name.lower(),
        "taken_by": one.taken_by,
        "until_ms": one.until_ms,
        "verdict": None if one.verdict is None else one.verdict.name.lower(),
    }


def opening_line(one: Opening) -> str:
    """An opening on one line."""
    words = (one.handle, one.account, one.stage.name.lower(), one.reason.name.lower(), moment(one.until_ms))
    return "  ".join(words)


def show_prepared(made: Prepared, shell: Shell) -> int:
    """A sealed account; its secret only where it goes into a paper envelope."""
    secret = {} if made.secret is None else {"secret": made.secret}
    lines = [f"{made.account}  {made.login}"]
    if made.secret is not None:
        shell.say(
            shell.choose(
                "このパスワードは今だけ表示されます。印刷して封筒に入れ、封をしてください。",
                "This secret is shown this once. Print it, put it into an envelope and seal that.",
            )
        )
        lines.append(made.secret)
    shell.result({"account": made.account, "login": made.login} | secret, lines)
    return 0


def show_opening(one: Opening, shell: Shell) -> int:
    """An opening."""
    shell.result(opening_row(one), [opening_line(one)])
    return 0
