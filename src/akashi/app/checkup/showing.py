"""Results that a signed-in person looks at, prints and takes out: of a received transfer, of a draft, or of a file at the desk.

Guarantees: each function asks for its permission; opening a transfer is on the ledger and in the journal before anything is shown
(``app.desk.transfers.opened``), each look at a person is journalled before it is shown, and paper or export of a transfer is an export
operation on the ledger first. Refuses: handing out what is not this session's. Trusts ``checkup.readers`` for what a file says.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from akashi import __version__
from akashi.app.checkup.holding import Opened
from akashi.app.desk import transfers
from akashi.app.desk.conversion import CSV_NAME, format_of, inspect_file
from akashi.app.desk.maps import today
from akashi.app.desk.transfers import Download, recorded
from akashi.app.errors import ResultsUnreadable
from akashi.app.gateway.home import Gateway
from akashi.checkup import LayoutMap, NeutralRecord
from akashi.checkup.approval.errors import MapNotUsable
from akashi.checkup.cells.fold import key
from akashi.checkup.errors import EmptyFile, FormatUnknown, LayoutUnknown, MapNotValid, PersonUnknown
from akashi.checkup.findings import FindingLog, left_out
from akashi.checkup.readers.detection import FormatName
from akashi.checkup.readers.opening import read_any
from akashi.checkup.report.emergency import write_emergency
from akashi.checkup.report.paper import write_paper, write_papers
from akashi.checkup.report.people import People, Person, Source
from akashi.checkup.report.view import PersonView, person_view
from akashi.errors import AkashiError
from akashi.exchange.errors import DocumentRefused
from akashi.exchange.model import Destination, Form, ReadPurpose
from akashi.exchange.screening import inspect as screen
from akashi.identity.journal import What
from akashi.identity.model import Session

DESK, RECEIVED = "checkup.convert", "transfer.open"
PDF, ZIP = "application/pdf", "application/zip"
_WANTED = 200


def open_received(gateway: Gateway, session: Session, name: str, purpose: ReadPurpose) -> str:
    """Open a transfer and hold its people; returns the id to look at them by. Raises as ``transfers.opened``, and reading errors."""
    documents = transfers.opened(gateway, session, name, purpose)
    found = replace(read_documents(gateway, documents), transfer=name, purpose=purpose)
    return gateway.results.keep(found, session.id)


def open_draft(gateway: Gateway, session: Session, draft: str) -> str:
    """Hold the people of a draft, as its receiver will read them. Raises ``DraftMissing``, ``ResultsFull``."""
    gateway.accounts.require(session, DESK)
    with recorded(gateway, session, What.READ):
        found = read_documents(gateway, gateway.drafts.peek(draft, session.id).documents)
    gateway.journal.record(What.READ, session=session, count=len(found.people))
    return gateway.results.keep(found, session.id)


def open_file(gateway: Gateway, session: Session, name: str, data: bytes) -> str:
    """Hold the people of a file at the desk, of any format that can be read. Raises reading errors, ``DocumentRefused``."""
    gateway.accounts.require(session, DESK)
    with recorded(gateway, session, What.READ):
        reason = screen(name, [data])
        if reason is not None:
            raise DocumentRefused(1, reason)
        found = read_documents(gateway, [(name, data)])
    gateway.journal.record(What.READ, session=session, count=len(found.people))
    return gateway.results.keep(found, session.id)


def read_documents(gateway: Gateway, documents: Sequence[tuple[str, bytes]]) -> Opened:
    """The people of documents. What is no file of results is counted; where none is one, the first reason is raised.

    A transfer of this system holds the same people several times, as CSV, XML and FHIR: the CSV, which also has the originals, is read.
    An institution's own table is read with the map and the words that a conversion of today would use.
    """
    people, sources, said = People(), list[Source](), FindingLog(0)
    reasons: list[AkashiError] = []
    names = {name for name, _data in documents}
    for name, data in documents:
        if CSV_NAME in names and name != CSV_NAME:
            continue
        try:
            form, records = _read(gateway, data, said)
        except (FormatUnknown, LayoutUnknown, MapNotValid, MapNotUsable, EmptyFile) as error:
            reasons.append(error)
            continue
        for record in records:
            people.add(record)
        sources.append(Source(name, sha256(data).digest(), form.value))
    if not sources:
        raise reasons[0] if reasons else ResultsUnreadable()
    if not len(people):
        raise ResultsUnreadable
    counts = said.counts()
    return Opened(people, tuple(sources), sum(counts.values()), len(reasons), left_out(counts))


def _read(gateway: Gateway, data: bytes, said: FindingLog) -> tuple[FormatName, Iterator[NeutralRecord]]:
    on, maps = today(gateway.clock.now_ms()), list[LayoutMap]()
    if format_of(gateway, data) is FormatName.LAYOUT:
        maps = [gateway.maps.map_for(inspect_file(gateway, io.BytesIO(data)), on)]
    return read_any(
        io.BytesIO(data),
        items=gateway.maps.items(),
        definition=gateway.maps.definition(),
        maps=maps,
        on=on,
        finding_sink=said.add,
        vocabulary=gateway.maps.vocabulary(),
    )


def listed(gateway: Gateway, session: Session, name: str, wanted: str = "") -> tuple[Opened, list[Person]]:
    """What is held and who of it fits ``wanted`` (id, kana, name or birth). Raises ``ResultsMissing``."""
    found = _held(gateway, session, name)
    words = key(wanted[:_WANTED])
    fitting = [one for one in found.people.listed() if one.holds(words)]
    gateway.journal.record(What.LISTED, session=session, subject=found.transfer, count=len(fitting))
    return found, fitting


def person(gateway: Gateway, session: Session, name: str, number: int, language: str) -> tuple[Opened, PersonView]:
    """One person's results. Raises ``ResultsMissing``, ``PersonUnknown``."""
    found = _held(gateway, session, name)
    view = _view(gateway, found, number, language)
    gateway.journal.record(What.READ, session=session, subject=found.transfer, count=1)
    return found, view


