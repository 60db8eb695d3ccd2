"""One input of a batch: recognised, converted, and its outputs written whole or not at all.

Guarantees: what is wrong with one input is told in its entry and touches no other; the same input, map, table and terms give the same
bytes; only the outputs asked for are written, in the input's own folder; what is kept of persons for comparing files is 8 keyed bytes per
visit. Refuses: outputs of a file whose findings stop it, unless told otherwise. Trusts: the tables, and the sender who was named.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import blake2b, sha256
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import BinaryIO, NamedTuple

from akashi import __version__
from akashi.app.checkup.batch_inputs import Found, InputUnreadable, Zips, opened_input
from akashi.app.checkup.batch_products import Products, Terms
from akashi.app.checkup.batch_state import CHANGES, DONE, FAILED, LEFT, STOPPED, WRITING, Entry, State, digest_of
from akashi.app.desk.maps import MapShelf
from akashi.checkup import (
    FINDING_KINDS,
    FormatDefinition,
    ItemTable,
    LayoutMap,
    NeutralRecord,
    convert,
    read_records,
    stops,
)
from akashi.checkup.cells.fold import fold
from akashi.checkup.checks.running import check_records
from akashi.checkup.errors import EmptyFile, FileTooLarge, FormatUnknown, LayoutUnknown
from akashi.checkup.findings import FindingLog
from akashi.checkup.findings.export import findings_file
from akashi.checkup.model import Finding
from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.checkup.tabular.layout import matching, newest_of
from akashi.checkup.tabular.reading import open_source
from akashi.checkup.tabular.terms import NO_WORDS
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.checkup.writers.standard_records import write_standard
from akashi.errors import AkashiError

Show = Callable[[int, int], None]
EVERY_FINDING = 1_000_000
PERSON_BYTES = 12
_LEFT_OVER = {WRITING: "unfinished", FAILED: "failed"}
_HASH, _MOST_ROW = 8, 2**32 - 1


class InputChanged(InputUnreadable):
    """A file that somebody wrote while it was converted."""

    code = "app.batch_changed"
    ja, en = "変換中にファイルが書き換えられました。", "The file changed while it was converted."
    hint_ja, hint_en = (
        "書き込みが終わってから、--resume でやり直してください。",
        "Run again with --resume when it is complete.",
    )


class Unforeseen(AkashiError):
    """A defect of ours at one file: its kind is told, its details are kept back because they may hold a person's data."""

    code = "app.batch_unforeseen"
    ja, en = "想定していない失敗です（{kind}）。", "An unexpected failure ({kind})."
    hint_ja = "開発元に知らせてください。ファイルの中身は送らないでください。"
    hint_en = "Report it; do not send the content of the file."


@dataclass(frozen=True)
class Tables:
    """What every input is read with: items, format of the standard CSV, maps, day, bytes of one file at most, words."""

    items: ItemTable = field(repr=False)
    definition: FormatDefinition = field(repr=False)
    maps: tuple[LayoutMap, ...] = field(repr=False)
    on: date
    limit: int
    vocabulary: Vocabulary = field(default=NO_WORDS, repr=False)

    def said(self) -> tuple[object, ...]:
        """What the outputs depend on beside item table and map: the columns of the CSV, and the words."""
        definition, words = self.definition, self.vocabulary
        columns = (definition.format_id, definition.encoding, definition.heading, definition.dates, definition.columns)
        digests = *(one.digest for one in words.thesauri), *(one.digest for one in words.judgements)
        return (*columns, *digests)

    @classmethod
    def of(cls, shelf: MapShelf, on: date, limit: int) -> Tables:
        """What the shelf holds."""
        return cls(shelf.items(), shelf.definition(), tuple(shelf.maps()), on, limit, shelf.vocabulary())


class Task(NamedTuple):
    """An input and its number in the batch's whole life."""

    found: Found
    ordinal: int


class Outcome(NamedTuple):
    """What became of an input; ``kept``: nothing had changed, so the earlier outputs stand."""

    found: Found
    entry: Entry
    kept: bool


def recognised(stream: BinaryIO, tables: Tables) -> tuple[FormatName, LayoutMap | None]:
    """The format, and the map where it is an institution's own table.

    Raises :class:`EmptyFile`, :class:`FormatUnknown`, :class:`LayoutUnknown`, :class:`MapNotValid`.
    """
    head = stream.read(LOOK_BYTES)
    if not head.strip():
        raise EmptyFile
    name = detect(head, definitions=[tables.definition])
    if name is FormatName.UNKNOWN:
        raise FormatUnknown
    if name is not FormatName.LAYOUT:
        return name, None
    source = open_source(io.BytesIO(head))
    heads = [row for _line, row in islice(source.rows(), 2)]
    known = matching(heads, source.delimiter, tables.maps)
    if not known:
        raise LayoutUnknown(columns=len(heads[0]))
    return name, newest_of(known, tables.on)


