"""``akashi conformity boundary``: who is responsible for what, agreed between a customer and a vendor."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.conformity.desk import READ, SUBMIT
from akashi.app.conformity.library import boundary_tasks
from akashi.cli.files import read_bounded
from akashi.cli.flow import desk, shares
from akashi.cli.shell import BadArguments, Shell, moment
from akashi.conformity.flow.boundary import compare_tables, read_table

_NAME = "akashi conformity boundary"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "who is responsible for what: list, tasks, propose, show, compare, agree, end"
    inner = desk.group(commands, "boundary", text, "Tables of responsibilities with others.")
    text = "list the tables with other institutions"
    desk.step(inner, parent, _list, "list", text, f"{_NAME} list --as mori")
    example = f"{_NAME} propose --to inst-… --table boundary.yaml --as mori"
    text = "propose a table (YAML or Excel), signed and sealed to the other side"
    propose = desk.step(inner, parent, _propose, "propose", text, example)
    propose.add_argument("--to", required=True, metavar="INST", help="the other side (inst-…)")
    propose.add_argument("--table", type=Path, required=True, metavar="FILE", help="the table, filled in")
    desk.text_option(propose)
    for name, run, text in (
        ("agree", _agree, "agree to the table exactly as the other side proposed it"),
        ("end", _end, "end what was proposed or agreed"),
    ):
        parser = desk.step(inner, parent, run, name, text, f"{_NAME} {name} bnd-… --as mori")
        parser.add_argument("boundary", metavar="BOUNDARY", help="its handle (bnd-…)")
    shares.declare(inner, parent)


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.at_gateway(arguments, shell, READ) as (gateway, flow, _):
        found, own, ours = flow.boundaries(), gateway.institution, {one.handle for one in flow.inbox()}
    rows, lines = list[dict[str, object]](), list[str]()
    for one in found:
        state, waits = one.status.name.lower(), one.handle in ours
        row = {"boundary": one.handle, "other": one.other, "proposer": one.proposer, "status": state}
        rows.append(row | {"ours": one.proposer == own, "proposed_ms": one.proposed_ms, "waits_for_us": waits})
        turn = shell.choose("  ← こちらの番", "  <- our turn") if waits else ""
        day = moment(one.proposed_ms)
        lines.append(f"{one.handle}  {state:<9} {day}  {one.proposer} -> {one.other}{turn}")
    shell.result(rows, lines)
    return 0


def _propose(arguments: argparse.Namespace, shell: Shell) -> int:
    data = read_bounded(arguments.table, desk.FILE_LIMIT)
    text = "" if arguments.text_file is None else desk.read_text(arguments.text_file)
    with desk.at_gateway(arguments, shell, SUBMIT) as (gateway, flow, session):
        if arguments.to == gateway.institution:
            raise BadArguments(what="--to", command=f"{_NAME} propose")
        table = read_table(data, gateway.institution, arguments.to)
        name = flow.propose(arguments.to, table, text, session)
    gaps = compare_tables(boundary_tasks(), [table])
    shell.result({"boundary": name, "gaps": desk.gap_rows(gaps)}, [name, *desk.gap_lines(gaps, shell.language)])
    return 0


def _agree(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, SUBMIT, arguments.boundary) as (flow, session):
        flow.agree(arguments.boundary, session)
    return desk.done(arguments.boundary, shell)


def _end(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, SUBMIT, arguments.boundary) as (flow, session):
        flow.end_boundary(flow.boundary(arguments.boundary).handle, session)
    return desk.done(arguments.boundary, shell)
