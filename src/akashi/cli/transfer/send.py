"""``akashi transfer send``: convert, look, seal, send."""

from __future__ import annotations

import argparse

from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.cli.transfer.desk import converted, receiver_named, sending_options, sent, tell_sent


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "send",
        help="convert a file and send it to one institution",
        **manual(
            parent,
            "Converts the file in memory, shows the findings, and after a yes seals it so that only the receiver can open\n"
            "it. The same content is not sent twice unless you say so (--again).",
            "akashi transfer send kekka.csv --to ほし健康保険組合 --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    sending_options(parser)
    parser.add_argument("--to", required=True, metavar="INSTITUTION", help="receiver: handle, name or public number")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        gateway.accounts.require(session, "transfer.send")
        receiver = receiver_named(gateway, arguments.to)
        draft = converted(gateway, session, arguments.file, receiver, shell, arguments.claims)
        tell_sent(sent(gateway, session, draft, arguments, shell), draft, shell)
    return 0