class Visits:
    """Keyed hashes of the visits of one file, with their rows: who is in two files is seen, and nobody can be read from them."""

    def __init__(self, salt: bytes) -> None:
        self._salt, self._made = salt, bytearray()

    def see(self, record: NeutralRecord) -> None:
        """Remember a visit: by insurance and birth where there are both, else by id and birth; without these nothing can be said."""
        text = {name: fold(record.fields.get(name, "")) for name in _IDENTITY}
        if not text["visit.date"] or not text["person.birth"]:
            return
        if text["insurance.number"]:
            said = ["insurance", text["insurance.insurer"].zfill(8), *(text[name] for name in _IDENTITY[:5])]
        elif text["person.id"]:
            said = ["id", text["person.id"], text["person.birth"], text["visit.date"]]
        else:
            return
        mark = blake2b("\0".join(said).encode(), digest_size=_HASH, key=self._salt).digest()
        self._made += mark + min(record.row, _MOST_ROW).to_bytes(PERSON_BYTES - _HASH, "big")

    def data(self) -> bytes:
        """12 bytes per visit: 8 of hash, 4 of row."""
        return bytes(self._made)


_IDENTITY = (
    "insurance.number", "insurance.symbol", "insurance.branch", "person.birth", "visit.date", "insurance.insurer",
    "person.id",
)  # fmt: skip


