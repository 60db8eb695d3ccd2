"""``akashi transfer list``: the inbox, or what was sent."""

from __future__ import annotations

import argparse

from akashi.app.desk import transfers
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.cli.transfer.desk import line, row


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list what was received, or with --sent what was sent",
        **manual(
            parent,
            "Lists transfers, newest first, and says on standard error what is new since somebody last looked.",
            "akashi transfer list --as hoshi",
            (3, 6, 7, 8),
        ),
    )
    parser.add_argument("--sent", action="store_true", help="what this institution sent, instead of its inbox")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = transfers.listed(gateway, session, received=not arguments.sent)
        gateway.exchange.poll()
        news = len(gateway.exchange.notices())
        names = gateway.names()
    if news:
        shell.say(shell.choose(f"新しい知らせが {news} 件あります。", f"{news} new notices."))
    if not found and not arguments.sent:
        shell.say(
            shell.choose(
                "届いたものはありません。送ったものは --sent で表示します。",
                "Nothing was received; --sent lists what was sent.",
            )
        )
    shell.result([row(one) for one in found], [line(one, names, shell) for one in found])
    return 0
