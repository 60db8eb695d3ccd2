"""A zip of FHIR documents, such as our own desk sends: one Bundle per person, read in the order of names.

Guarantees: the zip is bounded and never unpacked to disk (``archive.members``); one document is in memory at a time; one that cannot be
read is a finding and the others are still read. Refuses: what :class:`Members` refuses. Trusts: no name: content decides what a member
is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from akashi.checkup.archive.members import ArchiveLimits, Members
from akashi.checkup.errors import ArchiveBroken
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.fhir.strict_json import DEFAULT_LIMIT
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, NeutralRecord
from akashi.errors import InputError

LIMITS = ArchiveLimits(one=DEFAULT_LIMIT)
ENDING = ".json"


def is_hidden(path: str) -> bool:
    """Whether a member is the housekeeping of some system (``__MACOSX/…``, ``.DS_Store``): nothing of anybody's.

    >>> is_hidden("__MACOSX/._a.json"), is_hidden("reports/a.json")
    (True, False)
    """
    return any(part.startswith((".", "__MACOSX")) for part in path.split("/"))


def read_bundles(
    stream: BinaryIO,
    items: ItemTable,
    *,
    limits: ArchiveLimits = LIMITS,
    finding_sink: Callable[[Finding], None] | None = None,
) -> Iterator[NeutralRecord]:
    """The record of every document; ``row`` counts documents. ``stream`` is seekable and stays open, and the caller's."""
    members = Members(stream, limits)
    say = finding_sink or (lambda _finding: None)
    documents = []
    for position, path in members:
        if path.casefold().endswith(ENDING) and not is_hidden(path):
            documents.append((path, position))
        elif not is_hidden(path):
            say(Finding("archive.extra", 0, 0, 0))
    for row, (_path, position) in enumerate(sorted(documents), 1):
        try:
            record = read_bundle(members.read(position), items, finding_sink=finding_sink, row=row)
        except InputError as error:
            say(Finding("archive.damaged" if isinstance(error, ArchiveBroken) else "fhir.document", row, 0, 0))
            continue
        yield record
