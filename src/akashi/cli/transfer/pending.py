"""``akashi transfer pending``: what is signed here and not on the ledger yet (未確定)."""

from __future__ import annotations

import argparse

from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pending",
        help="deliver and list what the ledger has not acknowledged (未確定)",
        **manual(
            parent,
            "Tries to deliver what this gateway has signed and kept, then lists what is still waiting.",
            "akashi transfer pending --as mori",
            (3, 6, 7, 8),
        ),
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        gateway.accounts.require(session, "transfer.read")
        gateway.exchange.resume()
        found = gateway.exchange.pending()
    rows = [
        {
            "attempts": one.attempts,
            "begun_ms": one.begun_ms,
            "kind": one.kind,
            "state": one.state,
            "transfer": one.transfer,
        }
        for one in found
    ]
    shell.result(rows, [f"{one.transfer}  {one.kind}  {one.state}  {moment(one.begun_ms)}" for one in found])
    return 0
