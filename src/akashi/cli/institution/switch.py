"""``akashi institution disable`` and ``enable``: stop and resume serving an institution."""

from __future__ import annotations

import argparse

from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.model import InstitutionReason

_REASONS = {one.name.lower(): one for one in InstitutionReason if one is not InstitutionReason.RESUMED}
_EXITS = (3, 4, 5, 6, 7)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    stop = commands.add_parser(
        "disable",
        help="stop serving an institution",
        **manual(
            parent,
            "From the next request on nobody of the institution is served, and nothing can be sent to it.",
            "akashi institution disable みどり健診センター --reason contract",
            _EXITS,
        ),
    )
    stop.add_argument("--reason", choices=sorted(_REASONS), default="withdrawn", help="why (default withdrawn)")
    resume = commands.add_parser(
        "enable",
        help="serve an institution again",
        **manual(parent, "Ends what `disable` began.", "akashi institution enable inst-…", _EXITS),
    )
    for parser, run in ((stop, _disable), (resume, _enable)):
        parser.add_argument("named", metavar="INSTITUTION", help="its handle, name or public number")
        parser.set_defaults(run=run)


def _disable(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.named).handle
        server.disable_institution(handle, _REASONS[arguments.reason])
    shell.result({"enabled": False, "institution": handle}, [handle])
    return 0


def _enable(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.named).handle
        server.enable_institution(handle)
    shell.result({"enabled": True, "institution": handle}, [handle])
    return 0
