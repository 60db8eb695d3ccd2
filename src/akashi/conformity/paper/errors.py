"""Errors of what leaves on paper and in folders.

Guarantees: as in ``akashi.conformity.errors``.
"""

from __future__ import annotations

from akashi.errors import InputError


class FolderTooLarge(InputError):
    """An evidence folder of more files or bytes than somebody can be expected to take."""

    code = "conformity.folder"
    ja, en = "証跡フォルダが大きすぎます（{count}）。", "The evidence folder is too large ({count})."
    hint_ja, hint_en = "カタログごとに分けて書き出してください。", "Export one catalogue at a time."
