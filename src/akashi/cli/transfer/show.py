"""``akashi transfer show``: one transfer, its trail, its erasure."""

from __future__ import annotations

import argparse

from akashi.app.desk import transfers
from akashi.app.desk.trail import ErasureState, erasure_state, trail_lines
from akashi.cli.homes import acting_person, person_options
from akashi.cli.proof.trail import trail_rows, trail_text
from akashi.cli.shell import Shell, manual, moment
from akashi.cli.transfer.desk import line, row


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "show",
        help="one transfer with its trail, its erasure and what is pending",
        **manual(
            parent,
            "Shows where a transfer stands, every step that both sides see, how far its erasure is, and what this gateway\n"
            "has signed that the ledger has not acknowledged yet. Its notices count as read.",
            "akashi transfer show tr-… --as hoshi",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="its handle (tr-…)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        shown = transfers.shown(gateway, session, arguments.transfer)
        steps = trail_lines(gateway, shown.trail, shell.language)
        erasure = erasure_state(gateway, shown.transfer)
        names = gateway.names()
    pending = [one.kind for one in shown.pending]
    value = row(shown.transfer) | {
        "erasure": {"erased_ms": erasure.erased_ms, "level": erasure.level, "state": erasure.state},
        "pending": pending,
        "trail": trail_rows(steps, shown.trail),
    }
    unsettled = [shell.choose(f"未確定: {kind}", f"not acknowledged yet: {kind}") for kind in pending]
    lines = [line(shown.transfer, names, shell), *trail_text(steps), *_erasure(erasure, shell), *unsettled]
    shell.result(value, lines)
    return 0


def _erasure(erasure: ErasureState, shell: Shell) -> list[str]:
    if erasure.state == "none":
        return []
    if erasure.state == "erasing":
        return [shell.choose("消去: 進行中", "erasure: under way")]
    when = moment(erasure.erased_ms)
    return [shell.choose(f"消去: {when}（段階 {erasure.level}）", f"erased: {when} (level {erasure.level})")]
