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
        "erasure": {
            "erased_ms": erasure.erased_ms,
            "level": erasure.level,
            "state": erasure.state,
            **_servers(erasure),
        },
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
        lines = [shell.choose("消去: 進行中", "erasure: under way")]
    else:
        when = moment(erasure.erased_ms)
        lines = [shell.choose(f"消去: {when}（段階 {erasure.level}）", f"erased: {when} (level {erasure.level})")]
    missing, unproven = (", ".join(map(str, numbers)) for numbers in (erasure.missing, erasure.not_proven))
    if missing:
        lines.append(
            shell.choose(f"  消去証明を待っているサーバー: {missing}", f"  servers that have not said so: {missing}")
        )
    if unproven:
        lines.append(
            shell.choose(f"  証明のないまま外れたサーバー: {unproven}", f"  servers that left unproven: {unproven}")
        )
    return lines


def _servers(erasure: ErasureState) -> dict[str, list[int]]:
    """Only where there is something to say."""
    named = {"missing": list(erasure.missing), "not_proven": list(erasure.not_proven)}
    return {name: numbers for name, numbers in named.items() if numbers}
