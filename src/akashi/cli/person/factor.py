"""``akashi person factor``: what a person proves themselves with."""

from __future__ import annotations

import argparse

from akashi.app.people import factors
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "factor",
        help="list or remove a person's authenticators",
        **manual(
            parent,
            "Lists passkeys, authenticator apps and keys, and how many recovery codes are left; with --remove one of them goes,\n"
            "its key is revoked on the ledger, and the person's sessions end.",
            "akashi person factor hanako --remove fac-… --lost",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    parser.add_argument("--remove", metavar="FACTOR", default="", help="remove this one (fac-…)")
    parser.add_argument("--lost", action="store_true", help="with --remove: somebody else may have it")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.named)
        if arguments.remove:
            factors.remove(opened.gateway, session, arguments.remove, person, lost=arguments.lost)
            shell.result({"person": person, "removed": arguments.remove}, [arguments.remove])
            return 0
        found = factors.overview(opened.gateway, session, person)
    rows = [
        {
            "factor": held.factor.id,
            "kind": held.factor.kind.name.lower(),
            "label": held.factor.label,
            "state": held.factor.state.name.lower(),
            "on_ledger": held.on_ledger,
        }
        for held in found.held
    ]
    left = found.standing.recovery
    lines = ["  ".join(str(row[name]) for name in ("factor", "kind", "state", "label")) for row in rows]
    lines.append(shell.choose(f"回復コード: 残り{left}個", f"recovery codes left: {left}"))
    shell.result({"person": person, "factors": rows, "recovery": left}, lines)
    return 0
