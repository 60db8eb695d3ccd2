"""``akashi network ipsec``: settings of strongSwan that join this machine to those of the other servers."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.passphrase import find_passphrase
from akashi.app.roster.tunnelling import Written, write_tunnels
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual, moment

_MOST = 64 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "ipsec",
        help="write the settings of IPsec tunnels to the other servers' machines",
        **manual(
            parent,
            "Run on each machine. Makes an IKE key of its own in DIR and a certificate that this server's peer key signs; carry that\n"
            "certificate to the other machines, and run it again with theirs. DIR then holds swanctl.conf for strongSwan, a fence\n"
            "against plain packets, and a README in Japanese. Run it again with the same DIR when a server comes, goes or moves.",
            "akashi network ipsec --home here --out tunnels --certificate akashi-ike-1.pem akashi-ike-3.pem",
            (2, 4, 5),
        ),
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="new folder, or the one of the last time"
    )
    text = "certificates of other servers (akashi-ike-NUMBER.pem)"
    parser.add_argument("--certificate", type=Path, nargs="+", default=[], metavar="FILE", help=text)
    text = "address of a server, instead of the address book's"
    parser.add_argument("--address", type=_moved, nargs="+", default=[], metavar="NUMBER=IP", help=text)
    parser.set_defaults(run=_run)


def _moved(text: str) -> tuple[int, str]:
    number, equals, address = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("NUMBER=IP")
    return int(number), address


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    papers = [(one.name, read_bounded(one, _MOST)) for one in arguments.certificate]
    home = arguments.home
    moved = dict(arguments.address)
    done = write_tunnels(home, arguments.out, papers, moved, lambda: find_passphrase(home), shell.clock)
    new = {"added": done.changes.added, "removed": done.changes.removed, "changed": done.changes.changed}
    told = {"server": done.own, "tunnels": done.tunnels, "missing": done.missing, "unplaced": done.unplaced}
    shell.result({**told, **new, "own_changed": done.changes.own, "valid_to_ms": done.to_ms}, _lines(done, shell))
    return 0


def _lines(done: Written, shell: Shell) -> list[str]:
    own = done.certificate.name
    rows = (
        (done.tunnels, "接続する相手", "tunnels to"),
        (done.changes.added, "加わった", "added"),
        (done.changes.removed, "なくなった（接続も切ってください）", "gone (terminate them too)"),
        (done.changes.changed, "変わった", "changed"),
        (done.missing, "証明書がまだない", "certificates not here yet"),
        (done.unplaced, "所在がわからない", "address not known"),
    )
    lines = [f"{shell.choose(ja, en)}: {', '.join(map(str, numbers))}" for numbers, ja, en in rows if numbers]
    if done.changes.own:
        lines.append(shell.choose(f"ほかの各機に渡す: x509/{own}", f"Carry to every other machine: x509/{own}"))
    lines.append(shell.choose("証明書の期限", "certificates end") + f": {moment(done.to_ms)}")
    return [*lines, shell.choose("次の手順: README.txt", "Next: README.txt")]
