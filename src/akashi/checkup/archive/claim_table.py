"""Claims for an archive that is being made: from a table of our own (one row per person), or from the archive that was read.

Guarantees: a claim reaches a person only where every key that its row states says the same of the record, and only one row does;
rows of nobody and people without a row are findings. Refuses: unknown headings, sums that are no whole yen, any sum of its own.
Trusts: the table for money; never for who somebody is: the claim's person is the record's. The columns: docs/checkup-archive.md.

>>> [column.name for column in COLUMNS if column.needed]
['claim.type', 'claim.commission', 'sum.unit', 'sum.payment', 'sum.claim']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, NamedTuple, Protocol

from akashi.checkup.archive.interchange import CHARGED, MONEY, PATTERNS, PERCENT
from akashi.checkup.archive.model import Charge, Claim, GuidanceClaim, PricedItem
from akashi.checkup.archive.naming import CLAIM_OF, CLAIMS, DATA
from akashi.checkup.archive.parties import claimant, postal_code
from akashi.checkup.archive.reception import adds_up
from akashi.checkup.archive.unpack import Archive, fault
from akashi.checkup.cda.header import SubmissionContext, carried, stamped
from akashi.checkup.cells.dates import parse_date
from akashi.checkup.cells.fold import fold
from akashi.checkup.errors import ClaimsHeading, MissingColumn, NoRows, TooManyPeople
from akashi.checkup.model import Finding, NeutralRecord
from akashi.checkup.tabular.reading import open_source
from akashi.errors import InputError

LIMIT_BYTES = 64 << 20
MOST_ROWS = 250_000
MOST_TOLD = 5
# The schema allows more; no table that people keep has them.
OTHERS = range(1, 21)
_BOUNDS = {"yen": MONEY, "paid": CHARGED, "rate": PERCENT}
_CODES = {
    name: re.compile(PATTERNS[name], re.ASCII) for name in ("charge", "own_charge", "claim_type", "commission", "code")
}
_KEYS = ("ticket.number", "insurance.insurer", "insurance.symbol", "insurance.number", "insurance.branch", "visit.date")
_IDENTITY = ("insurance.insurer", "insurance.number", "visit.date")
# Numbers that spreadsheets take the leading zeros from.
_ZEROS = frozenset({"ticket.number", "insurance.insurer", "insurance.branch"})
_DETAILS = {"1": "貧血検査", "2": "心電図検査", "3": "眼底検査", "4": "血清クレアチニン検査"}
FindingSink = Callable[[Finding], None]
AnyClaim = Claim | GuidanceClaim


class Column(NamedTuple):
    """One column: its lasting name and its Japanese heading (either may stand in the file), and what a cell may be."""

    name: str
    heading: str
    kind: str
    needed: bool = False


def _columns() -> Iterator[Column]:
    yield Column("ticket.number", "受診券整理番号", "text")
    yield Column("ticket.expires", "受診券有効期限", "date")
    yield Column("insurance.insurer", "保険者番号", "text")
    yield Column("insurance.symbol", "被保険者証記号", "text")
    yield Column("insurance.number", "被保険者証番号", "text")
    yield Column("insurance.branch", "枝番", "text")
    yield Column("visit.date", "実施年月日", "date")
    yield Column("person.postal", "郵便番号", "text")
    yield Column("person.address", "住所", "text")
    yield Column("claim.type", "請求区分", "claim_type", needed=True)
    yield Column("claim.commission", "委託料単価区分", "commission", needed=True)
    yield Column("sum.unit", "単価合計", "yen", needed=True)
    yield Column("sum.payment", "窓口負担合計", "yen", needed=True)
    yield Column("sum.other", "他の健診の負担", "yen")
    yield Column("sum.claim", "請求金額", "yen", needed=True)
    yield Column("unit.basic", "単価（基本）", "yen")
    for code, label in _DETAILS.items():
        yield Column(f"unit.detail.{code}", f"単価（詳細・{label}）", "yen")
    for number in OTHERS:
        yield Column(f"unit.other.{number}", f"単価（追加{number}）", "yen")
        yield Column(f"unit.other.{number}.code", f"項目コード（追加{number}）", "code")
    for part, label in (("basic", "基本"), ("detail", "詳細"), ("other", "追加")):
        yield Column(f"charge.{part}", f"窓口負担区分（{label}）", "charge")
        yield Column(f"charge.{part}.amount", f"窓口負担の額（{label}）", "paid")
        yield Column(f"charge.{part}.rate", f"窓口負担の率（{label}）", "rate")
        yield Column(f"paid.{part}", f"窓口負担金額（{label}）", "paid")
    yield Column("charge.dock", "窓口負担区分（人間ドック）", "own_charge")
    yield Column("charge.dock.amount", "窓口負担の額（人間ドック）", "paid")
    yield Column("charge.dock.rate", "窓口負担の率（人間ドック）", "rate")
    yield Column("charge.dock.limit", "保険者の負担上限額（人間ドック）", "paid")


COLUMNS = tuple(_columns())
_BY_HEADING = {fold(text): column for column in COLUMNS for text in (column.name, column.heading)}


def empty_table() -> bytes:
    """The headings of such a table and nothing else, in the Japanese words: CSV, UTF-8 with a mark, for spreadsheets.

    >>> empty_table().decode("utf-8-sig").count(",") == len(COLUMNS) - 1
    True
    """
    return (",".join(column.heading for column in COLUMNS) + "\r\n").encode("utf-8-sig")


class Claims(Protocol):
    """Where claims come from."""

    def of(self, record: NeutralRecord, context: SubmissionContext) -> tuple[NeutralRecord, AnyClaim | None]:
        """The record (with what the claim knows of its ticket) and its claim; ``None`` where a finding says why there is none."""
        ...

    def rest(self) -> None:
        """Tell the claims that nobody took. To be called once, after the last record."""
        ...


@dataclass(frozen=True, slots=True)
class _Row:
    row: int
    line: int
    values: Mapping[str, str] = field(repr=False)

    def number(self, name: str) -> int | None:
        """A number that was checked when the row was read."""
        return int(self.values[name]) if name in self.values else None

    def needed(self, name: str) -> int:
        """A number that must be there."""
        return int(self.values[name])


def _compared(target: str, text: str) -> str:
    folded = fold(text)
    return folded.lstrip("0") if target in _ZEROS else folded


def _cell(column: Column, text: str) -> str | None:
    """The cell's value; ``None`` where it is none of its kind."""
    if column.kind == "date":
        day = parse_date(text)
        return None if day is None else day.isoformat()
    if column.kind in _BOUNDS:
        fits = text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= _BOUNDS[column.kind]
        return text if fits else None
    if column.kind in _CODES:
        return text if _CODES[column.kind].fullmatch(text) else None
    return text


