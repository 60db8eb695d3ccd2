"""Atomic, fsynced files: the only module that persists plain files.

Guarantees: after :func:`write_file` returns, the file holds exactly ``data`` and survives a power cut;
if it raises or the process dies, the old content is still there whole. Refuses: writing through
symbolic links, and modes wider than the caller asked for. SQLite databases and the key-slot file manage
their own durability (:func:`make_private` makes an empty one); everything else goes through here (held by an architecture test).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from akashi.errors import Unavailable


class DiskFull(Unavailable):
    """The file system has no room left; nothing was changed."""

    code = "durable.disk_full"
    ja, en = "ディスクの空きがありません（{name}）。", "No space left on the disk ({name})."
    hint_ja = "空きを作ってからやり直してください。元の内容は残っています。"
    hint_en = "Free some space and try again; the previous content is untouched."


def fsync_directory(directory: Path) -> None:
    """Make a rename or unlink in ``directory`` durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(directory: Path, mode: int = 0o700) -> None:
    """Create ``directory`` and its parents with ``mode``, durably; an existing one is left as it is."""
    if directory.is_dir():
        return
    make_directory(directory.parent, mode)
    directory.mkdir(mode=mode, exist_ok=True)
    fsync_directory(directory.parent)


def make_private(path: Path) -> None:
    """Create an empty file for its owner alone, for SQLite to fill; one that is there is *not opened*. Raises ``OSError`` for a link.

    Why not opened: closing any descriptor of a file drops all POSIX locks that this process holds on it (fcntl(2)), those of a
    connection that is open on the database too. Another process that closes the database then believes to be the last one, and
    deletes the log that is still written here.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except FileExistsError:
        if path.is_symlink():
            raise


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data`` atomically and durably. Raises :class:`DiskFull` or ``OSError``."""
    write_pieces(path, (data,), mode)


def write_pieces(path: Path, pieces: Iterable[bytes], mode: int = 0o600) -> None:
    """As :func:`write_file` for what is too large for memory. What ``pieces`` raises leaves the old content whole too."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(temporary, flags, mode)
        try:
            for data in pieces:
                view = memoryview(data)
                while view:
                    view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        # The rename is the commit point: before it the old file is whole, after it the new one is.
        os.replace(temporary, path)
        fsync_directory(path.parent)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
            raise DiskFull(name=path.name) from error
        raise


def remove_file(path: Path) -> None:
    """Unlink ``path`` durably; a missing file is fine."""
    path.unlink(missing_ok=True)
    fsync_directory(path.parent)
