"""``akashi checkup map retire``: a version is used no more."""

from __future__ import annotations

import argparse

from akashi.app.checkup import mapdesk
from akashi.checkup.approval.model import RetireReason
from akashi.cli.checkup_map.desk import person_step, shown, version_arguments
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell

_REASONS = {one.name.lower().replace("_", "-"): one for one in RetireReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "retire",
        "end a version for good",
        "Nobody converts with it any more, here and where it was adopted. Its text stays readable.",
        "akashi checkup map retire map-… 1 --reason wrong --as mori",
    )
    version_arguments(parser)
    parser.add_argument("--reason", choices=sorted(_REASONS), required=True, help="why")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        reason = _REASONS[arguments.reason]
        return shown(mapdesk.retire(gateway, session, arguments.map, arguments.version, reason), shell)
