"""The record as far as an hc08 document carries it: what is lost on the way through, written down.

Guarantees: ``read(write(record)) == expressible(stamped(record))`` and ``expressible`` is idempotent; property tests hold
both. Lost are: fields without a place in the head (person.id, person.name, employer, course …), results that were not
standardised, items of other code systems and of ours, judgements and texts beside a result, reference ranges of what has no
number, finer words than 以上/以下, and doctors' names without a judgement. Results stand in document order (the
programme's section, then the optional one, a series together), occurrences counted anew; line is 0, ``original`` is
the XML's text.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.checkup.cda.forms import express
from akashi.checkup.cda.hc08 import Place, asked_for, doctor_of, places
from akashi.checkup.cda.header import carried
from akashi.checkup.cda.reading import MAP_ID
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status


def _ordered(record: NeutralRecord, items: ItemTable, program: str) -> list[tuple[ItemResult, Place]]:
    known = places(items)
    entries: dict[tuple[str, int], list[tuple[ItemResult, Place]]] = {}
    for result in record.items:
        place = known.get(result.code)
        if place is None:
            continue
        given = express(result, place.item, items.answers, doctor_of(result, place.item, record, items))
        if given is not None:
            entries.setdefault((place.group or place.item.code, result.occurrence), []).append((given.result, place))
    own = [entry for entry in entries.values() if asked_for(entry[0][1], program)]
    other = [entry for entry in entries.values() if not asked_for(entry[0][1], program)]
    return [member for entry in (*own, *other) for member in entry]


def expressible(record: NeutralRecord, items: ItemTable) -> NeutralRecord:
    """What :func:`reading.read_hc08` gives of what ``DocumentWriter`` writes of ``record`` (already ``stamped``)."""
    values, originals = carried(record.fields)
    seen: dict[str, int] = {}
    results: list[ItemResult] = []
    names: dict[str, str] = {}
    for result, place in _ordered(record, items, values.get("visit.program", "")):
        seen[result.code] = seen.get(result.code, 0) + 1
        results.append(replace(result, occurrence=seen[result.code]))
        if result.performer:
            names.setdefault(place.author, result.performer)
    for code, name in names.items():
        holder = items.items.get(code)
        shown = holder.name if holder is not None else ""
        results.append(ItemResult(code, 1, Status.VALUE, "", name, name, name=shown))
    return NeutralRecord(record.row, 0, MAP_ID, items.table_id, values, originals, tuple(results))
