"""``akashi witness run``: answer logs until stopped."""

from __future__ import annotations

import argparse
import signal
import threading

from akashi.app.passphrase import find_passphrase
from akashi.cli.shell import Shell, manual
from akashi.network.witness.home import open_memory, open_server, open_witness, read_options
from akashi.network.witness.model import Finding, Suspicion


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="answer add-checkpoint requests",
        **manual(
            parent,
            "Serves POST /add-checkpoint until Ctrl-C or SIGTERM: HTTPS if certificate.pem and certificate.key are in the\n"
            "home, else HTTP for a TLS terminator on this machine. A split view is told here at once and kept.",
            "akashi witness run --home WITNESS",
            (3, 7),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    def alarm(finding: Finding) -> None:
        split = finding.suspicion is Suspicion.SPLIT
        ja = "警報: 台帳の分岐の証拠を保存しました" if split else "注意: 続きと確かめられない記録を断りました"
        en = "ALARM: proof of a split view kept" if split else "note: refused a tree that was not shown to extend ours"
        shell.say(f"{shell.choose(ja, en)} (#{finding.number} {finding.origin} {finding.size})")

    read_options(arguments.home)  # before anybody is asked for a passphrase
    passphrase, memory = find_passphrase(arguments.home), open_memory(arguments.home)
    try:
        witness = open_witness(arguments.home, passphrase, memory, shell.clock, alarm)
        server = open_server(arguments.home, witness, shell.clock)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        server.start()
        try:
            shell.say(f"{witness.vkey}  port {server.port}")
            ended.wait()
        finally:
            server.stop()
    finally:
        memory.close()
    return 0
