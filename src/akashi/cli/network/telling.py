"""How the state of servers is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from akashi.app.network.local import LocalServer
from akashi.app.network.status import NetworkStatus
from akashi.app.roster.asking import Changed
from akashi.cli.hearsay import copies, elsewhere
from akashi.cli.shell import Shell

_MIB = 1 << 20


def rows_of(servers: Sequence[LocalServer]) -> list[dict[str, Any]]:
    """For ``--json``; a server that does not run has no status."""
    return [{"number": one.number, "status": None if one.status is None else one.status.encode()} for one in servers]


def lines_of(servers: Sequence[LocalServer], shell: Shell) -> list[str]:
    """A line each, then whether operations become final."""
    lines = [_line(one, shell) for one in servers]
    known = [one.status for one in servers if one.status is not None]
    here = {one.number for one in servers}
    away = [line for one in known[:1] for line in one.servers if line.number not in here]
    warned = [line for one in known[:1] for line in copies(one, shell)]
    return [*lines, *(elsewhere(line, shell) for line in away), *warned, *_summary(known, shell)]


def _line(one: LocalServer, shell: Shell) -> str:
    name = shell.choose(f"サーバー {one.number}", f"server {one.number}")
    if one.status is None and one.repairing:
        return f"{name}: {shell.choose('ほかのサーバーから作り直し中、または作り直し待ち', 'being rebuilt from the others, or waiting for it')}"
    if one.status is None:
        return f"{name}: {shell.choose('停止中', 'not running')}"
    told = one.status
    up = sum(1 for line in told.servers if line.up)
    words = shell.choose(
        f"動作中　記録 {told.size} 件（確定 {told.quorum_size} 件）　未確定 {told.unfinished} 件　つながり {up} 台",
        f"running, {told.size} leaves ({told.quorum_size} final), {told.unfinished} waiting, reaches {up}",
    )
    extra = "".join(f"  [{code}]" for code in sorted(set(told.problems))[:3])
    return f"{name}: {words}　{told.disk_free // _MIB} MiB{extra}"


def _summary(known: Sequence[NetworkStatus], shell: Shell) -> list[str]:
    if not known:
        return [shell.choose("どのサーバーも動いていません。", "No server is running.")]
    first = known[0]
    ordering = next((one for one in known if one.ordering), None)
    if ordering is not None:
        answering = sum(1 for line in ordering.servers if line.votes and line.up is not False)
        spare = answering - ordering.needed
        return [
            shell.choose(
                f"操作は確定します（{first.members} 台のうち {first.needed} 台が必要。いま {answering} 台。あと {spare} 台まで止まっても続きます）。",
                f"Operations become final ({first.needed} of {first.members} are needed, {answering} answer; {spare} more may fail).",
            )
        ]
    return [
        shell.choose(
            f"操作は確定しません（{first.members} 台のうち {first.needed} 台が必要）。受け付けたものは未確定として保存されます。",
            f"Operations do not become final ({first.needed} of {first.members} are needed). What comes in is kept.",
        )
    ]


def untold_lines(changed: Changed, shell: Shell) -> list[str]:
    """Who of this machine must still be told; nothing where everybody was."""
    if not changed.untold:
        return []
    numbers = ", ".join(str(one) for one in changed.untold)
    return [
        shell.choose(
            f"知らせられなかったサーバー: {numbers}（起動してから akashi network accept で知らせてください）",
            f"Servers that could not be told: {numbers} (start them, then akashi network accept there)",
        )
    ]
