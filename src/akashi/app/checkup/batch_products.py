"""What one input becomes: the standard CSV, a 特定健診 archive, a zip of FHIR documents, as asked.

Guarantees: one pass over the records; in memory only; a product that nobody could be written into is not made, and findings say who was
left out of which; the same records and terms give the same bytes on the same day. Refuses: a sender without the numbers that the formats
ask for. Trusts: the sender who was named. The files themselves are made as at the desk (``app.desk.making``).
"""

from __future__ import annotations

import io
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO

from akashi.app.desk.making import ArchiveMaker, DocumentsMaker, Kind, Say, Sender
from akashi.app.desk.outputs import CSV_NAME
from akashi.checkup import ItemTable, NeutralRecord
from akashi.checkup.archive.model import ArchiveName
from akashi.checkup.archive.naming import archive_file
from akashi.checkup.fhir import names
from akashi.errors import InputError

CSV, ARCHIVE, FHIR = Kind.CSV.value, Kind.ARCHIVE.value, Kind.FHIR.value
PRODUCTS = (CSV, ARCHIVE, FHIR)
_JAPAN = timedelta(hours=9)
# Numbers of FHIR documents have eight digits: so many for each input.
_NUMBERS_EACH = 10_000


class SenderIncomplete(InputError):
    """The product needs a sender's number, name, receiver or doctor that was not given, or not in its shape."""

    code = "app.batch_sender"
    ja, en = "「{product}」を作るには {option} が必要です。", "The {product} needs {option}."
    hint_ja, hint_en = "番号の桁数も確かめてください。", "Check the number of digits, too."


@dataclass(frozen=True, slots=True)
class Terms:
    """How every input is converted; the sender's ``made_ms`` is the day's, not theirs. ``formats`` are those to take (empty: all), ``findings`` a suffix (empty: no such file)."""

    products: tuple[str, ...] = (CSV,)
    sender: Sender = field(default_factory=Sender)
    formats: tuple[str, ...] = ()
    program: str = ""
    findings: str = ""
    anyway: bool = False
    language: str = "ja"

    def said(self) -> tuple[object, ...]:
        """All that changes an output, also what ``repr`` keeps back; the language does only where findings are written."""
        return astuple(self if self.findings else replace(self, language=""))

    def verify(self) -> None:
        """Raises :class:`SenderIncomplete`, ``ArchiveNameWrong``."""
        sender, wanted = self.sender, set(self.products)
        if wanted & {ARCHIVE, FHIR} and not (sender.number and sender.name.strip()):
            raise SenderIncomplete(product="/".join(sorted(wanted - {CSV})), option="--number, --name")
        if FHIR in wanted and names.INSTITUTION.fullmatch(sender.number) is None:
            raise SenderIncomplete(product=FHIR, option="--number")
        if ARCHIVE in wanted:
            if not sender.receiver:
                raise SenderIncomplete(product=ARCHIVE, option="--receiver")
            archive_file(ArchiveName(sender.number, sender.receiver, "2026-01-01", sender.count, "1"))
        if FHIR in wanted and not sender.author.strip():
            raise SenderIncomplete(product=FHIR, option="--doctor")


class _Nowhere(io.RawIOBase):
    """Takes a product that nobody asked for."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return len(memoryview(data))  # type: ignore[arg-type]  # the stubs' Buffer has no name before Python 3.12


class Products:
    """The products of one input. The caller writes the standard CSV to ``csv`` and gives each record to :meth:`add`."""

    def __init__(self, terms: Terms, items: ItemTable, on: date, say: Say, ordinal: int) -> None:
        self._written = io.BytesIO() if CSV in terms.products else None
        self.csv: BinaryIO = self._written if self._written is not None else io.BufferedWriter(_Nowhere())
        self._others: list[ArchiveMaker | DocumentsMaker] = []
        midnight = datetime(on.year, on.month, on.day, tzinfo=UTC) - _JAPAN
        sender = replace(terms.sender, made_ms=int(midnight.timestamp()) * 1000)
        if ARCHIVE in terms.products:
            self._others.append(ArchiveMaker(sender, items, say))
        if FHIR in terms.products:
            self._others.append(DocumentsMaker(sender, items, say, ordinal * _NUMBERS_EACH))

    @property
    def wants_records(self) -> bool:
        """Whether :meth:`add` does anything."""
        return bool(self._others)

    def add(self, record: NeutralRecord) -> None:
        """One record for the products beside the CSV."""
        for one in self._others:
            one.add(record)

    def finished(self) -> dict[str, bytes]:
        """Name -> bytes of every product."""
        made = {} if self._written is None else {CSV_NAME: self._written.getvalue()}
        return made | {one.name: one.data for maker in self._others for one in maker.finished()}
