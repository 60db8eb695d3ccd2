"""The item table: what each code is, how it is written, and which answers it knows.

Guarantees: codes are unique; every column is present; a table has an id (the digest of its text) that travels
with each record, so that a later table changes no old result. Refuses: a table with unknown columns.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from akashi.checkup.errors import TableInvalid

ITEM_COLUMNS = (
    "code", "name", "category", "type", "format", "bytes", "integers", "decimals", "unit", "xml_unit", "low", "high",
    "oid", "group", "group_rel", "author_item", "depends", "method", "method_name", "required", "one_of", "entry",
)  # fmt: skip
_TYPES = frozenset({"PQ", "CD", "CO", "ST"})


@dataclass(frozen=True, slots=True)
class Item:
    """One examination item. ``low``/``high`` is the input range, ``entry`` false for names that never stand alone."""

    code: str
    name: str
    category: str
    type: str
    bytes: int
    integers: int
    decimals: int
    unit: str
    xml_unit: str
    low: str
    high: str
    oid: str
    group: str
    group_rel: str
    author_item: str
    depends: str
    method: str
    required: str
    one_of: str
    entry: bool


@dataclass(frozen=True)
class ItemTable:
    """Items by code and answer labels by code system. ``table_id`` is ``sha256:`` over the loaded texts."""

    table_id: str
    items: Mapping[str, Item] = field(repr=False)
    answers: Mapping[str, Mapping[str, str]] = field(repr=False)

    def labels(self, code: str) -> Mapping[str, str]:
        """Answer code -> label of the item's answer table; empty where it has none."""
        item = self.items.get(code)
        return self.answers.get(item.oid, {}) if item else {}


def _rows(text: str, columns: Sequence[str]) -> Iterable[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    if tuple(next(reader, ())) != tuple(columns):
        raise TableInvalid(line=1, what="columns")
    for row in reader:
        if len(row) != len(columns):
            raise TableInvalid(line=reader.line_num, what="width")
        yield reader.line_num, dict(zip(columns, row, strict=True))


def _item(line: int, row: Mapping[str, str]) -> Item:
    def whole(name: str) -> int:
        if row[name] and not (row[name].isascii() and row[name].isdigit()):
            raise TableInvalid(line=line, what=name)
        return int(row[name] or "0")

    if row["type"] not in _TYPES:
        raise TableInvalid(line=line, what="type")
    if row["entry"] not in {"0", "1"}:
        raise TableInvalid(line=line, what="entry")
    return Item(
        row["code"], row["name"], row["category"], row["type"], whole("bytes"), whole("integers"), whole("decimals"),
        row["unit"], row["xml_unit"], row["low"], row["high"], row["oid"], row["group"], row["group_rel"],
        row["author_item"], row["depends"], row["method"], row["required"], row["one_of"], row["entry"] == "1",
    )  # fmt: skip


def load_items(item_texts: Sequence[str], code_text: str) -> ItemTable:
    """The table made of several item files and one file of answer codes. Raises :class:`TableInvalid`."""
    digest = hashlib.sha256()
    items: dict[str, Item] = {}
    for text in item_texts:
        digest.update(hashlib.sha256(text.encode()).digest())
        for line, row in _rows(text, ITEM_COLUMNS):
            if row["code"] in items or not row["code"]:
                raise TableInvalid(line=line, what="code")
            items[row["code"]] = _item(line, row)
    digest.update(hashlib.sha256(code_text.encode()).digest())
    answers: dict[str, dict[str, str]] = {}
    for _line, row in _rows(code_text, ("oid", "code", "label")):
        # Some tables list two labels for one code (はい / 服薬あり); the first is the one we display.
        answers.setdefault(row["oid"], {}).setdefault(row["code"], row["label"])
    return ItemTable(f"sha256:{digest.hexdigest()}", items, answers)
