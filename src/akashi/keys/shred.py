"""Overwriting a file in place before it is unlinked.

Guarantees: after :func:`shred_file` the blocks that the file occupied were overwritten and flushed, then the name was
removed durably; it never follows a symbolic link. Limits, stated in docs/vault.md: a file system that copies on write
(btrfs, ZFS, snapshots) and flash that remaps blocks may keep the old bytes; an encrypted disk is therefore required.
Trusted: the file system overwrites in place (ext4, XFS).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from akashi.durable import remove_file

_STEP = 1 << 16


def shred_handle(handle: int) -> None:
    """Overwrite the whole of an open file with random bytes, then zeros, each flushed to the disk."""
    length = os.fstat(handle).st_size
    for fill in (secrets.token_bytes, bytes):
        for start in range(0, length, _STEP):
            piece = fill(min(_STEP, length - start))
            if os.pwrite(handle, piece, start) != len(piece):
                raise OSError(5, "short write while overwriting")
        os.fdatasync(handle)


def open_in_place(path: Path) -> int:
    """A descriptor for overwriting ``path`` where it is; raises ``OSError`` for a missing file or a symbolic link."""
    return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)


def shred_file(path: Path) -> None:
    """Overwrite ``path`` in place, flush, unlink durably. A missing file is fine."""
    try:
        handle = open_in_place(path)
    except FileNotFoundError:
        return
    try:
        shred_handle(handle)
    finally:
        os.close(handle)
    remove_file(path)
