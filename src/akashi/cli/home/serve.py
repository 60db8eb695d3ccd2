"""``akashi serve``: the home's server and gateways over HTTPS."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.api.serving import serve
from akashi.app.passphrase import find_passphrase
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "serve",
        help="serve the home over HTTPS",
        **manual(
            parent,
            "Serves the ledger's API, each gateway's pages and API, and the public pages, each on its own port, and does\n"
            "the work beside them (erasure, stamps, revocation lists). Stop it with Ctrl-C or SIGTERM.",
            "akashi serve --home demo-home",
            (3, 6, 7),
        ),
    )
    text = "also serve on Unix sockets in this folder, for a TLS terminator (docs/deployment.md)"
    parser.add_argument("--unix-socket", type=Path, metavar="FOLDER", help=text)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    serve(arguments.home, find_passphrase(arguments.home), shell.clock, shell.say, arguments.unix_socket)
    return 0
