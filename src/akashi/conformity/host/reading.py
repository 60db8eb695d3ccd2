r"""Exports and lists that people and tools hand in: read within bounds, strictly.

Guarantees: at most :data:`MAX_BYTES` of a file, :data:`MAX_ROWS` rows of a list; a list without its headings, a text that is no
text, a date that is none and an XML text with entities end in ``Unreached``, which the table of judges turns into 判定不能. Refuses
to follow a symbolic link out of what was registered while it walks a folder. Trusts: whoever made the export; that is why the
registered target, and not this module, says which file is read.

>>> day_ms("1970-01-02")
86400000
>>> table(b"asset_id,status\r\nA-1,in_use\r\n", ASSET)[0]["status"]
'in_use'
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from xml.parsers import expat

from akashi.conformity.errors import Unreached
from akashi.conformity.model import DAY_MS, Target
from akashi.conformity.probing import Bench

MAX_BYTES = 16 << 20
MAX_ROWS = 50_000
MAX_EXPORT_DAYS = 31
MAX_FILES = 5_000
MAX_DEPTH = 12
ENCODINGS = ("utf-8-sig", "cp932")
Columns: TypeAlias = Mapping[str, Sequence[str]]
"""Our column to the headings that are understood for it, the first one first."""
ASSET: Columns = {"asset_id": ("asset_id", "資産番号"), "status": ("status", "状態")}
"""The columns of the example above."""
Row: TypeAlias = dict[str, str]


def given_path(target: Target, option: str) -> Path:
    """The file that an option of the target names, beside the target's own address; an empty option is the address itself."""
    base = Path(target.address) if target.address else Path()
    named = target.options.get(option, "")
    if not named:
        return base
    return (base if base.is_dir() else base.parent) / named


def given_bytes(target: Target, option: str) -> bytes:
    """What is in the file of :func:`given_path`."""
    return read_bytes(given_path(target, option))


def exported(target: Target, option: str, bench: Bench) -> bytes:
    """An export of a state. One that was written more than :data:`MAX_EXPORT_DAYS` ago tells of another time, and is refused."""
    path = given_path(target, option)
    if bench.clock.now_ms() - modified_ms(path) > MAX_EXPORT_DAYS * DAY_MS:
        raise Unreached(reason="old")
    return read_bytes(path)


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A regular file's content. Raises ``Unreached`` where it is missing, unreadable, no file, empty or too large."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise Unreached(reason="file") from error
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise Unreached(reason="file")
        data = stream.read(limit + 1)
    if not data:
        raise Unreached(reason="empty")
    if len(data) > limit:
        raise Unreached(reason="size")
    return data


def modified_ms(path: Path) -> int:
    """When the file was last written."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except OSError as error:
        raise Unreached(reason="file") from error


def files_below(folder: Path) -> Iterator[Path]:
    """The regular files of a folder, sorted; links are not followed. Raises ``Unreached`` beyond :data:`MAX_FILES`."""
    seen = 0
    for base, folders, names in os.walk(folder, followlinks=False, onerror=_unreadable):
        folders.sort()
        if len(Path(base).relative_to(folder).parts) >= MAX_DEPTH:
            raise Unreached(reason="size")
        for name in sorted(names):
            path = Path(base) / name
            if path.is_symlink() or not path.is_file():
                continue
            seen += 1
            if seen > MAX_FILES:
                raise Unreached(reason="size")
            yield path


def links_below(folder: Path) -> Iterator[Path]:
    """The symbolic links of a folder, which :func:`files_below` passes by."""
    for base, folders, names in os.walk(folder, followlinks=False):
        yield from (path for name in (*folders, *names) if (path := Path(base) / name).is_symlink())


def _unreadable(error: OSError) -> None:
    raise Unreached(reason="file") from error


def text(data: bytes) -> str:
    """Text in UTF-8, UTF-16 (with its mark) or the Japanese Windows code page."""
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ENCODINGS
    for encoding in encodings:
        try:
            found = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in found:
            return found
    raise Unreached(reason="format")


def table(data: bytes, columns: Columns, optional: Columns | None = None) -> list[Row]:
    """The rows of a CSV, by our own column names; values without surrounding blanks, missing optional columns empty."""
    try:
        rows = csv.reader(io.StringIO(text(data), newline=""), strict=True)
        heading = [cell.strip().lower() for cell in next(rows, [])]
        wanted = {name: _place(heading, names) for name, names in columns.items()}
        if -1 in wanted.values():
            raise Unreached(reason="heading")
        wanted |= {name: _place(heading, names) for name, names in (optional or {}).items()}
        made: list[Row] = []
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(heading) or len(made) >= MAX_ROWS:
                raise Unreached(reason="format")
            made.append({name: row[at].strip() if at >= 0 else "" for name, at in wanted.items()})
    except csv.Error as error:
        raise Unreached(reason="format") from error
    return made


def _place(heading: Sequence[str], names: Sequence[str]) -> int:
    return next((heading.index(name) for name in names if name in heading), -1)


def mapping(data: bytes) -> dict[str, object]:
    """A JSON object."""
    found = json_value(data)
    if not isinstance(found, dict):
        raise Unreached(reason="format")
    return found


def json_value(data: bytes) -> object:
    """A JSON value; a key that stands twice, ``NaN`` and too deep nesting are refused."""
    try:
        found: object = json.loads(text(data), object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise Unreached(reason="format") from error
    return found


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("key twice")
    return made


def _constant(name: str) -> object:
    raise ValueError(name)


def objects(value: object) -> list[dict[str, object]]:
    """A list of JSON objects; ``None`` is an empty one, anything else is refused."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise Unreached(reason="format")
    made = []
    for one in value:
        if not isinstance(one, dict):
            raise Unreached(reason="format")
        made.append(one)
    return made