def paper(
    gateway: Gateway,
    session: Session,
    name: str,
    number: int,
    purpose: ReadPurpose,
    destination: Destination,
    language: str,
) -> Download:
    """One person's results as PDF, recorded first. Raises ``ResultsMissing``, ``PersonUnknown``, and as ``transfers.exported``."""
    found = _held(gateway, session, name)
    data = write_paper(_view(gateway, found, number, language), gateway.clock.now_ms())
    _taken_out(gateway, session, found, purpose, destination, 1)
    return Download(f"results-{number}.pdf", PDF, iter([data]))


def papers(
    gateway: Gateway,
    session: Session,
    name: str,
    numbers: tuple[int, int],
    purpose: ReadPurpose,
    destination: Destination,
    language: str,
) -> Download:
    """The people from one number of the list to another as one PDF, recorded first, with how many.

    Raises ``ResultsMissing``, ``PersonUnknown``, ``TooManyPeople``, and as ``transfers.exported``.
    """
    found = _held(gateway, session, name)
    first, last = numbers
    if not 0 < first <= last <= len(found.people):
        raise PersonUnknown
    views = (_view(gateway, found, number, language) for number in range(first, last + 1))
    data = write_papers(views, gateway.clock.now_ms())
    _taken_out(gateway, session, found, purpose, destination, last - first + 1)
    return Download(f"results-{first}-{last}.pdf", PDF, iter([data]))


def emergency(
    gateway: Gateway, session: Session, name: str, purpose: ReadPurpose, destination: Destination, language: str
) -> Download:
    """Everything that is held as the emergency export, recorded first. Raises ``ResultsMissing``, and as ``transfers.exported``."""
    found = _held(gateway, session, name)
    program = f"Akashi {__version__}"
    data = write_emergency(
        found.people, gateway.maps.items(), found.sources, gateway.clock.now_ms(), program=program, language=language,
        missing=found.left_out + found.unread,
    )  # fmt: skip
    _taken_out(gateway, session, found, purpose, destination, len(found.people))
    return Download(f"results-{found.transfer or 'file'}.zip", ZIP, iter([data]))


def _held(gateway: Gateway, session: Session, name: str) -> Opened:
    gateway.accounts.require(session, DESK)
    found = gateway.results.look(name, session.id)
    if found.transfer is not None:
        gateway.accounts.require(session, RECEIVED, subject=found.transfer)
    return found


def _view(gateway: Gateway, found: Opened, number: int, language: str) -> PersonView:
    records = found.people.records(number)
    if not records:
        raise PersonUnknown
    return person_view(records, gateway.maps.items(), language)


def _taken_out(
    gateway: Gateway, session: Session, found: Opened, purpose: ReadPurpose, destination: Destination, count: int
) -> None:
    """Say on the ledger that content of a transfer leaves readable; for a file at the desk, which nobody sent, in the journal."""
    if found.transfer is None:
        gateway.journal.record(What.EXPORTED, session=session, count=count, purpose=int(purpose))
        return
    transfers.exported(gateway, session, found.transfer, purpose, destination, Form.PLAIN)
