"""``akashi rights apply``: a department applies for somebody's rights."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.calendar import day_start
from akashi.cli.department.placing import JOBS
from akashi.cli.homes import acting_person, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.model import Role

_ROLES = {role.name.lower(): role for role in Role if role.name}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = (
        "Applies in the name of a department: for a person of this gateway, or with --new-login and --name for a newcomer.\n"
        "The roles named are all that the person will have. Another person decides (`rights decide`)."
    )
    example = "akashi rights apply hanako --department dep-… --role operator --job nurse --basis 異動のため --as mori"
    parser = commands.add_parser("apply", help="apply for rights", **manual(parent, text, example, (3, 4, 5, 6, 7, 8)))
    parser.add_argument(
        "named", metavar="PERSON", nargs="?", default="", help="login or handle; leave out for a newcomer"
    )
    parser.add_argument("--new-login", default="", help="login of a newcomer; never used again")
    parser.add_argument("--name", default="", help="name of a newcomer; stays in this gateway")
    parser.add_argument("--department", required=True, help="dep-…")
    parser.add_argument("--role", required=True, choices=sorted(_ROLES), action="append", help="repeatable")
    parser.add_argument("--job", choices=sorted(JOBS), default="other", help="what they were trained for")
    parser.add_argument("--basis", required=True, help="why; stays in this gateway, the ledger has its commitment")
    parser.add_argument("--until", type=day_start, metavar="DAY", help="for a time: the first day without (YYYY-MM-DD)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    roles = Role(0)
    for name in arguments.role:
        roles |= _ROLES[name]
    with acting_person(arguments, shell) as (gateway, session):
        made = rights.applied(
            gateway,
            session,
            department=arguments.department,
            roles=roles,
            job=JOBS[arguments.job],
            basis=arguments.basis,
            person=person_named(gateway, arguments.named) if arguments.named else None,
            login=arguments.new_login,
            name=arguments.name,
            until_ms=arguments.until,
        )
    shell.result({"person": made.person, "request": made.handle}, [f"{made.handle}  {made.person}"])
    return 0
