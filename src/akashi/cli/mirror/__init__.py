"""Commands about isolated mirrors: on the server's side and on the side that no network reaches."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "mirror",
    help="isolated mirrors: init, accept, export, import, follow, pull, status, verify, retire, backup, recover, adopt",
    description="A copy of the service on a machine that no network reaches, fed by carried files.",
    members=held(
        __name__,
        "init",
        "accept",
        "export",
        "taking: import",
        "follow",
        "pull",
        "status",
        "verify",
        "retire",
        "backup",
        "recover",
        "adopt",
    ),
)
