"""``akashi network start`` and ``stop``: every server of this machine, in the background."""

from __future__ import annotations

import argparse

from akashi.app.network.local import start_all, stop_all
from akashi.cli.network.telling import lines_of, rows_of
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add both commands."""
    parser = commands.add_parser(
        "start",
        help="start the servers of this machine and wait until they order",
        **manual(
            parent,
            "Starts every server of this machine that does not run, in the background, and waits until a quorum answers.\n"
            "The passphrase comes from AKASHI_PASSPHRASE_FILE or HOME/passphrase. What they say is in server/network/log.",
            "akashi network start --home demo-home",
            (4, 7),
        ),
    )
    parser.add_argument("--wait", type=int, default=60, metavar="SECONDS", help="how long to wait (default 60)")
    parser.set_defaults(run=_start)
    parser = commands.add_parser(
        "stop",
        help="stop the servers of this machine",
        **manual(
            parent,
            "Ends every server of this machine that runs, and waits for it. What was handed in and is not final stays kept\n"
            "and becomes final after the next start.",
            "akashi network stop --home demo-home",
            (4,),
        ),
    )
    parser.set_defaults(run=_stop)


def _start(arguments: argparse.Namespace, shell: Shell) -> int:
    found = start_all(arguments.home, arguments.wait)
    shell.result({"servers": rows_of(found)}, lines_of(found, shell))
    return 0


def _stop(arguments: argparse.Namespace, shell: Shell) -> int:
    ended = stop_all(arguments.home)
    shell.result({"stopped": ended}, [shell.choose(f"{ended} 台を止めました。", f"{ended} servers stopped.")])
    return 0
