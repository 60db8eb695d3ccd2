"""A valid file for every reader, with canaries where a person's data stands; and each reader as a function of bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from akashi.checkup import (
    Finding,
    ItemResult,
    NeutralRecord,
    SubmissionContext,
    convert,
    inspect,
    read_records,
)
from akashi.checkup.archive.claims import read_claim, read_guidance_claim, write_guidance_claim
from akashi.checkup.archive.index import read_index, read_summary
from akashi.checkup.archive.model import Claim
from akashi.checkup.archive.pack import ArchiveWriter, Delivery
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.archive.unpack import inspect_archive, read_archive
from akashi.checkup.cda.guidance import hg08_document
from akashi.checkup.cda.guidance_reading import read_hg08
from akashi.checkup.cda.hc08 import DocumentWriter, hc08_document
from akashi.checkup.cda.reading import DocumentReader, read_hc08
from akashi.checkup.fhir.checker import check_bundle
from akashi.checkup.fhir.people import DocumentContext
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.fhir.strict_json import parse as parse_json
from akashi.checkup.fhir.writer import write_bundle
from akashi.checkup.formats.definitions import load_definition
from akashi.checkup.formats.maps import load_map
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.words import load_words
from akashi.checkup.model import Status
from akashi.checkup.readers.detection import detect
from akashi.checkup.readers.fkac import read_fkac522
from akashi.checkup.readers.jma import read_jma
from akashi.checkup.readers.opening import read_any
from akashi.checkup.readers.standard_csv import read_standard
from akashi.checkup.tabular.layout import layout_hash
from akashi.checkup.thesaurus.judgements import load_judgements
from akashi.checkup.thesaurus.thesaurus import load_thesaurus
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.checkup.writers.fkac import write_fkac522
from akashi.checkup.writers.jma import write_jma
from akashi.checkup.writers.standard_records import write_standard
from tests.checkup.archive.invented import CLAIM, DAY, GUIDANCE_CLAIM, PERSON
from tests.checkup.conftest import FORMATS, ON, TINY_FORMAT, TINY_HEADERS, TINY_MAP
from tests.checkup.readers.shipped import ITEMS

Sink = Callable[[Finding], None]

# What must never be seen outside a record's own fields: name, kana, address, numbers, a remark.
CANARIES = (
    "金糸　雀子",
    "カナリヤ　キンコ",
    "架空県鳥籠市",
    "77310942",
    "60218847",
    "731-0942",
    "1971-03-09",
    "19710309",
    "籠の鳥の所見",
    "163.7",
)
FIELDS = {
    "person.id": "60218847", "person.kana": "カナリヤ　キンコ", "person.name": "金糸　雀子", "person.sex": "2", "person.birth": "1971-03-09",
    "visit.date": "2026-05-16", "visit.report": "10", "visit.program": "010", "visit.created": "2026-06-01",
    "institution.code": "9910000001", "institution.name": "架空健診センター", "insurance.insurer": "99000001",
    "insurance.symbol": "12", "insurance.number": "77310942", "person.postal": "731-0942", "person.address": "架空県鳥籠市",
    "institution.telephone": "00-0000-0000", "institution.postal": "100-0000", "institution.address": "架空県",
    "ticket.number": "12345678901", "ticket.expires": "2027-03-31",
}  # fmt: skip
RESULTS = (
    ItemResult("9N001000000000001", 1, Status.VALUE, "cm", "163.7", "163.7"),
    ItemResult("1A020000000191111", 1, Status.VALUE, "", "+", "＋", coded="3"),
    ItemResult("9N056160400000049", 1, Status.VALUE, "", "籠の鳥の所見", "籠の鳥の所見", performer="金糸　雀子"),
)
RECORD = NeutralRecord(1, 1, "tiny", ITEMS.table_id, FIELDS, dict(FIELDS), RESULTS)
GUIDED = replace(
    RECORD,
    fields=FIELDS | {"visit.report": "22"},
    items=(ItemResult("1022000011", 1, Status.VALUE, "", "2026-05-20", "2026-05-20"),),
)
CONTEXT = SubmissionContext("9910000001", "架空健診センター", DAY, ITEMS)
BUNDLED = DocumentContext("1319999999", "架空健診センター", 1_780_000_000_000, "架空　医師")
MAP_TEXT = TINY_MAP.format(layout=layout_hash([TINY_HEADERS], ","))
TINY = load_map(MAP_TEXT)
THESAURUS = (FORMATS / "thesaurus/akashi-small.yaml").read_text()
JUDGEMENTS = (FORMATS / "judgements/dock-2024.yaml").read_text()
VOCABULARY = Vocabulary((load_thesaurus(THESAURUS),), (load_judgements(JUDGEMENTS),))
# The same columns, understood with a thesaurus.
SPEAKING = load_map(MAP_TEXT.replace('at: "所見", kind: findings', 'at: "所見", kind: findings, terms: ecg'))
DEFINITION = load_definition(TINY_FORMAT)
ROW = [
    "60218847",
    "令和8年5月16日",
    "金糸　雀子",
    "163.7",
    "（＋）",
    "95",
    "空腹",
    "喘息",
    "",
    "籠の鳥の所見/ 要受診",
    "Ｃ６",
    "x",
]
WORDS = load_words((FORMATS / "map-words.yaml").read_text())
FEW_WORDS = """\
words: 1
terms:
  HEIGHT: [身長, height]
  SUGAR: [血糖]
