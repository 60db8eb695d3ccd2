"""``akashi checkup map list``: which maps there are and where they stand."""

from __future__ import annotations

import argparse

from akashi.app.checkup import mapdesk
from akashi.app.checkup.telling import draft_row, version_line, version_row
from akashi.cli.checkup_map.desk import person_step
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "list",
        "list the maps: own and adopted versions, shipped ones, open drafts",
        "A file that merely lies in the gateway's folder `maps` is counted here and used nowhere.",
        "akashi checkup map list --as mori",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        versions = mapdesk.versions(gateway, session)
        drafts = [one for one in mapdesk.drafts(gateway, session) if not one.closed]
        shipped, lying = sorted(gateway.maps.shipped_ids()), [path.name for path in gateway.maps.lying()]
    value = {
        "maps": [version_row(one) for one in versions],
        "drafts": [draft_row(one) for one in drafts],
        "shipped": shipped,
        "unused_files": lying,
    }
    lines = [version_line(one, shell.language) for one in versions]
    lines += [f"{one.handle}  {shell.choose('下書き', 'draft')}  {one.head.map_id or '-'}" for one in drafts]
    lines += [f"{name}  {shell.choose('同梱', 'shipped')}" for name in shipped]
    unused = shell.choose("承認されていないため使いません", "not used: nobody approved it")
    lines += [f"maps/{name}  {unused}" for name in lying]
    shell.result(value, lines)
    return 0
