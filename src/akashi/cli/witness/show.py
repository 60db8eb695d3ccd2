"""``akashi witness show``: what was cosigned last, and what was refused."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import BadArguments, Shell, manual, moment
from akashi.network.witness.errors import FindingMissing
from akashi.network.witness.home import known_logs, open_memory
from akashi.network.witness.model import Finding, Suspicion


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "show",
        help="the newest tree of each log, and what was refused",
        **manual(
            parent,
            "Lists the size cosigned last of each log and every finding. --finding N --out FILE writes the two signed\n"
            "checkpoints of one: for a split view that is proof that anybody can check with the log's key.\n"
            "The exit status is 6 while there is proof of a split view.",
            "akashi witness show --home WITNESS",
            (4, 5, 6, 7),
        ),
    )
    parser.add_argument("--finding", type=int, metavar="N", help="write this finding to --out")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the finding goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if (arguments.finding is None) != (arguments.out is None):
        raise BadArguments(what="--finding, --out", command="akashi witness show")
    verify_free(arguments.out)
    memory = open_memory(arguments.home)
    try:
        found = memory.findings()
        sizes = {one: memory.latest(one).size for one in sorted(log.origin for log in known_logs(arguments.home))}
    finally:
        memory.close()
    if arguments.out is not None:
        chosen = next((one for one in found if one.number == arguments.finding), None)
        if chosen is None:
            raise FindingMissing(number=arguments.finding)
        write_whole(arguments.out, chosen.ours + b"\n" + chosen.proof + b"\n" + chosen.theirs)
    rows = [f"{size:10,}  {name}" for name, size in sizes.items()] + [_row(one) for one in found]
    shell.result({"findings": [_value(one) for one in found], "logs": sizes}, rows)
    return 6 if any(one.suspicion is Suspicion.SPLIT for one in found) else 0


def _row(one: Finding) -> str:
    return f"#{one.number}  {one.suspicion.name}  {moment(one.time_ms)}  {one.size:,}  {one.origin}"


def _value(one: Finding) -> dict[str, object]:
    kept = {"number": one.number, "origin": one.origin, "size": one.size, "time_ms": one.time_ms}
    return {**kept, "suspicion": one.suspicion.name.lower()}
