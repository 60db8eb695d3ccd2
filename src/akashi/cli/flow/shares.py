"""``akashi conformity boundary``: the tasks to share out, one table, and all agreed tables together."""

from __future__ import annotations

import argparse
from typing import Any

from akashi.app.conformity.desk import READ
from akashi.app.conformity.library import boundary_tasks
from akashi.cli.files import write_whole
from akashi.cli.flow import desk
from akashi.cli.shell import Shell
from akashi.conformity.flow.boundary import Share, compare_tables, empty_table
from akashi.conformity.flow.model import BoundaryStatus
from akashi.conformity.model import Words

_NAME = "akashi conformity boundary"
_ABSENT = Words("対象外", "not applicable")


def declare(inner: argparse._SubParsersAction[Any], parent: argparse.ArgumentParser) -> None:
    """Add the commands that only read."""
    example = f"{_NAME} tasks --out boundary.yaml --as mori"
    tasks = desk.step(inner, parent, _tasks, "tasks", "list the tasks to share out, or write an empty table", example)
    desk.out_option(tasks, "FILE", "a file that is not there yet, for the empty table (YAML)")
    text, example = "show one table, with what nobody has and what two have", f"{_NAME} show bnd-… --as mori"
    show = desk.step(inner, parent, _show, "show", text, example)
    show.add_argument("boundary", metavar="BOUNDARY", help="its handle (bnd-…)")
    text = "compare all agreed tables together with the list of tasks"
    desk.step(inner, parent, _compare, "compare", text, f"{_NAME} compare --as mori")


def _tasks(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ):
        tasks = [(task, situation.name.lower()) for task in boundary_tasks() for situation in task.situations]
    if arguments.out is not None:
        write_whole(arguments.out, empty_table(boundary_tasks(), shell.language))
    rows = [{"situation": when, "task": task.id, "title": task.title.of(shell.language)} for task, when in tasks]
    shell.result(rows, [f"{task.id:<32} {when:<9} {task.title.of(shell.language)}" for task, when in tasks])
    return 0


def _show(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ, arguments.boundary) as (flow, _):
        found, table = flow.boundary(arguments.boundary), flow.table(arguments.boundary)
    gaps, state = compare_tables(boundary_tasks(), [table]), found.status.name.lower()
    value = {"digest": found.digest.hex(), "gaps": desk.gap_rows(gaps), "parties": list(table.parties), "status": state}
    head = f"{state}  {found.proposer} -> {found.other}  SHA-256 {found.digest.hex()}"
    lines = [_line(one, shell.language) for one in table.shares]
    shell.result(
        value | {"shares": [_row(one) for one in table.shares]}, [head, *lines, *desk.gap_lines(gaps, shell.language)]
    )
    return 0


def _row(one: Share) -> dict[str, object]:
    row = {"party": one.party, "situation": one.situation.name.lower(), "subcontractor": one.subcontractor}
    return {"task": one.task, **row}


def _line(one: Share, language: str) -> str:
    who = one.party or _ABSENT.of(language)
    return f"{one.task:<32} {one.situation.name.lower():<9} {who}{one.subcontractor and f' / {one.subcontractor}'}"


def _compare(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ) as (flow, _):
        agreed = [one.handle for one in flow.boundaries() if one.status is BoundaryStatus.AGREED]
        gaps = compare_tables(boundary_tasks(), [flow.table(name) for name in agreed])
    shell.result({"boundaries": agreed, "gaps": desk.gap_rows(gaps)}, [*agreed, *desk.gap_lines(gaps, shell.language)])
    return 0
