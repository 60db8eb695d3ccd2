"""Files that a user names on the command line.

Guarantees: a file that is missing, unreadable or too large is an error that names it, never a traceback; output files are written
whole or not at all, and an existing one is never replaced. Trusts nobody.
"""

from __future__ import annotations

from pathlib import Path

from akashi.durable import write_file
from akashi.errors import Conflict, InputError


class FileUnreadable(InputError):
    """A file that is not there or cannot be read."""

    code = "cli.file_unreadable"
    ja, en = "ファイル「{name}」を読めません。", "The file `{name}` cannot be read."
    hint_ja, hint_en = "名前と読み取りの権限を確かめてください。", "Check its name and your permission to read it."


class FolderMissing(InputError):
    """A folder that is named and is not there."""

    code = "cli.folder_missing"
    ja, en = "フォルダー「{name}」がありません。", "There is no folder `{name}`."
    hint_ja, hint_en = "フォルダーの名前を確かめてください。", "Check the folder's name."


class FileTooLarge(InputError):
    """A file over the limit."""

    code = "cli.file_too_large"
    ja, en = "ファイル「{name}」は大きすぎます（上限 {limit} バイト）。", "The file `{name}` is over {limit} bytes."
    hint_ja, hint_en = "分けてから、もう一度実行してください。", "Split it and try again."


class FileUnwritable(InputError):
    """A place where the result cannot be written; nothing was written."""

    code = "cli.file_unwritable"
    ja, en = "「{name}」に書き込めません。", "Cannot write to `{name}`."
    hint_ja, hint_en = "フォルダーの名前と権限を確かめてください。", "Check the folder's name and your permission."


class FileThere(Conflict):
    """The result's file exists; it is left as it is."""

    code = "cli.file_there"
    ja, en = "「{name}」はすでにあります。上書きはしません。", "`{name}` exists; it is not replaced."
    hint_ja, hint_en = "別の名前を指定してください。", "Give another name."


def read_bounded(path: Path, limit: int) -> bytes:
    """The content of ``path``, at most ``limit`` bytes. Raises :class:`FileUnreadable`, :class:`FileTooLarge`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise FileUnreadable(name=path.name) from error
    if len(data) > limit:
        raise FileTooLarge(name=path.name, limit=limit)
    return data


def verify_free(*paths: Path | None) -> None:
    """Ask before long work: raises :class:`FileThere` for what exists or is named twice, :class:`FileUnwritable` for a missing folder."""
    named = [path for path in paths if path is not None]
    for place, path in enumerate(named):
        if path.absolute() in {one.absolute() for one in named[:place]}:
            raise FileThere(name=path.name)
        if path.exists() or path.is_symlink():
            raise FileThere(name=path.name)
        if not path.parent.is_dir():
            raise FileUnwritable(name=path.name)


def write_whole(path: Path, data: bytes) -> None:
    """Write the result, whole or not at all. Raises :class:`FileThere`, :class:`FileUnwritable`, ``DiskFull``."""
    verify_free(path)
    try:
        write_file(path, data)
    except (OSError, ValueError) as error:
        raise FileUnwritable(name=path.name) from error
