"""Wrong results and damaged files, each with one fault: is it found before it leaves or is shown?

Guarantees: a fault counts as found only if something is said that was not said of the same file without it, or if the file is refused
by an error of ours; findings are written in every form and counted again by other readers. Refuses: any real person's data.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from akashi.app.desk.maps import today
from akashi.app.desk.outputs import Job, Kind, Sender, written
from akashi.app.gateway.home import Gateway
from akashi.app.resultcheck.samples import DOCTOR, plain
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.checkup import FINDING_KINDS, Finding, ItemResult, ItemTable, NeutralRecord, Severity, Status
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.checks.measures import BMI, PRESSURES, WEIGHT
from akashi.checkup.checks.running import check_records
from akashi.checkup.fhir.checker import check_bundle
from akashi.checkup.fhir.strict_json import parse
from akashi.checkup.findings.export import FORMS, findings_file
from akashi.checkup.readers.opening import read_any
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import InputError

Told = frozenset[str]
_SENDER, _RECEIVER = "1319999999", "99000001"
_REFUSED = "refused"
_DATA = 8


def wrong_input(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Spoil records, documents and files one by one; write what was found in every form."""
    gateway = here.gateway
    made = plain(gateway)
    found = dict([*_of_records(gateway, made[-1]), *_of_files(gateway, made)])
    missed = tuple(sorted(name for name, told in found.items() if not told))
    said = list(_findings(gateway, [replace(made[-1], items=_with(made[-1], BMI, "99"))] * 2))
    facts: dict[str, Fact] = {
        "spoiled": len(found),
        "found": len(found) - len(missed),
        "missed": missed,
        "findings": len(said),
        "forms": tuple(form.removeprefix(".") for form in FORMS if _rows(form, said) == len(said)),
        "sentences.missing": sum(1 for one in FINDING_KINDS.values() if not (one.ja and one.todo_ja)),
    }
    return Observed(facts, json.dumps({name: sorted(told) for name, told in found.items()}).encode(), TOOL)


def _findings(gateway: Gateway, records: Sequence[NeutralRecord]) -> list[Finding]:
    said: list[Finding] = []
    on = today(gateway.clock.now_ms())
    for _ in check_records(records, gateway.maps.items(), "", on, said.append):
        pass
    return said


def _of_records(gateway: Gateway, clean: NeutralRecord) -> Iterator[tuple[str, Told]]:
    """Faults in one person's results, against the same person without them."""
    upper, lower = PRESSURES[0]
    spoiled = {
        "bmi": [replace(clean, items=_with(clean, BMI, "99.9"))],
        "range": [replace(clean, items=_with(clean, WEIGHT, "999.9"))],
        "pressure": [replace(clean, items=_with(clean, upper, "70", lower, "130"))],
        "birth": [replace(clean, fields={**clean.fields, "person.birth": "2099-01-01"})],
        "insurer": [replace(clean, fields={**clean.fields, "insurance.insurer": "99999999"})],
        "twice": [clean, clean],
    }
    before = {one.code for one in _findings(gateway, [clean])}
    for name, records in spoiled.items():
        yield name, frozenset({one.code for one in _findings(gateway, records)} - before)


def _with(record: NeutralRecord, *pairs: str) -> tuple[ItemResult, ...]:
    """The results with other values of some codes."""
    wanted = dict(zip(pairs[::2], pairs[1::2], strict=True))
    kept = [one for one in record.items if one.code not in wanted]
    return (*kept, *(ItemResult(code, 1, Status.VALUE, "", text, text) for code, text in wanted.items()))


def _of_files(gateway: Gateway, made: Sequence[NeutralRecord]) -> Iterator[tuple[str, Told]]:
    """Faults in files of each format that is checked on receipt."""
    items = gateway.maps.items()
    sender = Sender(_SENDER, "架空健診センター", gateway.clock.now_ms(), _RECEIVER, author=DOCTOR)
    job = Job(lambda: iter(made), sender, items, gateway.maps.definition(), lambda _finding: None)
    archive, fkac = written(Kind.ARCHIVE, job)[0].data, written(Kind.FKAC, job)[0].data
    jma = written(Kind.JMA, job)[0].data
    bundle = next(_unzipped(written(Kind.FHIR, job)[0].data))[1]

    def received(data: bytes) -> Told:
        return _told(lambda: _stopping(data, items), lambda: _stopping(archive, items))

    def checked(data: bytes) -> Told:
        return _told(lambda: {one.rule for one in check_bundle(parse(data))}, set)

    def read(data: bytes) -> Told:
        return _told(lambda: _read(gateway, data), set)

    members = list(_unzipped(archive))
    yield "archive.cut", received(archive[: len(archive) // 2])
    yield "archive.lost", received(_zipped(members[1:]))
    yield "archive.spoiled", received(_zipped([(name, data.replace(b"<", b"", 1)) for name, data in members]))
    yield "bundle.cut", checked(bundle[: len(bundle) // 2])
    yield "bundle.nobody", checked(bundle.replace(b'"resourceType":"Patient"', b'"resourceType":"Person"'))
    yield "fkac.lost", read(b"\r\n".join(fkac.split(b"\r\n")[:-2]) + b"\r\n")
    yield "jma.cell_lost", read(jma.replace(b'","', b'"', 1))
    yield "no_format", read(b"\x00\x01\x02" * _DATA)


def _told(look: Callable[[], set[str]], clean: Callable[[], set[str]]) -> Told:
    before = clean()
    try:
        return frozenset(look() - before)
    except InputError:
        return frozenset({_REFUSED})


def _stopping(archive: bytes, items: ItemTable) -> set[str]:
    found = check_archive(io.BytesIO(archive), items).findings
    return {code for code in found if FINDING_KINDS[code].severity is Severity.STOPS}


def _read(gateway: Gateway, data: bytes) -> set[str]:
    said: list[Finding] = []
    _name, records = read_any(
        io.BytesIO(data),
        items=gateway.maps.items(),
        definition=gateway.maps.definition(),
        maps=[],
        on=today(gateway.clock.now_ms()),
        finding_sink=said.append,
    )
    for _ in records:
        pass
    return {one.code for one in said}


def _unzipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        for name in opened.namelist():
            if not name.endswith("/"):
                yield name, opened.read(name)


def _zipped(members: Sequence[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def _rows(form: str, said: Sequence[Finding]) -> int:
    """How many findings another reader finds in a written file."""
    data = findings_file(said, FINDING_KINDS, form)
    if form == ".json":
        return len(json.loads(data))
    if form == ".csv":
        return len(list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))) - 1
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = next(name for name in book.namelist() if name.startswith("xl/worksheets/"))
        return len(re.findall(rb"<row[ >]", book.read(sheet))) - 1
