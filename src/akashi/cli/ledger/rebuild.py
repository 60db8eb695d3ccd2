"""``akashi ledger rebuild``: the derived tables, made anew from the leaves."""

from __future__ import annotations

import argparse

from akashi.app.config import ServerSettings, load_settings, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.keys.opening import open_keystore
from akashi.app.passphrase import find_passphrase
from akashi.app.server.founding import COSIGNER_KEY
from akashi.app.wiring import KINDS
from akashi.cli.shell import Shell, manual
from akashi.ledger.engine.copies import rebuild


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rebuild",
        help="make the derived tables anew from the ledger",
        **manual(
            parent,
            "Throws the derived state away and re-executes every leaf, in one transaction. Refuses leaves that do not give\n"
            "their recorded effects. The server must not be running.",
            "akashi ledger rebuild --home HOME",
            (3, 6, 7),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    paths = server_paths(arguments.home)
    if not paths.settings.is_file():
        raise HomeMissing(name=arguments.home.name)
    keystore = open_keystore(
        arguments.home, paths.keys, find_passphrase(arguments.home), load_settings(paths.settings, ServerSettings)
    )
    cosigner = keystore.note_signer(COSIGNER_KEY, (paths.public / "cosigner").read_text(encoding="utf-8").strip())
    rows = rebuild(paths.ledger, KINDS, cosigner, shell.progress(shell.choose("作り直し", "rebuild")))
    shell.result({"rows": rows}, [shell.choose(f"{rows} 行を作り直しました。", f"{rows} rows made anew.")])
    return 0
