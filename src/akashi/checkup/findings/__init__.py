"""Every finding code, its severity and its sentences: the vocabulary of the findings list, and the log that counts.

Guarantees: codes are unique; ``docs/checkup.md`` lists every one (a test compares). Refuses: values in sentences.

>>> KINDS["cell.unit"].severity
<Severity.STOPS: 'stops'>
>>> KINDS["cell.formula"].sentence("en")
'The text looks like a spreadsheet formula; an apostrophe was put before it in the output.'
"""

from __future__ import annotations

from collections.abc import Mapping

from akashi.checkup.findings import archives, cells, checks, claims, documents, fhir, readers, terms
from akashi.checkup.findings.kinds import FindingKind
from akashi.checkup.findings.log import EXAMPLES_PER_PLACE, FindingLog
from akashi.checkup.model import Severity

__all__ = ["EXAMPLES_PER_PLACE", "KINDS", "FindingKind", "FindingLog", "left_out", "stops"]

_ALL = (
    *archives.KINDS, *cells.KINDS, *checks.KINDS, *claims.KINDS, *documents.KINDS, *fhir.KINDS, *readers.KINDS, *terms.KINDS,
)  # fmt: skip
KINDS: dict[str, FindingKind] = {kind.code: kind for kind in _ALL}


# What says that a row or document was not read; of a file that was cut, that there may be more.
_LEFT_OUT = frozenset({
    "row.width", "jma.width", "fkac.record_type", "fkac.order", "fkac.count", "fkac.unclosed", "fhir.document", "archive.damaged",
    "archive.document", "archive.namespace",
})  # fmt: skip


def left_out(counts: Mapping[str, int]) -> int:
    """How many findings say that people of the file are, or may be, missing among those that were read."""
    return sum(count for code, count in counts.items() if code in _LEFT_OUT)


def stops(counts: Mapping[str, int]) -> int:
    """How many findings forbid that the file leaves."""
    return sum(count for code, count in counts.items() if KINDS[code].severity is Severity.STOPS)
