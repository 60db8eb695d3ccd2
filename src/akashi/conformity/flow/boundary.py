"""A boundary of responsibility as a table: task × party × normal or emergency × subcontractor, and what is wrong with it.

Guarantees: a table has one canonical form, whose SHA-256 both sides sign; comparison says of every task and situation whether nobody has
it or more than one. Refuses: parties and tasks that the table does not name, the same share twice, over 400 shares. Pure but for
:func:`read_tasks`' caller, who reads the file.

>>> tasks = [Task("backup", Words("控え"), (Situation.NORMAL,))]
>>> table = Table(("hospital", "vendor"), (Share("backup", Situation.NORMAL, "vendor"),))
>>> compare_tables(tasks, [table])
[]
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256

from akashi.conformity.catalogues.catalogue import Reader, read_yaml
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.forms.cells import folded
from akashi.conformity.forms.workbook import read_workbook
from akashi.conformity.model import Words
from akashi.conformity.proof.codec import Fields
from akashi.errors import InputError
from akashi.ledger.errors import EncodingError
from akashi.ledger.model import HANDLE
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

MAX_SHARES = 400
MAX_TEXT = 200
_DIGEST = b"akashi/conformity/boundary/1\x00"
_COLUMNS: Mapping[str, str] = {
    "task": "task", "作業": "task", "situation": "situation", "場面": "situation", "party": "party", "担当": "party",
    "subcontractor": "subcontractor", "再委託先": "subcontractor",
}  # fmt: skip
_KEYS = ("task", "situation", "party", "subcontractor")
_HEADING_ROWS = 10
_EMPTY = """# The boundary of responsibility: who does what. Fill in `party`: us, them, both, none (nobody has to: 対象外), a handle (inst-…),
# or a name that `parties` lists. Left empty: nobody has it, and the comparison says so. `subcontractor`: only where there is one.
parties: []
shares:
"""


class TableRefused(InputError):
    """A boundary table that cannot be used; ``where``: the row and column, or what is wrong with the whole."""

    code = "conformity.boundary_table"
    ja, en = "責任分界の表を使えません（{where}）。", "The table of responsibilities cannot be used ({where})."
    hint_ja = "「akashi conformity boundary tasks --out」で空の表を作り、書き方を確かめてください。"
    hint_en = "`akashi conformity boundary tasks --out` writes an empty table that says how to fill it in."


class Situation(IntEnum):
    """When a task has to be done. Permanent numbers, only appended."""

    NORMAL = 1
    EMERGENCY = 2


class Trouble(IntEnum):
    """What is wrong with a task."""

    NOBODY = 1
    SEVERAL = 2


_SITUATIONS: Mapping[str, Situation] = {
    "normal": Situation.NORMAL, "平時": Situation.NORMAL, "通常時": Situation.NORMAL,
    "emergency": Situation.EMERGENCY, "緊急時": Situation.EMERGENCY, "非常時": Situation.EMERGENCY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """Something that somebody has to do."""

    id: str
    title: Words
    situations: tuple[Situation, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """Who does a task in a situation, and through which subcontractor, if any. An empty party: declared 対象外."""

    task: str
    situation: Situation
    party: str
    subcontractor: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A boundary: its parties by label or handle, and the shares."""

    parties: tuple[str, ...]
    shares: tuple[Share, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """A task in a situation that nobody has, or that several have."""

    task: str
    situation: Situation
    trouble: Trouble
    parties: tuple[str, ...] = ()


def read_tasks(data: bytes) -> list[Task]:
    """The tasks of ``catalogs/boundary/tasks.yaml``. Raises ``CatalogueInvalid``."""
    top = Reader("boundary", read_yaml(data, "boundary"), "top", {"tasks"})
    made = []
    for at, row in enumerate(top.rows("tasks")):
        one = Reader("boundary", row, f"tasks[{at}]", {"id", "title", "situations", "source"})
        named = {situation.name.lower(): situation for situation in Situation}
        situations = one.texts("situations")
        if not situations or set(situations) - set(named):
            raise one.fail("situations")
        made.append(
            Task(one.text("id"), one.words("title"), tuple(named[name] for name in situations), one.text("source", ""))
        )
    if len({one.id for one in made}) != len(made):
        raise top.fail("ids")
    return made


def empty_table(tasks: Sequence[Task], language: str) -> bytes:
    """A YAML table with every task and situation, to be filled in; :func:`read_table` reads it."""
    lines = [
        f"  # {task.title.of(language)}\n"
        f'  - {{task: {json.dumps(task.id)}, situation: {situation.name.lower()}, party: "", subcontractor: ""}}\n'
        for task in tasks
        for situation in task.situations
    ]
    return (_EMPTY + "".join(lines)).encode()


def read_table(data: bytes, own: str, other: str) -> Table:
    """A table as people fill it in: YAML, or the first sheet of a workbook with the headings 作業・場面・担当・再委託先.

    ``own`` and ``other``: the institutions (handles) that ``us`` and ``them`` stand for. Raises :class:`TableRefused`, ``WorkbookRefused``.
    """
    try:
        named, rows = _workbook_rows(data) if data.startswith(b"PK") else _yaml_rows(data)
        parties: dict[str, None] = {own: None, other: None} | dict.fromkeys(named)
        shares = [one for where, row in rows for one in _shares(where, row, own, other, parties)]
        table = Table(tuple(parties), tuple(shares))
        _check(table)
    except CatalogueInvalid as error:
        raise TableRefused(where=str(error.params["where"])) from error
    except EncodingError as error:
        raise TableRefused(where=error.failure) from error
    return table


def _yaml_rows(data: bytes) -> tuple[Sequence[str], list[tuple[str, Mapping[str, str]]]]:
    top = Reader("boundary", read_yaml(data, "boundary"), "top", {"parties", "shares"})
    rows = list[tuple[str, Mapping[str, str]]]()
    for at, row in enumerate(top.rows("shares")):
        one = Reader("boundary", row, f"shares[{at + 1}]", _KEYS)
        rows.append((f"shares[{at + 1}]", {key: one.text(key, "") for key in _KEYS}))
    return top.texts("parties"), rows


def _workbook_rows(data: bytes) -> tuple[Sequence[str], list[tuple[str, Mapping[str, str]]]]:
    sheets = read_workbook(data).sheets
    texts = sheets[0].texts if sheets else {}
    grid: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for (row, column), text in texts.items():
        grid[row][column] = text.strip()
    for number in sorted(grid)[:_HEADING_ROWS]:
        columns = {_COLUMNS[folded(text)]: at for at, text in grid[number].items() if folded(text) in _COLUMNS}
        if {"task", "situation", "party"} <= set(columns):
            below = [row for row in sorted(grid) if row > number and any(grid[row].values())]
            return (), [(f"row {row}", {key: grid[row].get(columns.get(key, 0), "") for key in _KEYS}) for row in below]
    raise TableRefused(where="headings")


def _shares(where: str, row: Mapping[str, str], own: str, other: str, parties: dict[str, None]) -> Iterator[Share]:
    """The shares of one row: none without a party, two for both sides. A handle that is new becomes a party."""
    situation, party = _SITUATIONS.get(folded(row["situation"])), row["party"].strip()
    if not row["task"].strip() or situation is None:
        raise TableRefused(where=f"{where}.{'situation' if row['task'].strip() else 'task'}")
    meant = {
        "": (), "us": (own,), "当方": (own,), "them": (other,), "相手": (other,), "both": (own, other), "双方": (own, other),
        "none": ("",), "対象外": ("",),
    }.get(folded(party), (party,))  # fmt: skip
    for one in meant:
        if one and one not in parties:
            if not HANDLE.fullmatch(one):
                raise TableRefused(where=f"{where}.party")
            parties[one] = None
        yield Share(row["task"].strip(), situation, one, row["subcontractor"].strip() if one else "")


def dump_table(table: Table) -> bytes:
    """The canonical form: deterministic CBOR, parties as listed, shares in order. Raises ``EncodingError``."""
    _check(table)
    ordered = sorted(table.shares, key=lambda one: (one.task, one.situation, one.party, one.subcontractor))
    rows: list[Value] = [[one.task, int(one.situation), one.party, one.subcontractor] for one in ordered]
    return cbor.encode([1, list(table.parties), rows])


def load_table(data: bytes) -> Table:
    """Inverse of :func:`dump_table`; strict. Raises ``EncodingError``."""
    fields = Fields(cbor.decode(data), 3)
    if fields.number() != 1:
        raise EncodingError("boundary.version")
    parties, shares = fields.texts(), []
    for row in fields.rows():
        one = Fields(row, 4)
        shares.append(Share(one.text(), one.member(Situation), one.text(), one.text()))
    table = Table(parties, tuple(shares))
    if dump_table(table) != data:
        raise EncodingError("boundary.form")
    return table


def table_digest(data: bytes) -> bytes:
    """What both sides sign: SHA-256 over the canonical form, with its own label."""
    return sha256(_DIGEST + data).digest()


def compare_tables(tasks: Sequence[Task], tables: Sequence[Table]) -> list[Gap]:
    """Over all tables together: each task and situation that nobody has, or several have, in the order of the tasks.

    A task that a table declares 対象外 (an empty party) is nobody's and no gap.
    """
    known = {(task.id, situation): None for task in tasks for situation in task.situations}
    known |= {(one.task, one.situation): None for table in tables for one in table.shares}
    holders: defaultdict[tuple[str, Situation], set[str]] = defaultdict(set)
    for table in tables:
        for one in table.shares:
            holders[one.task, one.situation].add(one.party)
    gaps = []
    for task, situation in known:
        named = holders[task, situation]
        parties = tuple(sorted(named - {""}))
        if not named:
            gaps.append(Gap(task, situation, Trouble.NOBODY))
        elif len(parties) > 1:
            gaps.append(Gap(task, situation, Trouble.SEVERAL, parties))
    return gaps


def _check(table: Table) -> None:
    texts = [*table.parties, *(text for one in table.shares for text in (one.task, one.party, one.subcontractor))]
    if len(table.shares) > MAX_SHARES or any(len(text) > MAX_TEXT for text in texts):
        raise EncodingError("boundary.size")
    if not all(table.parties) or len(set(table.parties)) != len(table.parties):
        raise EncodingError("boundary.parties")
    if any(one.party and one.party not in table.parties for one in table.shares) or not all(
        one.task for one in table.shares
    ):
        raise EncodingError("boundary.share")
    if len({(one.task, one.situation, one.party) for one in table.shares}) != len(table.shares):
        raise EncodingError("boundary.twice")
