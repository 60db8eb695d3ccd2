"""``akashi witness init``: make a witness's home."""

from __future__ import annotations

import argparse

from akashi.app.passphrase import find_passphrase
from akashi.cli.shell import Shell, manual
from akashi.network.witness.home import WitnessOptions, create_home


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "init",
        help="make a witness: its key, its settings, the logs it knows",
        **manual(
            parent,
            "Makes the folder of a witness. The name stands in every cosignature: a host name and a word, without a scheme.\n"
            "A log is named by its vkey, the `log` line of its published trust file; more can be added to logs.txt later.",
            "akashi witness init --home WITNESS --name witness.example/akashi --log VKEY",
            (5, 7),
        ),
    )
    parser.add_argument("--name", required=True, help="name in its cosignatures, for good")
    parser.add_argument(
        "--log", action="append", default=[], metavar="VKEY", help="a log that it will know; repeatable"
    )
    parser.add_argument(
        "--host", default=WitnessOptions().host, help="address to listen at (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=WitnessOptions().port, help="port to listen at")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    options = WitnessOptions(name=arguments.name, host=arguments.host, port=arguments.port)
    key = create_home(arguments.home, options, arguments.log, find_passphrase(arguments.home))
    told = shell.choose("公開鍵（相手に渡す）", "public key (for the others)")
    shell.result({"logs": len(arguments.log), "vkey": key}, [f"{told}: {key}"])
    return 0