weak: [SUGAR]
roles:
  JUDGEMENT: [判定]
marks: [値]
contexts: [今回]
skips:
  PREVIOUS: [前回]
groups:
  "9N501000000000011": [総合]
targets:
  "9N001000000000001": ["HEIGHT", "HEIGHT JUDGEMENT?"]
answers:
  sugar: {tables: ["1.2.392.200119.6.2102"], words: {"-": "1"}}
usual:
  "9N001000000000001": {low: 100, high: 200}
"""


def _claimed() -> Claim:
    person = replace(
        PERSON,
        number="77310942",
        kana="カナリヤ　キンコ",
        birth="1971-03-09",
        sex="2",
        branch="",
        postal="731-0942",
        address="架空県鳥籠市",
    )
    return replace(CLAIM, person=person)


def _archive() -> bytes:
    out = io.BytesIO()
    with ArchiveWriter(out, CONTEXT, Delivery("99000001"), DocumentWriter(CONTEXT).write) as writer:
        writer.add(RECORD, _claimed())
        writer.add(replace(RECORD, row=2), _claimed())
    return out.getvalue()


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


@cache
def unzipped() -> dict[str, bytes]:
    """The files of the archive by the first letter of their names: h, c, i, s."""
    with zipfile.ZipFile(io.BytesIO(_archive())) as archive:
        return {name.rpartition("/")[2][0]: archive.read(name) for name in archive.namelist()}


def _text(data: bytes) -> str:
    # Bytes that are no UTF-8 become lone surrogates: a text may hold them too.
    return data.decode("utf-8", "surrogateescape")


def _any(data: bytes, sink: Sink) -> object:
    detect(data, definitions=[DEFINITION])
    _name, made = read_any(io.BytesIO(data), items=ITEMS, definition=DEFINITION, maps=[TINY], on=ON, finding_sink=sink)
    return list(made)


def _looked_at(data: bytes, _sink: Sink) -> object:
    return inspect(io.BytesIO(data), maps=[TINY], is_heading=WORDS.is_heading)


def _drafted(data: bytes, _sink: Sink) -> object:
    return draft(io.BytesIO(data), ITEMS, WORDS, institution="here", on=ON)


def _remembering(data: bytes, sink: Sink) -> object:
    reader = DocumentReader(ITEMS)
    return [reader.read(data, finding_sink=sink) for _turn in range(2)]


@dataclass(frozen=True)
class Subject:
    """One reader: a file it reads, and how. ``read`` gives everything that comes out."""

    sample: Callable[[], bytes]
    read: Callable[[bytes, Sink], object]


def _layout() -> bytes:
    return "\r\n".join((",".join(TINY_HEADERS), *[",".join(ROW)] * 3, "")).encode("cp932")


# fmt: off
TABLES = {
    "tabular": Subject(_layout, lambda data, sink: list(read_records(io.BytesIO(data), TINY, on=ON, items=ITEMS, finding_sink=sink))),
    "convert": Subject(_layout, lambda data, _sink: convert(io.BytesIO(data), TINY, DEFINITION, io.BytesIO(), on=ON, items=ITEMS)),
    "inspect": Subject(_layout, _looked_at),
    "draft": Subject(_layout, _drafted),
    "jma": Subject(
        lambda: _written(lambda out: write_jma([RECORD] * 2, ITEMS, out)),
        lambda data, sink: list(read_jma(io.BytesIO(data), ITEMS, on=ON, finding_sink=sink)),
    ),
    "fkac522": Subject(
        lambda: _written(lambda out: write_fkac522([RECORD] * 2, ITEMS, out)),
        lambda data, sink: list(read_fkac522(io.BytesIO(data), ITEMS, on=ON, finding_sink=sink)),
    ),
    "standard": Subject(
        lambda: _written(lambda out: write_standard([RECORD] * 2, DEFINITION, ITEMS, out)),
        lambda data, sink: list(read_standard(io.BytesIO(data), DEFINITION, ITEMS, on=ON, finding_sink=sink)),
    ),
    "any": Subject(_layout, _any),
    "terms": Subject(
        _layout,
        lambda data, sink: list(read_records(io.BytesIO(data), SPEAKING, on=ON, items=ITEMS, finding_sink=sink, vocabulary=VOCABULARY)),
    ),
}
XML = {
    "hc08": Subject(lambda: hc08_document(RECORD, CONTEXT), lambda data, sink: read_hc08(data, ITEMS, finding_sink=sink)),
    "hc08 again": Subject(lambda: hc08_document(RECORD, CONTEXT), _remembering),
    "hg08": Subject(
        lambda: hg08_document(GUIDED, replace(CONTEXT, purpose=2, program_code="100", report_code="22")),
        lambda data, sink: read_hg08(data, ITEMS, finding_sink=sink),
    ),
    "index": Subject(lambda: unzipped()["i"], lambda data, _sink: read_index(data)),
    "summary": Subject(lambda: unzipped()["s"], lambda data, _sink: read_summary(data)),
    "claim": Subject(lambda: unzipped()["c"], lambda data, _sink: read_claim(data)),
    "guidance claim": Subject(
        lambda: write_guidance_claim(replace(GUIDANCE_CLAIM, person=replace(_claimed().person, address=""))),
        lambda data, _sink: read_guidance_claim(data),
    ),
}
ZIPS = {
    "archive": Subject(_archive, lambda data, sink: list(read_archive(io.BytesIO(data), ITEMS, finding_sink=sink))),
    "contents": Subject(_archive, lambda data, _sink: inspect_archive(io.BytesIO(data))),
    "reception": Subject(_archive, lambda data, sink: check_archive(io.BytesIO(data), ITEMS, finding_sink=sink)),
}
JSON = {
    "echeckup": Subject(lambda: write_bundle(RECORD, BUNDLED, ITEMS), lambda data, sink: read_bundle(data, ITEMS, finding_sink=sink)),
    "checker": Subject(lambda: write_bundle(RECORD, BUNDLED, ITEMS), lambda data, _sink: check_bundle(parse_json(data))),
}
YAML = {
    "map": Subject(MAP_TEXT.encode, lambda data, _sink: load_map(_text(data))),
    "thesaurus": Subject(THESAURUS.encode, lambda data, _sink: load_thesaurus(_text(data))),
    "judgements": Subject(JUDGEMENTS.encode, lambda data, _sink: load_judgements(_text(data))),
    "definition": Subject(TINY_FORMAT.encode, lambda data, _sink: load_definition(_text(data))),
    "words": Subject(FEW_WORDS.encode, lambda data, _sink: load_words(_text(data))),
}
# fmt: on
SUBJECTS = TABLES | XML | ZIPS | JSON | YAML
