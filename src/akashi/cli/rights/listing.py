"""``akashi rights list``: applications and where they stand."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.model import Role


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = "Lists applications, newest first: stage, person, roles, until when, why."
    example = "akashi rights list --as mori"
    parser = commands.add_parser("list", help="list applications", **manual(parent, text, example, (3, 6, 7, 8)))
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    with acting_person(arguments, shell) as (gateway, session):
        for found in rights.applications(gateway, session):
            one = found.request
            roles = [role.name.lower() for role in Role if role in one.roles and role.name]
            rows.append(
                {
                    "basis": found.texts.basis,
                    "decider": one.decider,
                    "department": one.department,
                    "job": one.job.name.lower(),
                    "person": one.person,
                    "request": one.handle,
                    "requester": one.requester,
                    "roles": roles,
                    "stage": one.stage.name.lower(),
                    "until_ms": one.until_ms,
                }
            )
            stage = one.stage.name.lower()
            lines.append(f"{one.handle}  {stage:9}  {one.person}  {'+'.join(roles)}  {moment(one.until_ms)}")
    shell.result(rows, lines)
    return 0