def words(value: object) -> list[str]:
    """A list of strings; ``None`` is an empty one, anything else is refused."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unreached(reason="format")
    return list(value)


def listed(value: str) -> list[str]:
    """The entries of a comma-separated option."""
    return [one.strip() for one in value.split(",") if one.strip()]


def moment_ms(written: str) -> int:
    """An ISO 8601 date or moment in milliseconds; without a zone it is UTC. Raises ``Unreached`` for anything else."""
    try:
        found = datetime.fromisoformat(_PLAIN_DAY.sub(_padded, written.strip()))
    except ValueError as error:
        raise Unreached(reason="date") from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1000)


_PLAIN_DAY = re.compile(r"^(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?!\d)")


def _padded(found: re.Match[str]) -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"


def day_ms(written: str) -> int:
    """The start of a day."""
    return moment_ms(written) // DAY_MS * DAY_MS


def day_end_ms(written: str) -> int:
    """The end of a day: a paper that is valid until that day is valid on it."""
    return day_ms(written) + DAY_MS - 1


YES = frozenset({"yes", "true", "1", "○", "〇", "はい", "有", "済", "y"})
NO = frozenset({"no", "false", "0", "×", "いいえ", "無", "未", "n", ""})


def yes(written: str) -> bool:
    """A yes or no as people write it. Raises ``Unreached`` for anything else: a word we do not know is no yes."""
    word = written.strip().lower()
    if word not in YES and word not in NO:
        raise Unreached(reason="format")
    return word in YES


class Element:
    """One element of an XML text: tag without name space, attributes, text, children."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element] = []
        self.text = ""

    def all(self, tag: str) -> Iterator[Element]:
        """Every element of this tag below, in order."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.all(tag)

    def first(self, tag: str) -> str:
        """The text of the first one of this tag, or an empty string."""
        return next((one.text.strip() for one in self.all(tag)), "")


MAX_ELEMENTS = 500_000
MAX_NESTING = 60


def xml(data: bytes) -> Element:
    """The root of an XML text. Entities and what an outside subset would add are refused."""
    parser = expat.ParserCreate(namespace_separator=" ")
    root = Element("", {})
    stack, count = [root], 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS or len(stack) > MAX_NESTING:
            raise Unreached(reason="size")
        made = Element(_local(tag), {_local(key): value for key, value in attributes.items()})
        stack[-1].children.append(made)
        stack.append(made)

    def end(_tag: str) -> None:
        stack.pop()

    def characters(more: str) -> None:
        stack[-1].text += more

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = _entity
    try:
        parser.Parse(data, True)  # noqa: FBT003  # expat takes the flag by position only
    except (expat.ExpatError, ValueError) as error:
        raise Unreached(reason="format") from error
    return root.children[0]


def _entity(*_: object) -> None:
    raise Unreached(reason="format")


def _local(name: str) -> str:
    return name.rsplit(" ", 1)[-1]
