"""``akashi network status``: how the servers of this machine are, and the split views that they kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.network.local import states
from akashi.app.roster.contradicting import contradictions, files_of
from akashi.cli.files import FolderMissing, verify_free, write_whole
from akashi.cli.network.telling import lines_of, rows_of
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "status",
        help="how the servers of this machine are, and whether operations become final",
        **manual(
            parent,
            "Asks every running server of this machine how far it is, whom it reaches, and how many operations wait (未確定).\n"
            "Exit status 7: operations do not become final now. With --evidence the split views that servers of this machine\n"
            "kept are verified again and written as files, also of servers that do not run; exit status 6: there are some.",
            "akashi network status --home demo-home",
            (2, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("--evidence", type=Path, metavar="DIR", help="write kept split views into this folder instead")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if arguments.evidence is not None:
        return _write_evidence(arguments.home, arguments.evidence, shell)
    found = states(arguments.home)
    shell.result({"servers": rows_of(found)}, lines_of(found, shell))
    return 0 if any(one.status is not None and one.status.ordering for one in found) else 7


def _write_evidence(home: Path, folder: Path, shell: Shell) -> int:
    if not folder.is_dir():
        raise FolderMissing(name=folder.name)
    found = contradictions(home)
    if not found:
        none = shell.choose("食い違う記録はありません。", "No server kept a split view.")
        shell.result({"split_views": []}, [none])
        return 0
    files = files_of(found)
    verify_free(*(folder / name for name in files))
    for name, data in files.items():
        write_whole(folder / name, data)
    lines = []
    for one in found:
        kept = one.found
        worth = shell.choose("署名を確認", "proven") if one.proven else shell.choose("署名を確認できない", "unproven")
        lines.append(
            shell.choose(
                f"サーバー {kept.member} の署名（件数 {kept.size}）は、サーバー {kept.against} の署名と食い違います: {worth}",
                f"server {kept.member} signed another tree of {kept.size} leaves than server {kept.against}: {worth}",
            )
        )
    lines.append(shell.choose(f"{len(files)} 個のファイルを書きました。", f"{len(files)} files were written."))
    shell.result({"split_views": [one.row() for one in found]}, lines)
    return 6
