"""Map files that a user names on the command line.

Guarantees: a file that cannot be read, is too large or is no map is an error that names it or the line. Trusts nobody.
"""

from __future__ import annotations

from pathlib import Path

from akashi.checkup import LayoutMap, load_map
from akashi.checkup.errors import MapInvalid
from akashi.cli.files import read_bounded

_LIMIT = 4 << 20


def read_map_text(path: Path) -> str:
    """The text of a map file. Raises ``FileUnreadable``, ``FileTooLarge``, ``MapInvalid``."""
    data = read_bounded(path, _LIMIT)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MapInvalid(line=data[: error.start].count(b"\n") + 1, what="not UTF-8") from error


def read_map(path: Path) -> LayoutMap:
    """The map of a file."""
    return load_map(read_map_text(path))
