"""Where the passphrase of a key store comes from.

Guarantees: looked for in the file named by ``AKASHI_PASSPHRASE_FILE``, then ``<home>/passphrase`` (the demo writes one and
says so), then at the terminal without echo. Refuses: command-line arguments and plain environment variables, which other
processes can read. Trusted: whoever can read that file can open every key of the home.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from akashi.app.errors import PassphraseMissing

FILE_VARIABLE = "AKASHI_PASSPHRASE_FILE"
_MAX_BYTES = 1024


def find_passphrase(home: Path) -> bytes:
    """The passphrase for ``home``'s key stores. Raises :class:`PassphraseMissing`."""
    named = os.environ.get(FILE_VARIABLE)
    for candidate in ([Path(named)] if named else []) + [home / "passphrase"]:
        if candidate.is_file():
            text = candidate.read_bytes()[:_MAX_BYTES].strip()
            if text:
                return text
    if sys.stdin.isatty():
        typed = getpass.getpass("合言葉 / passphrase: ").encode()
        if typed:
            return typed
    raise PassphraseMissing
