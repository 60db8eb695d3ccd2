"""``akashi mirror follow``: take in what appears in a folder, again and again."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from akashi.app.mirrors.following import Follower, Step
from akashi.app.passphrase import find_passphrase
from akashi.cli.files import FolderMissing
from akashi.cli.shell import Shell, manual
from akashi.errors import Unavailable


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "follow",
        help="take in bundles that appear in a folder, and write the receipt into another, again and again",
        **manual(
            parent,
            "Run on the isolated machine, under its supervisor. Looks into --from every --every seconds, verifies and takes in what is\n"
            "new in order, erases what is ordered, and lays the newest receipt into --receipts. A file that does not verify is\n"
            "told of once and left there. Ends on SIGTERM between two files; killed anywhere it goes on at its next start.",
            "akashi mirror follow --home away --from /carried/in --receipts /carried/out --every 60",
            (2, 4, 6, 7),
        ),
    )
    parser.add_argument("--from", dest="inbox", type=Path, required=True, metavar="FOLDER", help="where bundles appear")
    parser.add_argument("--receipts", type=Path, required=True, metavar="FOLDER", help="where the receipt goes")
    parser.add_argument("--every", type=int, default=60, metavar="SECONDS", help="how often to look (default 60)")
    parser.add_argument("--once", action="store_true", help="look once; exit status of the first refusal, if any")
    parser.add_argument("--remove", action="store_true", help="remove bundles that were taken in")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    for folder in (arguments.inbox, arguments.receipts):
        if not folder.is_dir():
            raise FolderMissing(name=folder.name)
    home, places = arguments.home, (arguments.inbox, arguments.receipts)
    follower = Follower(home, *places, lambda: find_passphrase(home), shell.clock, remove=arguments.remove)
    ended = threading.Event()
    if not arguments.once and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    while True:
        status = _turn(follower, shell, once=arguments.once)
        if arguments.once:
            return status
        if ended.wait(max(1, arguments.every)):
            return 0


def _turn(follower: Follower, shell: Shell, *, once: bool) -> int:
    """One look; the exit status of the first refusal. A medium that is away now may be back at the next look."""
    try:
        steps = follower.turn()
    except Unavailable as error:
        if once:
            raise
        return shell.fail(error)
    for step in steps:
        _say(step, shell)
    return next((one.refused.exit_status for one in steps if one.refused is not None), 0)


def _say(step: Step, shell: Shell) -> None:
    refused = "" if step.refused is None else step.refused.code
    words = step.refused.sentence(shell.language) if step.refused else shell.choose("取り込みました", "taken in")
    shell.result(
        {"file": step.file, "number": step.number, "refused": refused, "size": step.size},
        [f"{step.file}  {words}  {shell.choose('記録', 'leaves')}: {step.size}"],
    )
