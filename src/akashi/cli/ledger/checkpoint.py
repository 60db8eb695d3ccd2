"""``akashi ledger checkpoint``: the newest signed checkpoint."""

from __future__ import annotations

import argparse

from akashi.cli.homes import gateway_options, opened_gateway
from akashi.cli.shell import Shell, manual
from akashi.ledger.wire.note import parse_checkpoint


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "checkpoint",
        help="print the newest checkpoint (C2SP)",
        **manual(
            parent,
            "Prints the newest checkpoint as the gateway knows it. Keep copies elsewhere: they show whether the ledger was\n"
            "rolled back or forked.",
            "akashi ledger checkpoint > 2026-11-21.note",
            (3, 6, 7),
        ),
    )
    gateway_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_gateway(arguments, shell) as gateway:
        note = gateway.ledger.checkpoint()
    parsed = parse_checkpoint(note)
    text = note.decode("utf-8")
    value = {"note": text, "origin": parsed.origin, "root": parsed.root.hex(), "size": parsed.size}
    shell.result(value, text.splitlines())
    return 0
