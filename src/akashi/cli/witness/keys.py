"""``akashi witness keys``: what others pin, and which logs are known."""

from __future__ import annotations

import argparse

from akashi.app.passphrase import find_passphrase
from akashi.cli.shell import Shell, manual
from akashi.ledger.wire.note import vkey
from akashi.network.witness.home import known_logs, open_keys, public_key


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "keys",
        help="the witness's public key, and the keys of the logs it knows",
        **manual(
            parent,
            "Shows the vkey that logs name in witness_vkeys and verifiers in a `witness` line, and the logs in logs.txt.",
            "akashi witness keys --home WITNESS",
            (3,),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    own = public_key(arguments.home, open_keys(arguments.home, find_passphrase(arguments.home)))
    logs = [vkey(key.name, key.kind, key.public) for log in known_logs(arguments.home) for key in log.keys]
    shell.result({"logs": logs, "vkey": own}, [f"witness  {own}", *(f"log      {one}" for one in logs)])
    return 0
