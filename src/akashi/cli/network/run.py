"""``akashi network run``: one further server in the foreground."""

from __future__ import annotations

import argparse
import signal
import threading

from akashi.app.config import server_paths
from akashi.app.network.local import homes
from akashi.app.network.serving import ReplicaServer
from akashi.app.network.status import new_alarms
from akashi.app.passphrase import find_passphrase
from akashi.app.repair.mending import keep_running
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="run one further server until stopped",
        **manual(
            parent,
            "Orders, cosigns and keeps copies until Ctrl-C or SIGTERM. The first server, which also has the secretariat's\n"
            "keys and the gateways, is run by `akashi serve`.",
            "akashi network run --home demo-home/servers/server-2",
            (2, 4, 6, 7),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    homes(arguments.home)  # before anybody is asked for a passphrase
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    passphrase, alarms = find_passphrase(arguments.home), new_alarms()

    def opened() -> ReplicaServer:
        server = ReplicaServer.open(arguments.home, passphrase, shell.clock, alarms, ended)
        me = server.node.seat.book.me
        shell.say(shell.choose(f"サーバー {me.number} が動いています。", f"Server {me.number} is running."))
        return server

    keep_running(opened, server_paths(arguments.home), shell.clock, ended)
    return 0
