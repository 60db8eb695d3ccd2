"""What a server knows of the others only from them: how servers of other machines are, by their own word; and what it noticed about copies."""

from __future__ import annotations

from datetime import UTC, datetime

from akashi.app.network.status import NetworkStatus, ServerLine
from akashi.cli.shell import Shell

_MIB = 1 << 20


def elsewhere(line: ServerLine, shell: Shell) -> str:
    """A server of another machine, by its own word."""
    name, said = shell.choose(f"サーバー {line.number}", f"server {line.number}"), line.said
    if said is None:
        return f"{name}: {shell.choose('別の機械。まだ申告なし', 'on another machine, has said nothing yet')}"
    free = "?" if said.disk_free is None else f"{said.disk_free // _MIB} MiB"
    height, size = ("?" if one is None else str(one) for one in (said.height, said.size))
    when = f"{datetime.fromtimestamp(said.said_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}Z"
    words = shell.choose(
        f"別の機械（本人の申告）　高さ {height}　記録 {size} 件　空き {free}",
        f"on another machine, by its own word: height {height}, {size} leaves, {free} free",
    )
    late = shell.choose(f"　{when} より後は不明", f", unknown since {when}") if said.stale else ""
    return f"{name}: {words}{late}"


def copies(told: NetworkStatus, shell: Shell) -> list[str]:
    """Who owes erasure receipts for too long, and who handed out wrong copies."""
    numbers = {line.server: line.number for line in told.servers}
    owing = [
        shell.choose(
            f"サーバー {number}: 消去の受領が {count} 件、期限を過ぎています。",
            f"Server {number} owes {count} erasure receipts for too long.",
        )
        for number, count in told.overdue
    ]
    wrong = [
        shell.choose(
            f"サーバー {numbers.get(server, server)}: 台帳と違う写しを {count} 回渡しました。",
            f"Server {numbers.get(server, server)} handed out {count} copies that are not what the ledger names.",
        )
        for server, count in told.mistrusted
    ]
    return owing + wrong
