"""``akashi journal verify``: the journal's chain against what the ledger has anchored."""

from __future__ import annotations

import argparse

from akashi.cli.homes import gateway_options, opened_gateway
from akashi.cli.shell import Shell, manual
from akashi.identity.events import anchored


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="check the access journal against the ledger",
        **manual(
            parent,
            "Checks every entry's place in the chain, and that the chain passes through the head that was anchored on the\n"
            "ledger last. Entries after that head are chained, but not anchored yet.",
            "akashi journal verify --institution inst-…",
            (3, 6, 7),
        ),
    )
    gateway_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_gateway(arguments, shell) as gateway:
        with gateway.ledger.view() as state:
            last = anchored(state, gateway.author.key)
        count = gateway.journal.verify([] if last is None else [(last[1], last[0])])
    fixed = 0 if last is None else last[1]
    told = shell.choose(
        f"{count} 件に不一致はありません（台帳に記録済み {fixed} 件）。",
        f"{count} entries verify ({fixed} anchored on the ledger).",
    )
    shell.result({"anchored": fixed, "entries": count}, [told])
    return 0
