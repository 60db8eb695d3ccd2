"""The item table: what each code is, how it is written, which answers it knows, and which programme needs it.

Guarantees: codes are unique; every column is present; a table has an id (the digest of its text) that travels
with each record, so that a later table changes no old result. Refuses: a table with unknown columns or words.
Trusts: whoever can change the files in ``formats/`` can change what a code means.

>>> item = Item("9N001", "x", "", "CD", 2, 0, 0, "", "", "", "", "", "", "", "", "", "", "", "", True, abnormal=">=3")
>>> item.says_finding("4"), item.says_finding("1"), item.need("010")
(True, False, '')
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from akashi.checkup.errors import TableInvalid

ITEM_COLUMNS = (
    "code", "name", "category", "type", "format", "bytes", "integers", "decimals", "unit", "xml_unit", "low", "high",
    "oid", "group", "group_rel", "author_item", "depends", "method", "method_name", "required", "one_of", "entry",
    "ucum", "range_source", "family", "abnormal", "programs", "system", "section",
)  # fmt: skip
NATIONAL_SYSTEM = "1.2.392.200119.6.1005"
# One letter each in the official table, but one person has one of them: fasting, casual, HbA1c.
GLUCOSE_GROUPS = ("b", "c", "d")
_TYPES = frozenset({"PQ", "CD", "CO", "ST"})
_ABNORMAL = re.compile(r"(=|!=|>=)([0-9]{1,4})\Z")
_NEED = re.compile(r"([0-9]{3})=(required|detailed|if_present|print_only|one_of:[A-Za-z])\Z")
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {"=": int.__eq__, "!=": int.__ne__, ">=": int.__ge__}


@dataclass(frozen=True, slots=True)
class Item:
    """One examination item. ``low``/``high`` is the input range, ``entry`` false for names that never stand alone.

    ``unit`` is shown, ``xml_unit`` stands in the official XML, ``ucum`` is the clean unit code. ``range_source`` says whose range
    it is. ``family`` is the identity code shared by the methods of one examination. ``abnormal`` (``=1``, ``!=2``, ``>=3``) says
    which answer claims a finding. ``programs`` holds (programme code, need). ``system`` is blank for the national item codes.
    """

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
    method_name: str = ""
    ucum: str = ""
    range_source: str = ""
    family: str = ""
    abnormal: str = ""
    programs: tuple[tuple[str, str], ...] = ()
    system: str = ""
    section: str = ""

    def need(self, program: str) -> str:
        """``required``, ``detailed``, ``if_present``, ``print_only``, ``one_of:A`` or nothing, for a code of OID …6.1002."""
        return next((word for code, word in self.programs if code == program), "")

    def says_finding(self, answer: str) -> bool | None:
        """Whether this answer code claims a finding; None where the table does not say. Never a judgement of a value."""
        if not self.abnormal or not (answer.isascii() and answer.isdigit() and len(answer) <= 4):
            return None
        sign, bound = self.abnormal.rstrip("0123456789"), self.abnormal.lstrip("=!>")
        return _COMPARE[sign](int(answer), int(bound))


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

    def system(self, code: str) -> str:
        """The code system of an item code (an OID, or ``akashi`` for items of ours); blank for unknown codes."""
        item = self.items.get(code)
        return (item.system or NATIONAL_SYSTEM) if item else ""

    def required(self, program: str) -> tuple[str, ...]:
        """Codes a programme always needs, in table order."""
        return tuple(code for code, item in self.items.items() if item.need(program) == "required")

    def one_of_groups(self, program: str) -> Mapping[str, tuple[str, ...]]:
        """Letter -> codes of which one must be there. The :data:`GLUCOSE_GROUPS` are three letters for one need."""
        found: dict[str, list[str]] = {}
        for code, item in self.items.items():
            word, _, letter = item.need(program).partition(":")
            if word == "one_of":
                found.setdefault(letter, []).append(code)
        return _frozen(found)

    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Name of a series (its reason or date item) -> member codes, in table order."""
        return self._indexes[0]

    def dependents(self) -> Mapping[str, str]:
        """Item that needs a reason -> the item whose answer is the reason (finding text -> finding flag)."""
        return {code: item.depends for code, item in self.items.items() if item.depends}

    def authors(self) -> Mapping[str, str]:
        """Judgement or diagnosis -> the item that holds the name of who made it."""
        return {code: item.author_item for code, item in self.items.items() if item.author_item}

    def family(self, code: str) -> tuple[str, ...]:
        """All codes with the identity code of this one, itself included; empty for unknown codes."""
        item = self.items.get(code)
        return self._indexes[1].get(item.family, ()) if item else ()

    def variants(self, code: str) -> tuple[str, ...]:
        """Other codes of the same examination by another method: same family, name, type and unit.

        They are alternatives in a choice, not equal values: ALP by JSCC and by IFCC are variants of each other.
        """
        item = self.items.get(code)
        if item is None:
            return ()
        alike = (self.items[other] for other in self.family(code) if other != code)
        return tuple(
            other.code for other in alike if (other.name, other.type, other.unit) == (item.name, item.type, item.unit)
        )

    @cached_property
    def _indexes(self) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
        groups: dict[str, list[str]] = {}
        families: dict[str, list[str]] = {}
        for code, item in self.items.items():
            if item.group:
                groups.setdefault(item.group, []).append(code)
            if item.family:
                families.setdefault(item.family, []).append(code)
        return _frozen(groups), _frozen(families)


def _frozen(found: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(codes) for key, codes in found.items()}


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
    if row["abnormal"] and not _ABNORMAL.match(row["abnormal"]):
        raise TableInvalid(line=line, what="abnormal")
    needs = [_NEED.match(part) for part in row["programs"].split(";") if part]
    if not all(needs) or len({match[1] for match in needs if match}) != len(needs):
        raise TableInvalid(line=line, what="programs")
    return Item(
        row["code"], row["name"], row["category"], row["type"], whole("bytes"), whole("integers"), whole("decimals"),
        row["unit"], row["xml_unit"], row["low"], row["high"], row["oid"], row["group"], row["group_rel"],
        row["author_item"], row["depends"], row["method"], row["required"], row["one_of"], row["entry"] == "1",
        row["method_name"], row["ucum"], row["range_source"], row["family"], row["abnormal"],
        tuple((match[1], match[2]) for match in needs if match), row["system"], row["section"],
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