def _odd_charge(values: Mapping[str, str], name: str) -> bool:
    """Whether kind, sum and rate of a charge contradict each other (OID …1106: 2 and 4 have a sum, 3 a rate, 1 nothing)."""
    code = values.get(name, "")
    stated = (f"{name}.amount" in values, f"{name}.rate" in values)
    return stated != {"2": (True, False), "4": (True, False), "3": (False, True)}.get(code, (False, False))


def _charge(row: _Row, name: str) -> Charge | None:
    if name not in row.values:
        return None
    return Charge(row.values[name], row.number(f"{name}.amount"), row.number(f"{name}.rate"))


class ClaimTable:
    """A table of claims in memory; see :class:`Claims`."""

    def __init__(self, stream: BinaryIO, finding_sink: FindingSink, limit_bytes: int = LIMIT_BYTES) -> None:
        """Read it. Raises the reading errors, ``ClaimsHeading``, ``MissingColumn``, ``NoRows``, ``TooManyPeople``."""
        self._say = finding_sink
        self._rows: list[_Row] = []
        self._used: set[int] = set()
        self._by_ticket: dict[str, list[int]] = {}
        self._by_identity: dict[tuple[str, ...], list[int]] = {}
        rows = open_source(stream, limit_bytes).rows()
        line, heading = next(rows, (1, []))
        columns = self._heading(line, heading)
        read = 0
        for read, (at, cells) in enumerate(rows, 1):
            if read > MOST_ROWS:
                raise TooManyPeople(limit=MOST_ROWS)
            if any(cell.strip() for cell in cells):
                self._row(columns, read, at, cells)
        if not read:
            raise NoRows

    @staticmethod
    def _heading(line: int, cells: list[str]) -> list[Column]:
        columns = [_BY_HEADING.get(fold(cell)) for cell in cells]
        known = [column for column in columns if column is not None]
        odd = [at for at, one in enumerate(columns, 1) if one is None or one in columns[: at - 1]]
        if odd:
            told = ", ".join(map(str, odd[:MOST_TOLD])) + ("…" if len(odd) > MOST_TOLD else "")
            raise ClaimsHeading(line=line, columns=told)
        for column in COLUMNS:
            if column.needed and column not in known:
                raise MissingColumn(header=column.heading)
        return known

    def _row(self, columns: list[Column], number: int, line: int, cells: list[str]) -> None:
        values: dict[str, str] = {}
        good = len(cells) == len(columns)
        if not good:
            self._say(Finding("claims.cell", number, line, 0))
        for place, (column, raw) in enumerate(zip(columns, cells, strict=False), 1):
            text = raw.strip()
            value = _cell(column, text) if text else "" if not column.needed else None
            if value is None:
                good = False
                self._say(Finding("claims.cell", number, line, place, column.heading, raw, column.name))
            elif value:
                values[column.name] = value
        for part in ("basic", "detail", "other", "dock") if good else ():
            if _odd_charge(values, f"charge.{part}"):
                good = False
                self._say(Finding("claims.cell", number, line, 0, item=f"charge.{part}"))
        if not good:
            return
        keys = {target: _compared(target, values.get(target, "")) for target in _KEYS}
        identity = tuple(keys[target] for target in _IDENTITY)
        if not keys["ticket.number"] and not all(identity):
            self._say(Finding("claims.key", number, line, 0))
            return
        self._rows.append(_Row(number, line, values))
        at = len(self._rows) - 1
        if keys["ticket.number"]:
            self._by_ticket.setdefault(keys["ticket.number"], []).append(at)
        if all(identity):
            self._by_identity.setdefault(identity, []).append(at)

    def of(self, record: NeutralRecord, context: SubmissionContext) -> tuple[NeutralRecord, Claim | None]:
        """The record and the claim of the one row that is about it."""
        own = {target: _compared(target, record.fields.get(target, "")) for target in _KEYS}
        found = set(self._by_identity.get(tuple(own[target] for target in _IDENTITY), ()))
        if own["ticket.number"]:
            found |= set(self._by_ticket.get(own["ticket.number"], ()))
        different = {at: self._differences(self._rows[at], own) for at in sorted(found)}
        fitting = [at for at, targets in different.items() if not targets]
        if len(fitting) == 1 and fitting[0] not in self._used:
            self._used.add(fitting[0])
            return self._claim(self._rows[fitting[0]], record, context)
        if fitting:
            self._used.update(fitting)
            self._tell("claims.twice", record)
        for target in sorted({target for targets in different.values() for target in targets} if not fitting else ()):
            self._tell("claims.differs", record, target)
        if not found:
            self._tell("claims.missing", record)
        return record, None

    @staticmethod
    def _differences(row: _Row, own: Mapping[str, str]) -> tuple[str, ...]:
        """The keys that the row states and the record says otherwise; a record without ticket takes the row's."""
        stated = {target: _compared(target, row.values[target]) for target in _KEYS if target in row.values}
        return tuple(
            target
            for target, text in stated.items()
            if text != own[target] and (own[target] or target != "ticket.number")
        )

    def _claim(self, row: _Row, record: NeutralRecord, context: SubmissionContext) -> tuple[NeutralRecord, Claim]:
        stated = {name: row.values[name] for name in ("ticket.number", "ticket.expires") if name in row.values}
        lacking = {name: text for name, text in stated.items() if not record.fields.get(name)}
        record = replace(record, fields={**record.fields, **lacking})
        fields, _texts = carried(stamped(record, context).fields)
        address = {
            "person.postal": postal_code(fold(row.values.get("person.postal", ""))),
            "person.address": row.values.get("person.address", ""),
        }
        values = row.values
        details = ((code, f"unit.detail.{code}") for code in _DETAILS)
        others = (f"unit.other.{number}" for number in OTHERS)
        claim = Claim(
            person=claimant({**address, **fields}, context.institution_code),
            claim_type=values["claim.type"],
            commission=values["claim.commission"],
            unit_amount=row.needed("sum.unit"),
            payment_amount=row.needed("sum.payment"),
            claim_amount=row.needed("sum.claim"),
            ticket=fields.get("ticket.number", ""),
            expires=fields.get("ticket.expires", ""),
            charge_basic=_charge(row, "charge.basic"),
            charge_detail=_charge(row, "charge.detail"),
            charge_other=_charge(row, "charge.other"),
            dock_charge=_charge(row, "charge.dock"),
            dock_limit=row.number("charge.dock.limit"),
            unit_basic=row.number("unit.basic"),
            unit_detail=tuple(PricedItem(row.needed(name), code) for code, name in details if name in values),
            unit_other=tuple(
                PricedItem(row.needed(name), values.get(f"{name}.code", "")) for name in others if name in values
            ),
            paid_basic=row.number("paid.basic"),
            paid_detail=row.number("paid.detail"),
            paid_other=row.number("paid.other"),
            other_program=row.number("sum.other"),
        )
        if not adds_up(claim):
            self._say(Finding("archive.payment", row.row, row.line, 0))
        return record, claim

    def _tell(self, code: str, record: NeutralRecord, target: str = "") -> None:
        self._say(Finding(code, record.row, record.line, 0, target, item=target))

    def rest(self) -> None:
        """Tell the rows that nobody took."""
        for at, row in enumerate(self._rows):
            if at not in self._used:
                self._say(Finding("claims.unused", row.row, row.line, 0))


class CarriedClaims:
    """The claims of an archive that was read, for its own records (``row`` counts its documents); see :class:`Claims`."""

    def __init__(self, stream: BinaryIO, finding_sink: FindingSink) -> None:
        """``stream`` stays open, and the caller's. Raises as :class:`Archive`."""
        self._archive, self._say = Archive(stream), finding_sink
        self._documents = self._archive.names(DATA)

    def __bool__(self) -> bool:
        """Whether the archive has claims at all."""
        return bool(self._archive.names(CLAIMS))

    def of(self, record: NeutralRecord, _context: SubmissionContext) -> tuple[NeutralRecord, AnyClaim | None]:
        """The record and the claim of the same name; that it is about this person is for the writer to compare."""
        document = self._documents[record.row - 1]
        name = CLAIM_OF.get(document[:1], "?") + document[1:]
        try:
            if self._archive.has(CLAIMS, name):
                return record, self._archive.claim(name)
            code = "archive.unpaired"
        except InputError as error:
            code = fault(error, CLAIMS)
        self._say(Finding(code, record.row, record.line, 0))
        return record, None

    def rest(self) -> None:
        """Claims without a document have been told by the receiver's checks."""
