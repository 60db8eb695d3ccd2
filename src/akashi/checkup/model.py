"""The neutral record and what is said about a file: values only.

Guarantees: everything here is frozen; text from a cell is never shown by ``repr``. Refuses: behaviour beyond
counting. Every reader makes :class:`NeutralRecord`, every writer takes it.

>>> Finding("cell.term", row=1, line=2, column=3, header="喫煙", original="ときどき").original
'ときどき'
>>> "ときどき" in repr(Finding("cell.term", row=1, line=2, column=3, header="喫煙", original="ときどき"))
False
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

# Shapes of national item codes and of field targets. A foreign file may have anything where a code should be.
_NAMES_A_PLACE = re.compile(r"[0-9][A-Z][0-9]{3}[0-9A-Z]{0,12}|[a-z]+\.[a-z_]+")


def _shown(code: str) -> str:
    return repr(code) if _NAMES_A_PLACE.fullmatch(code) else "…"


class Status(Enum):
    """What kind of statement a cell makes."""

    # No statement. Among a record's items only where the source gives no value but a judgement or a text of the item.
    EMPTY = "empty"
    VALUE = "value"
    NOT_DONE = "not_done"
    UNMEASURABLE = "unmeasurable"
    BELOW = "below"
    ABOVE = "above"
    # A text that no rule understands: kept verbatim, with a finding, and never given to a coded field.
    UNMATCHED = "unmatched"


class Role(Enum):
    """What a column says about its item (map files use the names in capitals)."""

    VALUE = "VALUE"
    LOWER = "LOWER"
    UPPER = "UPPER"
    JUDGEMENT = "JUDGEMENT"
    METHOD = "METHOD"
    QUALIFIER = "QUALIFIER"
    FLAG = "FLAG"
    TEXT = "TEXT"


class Severity(Enum):
    """STOPS: the file must not leave. WARNS: a person should look. INFORMS: good to know."""

    STOPS = "stops"
    WARNS = "warns"
    INFORMS = "informs"


class Outcome(NamedTuple):
    """One normalised cell. ``standard`` is the unified text, ``coded`` the answer code where there is one.

    ``qualifier`` is ``<``, ``<=``, ``>=`` or ``>`` as given; ``flag`` is H or L as given; ``advice`` is a
    judgement word found at the end of a findings list; ``findings`` are codes only. A named tuple because one is
    made for nearly every distinct cell: a frozen dataclass costs five times as much to make.
    """

    standard: str = ""
    status: Status = Status.EMPTY
    coded: str = ""
    qualifier: str = ""
    flag: str = ""
    advice: str = ""
    findings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Status and finding codes only: the texts are somebody's results."""
        return f"Outcome({self.status.value}, findings={self.findings})"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One examination result of one visit: original and standard side by side (knowledge 6.4).

    ``coded`` is the answer code and ``standard`` the text shown for it; ``answers`` names their code system where
    the source named another than the item table's, ``system`` likewise for ``code``. ``name`` is what the source
    called the item. With the record's ``table_id`` they make an old result readable whatever later tables say.
    """

    code: str
    occurrence: int
    status: Status
    unit: str
    original: str = field(repr=False)
    standard: str = field(repr=False)
    coded: str = field(default="", repr=False)
    qualifier: str = field(default="", repr=False)
    low: str = field(default="", repr=False)
    high: str = field(default="", repr=False)
    flag: str = field(default="", repr=False)
    judgement: str = field(default="", repr=False)
    judgement_standard: str = field(default="", repr=False)
    method: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    performer: str = field(default="", repr=False)
    group: str = ""
    name: str = ""
    system: str = ""
    answers: str = ""

    def __repr__(self) -> str:
        """Code, occurrence and status: all else, even a unit or a name, is text of a foreign file."""
        return f"ItemResult({_shown(self.code)}, {self.occurrence}, {self.status.value})"


@dataclass(frozen=True, slots=True)
class NeutralRecord:
    """One person at one visit. ``fields`` holds the targets of ``formats.maps.FIELD_TARGETS``.

    ``map_id`` names what made the record: a map, or ``format:`` and the format's name (``format:hc08``).
    ``row`` counts persons from 1 and ``line`` is the place in the file (0 where a format has none).
    """

    row: int
    line: int
    map_id: str
    table_id: str
    fields: Mapping[str, str] = field(repr=False)
    originals: Mapping[str, str] = field(repr=False)
    items: tuple[ItemResult, ...] = field(repr=False)

    def item(self, code: str, occurrence: int = 1) -> ItemResult | None:
        """The result with this code and occurrence, or ``None``."""
        for result in self.items:
            if result.code == code and result.occurrence == occurrence:
                return result
        return None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about one place. ``original`` is for the gateway's screen only and is never shown by repr.

    ``row`` counts data rows from 1, ``line`` is the line in the file, ``column`` counts from 1 (0: the whole row);
    ``item`` is the item code or field target where the place is one.
    """

    code: str
    row: int
    line: int
    column: int
    header: str = field(default="", repr=False)
    original: str = field(default="", repr=False)
    item: str = ""

    def __repr__(self) -> str:
        """Code, place, and the item where it has the shape of one."""
        place = f"row={self.row}, line={self.line}, column={self.column}"
        return f"Finding({self.code!r}, {place}, item={_shown(self.item)})"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a layout a map decides, in columns."""

    mapped: int
    ignored: int
    spare: int
    undecided: int
    watched: int = 0

    @property
    def total(self) -> int:
        """All columns of the layout."""
        return self.mapped + self.ignored + self.spare + self.undecided + self.watched


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What a conversion did. :meth:`counts` is all that may leave the gateway.

    ``unmatched`` is the queue for the thesaurus: modality -> text that it did not understand -> how often.
    """

    map_id: str
    format_id: str
    encoding: str
    layout_hash: str
    rows_in: int
    rows_out: int
    rows_skipped: int
    counts_by_code: Mapping[str, int]
    coverage: Coverage
    findings: tuple[Finding, ...] = field(repr=False)
    unmatched: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)

    def counts(self) -> dict[str, int]:
        """Numbers without any value: rows and findings per code; fit for the ledger and the dashboard."""
        rows = {"rows.in": self.rows_in, "rows.out": self.rows_out, "rows.skipped": self.rows_skipped}
        return rows | dict(self.counts_by_code)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file looks like before anything is converted. ``columns`` are its headings (two rows: ``上/下``)."""

    encoding: str
    delimiter: str
    header_rows: int
    layout_hash: str
    columns: tuple[str, ...] = field(repr=False)
    duplicates: int
    map_id: str | None
    sampled_rows: int
    complete: bool
    coverage: Coverage | None
