"""``akashi network repair`` and ``rekey``: one stopped server, rebuilt from the others; one running server, with new keys for voting."""

from __future__ import annotations

import argparse

from akashi.app.network.local import require_home
from akashi.app.passphrase import find_passphrase
from akashi.app.repair.mending import repair_home
from akashi.app.roster.asking import rekey
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add both commands."""
    parser = commands.add_parser(
        "repair",
        help="rebuild a stopped server from the others",
        **manual(
            parent,
            "Moves the server's ledger and blocks aside (nothing is deleted), fetches every leaf and block from the others,\n"
            "executes them again, and compares the tree with what a quorum signed. Its keys and what it voted last stay. A\n"
            "running server does this by itself when it finds damage; at its next start it votes again and reports it.",
            "akashi network repair --home demo-home/servers/server-3",
            (2, 4, 5, 6, 7),
        ),
    )
    parser.set_defaults(run=_repair)
    parser = commands.add_parser(
        "rekey",
        help="give a running server new keys for voting and connecting",
        **manual(
            parent,
            "The server makes the keys itself and says so on the ledger; they never leave its machine. Its node starts again with\n"
            "them, and so do the nodes of this machine's other servers, one after the other, which takes some 10 s. The keys with\n"
            "which it signs checkpoints stay: to change those, put a new server in its place (offer, add, promote, remove).",
            "akashi network rekey 3 --home demo-home",
            (2, 4, 5, 7),
        ),
    )
    parser.add_argument(
        "number", type=int, nargs="?", metavar="NUMBER", help="a server of this machine (default: HOME's)"
    )
    parser.set_defaults(run=_rekey)


def _repair(arguments: argparse.Namespace, shell: Shell) -> int:
    require_home(arguments.home)
    done = repair_home(arguments.home, find_passphrase(arguments.home), shell.clock)
    told = shell.choose(
        f"作り直しました（記録 {done.size} 件、{done.took_ms / 1000:.1f} 秒）。次に起動すると投票に戻ります。",
        f"Rebuilt ({done.size} leaves, {done.took_ms / 1000:.1f} s). It votes again at its next start.",
    )
    shell.result({"size": done.size, "root": done.root.hex(), "took_ms": done.took_ms}, [told])
    return 0


def _rekey(arguments: argparse.Namespace, shell: Shell) -> int:
    changed = rekey(arguments.home, arguments.number)
    told = shell.choose(
        f"サーバー {changed.number} の投票の鍵を替えました。", f"Server {changed.number} votes with a new key."
    )
    untold = shell.choose(
        "伝えられなかったサーバー（次の起動で伝わります）", "not told (they learn it at their next start)"
    )
    lines = [told] if not changed.untold else [told, f"{untold}: {', '.join(map(str, changed.untold))}"]
    shell.result({"number": changed.number, "untold": changed.untold}, lines)
    return 0
