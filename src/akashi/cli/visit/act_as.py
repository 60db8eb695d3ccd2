"""``akashi visit act-as``: the visitor acts as a test account."""

from __future__ import annotations

import argparse

from akashi.app.duty import visits
from akashi.cli.homes import acting_person, person_named
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import command


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "act-as",
        "act as a test account of the plan",
        "Records on the ledger that the visitor acts as a test account from now on. Only accounts that the approved plan names.",
        "akashi visit act-as vis-… test.t --as hoshu.t",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.add_argument("account", metavar="PERSON", help="login or handle of the test account")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        account = person_named(gateway, arguments.account)
        visits.act_as(gateway, session, arguments.visit, account)
    shell.result({"account": account, "visit": arguments.visit}, [f"{arguments.visit}  {account}"])
    return 0
