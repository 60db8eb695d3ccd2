"""``akashi conformity publish-list``: the public list as static files for any web server."""

from __future__ import annotations

import argparse
from hashlib import sha256
from pathlib import Path

from akashi.app.conformity.desk import READ
from akashi.cli.flow import desk
from akashi.cli.homes import person_options
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.conformity.flow.listing import export_list

_NAME = "akashi conformity publish-list"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "publish-list",
        help="write the public list as a folder of static files",
        **manual(
            parent,
            "Writes index.html, list.json, a mark (SVG) for each entry and the redacted bundles: those published from here and\n"
            "those that are given, each found by its SHA-256. Withdrawn, expired and renewed entries stay and say so. Names the\n"
            "entries whose bundle is not there.",
            f"{_NAME} --out public --as abe",
            desk.STATUSES,
        ),
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is not there yet")
    parser.add_argument(
        "--bundle", action="append", type=Path, default=[], metavar="FILE", help="of others; repeatable"
    )
    parser.add_argument("--ours", action="store_true", help="only what this institution assessed")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    given = {sha256(data).digest(): (name, data) for name, data in desk.read_files(arguments.bundle)}
    with desk.at_gateway(arguments, shell, READ) as (gateway, flow, _):
        own, names = gateway.institution, gateway.names()
        kept = flow.kept_bundles()
        entries = [one for one in flow.listing() if not arguments.ours or one.assessor == own]
    listed = {one.bundle for one in entries}
    strange = [name for digest, (name, _) in given.items() if digest not in listed]
    if strange:
        raise BadArguments(what=f"--bundle {strange[0]}", command=_NAME)
    found = kept | {one.assessment: given[one.bundle][1] for one in entries if one.bundle in given}
    written = export_list(entries, names, shell.clock.now_ms(), found)
    desk.write_folder(arguments.out, sorted(written.items()))
    missing = [one.assessment for one in entries if one.assessment not in found]
    rows = [{"bytes": len(data), "file": name} for name, data in sorted(written.items())]
    told = shell.choose("証拠束がありません", "no bundle was given")
    lines = [f"{len(data):>12,}  {name}" for name, data in sorted(written.items())]
    shell.result({"files": rows, "missing": missing}, [*lines, *(f"! {told}: {name}" for name in missing)])
    return 0
