"""``akashi serve``: the home's server and gateways over HTTPS."""

from __future__ import annotations

import argparse

from akashi.api.serving import serve
from akashi.app.passphrase import find_passphrase
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "serve",
        parents=[parent],
        help="serve the home over HTTPS",
        description="Serves the ledger's API, each gateway's pages and API, and the public pages, each on its own port.",
        epilog="example: akashi serve --home demo-home   stop with Ctrl-C   exit status: 0 stopped, 2 no home, 6 damaged",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    serve(arguments.home, find_passphrase(arguments.home), shell.clock, shell.say)
    return 0
