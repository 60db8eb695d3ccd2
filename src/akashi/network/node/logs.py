"""What the node says, kept in a bounded file.

Guarantees: at most two files of ``limit`` bytes; a line is cut at 4 KiB, has no control characters, and never holds a private key. A
full disk loses lines (:attr:`NodeLog.lost`), never stops the node. Trusts: the folder (0700).
"""

from __future__ import annotations

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from akashi.durable import make_private

LIMIT: Final = 10 << 20
LONGEST_LINE = 4_096
# 64 bytes in base64: the form of a private key in CometBFT's files. A signature has it too; it is no loss here.
_KEY = re.compile(r"[A-Za-z0-9+/]{86}==")


class NodeLog(RotatingFileHandler):
    """The log file at ``path``, and one older one beside it (``.1``)."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        make_private(path)
        self.lost = 0
        super().__init__(path, maxBytes=limit, backupCount=1, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter("%(message)s"))

    def write(self, line: bytes) -> None:
        """Add one line as the node wrote it."""
        text = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\n")
        text = "".join(letter if letter.isprintable() else "�" for letter in text)
        self.handle(logging.makeLogRecord({"msg": _KEY.sub("[key]", text)}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the standard library's signature
        """Count a line that could not be kept (the disk is full): the node must not wait for it."""
        self.lost += 1
