"""``akashi keys shares``: make shares of the key store's recovery key."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.keys.shares import hand_out, write_out
from akashi.cli.files import verify_free
from akashi.cli.homes import gateway_options
from akashi.cli.keys.target import opened_holder
from akashi.cli.shell import BadArguments, Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "shares",
        help="split a recovery key: any K of N officers can open the key store, fewer learn nothing",
        **manual(
            parent,
            "One share for each --officer, sealed to that institution's opening key; or --paper N shares as text, to be\n"
            "printed, handed over and destroyed. Earlier shares open the key store no longer. Nobody keeps the whole.",
            "akashi keys shares --home HOME --needed 2 --officer inst-… --officer inst-… --officer inst-… --out DIR",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    gateway_options(parser)
    parser.add_argument("--needed", type=int, required=True, metavar="K", help="how many are needed (2 or more)")
    parser.add_argument("--officer", action="append", default=[], help="institution that keeps one share (repeat)")
    parser.add_argument("--paper", type=int, default=0, metavar="N", help="N shares as text instead")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the shares")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if bool(arguments.officer) == bool(arguments.paper):
        raise BadArguments(what="--officer / --paper", command="akashi keys shares")
    needed, out = arguments.needed, arguments.out
    verify_free(*sorted(out.glob("share-*")))  # they may be the only shares of another key store
    with opened_holder(arguments, shell) as holder:
        if arguments.officer:
            done = hand_out(holder.keystore, holder.author, shell.clock, needed, arguments.officer, out)
        else:
            done = write_out(holder.keystore, holder.author, needed, arguments.paper, out)
    names = [path.name for path in done.files]
    shell.result(
        {"files": names, "needed": done.threshold, "set": done.of_set},
        [
            shell.choose(
                f"{len(names)} 個の分散鍵を作りました。{done.threshold} 個そろうと鍵束を開けます。",
                f"{len(names)} shares made; {done.threshold} of them open the key store.",
            ),
            *names,
        ],
    )
    if arguments.paper:
        shell.say(
            shell.choose("紙に印刷して渡し、ファイルは消してください。", "Print and hand over, then destroy the files.")
        )
    return 0
