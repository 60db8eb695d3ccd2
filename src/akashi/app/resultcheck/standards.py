"""Every standard format out and in again, with every form a result can have; and what older tables and versions left.

Guarantees: the same writers and readers as at the desk, all in memory; what is read back is compared with what the format can say of
the record, whatever the order; archives and Bundles are held to their receivers' rules. Refuses: any real person's data. Trusts the
formats' own statements of what they can say (property tests hold those).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from akashi.app.desk.maps import today
from akashi.app.desk.outputs import Job, Kind, Output, Sender, doctor_of, written
from akashi.app.gateway.home import Gateway
from akashi.app.resultcheck.samples import CLAIM, DOCTOR, guidance, of_old, people
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.checkup import FINDING_KINDS, ItemTable, NeutralRecord, Severity, Status, SubmissionContext
from akashi.checkup.archive.claims import read_claim, write_claim
from akashi.checkup.archive.model import V3_NAMESPACE, V4_NAMESPACE
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.cda.expressible import expressible as hc08_of
from akashi.checkup.cda.guidance import expressible_guidance
from akashi.checkup.cda.header import stamped
from akashi.checkup.fhir.checker import check_bundle
from akashi.checkup.fhir.expressible import expressible as bundle_of
from akashi.checkup.fhir.strict_json import parse
from akashi.checkup.fhir.writer import DocumentContext
from akashi.checkup.readers.opening import read_any
from akashi.checkup.writers.fkac import expressible_fkac522
from akashi.checkup.writers.jma import expressible_jma
from akashi.checkup.writers.standard_records import expressible_standard
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed

Said: TypeAlias = Callable[[NeutralRecord], NeutralRecord]
_GUIDANCE = "hg08"
_SENDER, _RECEIVER, _NAME = "1319999999", "99000001", "架空健診センター"
_ZIPS = frozenset({Kind.HC08, Kind.FHIR})


def standards(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Write five invented people in every format, read them back, compare; check archive and Bundles; older codes and claims."""
    gateway = here.gateway
    items, made = gateway.maps.items(), people(gateway)
    sender = Sender(_SENDER, _NAME, gateway.clock.now_ms(), _RECEIVER, author=DOCTOR)
    outputs = {kind: written(kind, _job(gateway, made, sender)) for kind in Kind}
    results = {
        kind.value: _differing(gateway, outputs[kind], [said(one) for one in made])
        for kind, said in _ways(gateway, sender).items()
    }
    steps = guidance(made[0], items)
    context = SubmissionContext(_SENDER, _NAME, today(sender.made_ms), items, 0, 2)
    guided = written(Kind.ARCHIVE, _job(gateway, [steps], sender))
    results[_GUIDANCE] = _differing(gateway, guided, [expressible_guidance(steps, context)])
    facts: dict[str, Fact] = {
        "people": len(made),
        "forms": tuple(sorted({one.status.value for record in made for one in record.items})),
        "formats": tuple(name for name, (people_back, _, _) in results.items() if people_back),
        "formats.unequal": tuple(name for name, (_, _, unequal) in results.items() if unequal),
        "values": sum(values for _, values, _ in results.values()),
        "archive.stops": sum(_stopping(one.data, items) for one in [*outputs[Kind.ARCHIVE], *guided]),
        "bundles": sum(1 for one in outputs[Kind.FHIR] for _ in _members(one)),
        "bundles.broken": sum(_broken(data) for one in outputs[Kind.FHIR] for data in _members(one)),
    }
    facts |= _older(gateway, made[0], sender)
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _job(gateway: Gateway, made: Sequence[NeutralRecord], sender: Sender) -> Job:
    return Job(lambda: iter(made), sender, gateway.maps.items(), gateway.maps.definition(), lambda _finding: None)


def _ways(gateway: Gateway, sender: Sender) -> dict[Kind, Said]:
    """What each format can say of a record."""
    items, definition = gateway.maps.items(), gateway.maps.definition()
    submission = SubmissionContext(_SENDER, _NAME, today(sender.made_ms), items)
    document = DocumentContext(_SENDER, _NAME, sender.made_ms, sender.author)

    def of_document(one: NeutralRecord) -> NeutralRecord:
        return hc08_of(stamped(one, submission), items)

    def of_bundle(one: NeutralRecord) -> NeutralRecord:
        return bundle_of(one, items, replace(document, author=doctor_of(one) or sender.author))

    return {
        Kind.CSV: lambda one: expressible_standard(one, definition, items),
        Kind.JMA: partial(expressible_jma, items=items),
        Kind.FKAC: partial(expressible_fkac522, items=items),
        Kind.HC08: of_document,
        Kind.ARCHIVE: of_document,
        Kind.FHIR: of_bundle,
    }


def _differing(gateway: Gateway, outputs: Sequence[Output], expected: Sequence[NeutralRecord]) -> tuple[int, int, int]:
    """(people read back, values compared, people that came back otherwise or not at all)."""
    back = [_meaning(one) for output in outputs for one in read_back(gateway, output)]
    left, unequal, values = list(back), 0, 0
    for one in map(_meaning, expected):
        values += len(one.items)
        if one in left:
            left.remove(one)
        else:
            unequal += 1
    return len(back), values, max(unequal, len(left))


def read_back(gateway: Gateway, output: Output) -> Iterator[NeutralRecord]:
    """The people of one made file, by the way every file comes in."""
    for data in _members(output) if output.kind in _ZIPS else [output.data]:
        _name, records = read_any(
            io.BytesIO(data),
            items=gateway.maps.items(),
            definition=gateway.maps.definition(),
            maps=[],
            on=today(gateway.clock.now_ms()),
        )
        yield from records


def _members(output: Output) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(output.data)) as opened:
        for name in sorted(opened.namelist()):
            yield opened.read(name)


def _meaning(record: NeutralRecord) -> NeutralRecord:
    """Without originals and places: read back, the format's own texts stand there."""
    items = tuple(replace(one, original="") for one in record.items)
    return replace(record, row=1, line=1, originals={}, items=items)


def _stopping(archive: bytes, items: ItemTable) -> int:
    """What would make a receiver return the archive."""
    found = check_archive(io.BytesIO(archive), items).findings
    return sum(count for code, count in found.items() if FINDING_KINDS[code].severity is Severity.STOPS)


def _broken(bundle: bytes) -> int:
    return sum(1 for one in check_bundle(parse(bundle)) if not one.warns)


def _older(gateway: Gateway, first: NeutralRecord, sender: Sender) -> dict[str, Fact]:
    """Results under the codes of the earlier table, and a claim in the earlier version's namespace."""
    old = of_old(first, gateway.maps.items())
    wanted = {(one.code, one.standard, one.coded) for one in old.items}
    read = {
        (one.code, one.standard, one.coded)
        for output in written(Kind.JMA, _job(gateway, [old], sender))
        for record in read_back(gateway, output)
        for one in record.items
        if one.status is Status.VALUE
    }
    claim = read_claim(write_claim(CLAIM).replace(V4_NAMESPACE.encode(), V3_NAMESPACE.encode()))
    return {
        "older.codes": len(wanted),
        "older.read": len(wanted & read),
        "older.claim": replace(claim, version=CLAIM.version) == CLAIM and claim.version < CLAIM.version,
    }
