"""``akashi conformity run``: measure everything that is registered, judge, and record it on the ledger."""

from __future__ import annotations

import argparse

from akashi.api.faces import faces
from akashi.app.conformity import running
from akashi.app.conformity.desk import PROBE
from akashi.app.conformity.telling import counts_line, counts_row, overview_lines, summary_row
from akashi.app.conformity.views import overview
from akashi.app.selfcheck.context import SelfContext
from akashi.cli.homes import Opened, SecretMissing, acting_maybe, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.model import Session


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="measure every registered target, judge every item, record the run",
        **manual(
            parent,
            "Runs each probe on each registered target of its kind, judges all items of all catalogues, and records the run\n"
            "on the ledger. What was not reached is 判定不能. Run it beside `akashi serve`, so that the pages are measured too.",
            "akashi conformity run --as mori",
            (3, 5, 6, 7, 8),
        ),
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def context_of(arguments: argparse.Namespace, opened: Opened, session: Session, shell: Shell) -> SelfContext:
    """What the self check stands on: this gateway, and the server in this process or beside it."""
    settings = opened.gateway.settings
    url = "" if opened.server is not None else f"https://{settings.host}:{settings.port}"
    tables = faces(opened.gateway, opened.server, shell.clock)
    return SelfContext(opened.gateway, opened.server, arguments.home, url, session, tables)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    bar = shell.progress(shell.choose("測定", "probes"))
    with acting_maybe(arguments, shell) as (opened, session):
        if session is None:
            raise SecretMissing(option="--as")

        def progress(_probe: str, _target: str, done: int, total: int) -> None:
            bar(done, total)

        opened.gateway.accounts.require(session, PROBE)
        conformity = opened.gateway.conformity
        if not conformity.targets():
            shell.say(
                shell.choose(
                    "登録された対象がありません。「akashi conformity target register --defaults」で登録できます。",
                    "No target is registered; `akashi conformity target register --defaults` registers this home's own.",
                )
            )
        record = running.run(context_of(arguments, opened, session, shell), session, progress)
        measured = conformity.measurements()
        bar(len(measured), len(measured))
        seen = overview(conformity)
    reached = sum(1 for one in measured if one.reach is one.reach.REACHED)
    lines = [
        shell.choose(
            f"{record.run}  台帳の{record.index}番  測定 {len(measured)} 件（届いたもの {reached} 件）",
            f"{record.run}  ledger index {record.index}  {len(measured)} measurements ({reached} reached)",
        ),
        counts_line(record.counts, shell.language),
        *overview_lines(seen, shell.language),
    ]
    value = {"counts": counts_row(record.counts), "index": record.index, "measurements": len(measured)}
    value |= {"reached": reached, "run": record.run, "sheets": [summary_row(one) for one in seen.sheets]}
    shell.result(value, lines)
    return 0
