"""Records gathered into people: who is in the files, and the visits of each.

Guarantees: two records are one person only if name, birth and sex agree and so does a number (the institution's own id for them, or the
insured number); a record without these stands alone. People are held folded and packed, so that thousands fit in memory. Refuses:
more than ``most`` people or ``most_bytes`` packed (:class:`TooManyPeople`). Trusts: nobody; nothing is computed.

>>> gather([]).listed()
[]
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter

from akashi.checkup.cells.fold import key
from akashi.checkup.errors import TooManyPeople
from akashi.checkup.model import ItemResult, NeutralRecord, Status

MOST_PEOPLE = 20_000
MOST_BYTES = 512 << 20
_STATUS_AT = 2
_RESULT = attrgetter(*(one.name for one in fields(ItemResult)))


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a list. ``number`` counts from 1 in the order of the files; ``visits`` are their days, newest first."""

    number: int
    identifier: str = field(repr=False)
    kana: str = field(repr=False)
    name: str = field(repr=False)
    birth: str = field(repr=False)
    sex: str = field(repr=False)
    visits: tuple[str, ...] = field(repr=False)

    def fits(self, wanted: str) -> bool:
        """Whether id, kana, name or birth holds ``wanted`` (width and spaces do not matter); nothing wanted fits everybody."""
        return self.holds(key(wanted))

    def holds(self, folded: str) -> bool:
        """As :meth:`fits`, for words that were folded (``cells.fold.key``) once for a whole list."""
        return any(folded in key(text) for text in (self.identifier, self.kana, self.name, self.birth))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that went in: what it was called, its SHA-256, and the format it was recognised as."""

    name: str = field(repr=False)
    digest: bytes
    format: str


def shown_field(record: NeutralRecord, target: str) -> str:
    """A field; where it could not be read, what the source had."""
    return record.fields.get(target, "") or record.originals.get(target, "")


def pack(record: NeutralRecord) -> bytes:
    """A record as few bytes; :func:`unpack` gives it back."""
    items = []
    for one in record.items:
        values = list(_RESULT(one))
        values[_STATUS_AT] = one.status.value
        items.append(values)
    head = [record.row, record.line, record.map_id, record.table_id, dict(record.fields), dict(record.originals)]
    return zlib.compress(json.dumps([head, items], separators=(",", ":")).encode(), 1)


def unpack(data: bytes) -> NeutralRecord:
    """The record that was packed."""
    head, items = json.loads(zlib.decompress(data))
    row, line, map_id, table_id, values, originals = head
    results = tuple(ItemResult(one[0], one[1], Status(one[2]), *one[3:]) for one in items)
    return NeutralRecord(row, line, map_id, table_id, values, originals, results)


def _marks(record: NeutralRecord) -> list[tuple[str, ...]]:
    """What makes this the same person as another record; empty where nothing can."""
    name = key(shown_field(record, "person.kana") or shown_field(record, "person.name"))
    birth, sex = record.fields.get("person.birth", ""), record.fields.get("person.sex", "")
    if not name or not birth:
        return []
    who = (name, birth, sex)
    found: list[tuple[str, ...]] = []
    own = record.fields.get("person.id", "")
    if own:
        # An id is the institution's own; where a format does not say whose it is, the map does.
        found.append(("id", record.fields.get("institution.code", "") or record.map_id, own, *who))
    number = record.fields.get("insurance.number", "")
    if number:
        insured = [record.fields.get(f"insurance.{part}", "") for part in ("insurer", "symbol")]
        found.append(("insured", *(key(text) for text in (*insured, number)), *who))
    return found


class People:
    """The people of one or several files. Add records, then ask."""

    def __init__(self, most: int = MOST_PEOPLE, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._known: dict[tuple[str, ...], int] = {}
        self._marks: dict[int, list[tuple[str, ...]]] = {}
        self._visits: dict[int, list[tuple[str, bytes]]] = {}
        self._heads: dict[int, Person] = {}
        self._order: list[int] | None = None
        self.size = 0
        """Bytes held."""

    def add(self, record: NeutralRecord) -> None:
        """Take a record in. Raises :class:`TooManyPeople`."""
        marks = _marks(record)
        homes = sorted({self._known[mark] for mark in marks if mark in self._known})
        home = homes[0] if homes else len(self._heads) + 1
        data = pack(record)
        self.size += len(data)
        if self.size > self._most_bytes or (not homes and len(self._visits) >= self._most):
            raise TooManyPeople(limit=self._most)
        self._visits.setdefault(home, []).append((record.fields.get("visit.date", ""), data))
        self._heads.setdefault(home, _head(home, record))
        for other in homes[1:]:
            # Two were one: this record carries a number of each.
            self._visits[home] += self._visits.pop(other)
            self._take(home, self._marks.pop(other, []))
        self._take(home, [mark for mark in marks if mark not in self._known])
        self._order = None

    def _take(self, home: int, marks: Iterable[tuple[str, ...]]) -> None:
        """Marks of one person; only these are touched, for a file may join people at each of its rows."""
        for mark in marks:
            self._known[mark] = home
            self._marks.setdefault(home, []).append(mark)

    def __len__(self) -> int:
        return len(self._visits)

    def listed(self) -> list[Person]:
        """Everybody, numbered from 1 in the order of the files."""
        return [self._person(number, home) for number, home in enumerate(self._homes(), start=1)]

    def person(self, number: int) -> Person | None:
        """One person of the list."""
        homes = self._homes()
        return self._person(number, homes[number - 1]) if 0 < number <= len(homes) else None

    def records(self, number: int) -> list[NeutralRecord]:
        """The visits of a person, the newest first; of the same day, the one that came later first."""
        homes = self._homes()
        if not 0 < number <= len(homes):
            return []
        visits = enumerate(self._visits[homes[number - 1]])
        newest = sorted(visits, key=lambda pair: (pair[1][0], pair[0]), reverse=True)
        return [unpack(data) for _at, (_day, data) in newest]

    def everything(self) -> Iterator[tuple[Person, list[NeutralRecord]]]:
        """Person after person with their visits; only one is unpacked at a time."""
        for one in self.listed():
            yield one, self.records(one.number)

    def _homes(self) -> list[int]:
        if self._order is None:
            self._order = sorted(self._visits)
        return self._order

    def _person(self, number: int, home: int) -> Person:
        head = self._heads[home]
        days = tuple(sorted((day for day, _data in self._visits[home]), reverse=True))
        return Person(number, head.identifier, head.kana, head.name, head.birth, head.sex, days)


def _head(number: int, record: NeutralRecord) -> Person:
    identifier, kana, name, birth, sex = (
        shown_field(record, f"person.{part}") for part in ("id", "kana", "name", "birth", "sex")
    )
    return Person(number, identifier, kana, name, birth, sex, ())


def gather(records: Iterable[NeutralRecord], most: int = MOST_PEOPLE) -> People:
    """All records of one or several readers. Raises :class:`TooManyPeople`, and what the readers raise."""
    people = People(most)
    for record in records:
        people.add(record)
    return people
