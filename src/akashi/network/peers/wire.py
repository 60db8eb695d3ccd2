r"""What both ends of the peer plane agree on: bounds, and several byte strings in one body.

Guarantees: ``split_parts`` accepts exactly what ``join_parts`` makes. Refuses parts that are cut. Trusts nobody.

>>> split_parts(join_parts([b"a", b""])), split_parts(b"\x00\x00\x00\x02a")
([b'a', b''], None)
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PREFIX = 4
"""Bytes of the length (big-endian) before each part."""
NOTE_LIMIT = 8 * 1024
"""A note, or a body of own notes."""
MAX_NOTES = 8
"""Own notes in one body: as many heads may be under way to a slow peer."""
MAX_LEAVES = 1000
MAX_LEAF_BYTES = 8 * 1024 * 1024
LEAVES_LIMIT = MAX_LEAF_BYTES + PREFIX * MAX_LEAVES
RECEIPT_LIMIT = 16 * 1024
JSON_LIMIT = 64 * 1024
CHUNK = 64 * 1024
REASON = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)
"""A short code in the body of an error's answer."""


def join_parts(parts: Iterable[bytes]) -> bytes:
    """Each part behind its length."""
    return b"".join(len(part).to_bytes(PREFIX, "big") + part for part in parts)


def split_parts(body: bytes) -> list[bytes] | None:
    """The parts of a body; ``None`` where it is cut."""
    parts, at = [], 0
    while at < len(body):
        begin = at + PREFIX
        at = begin + int.from_bytes(body[at:begin], "big")
        if begin > len(body) or at > len(body):
            return None
        parts.append(body[begin:at])
    return parts
