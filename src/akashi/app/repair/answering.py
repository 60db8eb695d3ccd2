"""What a server says of itself while it is rebuilt.

Guarantees: whoever may ask a server of this machine hears which process to end, and of everything else that it is being rebuilt. Refuses and trusts as ``network.control``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from akashi.app.errors import ServerRebuilding
from akashi.app.network.control import ControlSocket, control_path
from akashi.durable import make_directory

VERBS = ("status", "enrol", "promote", "retire", "succeed", "learn", "rekey")
"""What a server answers at its control socket when it is whole."""


def answer_meanwhile(network: Path) -> ControlSocket:
    """Answer for the server whose network folder this is, until the socket is stopped."""
    path = control_path(network)
    make_directory(path.parent)
    control = ControlSocket(path, {"pid": lambda _: {"pid": os.getpid()}, **dict.fromkeys(VERBS, _rebuilding)})
    control.start()
    return control


def _rebuilding(_request: dict[str, Any]) -> dict[str, Any]:
    raise ServerRebuilding