class Worker:
    """Converts inputs one after the other; made once per process."""

    def __init__(self, tables: Tables, terms: Terms, out: Path, salt: bytes) -> None:
        self._tables, self._terms, self._state = tables, terms, State(out, salt)
        self._zips = Zips(tables.limit)
        self._said = digest_of(repr((__version__, *terms.said(), *tables.said())).encode())

    def close(self) -> None:
        """Let go of the last zip."""
        self._zips.close()

    def convert(self, task: Task, show: Show) -> Outcome:
        """Convert one input, or keep what stands. Raises only what stops the whole batch: ``DiskFull``, ``OSError``."""
        started, known = monotonic(), self._state.entry(task.found.folder)
        again = _LEFT_OVER.get(known.state, "") if known is not None else ""
        entry = Entry(
            task.found.name, task.ordinal, FAILED, table=self._tables.items.table_id, terms=self._said, again=again
        )
        outputs: dict[str, bytes] = {}
        try:
            entry, chosen = self._looked_at(task.found, entry)
            again = self._again(task.found.folder, known, entry)
            if known is not None and not again:
                # Name, format and map as they are now: a state file that somebody wrote is not quoted on a terminal.
                kept = replace(known, name=entry.name, format=entry.format, map_id=entry.map_id)
                return Outcome(task.found, kept, kept=True)
            entry = replace(entry, again=again)
            if not self._terms.formats or entry.format in self._terms.formats:
                entry, outputs = self._made(task, entry, chosen, show)
            else:
                entry = replace(entry, state=LEFT)
        except AkashiError as error:
            entry = failed(entry, error)
        except Exception as error:  # noqa: BLE001 - one input must not stop the others; a traceback may show a person's data
            entry = failed(entry, Unforeseen(kind=type(error).__name__))
        digests = {name: digest_of(data) for name, data in outputs.items()}
        entry = replace(entry, outputs=digests, milliseconds=int((monotonic() - started) * 1000))
        self._state.begin(task.found.folder, replace(entry, state=WRITING))
        self._state.finish(task.found.folder, entry, outputs)
        return Outcome(task.found, entry, kept=False)

    def _looked_at(self, found: Found, entry: Entry) -> tuple[Entry, LayoutMap | None]:
        """The entry with the input's digest, format and map."""
        if found.size > self._tables.limit:
            raise FileTooLarge(limit=self._tables.limit)
        with opened_input(found, self._zips) as stream:
            made = sha256()
            while piece := stream.read(1 << 20):
                made.update(piece)
            stream.seek(0)
            entry = replace(entry, digest=made.hexdigest())
            name, chosen = recognised(stream, self._tables)
        if chosen is None:
            return replace(entry, format=name.value, map_id=f"format:{name.value}"), None
        return replace(entry, format=name.value, map_id=chosen.map_id, map_digest=chosen.digest.hex()), chosen

    def _again(self, folder: str, known: Entry | None, entry: Entry) -> str:
        """Why an input that was met before is made again; empty where nothing has changed, or it is new."""
        if known is None:
            return ""
        if known.state in _LEFT_OVER:
            return _LEFT_OVER[known.state]
        for change, before, now in zip(CHANGES, known.sameness(), entry.sameness(), strict=True):
            if before != now:
                return change
        return "" if self._state.intact(folder, known) else "outputs"

    def _made(self, task: Task, entry: Entry, chosen: LayoutMap | None, show: Show) -> tuple[Entry, dict[str, bytes]]:
        """The finished entry and its outputs."""
        terms, visits = self._terms, Visits(self._state.salt)
        log = FindingLog(EVERY_FINDING if terms.findings else 0)
        products = Products(terms, self._tables.items, self._tables.on, log.add, task.ordinal)

        def take(record: NeutralRecord) -> None:
            visits.see(record)
            products.add(record)

        before = _shape(task.found.path)
        with opened_input(task.found, self._zips, show) as stream:
            if chosen is None:
                rows, counts = self._any(stream, products.csv, take, log)
                kept = log.kept()
            elif products.wants_records:
                rows, counts, kept = self._table(stream, chosen, products.csv, take, log)
            else:
                rows, counts, kept = self._table(stream, chosen, products.csv, None, log)
                stream.seek(0)
                for record in self._identities(stream, chosen):
                    visits.see(record)
        if _shape(task.found.path) != before:
            raise InputChanged
        stopped = stops(counts) > 0 and not terms.anyway
        outputs = {} if stopped else products.finished()
        if terms.findings:
            found = sorted(kept, key=lambda one: (one.row, one.column))
            outputs[f"findings{terms.findings}"] = findings_file(found, FINDING_KINDS, terms.findings, terms.language)
        outputs["persons"] = visits.data()
        return replace(entry, state=STOPPED if stopped else DONE, rows=rows, counts=counts), outputs

    def _identities(self, stream: BinaryIO, chosen: LayoutMap) -> Iterator[NeutralRecord]:
        """Records with nothing but who and when: reading these few columns again costs a quarter of making whole records."""
        rules = tuple(rule for rule in chosen.rules if rule.target in _IDENTITY)
        thin = replace(chosen, rules=rules, watched=())
        return read_records(
            stream, thin, on=self._tables.on, items=self._tables.items, limit_bytes=self._tables.limit, checks=()
        )

    def _table(
        self,
        stream: BinaryIO,
        chosen: LayoutMap,
        out: BinaryIO,
        take: Callable[[NeutralRecord], None] | None,
        log: FindingLog,
    ) -> tuple[tuple[int, int, int], dict[str, int], tuple[Finding, ...]]:
        """An institution's own table, by the compiled road; ``log`` has what the other products add."""
        tables, terms = self._tables, self._terms
        report = convert(
            stream, replace(chosen, program=terms.program) if terms.program else chosen, tables.definition, out,
            on=tables.on, items=tables.items, record_sink=take, limit_bytes=tables.limit,
            examples=EVERY_FINDING if terms.findings else 0, vocabulary=tables.vocabulary,
        )  # fmt: skip
        counts = dict(report.counts_by_code)
        for code, count in log.counts().items():
            counts[code] = counts.get(code, 0) + count
        rows = report.rows_in, report.rows_out, report.rows_skipped
        return rows, dict(sorted(counts.items())), (*report.findings, *log.kept())

    def _any(
        self, stream: BinaryIO, out: BinaryIO, take: Callable[[NeutralRecord], None], log: FindingLog
    ) -> tuple[tuple[int, int, int], dict[str, int]]:
        """Any other format, record by record, through all checks."""
        tables, last = self._tables, 0

        def say(found: Finding) -> None:
            nonlocal last
            last = max(last, found.row)
            log.add(found)

        def passing(records: Iterator[NeutralRecord]) -> Iterator[NeutralRecord]:
            nonlocal last
            for record in records:
                last = max(last, record.row)
                take(record)
                yield record

        _name, records = read_any(
            stream, items=tables.items, definition=tables.definition, maps=tables.maps, on=tables.on, finding_sink=say,
            limit_bytes=tables.limit,
        )  # fmt: skip
        checked = check_records(records, tables.items, self._terms.program, tables.on, say)
        written = write_standard(passing(checked), tables.definition, tables.items, out, finding_sink=say)["rows.out"]
        return (max(last, written), written, max(last - written, 0)), log.counts()


def failed(entry: Entry, error: AkashiError) -> Entry:
    """The entry of an input that could not be converted, with the error's words in both languages."""
    why = {language: f"{error.sentence(language)} {error.hint(language)}".strip() for language in ("ja", "en")}
    return replace(entry, state=FAILED, code=error.code, why_ja=why["ja"], why_en=why["en"], counts={}, rows=(0, 0, 0))


def _shape(path: Path) -> tuple[int, int, int]:
    try:
        about = path.stat()
    except OSError:
        return 0, 0, 0
    return about.st_ino, about.st_size, about.st_mtime_ns
