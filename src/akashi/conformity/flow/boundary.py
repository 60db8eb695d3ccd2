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

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256

from akashi.conformity.catalogues.catalogue import Reader, read_yaml
from akashi.conformity.model import Words
from akashi.conformity.proof.codec import Fields
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

MAX_SHARES = 400
MAX_TEXT = 200
_DIGEST = b"akashi/conformity/boundary/1\x00"


class Situation(IntEnum):
    """When a task has to be done. Permanent numbers, only appended."""

    NORMAL = 1
    EMERGENCY = 2


class Trouble(IntEnum):
    """What is wrong with a task."""

    NOBODY = 1
    SEVERAL = 2


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
