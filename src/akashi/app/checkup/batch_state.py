"""What a batch remembers in its own folder, so that it can go on where it was stopped.

Guarantees: each input has a small file of its own, written durably before its outputs (``writing``, with their names) and after them; an
entry counts only when its outputs are there, byte for byte; whatever was left of an unfinished one is removed before it is made again.
Refuses: a folder that is not a batch's, links in it, an entry that is not exactly of our shape (it is then no entry), names that lead out.
Trusted: whoever can change the folder can make a file count as converted.

Layout::

    OUT/batch.json                 {"batch": 1, "salt": …}
    OUT/state/FOLDER.json          one :class:`Entry`
    OUT/state/FOLDER.persons       12 bytes per visit: hash, row
    OUT/FOLDER/standard.csv …      the outputs
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from akashi.durable import make_directory, remove_file, write_file
from akashi.errors import Conflict, InputError

EDITION = 1
DONE, STOPPED, FAILED, LEFT, WRITING = "done", "stopped", "failed", "left", "writing"
STATES = (DONE, STOPPED, LEFT, FAILED)
"""``left``: of a format that was not asked for. ``writing`` is no state to be reported: its outputs never count."""
_SAFE = re.compile(r"(?![.])[^/\\\0]{1,200}")
_MOST_STATE = 64 * 1024 * 1024


class BatchThere(Conflict):
    """The output folder holds something already; nothing was written."""

    code = "app.batch_there"
    ja, en = "出力先「{name}」は空ではありません。", "The folder `{name}` is not empty."
    hint_ja = "続きから実行するなら --resume を付けてください。別の処理なら空のフォルダーを指定してください。"
    hint_en = "Give --resume to go on with a batch, or name an empty folder."


class BatchForeign(InputError):
    """``--resume`` on a folder that no batch of ours made, or whose memory is unreadable."""

    code = "app.batch_foreign"
    ja, en = "「{name}」は一括変換の出力先ではありません。", "`{name}` is not the folder of a batch."
    hint_ja, hint_en = "空のフォルダーを指定してください。", "Name an empty folder."


@dataclass(frozen=True)
class Entry:
    """What became of one input. ``outputs`` are names in its folder and their digests; ``again`` is why it was made anew."""

    name: str
    ordinal: int
    state: str
    digest: str = ""
    format: str = ""
    map_id: str = ""
    map_digest: str = ""
    table: str = ""
    terms: str = ""
    rows: tuple[int, int, int] = (0, 0, 0)
    counts: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    why_ja: str = ""
    why_en: str = ""
    milliseconds: int = 0
    again: str = ""

    def sameness(self) -> tuple[str, ...]:
        """What must be the same for the outputs to be still right, in the order of :data:`CHANGES`."""
        return self.digest, self.map_id + self.map_digest, self.table, self.terms


CHANGES = ("input", "map", "table", "terms")


def _entry(value: Any) -> Entry | None:
    """The entry that ``value`` states, or ``None`` where it is not of our shape."""
    if not isinstance(value, dict) or set(value) != {one.name for one in fields(Entry)}:
        return None
    texts = ("name", "state", "digest", "format", "map_id", "map_digest", "table", "terms", "code", "why_ja", "why_en")
    whole = [*value["rows"], value["ordinal"], value["milliseconds"]] if isinstance(value["rows"], list) else [""]
    maps = (value["counts"], value["outputs"])
    if (
        not all(isinstance(value[name], str) for name in (*texts, "again"))
        or not all(type(number) is int for number in whole)
        or len(whole) != 5
        or not all(isinstance(one, dict) for one in maps)
        or not all(type(number) is int for number in maps[0].values())
        or not all(isinstance(text, str) for text in maps[1].values())
        or not all(_SAFE.fullmatch(name) for name in maps[1])
    ):
        return None
    return Entry(**{**value, "rows": tuple(value["rows"])})


class State:
    """The memory of one batch. ``salt`` keys the hashes of persons, so that they say nothing outside this folder."""

    def __init__(self, out: Path, salt: bytes) -> None:
        self.out, self.salt = out, salt

    @classmethod
    def open(cls, out: Path, *, resume: bool) -> State:
        """Begin or go on. Raises :class:`BatchThere`, :class:`BatchForeign`, ``OSError``."""
        marker = out / "batch.json"
        if any(one.is_symlink() or (one.exists() and not one.is_dir()) for one in (out, out / "state")):
            raise BatchForeign(name=out.name)
        if out.is_dir() and any(out.iterdir()):
            if not resume:
                raise BatchThere(name=out.name)
            known = _json(marker)
            try:
                salt = bytes.fromhex(known["salt"]) if known["batch"] == EDITION else b""
            except (KeyError, TypeError, ValueError):
                salt = b""
            if len(salt) != 16:
                raise BatchForeign(name=out.name)
            return cls(out, salt)
        made = cls(out, secrets.token_bytes(16))
        make_directory(out)
        write_file(marker, json.dumps({"batch": EDITION, "salt": made.salt.hex()}).encode() + b"\n")
        return made

    def _paths(self, folder: str) -> tuple[Path, Path]:
        return self.out / "state" / f"{folder}.json", self.out / "state" / f"{folder}.persons"

    def entry(self, folder: str) -> Entry | None:
        """What is known of an input, finished or not."""
        return _entry(_json(self._paths(folder)[0]))

    def ordinals(self) -> int:
        """The highest ordinal that was ever given."""
        known = (_entry(_json(path)) for path in sorted((self.out / "state").glob("*.json")))
        return max((one.ordinal for one in known if one is not None), default=0)

    def intact(self, folder: str, entry: Entry) -> bool:
        """Whether every output of a finished entry is there and unaltered."""
        return entry.state in STATES and all(
            _digest(self._place(folder, name)) == digest for name, digest in entry.outputs.items()
        )

    def _place(self, folder: str, name: str) -> Path:
        return self._paths(folder)[1] if name == "persons" else self.out / folder / name

    def persons(self, folder: str) -> bytes:
        """Hashes and rows of the visits in an input's file; empty where there are none."""
        path = self._paths(folder)[1]
        return path.read_bytes() if path.is_file() and not path.is_symlink() else b""

    def begin(self, folder: str, entry: Entry) -> None:
        """Say what is about to be written, after removing what an earlier run left."""
        self._clear(folder, (self.entry(folder) or entry).outputs)
        make_directory(self.out / "state")
        self._save(folder, entry)

    def finish(self, folder: str, entry: Entry, outputs: Mapping[str, bytes]) -> None:
        """Write the outputs, then the entry: only that makes them count. Raises ``DiskFull``, ``OSError``."""
        for name, data in outputs.items():
            path = self._place(folder, name)
            make_directory(path.parent)
            write_file(path, data)
        self._save(folder, entry)

    def _save(self, folder: str, entry: Entry) -> None:
        text = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True)
        write_file(self._paths(folder)[0], text.encode() + b"\n")

    def _clear(self, folder: str, names: Mapping[str, str]) -> None:
        place = self.out / folder
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise BatchForeign(name=folder)
        for name in names:
            if self._place(folder, name).parent.is_dir():
                remove_file(self._place(folder, name))
        # What ``write_file`` leaves when the process dies between writing and renaming.
        for left in place.glob(".*.new") if place.is_dir() else ():
            remove_file(left)


def digest_of(data: bytes) -> str:
    """Hex SHA-256."""
    return sha256(data).hexdigest()


def _digest(path: Path) -> str:
    """The digest of a regular file, empty where there is none."""
    if path.is_symlink() or not path.is_file() or path.parent.is_symlink():
        return ""
    made = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            made.update(piece)
    return made.hexdigest()


def _json(path: Path) -> Any:
    """What a small file of ours says; ``None`` where it is not there or no JSON."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_STATE:
            return None
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
