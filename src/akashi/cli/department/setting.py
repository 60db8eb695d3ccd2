"""``akashi department add``, ``manager`` and ``close``."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.lifecycle.model import DepartmentKind

_KINDS = {one.name.lower(): one for one in DepartmentKind}
_EXITS = (3, 4, 5, 6, 7, 8)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "Registers a department and who confirms its rights. From the first one on no manager gives rights alone."
    example = "akashi department add --name 病棟 --manager hanako --kind clinical --as mori"
    add = commands.add_parser("add", help="register a department", **manual(parent, text, example, _EXITS))
    add.add_argument("--name", required=True, help="its name; stays in this gateway")
    add.add_argument("--kind", choices=sorted(_KINDS), default="other", help="what it does (default other)")
    text, example = "Gives a department another manager.", "akashi department manager dep-… --manager taro --as mori"
    change = commands.add_parser("manager", help="name another manager", **manual(parent, text, example, _EXITS))
    text, example = "Closes a department in which nobody works any more.", "akashi department close dep-… --as mori"
    close = commands.add_parser("close", help="close a department", **manual(parent, text, example, _EXITS))
    for parser in (add, change):
        parser.add_argument("--manager", required=True, help="login or handle of who answers for its rights")
    for parser in (change, close):
        parser.add_argument("department", metavar="DEPARTMENT", help="dep-…")
    for parser, run in ((add, _add), (change, _change), (close, _close)):
        person_options(parser, required=False)
        parser.set_defaults(run=run)


def _add(arguments: argparse.Namespace, shell: Shell) -> int:
    kind = _KINDS[arguments.kind]
    with acting_maybe(arguments, shell) as (opened, session):
        manager = person_named(opened.gateway, arguments.manager)
        if session is None:
            made = opened.gateway.people.lifecycle.register_department(arguments.name, manager, kind)
        else:
            made = rights.department_registered(opened.gateway, session, arguments.name, manager, kind)
    shell.result({"department": made}, [made])
    return 0


def _change(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        manager = person_named(opened.gateway, arguments.manager)
        if session is None:
            opened.gateway.people.lifecycle.change_department(arguments.department, manager)
        else:
            rights.department_changed(opened.gateway, session, arguments.department, manager)
    shell.result({"department": arguments.department, "manager": manager}, [arguments.department])
    return 0


def _close(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        if session is None:
            opened.gateway.people.lifecycle.close_department(arguments.department)
        else:
            rights.department_closed(opened.gateway, session, arguments.department)
    shell.result({"department": arguments.department, "open": False}, [arguments.department])
    return 0
